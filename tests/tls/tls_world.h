// An authority with files for policies, and two filters that talk to each other through memory. Tests of tls/ only.
#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "core/base/slice.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"
#include "tls/certificate_authority.h"
#include "tls/context.h"
#include "tls/filter.h"

namespace sluice::tls {

inline constexpr std::int64_t kDay = 86'400;
inline std::int64_t Today() { return std::time(nullptr); }
inline Validity ThisMonth() { return {Today() - kDay, Today() + 30 * kDay}; }

template <typename T>
T Must(core::Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().Text();
  return std::move(*result);
}

inline LeafRequest Named(std::string names) {
  return {.common_name = "leaf", .names = std::move(names), .raw_names = {}, .validity = ThisMonth()};
}
inline std::string Workload(const std::string& account, const std::string& domain = "cluster.local") {
  return "URI:spiffe://" + domain + "/ns/default/sa/" + account;
}

// Files of one authority; names are those of the leaves.
class World {
 public:
  const CertificateAuthority& authority() const { return authority_; }
  std::string Path(const std::string& name) const { return (directory_.path() / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    return directory_.Write(name, text).string();
  }
  std::string ca() const { return Write("ca.crt", authority_.certificate()); }

  core::TlsKeyPair Put(const std::string& name, const Issued& issued) const {
    core::TlsKeyPair pair{Write(name + ".crt", issued.certificate), Write(name + ".key", issued.private_key)};
    std::filesystem::permissions(pair.private_key,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return pair;
  }
  core::TlsKeyPair Issue(const std::string& name, const LeafRequest& request) const {
    return Put(name, Must(authority_.Issue(request)));
  }

  core::ServerTlsPolicy Server() const {
    core::ServerTlsPolicy policy;
    policy.name = "server";
    policy.certificates = {Issue("server", Named("DNS:server.example"))};
    return policy;
  }
  core::ServerTlsPolicy MutualServer() const {
    core::ServerTlsPolicy policy = Server();
    policy.client = core::ServerTlsPolicy::ClientCertificate::kRequired;
    policy.ca = ca();
    return policy;
  }
  core::ClientTlsPolicy Client() const {
    core::ClientTlsPolicy policy;
    policy.name = "client";
    policy.ca = ca();
    policy.server_names = {"server.example"};
    policy.sni = "server.example";
    return policy;
  }
  core::ClientTlsPolicy MutualClient(const LeafRequest& request = Named(Workload("client"))) const {
    core::ClientTlsPolicy policy = Client();
    policy.certificate = Issue("client", request);
    return policy;
  }

 private:
  TemporaryDirectory directory_;
  CertificateAuthority authority_ = Must(CertificateAuthority::Make("Test CA", ThisMonth()));
};

inline std::shared_ptr<const ServerContext> Ready(const core::ServerTlsPolicy& policy,
                                                  std::shared_ptr<TicketKeys> tickets = nullptr) {
  return Must(ServerContext::Make(policy, Must(LoadServer(policy, Today())), std::move(tickets)));
}
inline std::shared_ptr<const ClientContext> Ready(const core::ClientTlsPolicy& policy) {
  return Must(ClientContext::Make(policy, Must(LoadClient(policy, Today()))));
}

// A client and a server; what one sends the other gets, cut into pieces of `cut` bytes.
class Pair {
 public:
  Pair(std::shared_ptr<const ServerContext> server_context, std::shared_ptr<const ClientContext> client_context,
       core::Wire wire = core::Wire::kHttp2, bool either = true, std::size_t cut = SIZE_MAX)
      : cut_(cut),
        server(std::move(server_context), pool_, clock),
        client(std::move(client_context), wire, either, pool_, clock) {}

  // Until neither has anything more to say.
  void Talk() {
    for (bool more = true; more;) {
      more = Carry(client, server, at_server);
      more |= Carry(server, client, at_client);
    }
  }

  static std::string Take(core::SliceQueue& queue) {
    std::string bytes;
    for (std::size_t i = 0; i < queue.piece_count(); ++i) bytes += queue.piece(i);
    queue.Clear();
    return bytes;
  }

  void Deliver(Filter& to, std::string_view bytes, std::string& plain) {
    for (std::size_t at = 0; at < bytes.size(); at += cut_) {
      to.Feed(bytes.substr(at, cut_));
      for (core::Slice slice = to.Read(); !slice.empty(); slice = to.Read()) plain += slice.view();
      if (cut_ == SIZE_MAX) break;
    }
  }

  void Send(Filter& from, std::string_view text) {
    core::SliceQueue queue(&pool_);
    queue.Append(core::Slice::Copy(text));
    from.Write(queue);
    left_ = queue.bytes();
  }
  std::size_t left() const { return left_; }

 private:
  bool Carry(Filter& from, Filter& to, std::string& plain) {
    const std::string bytes = Take(from.Output());
    Deliver(to, bytes, plain);
    return !bytes.empty();
  }

  core::BlockPool pool_;
  std::size_t cut_;
  std::size_t left_ = 0;

 public:
  ManualClock clock;
  Filter server;
  Filter client;
  std::string at_server;  // plaintext that arrived
  std::string at_client;
};

}  // namespace sluice::tls
