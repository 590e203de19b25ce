// The ports that client traffic comes in by, as the configuration in force names them: opened and closed as it changes.
// What came in by a port that is closed ends with what it has under way. Owned by the app; the control thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/snapshot/snapshot.h"
#include "gateway/net/listener.h"
#include "gateway/proxy/proxy_session.h"

namespace sluice::gateway {

struct ProxyListenerHooks {
  void* self = nullptr;
  // On the worker's thread.
  void (*accept)(void* self, Worker& worker, Socket socket, const ListenerKey& key, std::uint16_t port) = nullptr;
  // The port of `key` is closed; on the control thread.
  void (*gone)(void* self, const ListenerKey& key) = nullptr;
};

class ProxyListeners {
 public:
  // `own_address`: of the process's own port, or "off".
  ProxyListeners(Worker& control, std::vector<Worker*> workers, std::string own_address, ProxyListenerHooks hooks,
                 ListenerStats& stats);
  ProxyListeners(const ProxyListeners&) = delete;
  ProxyListeners& operator=(const ProxyListeners&) = delete;

  // Opens what is missing, closes what is no longer named. A port that cannot be opened is an error and tried again at
  // the next call; the others are served all the same.
  core::Status Follow(const core::Snapshot& snapshot, std::uint32_t connections_max);
  // Begins to accept where that has not been done yet; the new ones.
  std::vector<const Listener*> Accept();
  void RefuseNew();
  void Close();

  std::vector<const Listener*> listeners() const;

 private:
  struct Port {
    ProxyListeners* set = nullptr;
    ListenerKey key;
    std::unique_ptr<Listener> listener;
    bool accepting = false;
  };

  core::Status Open(const core::Listener& wanted, std::uint32_t connections_max);

  Worker& control_;
  std::vector<Worker*> workers_;
  const std::string own_address_;
  ProxyListenerHooks hooks_;
  ListenerStats& stats_;
  std::vector<std::unique_ptr<Port>> ports_;
  // Closed, but connections that they accepted may be on their way to a worker with a pointer to them.
  std::vector<std::unique_ptr<Port>> closed_;
};

}  // namespace sluice::gateway
