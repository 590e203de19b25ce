#include "gateway/app/app.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>

#include "core/upstream/outlier_detector.h"
#include "gateway/app/admin_state.h"
#include "gateway/app/delivery_facts.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

std::uint64_t Seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

// Half of the descriptors for clients, half for models and files; the soft limit is raised to the hard one first.
std::uint32_t DescriptorShare() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 512;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<std::uint32_t>(std::min<rlim_t>(limit.rlim_cur / 2, 10'000'000));
}

// What portLevelMtls would call it; 0 when it is not known before it is bound.
std::uint16_t OwnPort(const std::string& address) {
  const auto endpoint = ParseAddress(address);
  return endpoint ? endpoint->port() : std::uint16_t{0};
}

}  // namespace

App::App(RunOptions options)
    : options_(std::move(options)),
      started_(clock_.Now()),
      control_(0, Seed(), clock_),
      descriptor_share_(DescriptorShare()),
      signals_(control_.context()),
      sweep_(control_.context()),
      drain_(control_.context(), clock_,
             {.traffic = [](void* self) { return static_cast<App*>(self)->Traffic(); },
              .done =
                  [](void* self) {
                    auto* app = static_cast<App*>(self);
                    LogInfo("main",
                            "drained: " + std::to_string(app->Traffic().connections) + " client connections cut");
                    app->control_.Stop();
                  },
              .self = this}) {}

App::~App() = default;

int App::Run() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write, like a full disk
  // Taken from the first moment on, so that a SIGHUP or SIGTERM during the start waits instead of ending it.
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
  config_ = std::make_unique<ConfigManager>(control_.context(), clock_,
                                            ConfigOptions{.load = {.paths = options_.config,
                                                                   .default_namespace = options_.default_namespace,
                                                                   .own_port = OwnPort(options_.http)},
                                                          .state_directory = options_.state_directory,
                                                          .gates = options_.gates,
                                                          .seed = Seed()});
  if (const core::Status taken = config_->Open(); !taken) {
    std::fprintf(stderr, "sluice: %s\n", taken.error().Text().c_str());
    return 1;
  }
  if (const core::Status usable = admin_access_.Open(options_, UnixMicros() / 1'000'000); !usable) {
    std::fprintf(stderr, "sluice: %s\n", usable.error().Text().c_str());
    return 64;
  }
  const core::Result<bool> loaded = config_->LoadFirst();
  if (!loaded) {
    std::fprintf(stderr, "sluice: %s\n", loaded.error().Text().c_str());
    return 1;
  }
  for (const config::Finding& finding : config_->findings()) {
    std::fprintf(stderr, "%s\n", config::FormatFinding(finding).c_str());
  }
  if (!*loaded) return 65;
  Build(config_->first_settings());
  config_->Start(*hub_);
  experiments_->Start();
  FollowSettings();
  StartCanaries();
  // Workers adopt the world before the first connection can be posted to them: posts keep their order.
  for (const auto& world : worlds_) world->StartThread();
  if (const core::Status opened = OpenListeners(); !opened) {
    LogError("main", opened.error().Text());
    Shutdown();
    return 1;
  }
  AwaitSignal();
  ArmSweep();
  control_.Run();
  Shutdown();
  return 0;
}

void App::Build(const core::Settings& settings) {
  core::BucketHasher probe;
  if (const core::Status usable = probe.Usable(); !usable) LogWarning("main", usable.error().Text());
  std::uint32_t count = options_.workers != 0 ? options_.workers : settings.workers;
  if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
  registry_ = std::make_unique<SeriesRegistry>(settings.telemetry);
  std::vector<Worker*> workers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const LogReadyHook ready{.call =
                                 [](void* self) {
                                   auto* app = static_cast<App*>(self);
                                   app->control_.Post([app] { app->log_writer_.Drain(); });
                                 },
                             .self = this};
    worlds_.push_back(std::make_unique<WorkerWorld>(i + 1, Seed(), clock_, *registry_, ready));
    log_writer_.Attach(worlds_.back()->access_log());
    workers.push_back(&worlds_.back()->worker());
  }
  const AdoptHook adopt{.call =
                            [](void* self, Worker& worker, std::shared_ptr<const core::Snapshot> snapshot) {
                              static_cast<App*>(self)->worlds_[worker.index() - 1]->Adopt(std::move(snapshot));
                            },
                        .self = this};
  hub_ = std::make_unique<SnapshotHub>(workers, adopt);
  WatchExperiments();
  collector_ = std::make_unique<PrometheusCollector>(Source());
}

