// Handshakes, why they failed, and how long our own certificates last.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "gateway/telemetry/families.h"

namespace sluice::gateway {
namespace {

using core::TlsFailure;

constexpr std::array kSides = {std::pair("downstream", true), std::pair("upstream", false)};

template <typename Read>
double Sum(const MetricsSource& source, bool server, Read read) {
  double sum = 0;
  for (const MetricsShard* shard : source.shards) {
    sum += static_cast<double>(read(server ? shard->server_tls() : shard->client_tls()));
  }
  return sum;
}

MetricFamily BySide(const MetricsSource& source, std::string name, std::string help,
                    core::Counter TlsCounters::* counter) {
  MetricFamily family{std::move(name), std::move(help), MetricType::kCounter, {}};
  for (const auto& [side, server] : kSides) {
    const double sum =
        Sum(source, server, [counter](const TlsCounters& counters) { return (counters.*counter).value(); });
    family.samples.push_back({{{"side", side}}, sum, {}});
  }
  return family;
}

double Failures(const MetricsSource& source, bool server, TlsFailure failure) {
  return Sum(source, server, [failure](const TlsCounters& counters) {
    return counters.failures[static_cast<std::size_t>(failure)].value();
  });
}

MetricFamily FailuresByReason(const MetricsSource& source) {
  MetricFamily family{
      "sluice_tls_failures_total", "Connections refused or given up over TLS, by reason.", MetricType::kCounter, {}};
  for (const auto& [side, server] : kSides) {
    for (std::size_t i = 1; i < core::kTlsFailureCount; ++i) {
      const auto failure = static_cast<TlsFailure>(i);
      family.samples.push_back({{{"side", side}, {"reason", std::string(core::TlsFailureText(failure))}},
                                Failures(source, server, failure),
                                {}});
    }
  }
  return family;
}

// Envoy's names for the client side (istio-reference.md section 4.6), for dashboards and alerts that know them.
struct EnvoyFailure {
  std::string_view name;
  std::string_view help;
  std::array<TlsFailure, 12> of;  // filled up with kNone
};

constexpr std::array kEnvoyFailures = {
    EnvoyFailure{"envoy_listener_ssl_fail_verify_no_cert", "No client certificate.", {TlsFailure::kNoCertificate}},
    EnvoyFailure{"envoy_listener_ssl_fail_verify_error",
                 "Client certificates that do not lead to a trusted authority, or not any more.",
                 {TlsFailure::kExpired, TlsFailure::kNotYetValid, TlsFailure::kUnknownCa, TlsFailure::kRevoked,
                  TlsFailure::kNoCrl, TlsFailure::kPurpose, TlsFailure::kNameConstraint, TlsFailure::kChainTooLong,
                  TlsFailure::kBadSignature}},
    EnvoyFailure{"envoy_listener_ssl_fail_verify_san",
                 "Client certificates without a name that is asked for.",
                 {TlsFailure::kNames, TlsFailure::kNoIdentity, TlsFailure::kTrustDomain, TlsFailure::kSan}},
    EnvoyFailure{
        "envoy_listener_ssl_fail_verify_cert_hash", "Client certificates that are not pinned.", {TlsFailure::kPin}},
    EnvoyFailure{"envoy_listener_ssl_connection_error",
                 "Handshakes that failed otherwise.",
                 {TlsFailure::kVersion, TlsFailure::kCipher, TlsFailure::kHelloTooLarge, TlsFailure::kHelloMalformed,
                  TlsFailure::kPeerAlert, TlsFailure::kPeerClosed, TlsFailure::kProtocol}},
    EnvoyFailure{"envoy_listener_no_filter_chain_match",
                 "Connections that nothing here is for: plaintext, TLS or a server name where it is not expected.",
                 {TlsFailure::kNoServer, TlsFailure::kPlaintext, TlsFailure::kTlsOnPlaintext}},
};

MetricFamily Single(std::string_view name, std::string_view help, double value) {
  return SingleValue(std::string(name), std::string(help), MetricType::kUntyped, value);
}

void AppendEnvoy(const MetricsSource& source, std::vector<MetricFamily>& families) {
  families.push_back(
      Single("envoy_listener_ssl_handshake", "Handshakes done with clients.",
             Sum(source, true, [](const TlsCounters& counters) { return counters.handshakes.value(); })));
  for (const EnvoyFailure& failure : kEnvoyFailures) {
    double sum = 0;
    for (const TlsFailure part : failure.of) sum += part == TlsFailure::kNone ? 0 : Failures(source, true, part);
    families.push_back(Single(failure.name, failure.help, sum));
  }
}

void AppendCertificates(const ProcessFacts& facts, std::vector<MetricFamily>& families) {
  MetricFamily expiry{"sluice_certificate_expiry_timestamp_seconds",
                      "When our own certificate ends, seconds since the epoch.",
                      MetricType::kGauge,
                      {}};
  MetricFamily rotations{
      "sluice_certificate_rotations_total", "Changed files that were taken over.", MetricType::kCounter, {}};
  MetricFamily failures{"sluice_certificate_rotation_failures_total",
                        "Changed files that could not be used: what was there before stays.",
                        MetricType::kCounter,
                        {}};
  MetricFamily ok{"sluice_certificate_files_ok", "0 while the files are not what is in use.", MetricType::kGauge, {}};
  std::int64_t first = 0;
  for (const core::TlsCertificate& certificate : facts.certificates) {
    const auto sample = [&certificate](double value) {
      return MetricSample{
          {{"policy", certificate.name}, {"side", certificate.server ? "downstream" : "upstream"}}, value, {}};
    };
    rotations.samples.push_back(sample(static_cast<double>(certificate.rotations)));
    failures.samples.push_back(sample(static_cast<double>(certificate.failures)));
    ok.samples.push_back(sample(certificate.error.empty() ? 1 : 0));
    if (certificate.not_after == 0) continue;
    expiry.samples.push_back(sample(static_cast<double>(certificate.not_after)));
    first = first == 0 ? certificate.not_after : std::min(first, certificate.not_after);
  }
  for (MetricFamily* family : {&expiry, &rotations, &failures, &ok}) families.push_back(std::move(*family));
  if (first == 0) return;
  constexpr std::int64_t kDay = 86'400;
  families.push_back(SingleValue("envoy_server_days_until_first_cert_expiring", "Whole days; 0 when one has expired.",
                                 MetricType::kGauge,
                                 static_cast<double>(std::max<std::int64_t>(0, (first - facts.unix_seconds) / kDay))));
}

}  // namespace

void AppendTlsFamilies(const MetricsSource& source, std::vector<MetricFamily>& families) {
  families.push_back(BySide(source, "sluice_tls_handshakes_total", "TLS handshakes done.", &TlsCounters::handshakes));
  families.push_back(
      BySide(source, "sluice_tls_resumed_total", "Handshakes that resumed a session.", &TlsCounters::resumed));
  families.push_back(FailuresByReason(source));
  AppendEnvoy(source, families);
  AppendCertificates(source.process != nullptr ? source.process(source.self) : ProcessFacts{}, families);
}

}  // namespace sluice::gateway
