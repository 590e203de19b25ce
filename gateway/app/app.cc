#include "gateway/app/app.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>

#include "core/upstream/outlier_detector.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{50};
// Polls without a connection and without an accept before a draining process ends: what was under way in the kernel's
// queue has been served by then.
constexpr std::uint32_t kDrainQuietPolls = 4;

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

// Whoever reaches the admin port can drain the gateway: without a token or a client certificate it stays on loopback.
core::Status RequireLoopback(const std::string& address) {
  const auto endpoint = ParseAddress(address);
  if (!endpoint) return std::unexpected(endpoint.error());
  if (endpoint->address().is_loopback()) return {};
  return core::Fail(core::ErrorCode::kInvalidArgument, "the admin address " + address + " is not on loopback",
                    "use 127.0.0.1:PORT or [::1]:PORT, or off");
}

}  // namespace

App::App(RunOptions options)
    : options_(std::move(options)),
      started_(clock_.Now()),
      control_(0, Seed(), clock_),
      signals_(control_.context()),
      sweep_(control_.context()),
      drain_(control_.context()) {}

App::~App() = default;

int App::Run() {
  std::signal(SIGPIPE, SIG_IGN);
  const config::LoadOptions load{.paths = options_.config, .default_namespace = options_.default_namespace};
  const config::Loaded first = config::Load(load);
  for (const config::Finding& finding : first.findings) {
    std::fprintf(stderr, "%s\n", config::FormatFinding(finding).c_str());
  }
  if (!first.ok) return 65;
  const core::Settings settings = config::Compile(*first.documents, {})->settings;
  if (!Build(settings)) return 1;
  if (!config_->LoadFirst()) return 65;
  FollowAccessLog();
  // Workers adopt the world before the first connection can be posted to them: posts keep their order.
  for (const auto& world : worlds_) world->StartThread();
  if (const core::Status opened = OpenListeners(settings); !opened) {
    LogError("main", opened.error().Text());
    Shutdown();
    return 1;
  }
  HandleSignals();
  ArmSweep();
  config_->Watch();
  control_.Run();
  Shutdown();
  return 0;
}

bool App::Build(const core::Settings& settings) {
  core::BucketHasher probe;
  if (const core::Status usable = probe.Usable(); !usable) LogWarning("main", usable.error().Text());
  std::uint32_t count = options_.workers != 0 ? options_.workers : settings.workers;
  if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
  registry_ = std::make_unique<SeriesRegistry>(settings.telemetry);
  std::vector<Worker*> workers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const LogReadyHook ready{.call = [](void* self) {
                               auto* app = static_cast<App*>(self);
                               app->control_.Post([app] { app->log_writer_.Drain(); });
                             },
                             .self = this};
    worlds_.push_back(std::make_unique<WorkerWorld>(i + 1, Seed(), clock_, *registry_, ready));
    log_writer_.Attach(worlds_.back()->access_log());
    workers.push_back(&worlds_.back()->worker());
  }
  const AdoptHook adopt{
      .call =
          [](void* self, Worker& worker, std::shared_ptr<const core::Snapshot> snapshot) {
            static_cast<App*>(self)->worlds_[worker.index() - 1]->Adopt(std::move(snapshot));
          },
      .self = this};
  hub_ = std::make_unique<SnapshotHub>(workers, adopt);
  config_ = std::make_unique<ConfigManager>(
      control_.context(), *hub_, clock_,
      config::LoadOptions{.paths = options_.config, .default_namespace = options_.default_namespace});
  collector_ = std::make_unique<PrometheusCollector>(Source());
  return true;
}

core::Status App::OpenListeners(const core::Settings& settings) {
  std::vector<Worker*> workers;
  for (const auto& world : worlds_) workers.push_back(&world->worker());
  const std::uint32_t share = DescriptorShare();
  const std::uint32_t limit = settings.limits.connections != 0 ? settings.limits.connections : share;
  const AcceptHook proxy{.call =
                             [](void* self, Worker& worker, Socket socket, const Tcp::endpoint& local) {
                               static_cast<App*>(self)->worlds_[worker.index() - 1]->AcceptProxy(std::move(socket),
                                                                                                local.port());
                             },
                         .self = this};
  if (options_.http != "off") {
    http_ = std::make_unique<Listener>(control_.context(), workers, proxy, limit, listener_stats_);
    if (core::Status opened = http_->Open("http", options_.http); !opened) return opened;
    std::printf("listening %s %s\n", http_->name().c_str(), http_->address().c_str());
  }
  admin_ = std::make_unique<AdminServer>(control_, AdminSource());
  struct Pages {
    std::string name;
    std::string address;
    PageSet set;
  };
  const Pages pages[] = {{"admin", options_.admin, PageSet::kAdmin},
                         {"health", options_.health, PageSet::kHealth},
                         {"metrics", options_.metrics, PageSet::kMetrics}};
  for (const auto& [name, address, set] : pages) {
    if (address == "off") continue;
    if (set == PageSet::kAdmin) {
      if (core::Status loopback = RequireLoopback(address); !loopback) return loopback;
    }
    auto listener = std::make_unique<Listener>(control_.context(), std::vector<Worker*>{&control_},
                                               admin_->Hook(set), AdminServer::kConnectionsMax, admin_->stats());
    if (core::Status opened = listener->Open(name, address); !opened) return opened;
    std::printf("listening %s %s\n", name.c_str(), listener->address().c_str());
    listeners_.push_back(std::move(listener));
  }
  std::fflush(stdout);
  if (http_ != nullptr) http_->Accept();
  for (const auto& listener : listeners_) listener->Accept();
  return {};
}