void App::WatchExperiments() {
  MonitorSource source{.feeds = {},
                       .snapshot = [](void* self) { return static_cast<App*>(self)->hub_->Current(); },
                       .warn = [](void*, const std::string& text) { LogWarning("experiment", text); },
                       .self = this,
                       .state_directory = options_.state_directory};
  for (const auto& world : worlds_) source.feeds.push_back(&world->exposures());
  experiments_ = std::make_unique<ExperimentMonitor>(control_.context(), clock_, std::move(source));
  hub_->OnPublish(
      {.call = [](void* self) { static_cast<ExperimentMonitor*>(self)->Read(); }, .self = experiments_.get()});
}

// What a life before has left of them goes on. A gateway whose canaries cannot be read serves all the same.
void App::StartCanaries() {
  canaries_ = std::make_unique<CanaryController>(
      control_.context(), clock_,
      CanaryWorld{.documents = [](void* self) { return static_cast<App*>(self)->config_->documents(); },
                  .snapshot = [](void* self) { return static_cast<App*>(self)->hub_->Current(); },
                  .self = this,
                  .changes = Changes(),
                  .world = &config_->world(),
                  .store = &config_->canaries(),
                  .history = &config_->store()});
  if (const core::Status started = canaries_->Start(); !started) {
    LogError("main", "canaries do not run: " + started.error().Text());
  }
}

// Changes that people and canaries make.
ChangeHook App::Changes() {
  return {.submit =
              [](void* self, const Change& change) {
                auto* app = static_cast<App*>(self);
                ChangeResult result = app->config_->Submit(change);
                app->FollowSettings();
                return result;
              },
          .self = this};
}

core::Status App::OpenListeners() {
  if (core::Status opened = OpenProxy(); !opened) return opened;
  admin_ = std::make_unique<AdminServer>(control_, AdminSource(), admin_access_);
  if (core::Status opened = OpenPages("admin", options_.admin, PageSet::kAdmin); !opened) return opened;
  if (core::Status opened = OpenPages("health", options_.health, PageSet::kHealth); !opened) return opened;
  if (core::Status opened = OpenPages("metrics", options_.metrics, PageSet::kMetrics); !opened) return opened;
  for (const auto& listener : listeners_) {
    if (listener->name() != "admin" || options_.state_directory.empty()) continue;
    const core::Status told = AdminState::TellAddress(options_.state_directory, listener->address());
    // A full disk must not keep a gateway from starting again.
    if (!told) LogError("main", told.error().Text() + "; sluice's verbs need --server " + listener->address());
  }
  // All are open before one is told: who waits for a line may use any of them, and find the admin port by its file.
  const auto tell = [](const Listener& listener) {
    std::printf("listening %s %s\n", listener.name().c_str(), listener.address().c_str());
    std::fflush(stdout);
  };
  for (const Listener* listener : proxy_->listeners()) tell(*listener);
  for (const auto& listener : listeners_) tell(*listener);
  if (options_.state_directory.empty()) {
    LogInfo("main", "no --state-dir: the history of changes is in memory and ends with this process");
  }
  proxy_->Accept();
  for (const auto& listener : listeners_) listener->Accept();
  return {};
}

