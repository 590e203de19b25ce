#include "gateway/net/listener.h"

#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

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

Listener::Listener(boost::asio::io_context& control, std::vector<Worker*> workers, AcceptHook hook,
                   std::uint32_t connections_max, ListenerStats& stats)
    : workers_(std::move(workers)),
      hook_(hook),
      connections_max_(connections_max),
      stats_(stats),
      acceptor_(control),
      pause_(control) {}

core::Status Listener::Open(const std::string& name, const std::string& address) {
  name_ = name;
  const auto endpoint = ParseAddress(address);
  if (!endpoint) return std::unexpected(endpoint.error());
  boost::system::error_code error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(TcpAcceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    return core::Fail(core::ErrorCode::kIo, "cannot listen on " + address + " (" + name + "): " + error.message(),
                      "stop what holds the port, choose another one, or use port 0");
  }
  local_ = acceptor_.local_endpoint(error);
  address_ = EndpointText(local_);
  port_ = local_.port();
  return {};
}

void Listener::Accept() {
  acceptor_.async_wait(TcpAcceptor::wait_read, [this](const boost::system::error_code& error) { OnAccept(error); });
}

void Listener::OnAccept(const boost::system::error_code& error) {
  if (error || !acceptor_.is_open()) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int descriptor = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      Place(descriptor);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // No descriptor to be had: wait instead of spinning on a readable socket (reliability.md D15, F40).
      stats_.accept_paused.fetch_add(1, std::memory_order_relaxed);
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](const boost::system::error_code& failed) {
        if (!failed) OnAccept({});
      });
      return;
    }
    break;
  }
  Accept();
}

void Listener::Place(int descriptor) {
  std::uint64_t held = 0;
  for (const Worker* worker : workers_) held += worker->connections.load(std::memory_order_relaxed);
  if (connections_max_ != 0 && held >= connections_max_) {
    stats_.overflow.fetch_add(1, std::memory_order_relaxed);
    ::close(descriptor);
    return;
  }
  stats_.accepted.fetch_add(1, std::memory_order_relaxed);
  Worker& worker = LeastLoaded();
  worker.connections.fetch_add(1, std::memory_order_relaxed);
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
  // Drops segments with SYN and without ACK; the program sees them from the TCP header on, whose byte 13 has the flags.
  std::array<sock_filter, 5> code = {{{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},
                                      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x12},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x02},
                                      {BPF_RET | BPF_K, 0, 0, 0},
                                      {BPF_RET | BPF_K, 0, 0, 0xffffffff}}};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  // Where the kernel has no such filters, Close() is all there is.
  (void)::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void Listener::Close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace sluice::gateway