void App::HandleSignals() {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.add(SIGHUP);
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) OnSignal(number);
  });
}

void App::OnSignal(int number) {
  if (number == SIGHUP) {
    config_->Reload("SIGHUP");
    log_path_.clear();  // reopen: the file may have been rotated
    FollowAccessLog();
  } else if (draining_) {
    LogWarning("main", "second signal: ending now");
    control_.Stop();
    return;
  } else {
    BeginDrain();
  }
  HandleSignals();
}

// Not ready any more, every answer ends its connection, new connections are still served until it is quiet: nobody is
// refused while load balancers learn that we go.
void App::BeginDrain() {
  draining_ = true;
  const auto current = hub_->Current();
  drain_until_ = clock_.Now() + current->settings.timeouts.drain;
  LogInfo("main", "draining: " + std::to_string(ClientConnections()) + " client connections");
  for (const auto& world : worlds_) {
    world->worker().Post([target = world.get()] { target->BeginDrain(); });
  }
  CheckDrained();
}

void App::CheckDrained() {
  const std::uint64_t accepted = listener_stats_.accepted.load(std::memory_order_relaxed);
  const bool quiet = ClientConnections() == 0 && accepted == drain_accepted_;
  drain_quiet_ = quiet ? drain_quiet_ + 1 : 0;
  drain_accepted_ = accepted;
  if (drain_quiet_ >= kDrainQuietPolls || clock_.Now() >= drain_until_) {
    LogInfo("main", "drained: " + std::to_string(ClientConnections()) + " client connections cut");
    return control_.Stop();
  }
  drain_.expires_after(kDrainPoll);
  drain_.async_wait([this](const boost::system::error_code& error) {
    if (!error) CheckDrained();
  });
}

void App::ArmSweep() {
  const core::TimePoint now = clock_.Now();
  core::TimePoint next = now + core::Seconds(1);
  const auto current = hub_->Current();
  for (const core::Cluster& cluster : current->clusters) {
    if (cluster.outlier) next = std::min(next, core::Sweep(cluster, now));
  }
  FollowAccessLog();
  next = std::max(next, now + core::Milliseconds(10));
  sweep_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(next));
  sweep_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ArmSweep();
  });
}

// The log's path may change with the configuration.
void App::FollowAccessLog() {
  const auto current = hub_->Current();
  const std::string& path = current->settings.access_log.path;
  if (path == log_path_) return;
  if (const core::Status opened = log_writer_.Open(path); !opened) LogError("main", opened.error().Text());
  log_path_ = path;
}

void App::Shutdown() {
  if (http_ != nullptr) http_->Close();
  for (const auto& listener : listeners_) listener->Close();
  if (config_ != nullptr) config_->Stop();
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  sweep_.cancel();
  drain_.cancel();
  for (const auto& world : worlds_) world->Join();
  log_writer_.Drain();
  if (admin_ != nullptr) admin_->CloseAll();
  control_.Poll();
}

std::uint64_t App::ClientConnections() const {
  std::uint64_t total = 0;
  for (const auto& world : worlds_) total += world->worker().connections.load(std::memory_order_relaxed);
  return total;
}

MetricsSource App::Source() {
  MetricsSource source;
  source.registry = registry_.get();
  for (const auto& world : worlds_) source.shards.push_back(&world->metrics());
  source.access_log = &log_writer_;
  source.snapshot = [](void* self) { return static_cast<App*>(self)->hub_->Current(); };
  source.process = [](void* self) { return static_cast<App*>(self)->Facts(); };
  source.self = this;
  return source;
}

AdminContext App::AdminSource() {
  AdminContext context;
  context.collector = collector_.get();
  context.snapshot = [](void* self) { return static_cast<App*>(self)->hub_->Current(); };
  context.server = [](void* self) { return static_cast<App*>(self)->Server(); };
  context.self = this;
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
                    .rejected = config_->rejected_config()};
  if (http_ != nullptr) facts.listeners.push_back({http_->name(), http_->address()});
  for (const auto& listener : listeners_) facts.listeners.push_back({listener->name(), listener->address()});
  return facts;
}

ProcessFacts App::Facts() const {
  return {.live = true,
          .state = draining_ ? 1u : 0u,
          .uptime_seconds = std::chrono::duration<double>(clock_.Now() - started_).count(),
          .workers = static_cast<std::uint32_t>(worlds_.size()),
          .connections = ClientConnections(),
          .reload_success = config_->accepted(),
          .reload_failed = config_->rejected(),
          .last_reload_ok = config_->last_ok()};
}

}  // namespace sluice::gateway