core::Status App::OpenProxy() {
  std::vector<Worker*> workers;
  for (const auto& world : worlds_) workers.push_back(&world->worker());
  const ProxyListenerHooks hooks{
      .self = this,
      .accept =
          [](void* self, Worker& worker, Socket socket, const ListenerKey& key, std::uint16_t port) {
            static_cast<App*>(self)->worlds_[worker.index() - 1]->AcceptProxy(std::move(socket), key, port);
          },
      .gone =
          [](void* self, const ListenerKey& key) {
            for (const auto& world : static_cast<App*>(self)->worlds_) {
              world->worker().Post([target = world.get(), key] { target->DrainListener(key); });
            }
          }};
  proxy_ = std::make_unique<ProxyListeners>(control_, std::move(workers), options_.http, hooks, listener_stats_);
  const auto current = hub_->Current();
  return proxy_->Follow(*current, ConnectionsMax(current->settings));
}

// Ports that came or went with a configuration.
void App::FollowListeners() {
  if (proxy_ == nullptr || draining_) return;
  const auto current = hub_->Current();
  if (current->generation == listened_generation_) return;
  const core::Status opened = proxy_->Follow(*current, ConnectionsMax(current->settings));
  // What is in the way may go: tried again until it has worked.
  if (opened) {
    listened_generation_ = current->generation;
  } else {
    LogError("main", opened.error().Text());
  }
  for (const Listener* listener : proxy_->Accept()) LogInfo("main", "listening " + listener->address());
}

core::Status App::OpenPages(const std::string& name, const std::string& address, PageSet pages) {
  if (address == kOff) return {};
  listeners_.push_back(std::make_unique<Listener>(control_, std::vector<Worker*>{&control_}, admin_->Hook(pages),
                                                  AdminServer::kConnectionsMax, admin_->stats()));
  return listeners_.back()->Open(name, address);
}

void App::AwaitSignal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) OnSignal(number);
  });
}

void App::OnSignal(int number) {
  if (number == SIGHUP) {
    config_->Reload("SIGHUP");
    log_path_.clear();  // reopen: the file may have been rotated
    experiments_->Rotate();
    FollowSettings();
  } else if (draining_) {
    LogWarning("main", "second signal: ending now");
    control_.Stop();
    return;
  } else {
    BeginDrain();
  }
  AwaitSignal();
}

// Not ready any more, and every answer ends its connection.
void App::BeginDrain() {
  draining_ = true;
  LogInfo("main", "draining: " + std::to_string(Traffic().connections) + " client connections");
  for (const auto& world : worlds_) {
    world->worker().Post([target = world.get()] { target->BeginDrain(); });
  }
  drain_.Begin(hub_->Current()->settings.timeouts.drain, proxy_.get());
}

void App::ArmSweep() {
  const core::TimePoint now = clock_.Now();
  core::TimePoint next = now + core::Seconds(1);
  const auto current = hub_->Current();
  for (const core::Cluster& cluster : current->clusters) {
    if (cluster.outlier) next = std::min(next, core::Sweep(cluster, now));
  }
  FollowSettings();
  next = std::max(next, now + core::Milliseconds(10));
  sweep_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(next));
  sweep_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    admin_access_.Refresh(clock_.Now(), UnixMicros() / 1'000'000);
    ArmSweep();
  });
}

// What of the settings concerns neither workers nor requests.
void App::FollowSettings() {
  const auto current = hub_->Current();
  FollowListeners();
  const std::string& path = current->settings.access_log.path;
  if (path == log_path_) return;
  if (const core::Status opened = log_writer_.Open(path); !opened) LogError("main", opened.error().Text());
  log_path_ = path;
}

std::uint32_t App::ConnectionsMax(const core::Settings& settings) const {
  return settings.limits.connections != 0 ? settings.limits.connections : descriptor_share_;
}

void App::Shutdown() {
  if (proxy_ != nullptr) proxy_->Close();
  for (const auto& listener : listeners_) listener->Close();
  if (canaries_ != nullptr) canaries_->Stop();
  if (config_ != nullptr) config_->Stop();
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  sweep_.cancel();
  drain_.Stop();
  for (const auto& world : worlds_) world->Join();
  if (experiments_ != nullptr) experiments_->Stop();
  log_writer_.Drain();
  if (admin_ != nullptr) admin_->CloseAll();
  control_.Poll();
}

