// What tests of handshakes share: policies that work, to be made worse in one way, and contexts of them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/support/pki.h"
#include "tests/support/tls_link.h"
#include "tls/context.h"
#include "tls/credentials.h"

namespace sluice::tls {

using ServerPolicy = core::ServerTlsPolicy;
using ClientPolicy = core::ClientTlsPolicy;
using ClientCertificate = core::ServerTlsPolicy::ClientCertificate;
using State = Filter::State;

inline const std::string kServerId = "spiffe://cluster.local/ns/default/sa/server";
inline const std::string kClientId = "spiffe://cluster.local/ns/default/sa/client";

// A certificate authority and two policies of it: a server called localhost, and a client that trusts it.
struct TlsWorld {
  Pki pki;
  ManualClock clock;
  ServerPolicy server;
  ClientPolicy client;
  std::shared_ptr<TicketKeys> tickets = std::make_shared<TicketKeys>();

  TlsWorld() {
    server.name = "server";
    server.certificates = {pki.Write("server", Pki::Leaf("localhost", kServerId))};
    server.ca = pki.ca();
    client.name = "client";
    client.ca = pki.ca();
    client.sni = "localhost";
    client.server_names = {"localhost"};
  }

  void ServerShows(const LeafRequest& request) { server.certificates = {pki.Write("server", request)}; }
  // The client has this certificate, and the server requires one.
  void ClientShows(const LeafRequest& request) { ClientShows(Pki::Made(pki.root().Issue(request))); }
  void ClientShows(const IssuedCertificate& issued) {
    client.certificate = pki.Write("client", issued);
    server.client = ClientCertificate::kRequired;
  }

  std::shared_ptr<const ServerContext> ServerSide() const {
    // As of a time when everything was in order: what is wrong is the handshake's to find.
    const auto credentials = Pki::Made(LoadServer(server, Pki::Now() - 2 * Pki::kDay));
    return Pki::Made(ServerContext::Make(server, credentials, tickets));
  }
  std::shared_ptr<const ClientContext> ClientSide() const {
    return Pki::Made(ClientContext::Make(client, Pki::Made(LoadClient(client, Pki::Now() - 2 * Pki::kDay))));
  }
};

// A connection between them, its handshake not begun.
struct Connection {
  explicit Connection(const TlsWorld& world, core::Wire wire = core::Wire::kHttp2, bool either = true)
      : client(world.ClientSide(), wire, either, world.clock), server(world.ServerSide(), world.clock) {}

  Connection& Run(std::size_t piece = std::string_view::npos) {
    TlsLink{client, server, piece}.Run();
    return *this;
  }
  bool open() { return client.filter().state() == State::kOpen && server.filter().state() == State::kOpen; }

  TlsEnd client;
  TlsEnd server;
};

}  // namespace sluice::tls
