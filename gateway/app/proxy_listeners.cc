#include "gateway/app/proxy_listeners.h"

#include <algorithm>
#include <utility>

#include "gateway/app/options.h"

namespace sluice::gateway {
namespace {

std::string AddressOf(const core::Listener& listener) {
  const bool v6 = listener.bind.find(':') != std::string::npos;
  const std::string host = listener.bind.empty() ? "0.0.0.0" : v6 ? "[" + listener.bind + "]" : listener.bind;
  return host + ":" + std::to_string(listener.port);
}

}  // namespace

ProxyListeners::ProxyListeners(Worker& control, std::vector<Worker*> workers, std::string own_address,
                               ProxyListenerHooks hooks, ListenerStats& stats)
    : control_(control),
      workers_(std::move(workers)),
      own_address_(std::move(own_address)),
      hooks_(hooks),
      stats_(stats) {}

core::Status ProxyListeners::Follow(const core::Snapshot& snapshot, std::uint32_t connections_max) {
  for (auto it = ports_.begin(); it != ports_.end();) {
    const ListenerKey& key = (*it)->key;
    (*it)->listener->set_connections_max(connections_max);
    if (snapshot.FindListener(key.bind, key.port) != nullptr) {
      ++it;
      continue;
    }
    (*it)->listener->Close();
    hooks_.gone(hooks_.self, key);
    closed_.push_back(std::move(*it));
    it = ports_.erase(it);
  }
  core::Status status;
  for (const core::Listener& wanted : snapshot.listeners) {
    const bool open = std::ranges::any_of(ports_, [&](const std::unique_ptr<Port>& port) {
      return port->key.bind == wanted.bind && port->key.port == wanted.port;
    });
    if (open || (wanted.port == 0 && own_address_ == kOff)) continue;
    if (core::Status opened = Open(wanted, connections_max); !opened && status) status = std::move(opened);
  }
  return status;
}

core::Status ProxyListeners::Open(const core::Listener& wanted, std::uint32_t connections_max) {
  auto port = std::make_unique<Port>();
  port->set = this;
  port->key = {wanted.bind, wanted.port};
  const AcceptHook accept{.call =
                              [](void* self, Worker& worker, Socket socket, const Tcp::endpoint& local) {
                                const Port& by = *static_cast<Port*>(self);
                                const ProxyListenerHooks& hooks = by.set->hooks_;
                                hooks.accept(hooks.self, worker, std::move(socket), by.key, local.port());
                              },
                          .self = port.get()};
  port->listener = std::make_unique<Listener>(control_, workers_, accept, connections_max, stats_);
  const bool own = wanted.port == 0;
  core::Status opened = port->listener->Open(own ? "http" : "port-" + std::to_string(wanted.port),
                                             own ? own_address_ : AddressOf(wanted));
  if (opened) ports_.push_back(std::move(port));
  return opened;
}

std::vector<const Listener*> ProxyListeners::Accept() {
  std::vector<const Listener*> begun;
  for (const auto& port : ports_) {
    if (port->accepting) continue;
    port->accepting = true;
    port->listener->Accept();
    begun.push_back(port->listener.get());
  }
  return begun;
}

void ProxyListeners::RefuseNew() {
  for (const auto& port : ports_) port->listener->RefuseNew();
}

void ProxyListeners::Close() {
  for (const auto& port : ports_) port->listener->Close();
}

std::vector<const Listener*> ProxyListeners::listeners() const {
  std::vector<const Listener*> all;
  for (const auto& port : ports_) all.push_back(port->listener.get());
  return all;
}

}  // namespace sluice::gateway
