#include "gateway/net/listener.h"

#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "core/base/text.h"

namespace sluice::gateway {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 64;

}  // namespace

core::Result<Tcp::endpoint> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string cure = "write IP:PORT, for example 127.0.0.1:15000 or [::1]:15000; port 0 takes a free one";
  if (colon == std::string::npos) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "'" + text + "' has no port", cure);
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto port = core::ParseDecimal(std::string_view(text).substr(colon + 1));
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host.empty() ? "0.0.0.0" : host, error);
  if (error || !port || *port > 65535) {
    return core::Fail(core::ErrorCode::kInvalidArgument, "'" + text + "' is not an address", cure);
  }
  return Tcp::endpoint(address, static_cast<std::uint16_t>(*port));
}

Listener::Listener(Worker& control, std::vector<Worker*> workers, AcceptHook hook, std::uint32_t connections_max,
                   ListenerStats& stats)
    : workers_(std::move(workers)),
      home_(workers_.size() == 1 ? *workers_.front() : control),
      hook_(hook),
      connections_max_(connections_max),
      stats_(stats),
      watch_([](void* self, Readiness) { static_cast<Listener*>(self)->OnReady(); }, this),
      pause_([](void* self) { static_cast<Listener*>(self)->AcceptSome(); }, this) {}

// The accepting thread has ended, or is this one.
Listener::~Listener() {
  if (descriptor_ >= 0) End();
}

core::Status Listener::Open(const std::string& name, const std::string& address) {
  name_ = name;
  const auto endpoint = ParseAddress(address);
  if (!endpoint) return std::unexpected(endpoint.error());
  descriptor_ = ::socket(endpoint->protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  bool done = descriptor_ >= 0;
  done = done && ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  done = done && ::bind(descriptor_, endpoint->data(), static_cast<socklen_t>(endpoint->size())) == 0;
  done = done && ::listen(descriptor_, kBacklog) == 0;
  if (!done) {
    const std::string reason = std::generic_category().message(errno);
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    return core::Fail(core::ErrorCode::kIo, "cannot listen on " + address + " (" + name + "): " + reason,
                      "stop what holds the port, choose another one, or use port 0");
  }
  auto size = static_cast<socklen_t>(local_.capacity());
  if (::getsockname(descriptor_, local_.data(), &size) == 0) local_.resize(size);
  address_ = EndpointText(local_);
  port_ = local_.port();
  return {};
}

void Listener::Accept() {
  home_.Post([this] { Begin(); });
}

void Listener::Begin() {
  if (descriptor_ >= 0) home_.poller().Add(descriptor_, watch_);
}

void Listener::OnReady() {
  if (!pause_.armed()) AcceptSome();
}

void Listener::AcceptSome() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      Place(descriptor);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // No descriptor to be had: wait instead of spinning on a readable socket (reliability.md D15, F40).
      stats_.accept_paused.fetch_add(1, std::memory_order_relaxed);
      home_.wheel().Arm(pause_, home_.now() + kPause);
    }
    return;
  }
  home_.poller().Again(watch_);  // no edge tells of those that are left
}

void Listener::Place(int descriptor) {
  std::uint64_t held = 0;
  for (const Worker* worker : workers_) held += worker->connections.load(std::memory_order_relaxed);
  const std::uint32_t max = connections_max_.load(std::memory_order_relaxed);
  if (max != 0 && held >= max) {
    stats_.overflow.fetch_add(1, std::memory_order_relaxed);
    ::close(descriptor);
    return;
  }
  stats_.accepted.fetch_add(1, std::memory_order_relaxed);
  Worker& worker = LeastLoaded();
  worker.connections.fetch_add(1, std::memory_order_relaxed);
  if (&worker == &home_) return hook_.call(hook_.self, worker, Socket(descriptor), local_);
  worker.Post(
      [hook = hook_, &worker, descriptor, local = local_] { hook.call(hook.self, worker, Socket(descriptor), local); });
}

Worker& Listener::LeastLoaded() {
  // Begins at the next one each time: connections that come one by one, each after the last has gone, are spread too.
  std::size_t best = next_++ % workers_.size();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const std::size_t candidate = (next_ + i) % workers_.size();
    const auto load_of = [this](std::size_t index) {
      return workers_[index]->connections.load(std::memory_order_relaxed);
    };
    if (load_of(candidate) < load_of(best)) best = candidate;
  }
  return *workers_[best];
}

void Listener::RefuseNew() {
  if (closed_) return;
  // Drops segments with SYN and without ACK; the program sees them from the TCP header on, whose byte 13 has the flags.
  std::array<sock_filter, 5> code = {{{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},
                                      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x12},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x02},
                                      {BPF_RET | BPF_K, 0, 0, 0},
                                      {BPF_RET | BPF_K, 0, 0, 0xffffffff}}};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  // Where the kernel has no such filters, Close() is all there is.
  (void)::setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

// The kernel ends the queue here and now; the descriptor is the accepting thread's, which may be in the middle of a call.
void Listener::Close() {
  if (std::exchange(closed_, true) || descriptor_ < 0) return;
  ::shutdown(descriptor_, SHUT_RDWR);
  home_.Post([this] { End(); });
}

void Listener::End() {
  home_.poller().Forget(watch_);
  home_.wheel().Disarm(pause_);
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace sluice::gateway
