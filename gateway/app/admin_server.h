// The admin, health and metrics ports: their sessions run on the control thread, on the same codec and connection code
// as client traffic. Owned by the app; the control thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gateway/admin/admin_exchange.h"
#include "gateway/app/admin_access.h"
#include "gateway/codec/codec.h"
#include "gateway/net/listener.h"
#include "gateway/net/server_session.h"

namespace sluice::gateway {

class AdminServer {
 public:
  static constexpr std::uint32_t kConnectionsMax = 512;  // over all three ports; more are closed at once

  // `access` protects the admin port and outlives the server.
  AdminServer(Worker& control, AdminContext context, const AdminAccess& access);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Accepts connections for the pages of one port.
  AcceptHook Hook(PageSet pages);
  ListenerStats& stats() { return listener_stats_; }
  void CloseAll();

 private:
  // One per kind of port, so that a plain function can tell them apart.
  struct Port {
    AdminServer* server = nullptr;
    PageSet pages = PageSet::kAdmin;
  };

  void Accept(Socket socket, PageSet pages);
  std::unique_ptr<Codec> MakeFor(ServerSession& session, core::Wire wire);

  Worker& control_;
  std::size_t bodies_ = 0;  // bytes of bodies that exchanges hold
  AdminContext context_;
  const AdminAccess& access_;
  std::array<Port, 3> ports_;
  SessionLimits limits_;
  SessionStats session_stats_;
  CodecStats codec_stats_;
  ListenerStats listener_stats_;
  SessionList sessions_;
};

}  // namespace sluice::gateway
