// What rules say of TLS, with the files of credentials and of the workload filled in: core's policies. The documents must
// have passed validation. One thread.
//
//   a credential NAME  <certificateDirectory>/NAME/{tls.crt, tls.key, ca.crt} and, if it is there, ca.crl
//   the workload       <certificateDirectory>/{cert-chain.pem, key.pem, root-cert.pem} and, if it is there, ca-crl.pem
#pragma once

#include "core/identity/tls_policy.h"
#include "core/upstream/cluster.h"

#include "config/document.h"
#include "config/service_catalog.h"

namespace sluice::config {

// Mutual TLS with our workload's certificate, for clients that are workloads of our trust domain.
core::ServerTlsPolicy MakeWorkloadPolicy(const Documents& documents, const Place& place);

// Of one server, which has `tls`.
core::ServerTlsPolicy MakeServerPolicy(const Documents& documents, const Metadata& gateway,
                                       const GatewayServerSpec& server);

// Towards the endpoints of one cluster; `tls` asks for more than DISABLE.
core::ClientTlsPolicy MakeClientPolicy(const Documents& documents, const Service& service, const core::Cluster& cluster,
                                       const UpstreamTls& tls);

}  // namespace sluice::config