ClientTraffic App::Traffic() const {
  ClientTraffic traffic{.accepted = listener_stats_.accepted.load(std::memory_order_relaxed)};
  for (const auto& world : worlds_) traffic.connections += world->worker().connections.load(std::memory_order_relaxed);
  return traffic;
}

MetricsSource App::Source() {
  MetricsSource source;
  source.registry = registry_.get();
  for (const auto& world : worlds_) source.shards.push_back(&world->metrics());
  source.access_log = &log_writer_;
  source.snapshot = [](void* self) { return static_cast<App*>(self)->hub_->Current(); };
  source.process = [](void* self) { return static_cast<App*>(self)->Facts(); };
  source.exposures = [](void* self) { return MetricsOf(*static_cast<App*>(self)->experiments_); };
  source.canaries = [](void* self) {
    const auto& canaries = static_cast<App*>(self)->canaries_;
    return canaries == nullptr ? std::vector<CanaryMetrics>() : MetricsOf(*canaries);
  };
  source.self = this;
  return source;
}

AdminContext App::AdminSource() {
  AdminContext context;
  context.collector = collector_.get();
  context.snapshot = [](void* self) { return static_cast<App*>(self)->hub_->Current(); };
  context.server = [](void* self) { return static_cast<App*>(self)->Server(); };
  context.experiments = [](void* self, const AdminRequest& request) {
    return static_cast<App*>(self)->experiments_->Answer(request);
  };
  context.findings = [](void* self) { return static_cast<App*>(self)->experiments_->Findings(); };
  context.self = this;
  context.world = &config_->world();
  context.store = &config_->store();
  context.changes = Changes();
  context.canaries = [](void* self, const AdminRequest& request, std::string_view author, bool may_write) {
    return static_cast<App*>(self)->canaries_->Answer(request, author, may_write);
  };
  context.default_namespace = options_.default_namespace;
  context.state_directory = options_.state_directory;
  context.actions = {.drain =
                         [](void* self, bool) {
                           auto* app = static_cast<App*>(self);
                           app->control_.Post([app] {
                             if (!app->draining_) app->BeginDrain();
                           });
                         },
                     .set_health =
                         [](void* self, bool ok) {
                           auto* app = static_cast<App*>(self);
                           app->control_.Post([app, ok] { app->health_failed_ = !ok; });
                         },
                     .self = this};
  return context;
}

ServerFacts App::Server() const {
  ServerFacts facts{.started = true,
                    .draining = draining_,
                    .health_failed = health_failed_,
                    .log_healthy = log_writer_.healthy(),
                    .uptime_seconds = std::chrono::duration<double>(clock_.Now() - started_).count(),
                    .workers = static_cast<std::uint32_t>(worlds_.size()),
                    .command_line = options_.command_line,
                    .listeners = {},
                    .rejected = config_->rejected_config(),
                    .certificates = config_->tls().Certificates()};
  for (const Listener* listener : proxy_->listeners())
    facts.listeners.push_back({listener->name(), listener->address()});
  for (const auto& listener : listeners_) facts.listeners.push_back({listener->name(), listener->address()});
  return facts;
}

ProcessFacts App::Facts() const {
  return {.live = true,
          .state = draining_ ? 1u : 0u,
          .uptime_seconds = std::chrono::duration<double>(clock_.Now() - started_).count(),
          .workers = static_cast<std::uint32_t>(worlds_.size()),
          .connections = Traffic().connections,
          .connections_refused = listener_stats_.overflow.load(std::memory_order_relaxed),
          .accept_paused = listener_stats_.accept_paused.load(std::memory_order_relaxed),
          .reload_success = config_->accepted(),
          .reload_failed = config_->rejected(),
          .last_reload_ok = config_->last_ok(),
          .revision = config_->world().revision(),
          .unix_seconds = UnixMicros() / 1'000'000,
          .certificates = config_->tls().Certificates()};
}

}  // namespace sluice::gateway
