#include "gateway/app/worker_world.h"

#include "gateway/codec/make_codec.h"
#include "gateway/telemetry/logging.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kIdleExchanges = 256;  // about 8 KiB each
constexpr core::Duration kTick = core::Seconds(1);

}  // namespace

WorkerWorld::WorkerWorld(std::uint32_t index, std::uint64_t seed, const core::Clock& clock, SeriesRegistry& registry,
                         LogReadyHook log_ready)
    : worker_(index, seed, clock),
      metrics_(registry),
      access_log_(metrics_.downstream(), log_ready),
      upstreams_(worker_, CodecLimits{}, [](const std::string& text) { LogWarning("upstream", text); }),
      exchanges_(kIdleExchanges),
      mirrors_(kIdleExchanges),
      context_{.worker = worker_,
               .upstreams = upstreams_,
               .metrics = metrics_,
               .access_log = access_log_,
               .hasher = hasher_,
               .date = date_,
               .exchanges = exchanges_,
               .mirrors = mirrors_,
               .exposures = {[](void* feed, const core::Record& record) {
                               static_cast<ExposureFeed*>(feed)->OnExchange(record);
                             },
                             &exposures_},
               .current = {},
               .trusted_cidrs = {}},
      tick_([](void* self) { static_cast<WorkerWorld*>(self)->OnTick(); }, this) {}

WorkerWorld::~WorkerWorld() { context_.current = SnapshotPin(); }

void WorkerWorld::StartThread() {
  thread_ = std::thread([this] {
    worker_.wheel().Arm(tick_, worker_.now() + kTick);
    worker_.Run();
  });
}

void WorkerWorld::Join() {
  worker_.Stop();
  if (thread_.joinable()) thread_.join();
  AbortSessions();
  upstreams_.CloseAll();
  worker_.wheel().Disarm(tick_);
  worker_.Poll();  // lets cancelled operations return and retired objects go
  access_log_.Flush();
}

void WorkerWorld::Adopt(std::shared_ptr<const core::Snapshot> snapshot) {
  const core::Settings& settings = snapshot->settings;
  limits_.codec.header_bytes_max = settings.limits.header_bytes;
  limits_.codec.header_count_max = settings.limits.header_count;
  limits_.codec.streams_max = settings.limits.streams_per_connection;
  limits_.codec.upgrades = true;  // which ones is for the exchange to say
  limits_.tls_handshake = settings.timeouts.tls_handshake;
  limits_.request_head = settings.timeouts.request_head;
  limits_.connection_idle = settings.timeouts.connection_idle;
  limits_.unread = settings.timeouts.stream_idle;
  limits_.requests_max = settings.limits.requests_per_connection;
  context_.trusted_cidrs.clear();
  for (const std::string& text : settings.forwarding.trusted_cidrs) {
    if (const auto cidr = core::Cidr::Parse(text)) context_.trusted_cidrs.push_back(*cidr);
  }
  context_.current = upstreams_.Adopt(std::move(snapshot));
  upstreams_.Follow(context_.current);
}

void WorkerWorld::AcceptProxy(Socket socket, const ListenerKey& key, std::uint16_t listener_port) {
  auto* session = new ProxySession(context_, std::move(socket), limits_, session_stats_, key, listener_port);
  sessions_.push_back(*session);
  session->StartBy({.self = this, .make = [](void* self, ServerSession& of, core::Wire wire) {
                      auto& world = *static_cast<WorkerWorld*>(self);
                      const CodecContext context{of.codec_limits(), world.codec_stats_, world.worker_.blocks(),
                                                 world.worker_.clock()};
                      return MakeCodec(Role::kServer, wire, context, &of, of.wake());
                    }});
  if (draining_) session->BeginDrain();
}

void WorkerWorld::DrainListener(const ListenerKey& key) {
  for (ServerSession& session : sessions_) {
    auto& proxied = static_cast<ProxySession&>(session);  // the proxy's are the only ones here
    if (proxied.key().bind == key.bind && proxied.key().port == key.port) proxied.BeginDrain();
  }
}

void WorkerWorld::BeginDrain() {
  draining_ = true;
  for (ServerSession& session : sessions_) session.BeginDrain();
}

void WorkerWorld::AbortSessions() {
  for (auto it = sessions_.begin(); it != sessions_.end();) (it++)->Abort(core::ResetReason::kDrain);
}

// Once a second: what need not be exact to the request.
void WorkerWorld::OnTick() {
  worker_.wheel().Arm(tick_, worker_.now() + kTick);
  access_log_.Flush();
  metrics_.PublishCodecStats(codec_stats_, upstreams_.codec_stats());
  metrics_.PublishTlsStats(session_stats_.tls, upstreams_.tls_stats());
  DownstreamCounters& counters = metrics_.downstream();
  counters.cx_head_timeout.Add(session_stats_.head_timeouts - reported_.head_timeouts);
  counters.cx_idle_timeout.Add(session_stats_.idle_timeouts - reported_.idle_timeouts);
  counters.cx_drain_close.Add(session_stats_.drained - reported_.drained);
  reported_ = session_stats_;
  upstreams_.Sweep();
}

}  // namespace sluice::gateway
