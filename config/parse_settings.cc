// GatewaySettings, our own kind: what belongs to the process (design.md section 2, core/snapshot/settings.h).
#include "config/parse.h"

#include "core/base/text.h"
#include "core/http/upgrade.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {
namespace {

using core::Settings;

void Take(const std::optional<std::uint32_t>& value, std::uint32_t& into) { into = value.value_or(into); }
void Take(const std::optional<core::Duration>& value, core::Duration& into) { into = value.value_or(into); }
void Take(const std::optional<std::string>& value, std::string& into) { into = value.value_or(into); }

void ReadWorkers(Fields& spec, Settings& settings) {
  const YamlNode* node = spec.Get("workers");
  if (node == nullptr || node->text == "auto") return;
  const auto count = ReadInteger(*node, "spec.workers", 1, 1024, spec.scope());
  if (count.has_value()) settings.workers = static_cast<std::uint32_t>(*count);
}

void ReadLimits(Fields& spec, Settings::Limits& limits) {
  const YamlNode* node = spec.Map("limits");
  if (node == nullptr) return;
  Fields fields(*node, "spec.limits", spec.scope());
  constexpr std::uint32_t kHeaderBytesMax = 1024 * 1024;
  if (const auto bytes = fields.Bytes("headerBytes", kHeaderBytesMax)) {
    limits.header_bytes = std::max<std::uint32_t>(1024, static_cast<std::uint32_t>(*bytes));
    if (*bytes < 1024) {
      spec.scope().Error("IST0106", fields.MarkOf("headerBytes"), "headerBytes must be at least 1 KiB");
    }
  }
  Take(fields.Count("headerCount", 8, 10'000), limits.header_count);
  if (const auto bytes = fields.Bytes("replayBuffer", 1ULL << 30)) limits.replay_buffer = *bytes;
  if (const auto bytes = fields.Bytes("mirrorBody", 1ULL << 30)) limits.mirror_body = *bytes;
  Take(fields.Count("connections"), limits.connections);
  Take(fields.Count("streamsPerConnection", 1), limits.streams_per_connection);
  Take(fields.Count("requestsPerConnection"), limits.requests_per_connection);
  Take(fields.Count("mirrorsInFlight"), limits.mirrors_in_flight);
}

void ReadTimeouts(Fields& spec, Settings::Timeouts& timeouts) {
  const YamlNode* node = spec.Map("timeouts");
  if (node == nullptr) return;
  Fields fields(*node, "spec.timeouts", spec.scope());
  Take(fields.Time("requestHead"), timeouts.request_head);
  Take(fields.Time("tlsHandshake"), timeouts.tls_handshake);
  Take(fields.Time("streamIdle"), timeouts.stream_idle);
  Take(fields.Time("connectionIdle"), timeouts.connection_idle);
  Take(fields.Time("drain", true), timeouts.drain);
  Take(fields.Time("mirror"), timeouts.mirror);
}

void ReadAccessLog(Fields& spec, Settings::AccessLog& log) {
  const YamlNode* node = spec.Map("accessLog");
  if (node == nullptr) return;
  Fields fields(*node, "spec.accessLog", spec.scope());
  Take(fields.Text("path"), log.path);
  constexpr std::array<std::string_view, 2> kFormats = {"json", "text"};
  if (fields.Choice("format", kFormats) == 1U) log.format = Settings::AccessLog::Format::kText;
  log.sampling_percent = fields.Number("sampling", 0, 100).value_or(log.sampling_percent);
}

void ReadExposureLog(Fields& spec, Settings& settings) {
  const YamlNode* node = spec.Map("exposureLog");
  if (node == nullptr) return;
  Settings::ExposureLog& log = settings.exposure_log;
  Fields fields(*node, "spec.exposureLog", spec.scope());
  Take(fields.Text("path"), log.path);
  if (!log.path.empty() && log.path == settings.access_log.path && !log.path.starts_with("/dev/")) {
    spec.scope().Error("IST0106", fields.MarkOf("path"), "exposureLog.path is the file of the access log",
                       "name a file of its own: it is rotated");
  }
  constexpr std::uint64_t kBytesMin = 4 * 1024;  // some lines
  if (const auto bytes = fields.Bytes("maxBytes", 1ULL << 40)) {
    log.max_bytes = std::max(kBytesMin, *bytes);
    if (*bytes < kBytesMin) {
      spec.scope().Error("IST0106", fields.MarkOf("maxBytes"), "maxBytes must be at least 4 KiB");
    }
  }
  Take(fields.Count("keep", 0, 1000), log.keep);
}

void ReadExtraBuckets(Fields& fields, Settings::Telemetry& telemetry) {
  constexpr std::size_t kBucketsMax = 64;
  const YamlNode* list = fields.List("extraBuckets");
  if (list == nullptr) return;
  if (list->items.size() > kBucketsMax) {
    fields.scope().Error("IST0106", list->mark, Format("more than {} extra buckets", kBucketsMax));
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const auto bound =
        ReadNumber(list->items[i], Format("spec.telemetry.extraBuckets[{}]", i), 0.001, 1e9, fields.scope());
    if (bound.has_value()) telemetry.extra_buckets.push_back(*bound);
  }
  std::ranges::sort(telemetry.extra_buckets);
}

void ReadTelemetry(Fields& spec, Settings::Telemetry& telemetry) {
  const YamlNode* node = spec.Map("telemetry");
  if (node == nullptr) return;
  Fields fields(*node, "spec.telemetry", spec.scope());
  if (fields.Has("versionLabels")) telemetry.version_labels = fields.Texts("versionLabels");
  constexpr std::array<std::string_view, 3> kReporters = {"source", "destination", "both"};
  constexpr std::array kMeaning = {Settings::Telemetry::Reporter::kSource, Settings::Telemetry::Reporter::kDestination,
                                   Settings::Telemetry::Reporter::kBoth};
  if (const auto reporter = fields.Choice("reporter", kReporters)) telemetry.reporter = kMeaning.at(*reporter);
  ReadExtraBuckets(fields, telemetry);
  Take(fields.Count("seriesMax", 100, 10'000'000), telemetry.series_max);
}

// The protocols that a request may ask to change to; [] for none. HTTP's own are never among them: that would be a way
// around every rule (reliability.md A11).
void ReadUpgrades(Fields& fields, Settings::Forwarding& forwarding) {
  if (!fields.Has("upgrades")) return;
  forwarding.upgrades.clear();
  for (const std::string& text : fields.Texts("upgrades")) {
    const std::string name = core::Fold(text);
    const bool http = core::IsHttpProtocol(name);
    if (core::IsProtocolName(name) && !http) {
      forwarding.upgrades.push_back(name);
      continue;
    }
    fields.scope().Error("IST0106", fields.MarkOf("upgrades"),
                         http ? Format("`{}` is HTTP itself and cannot be upgraded to", name)
                              : Format("`{}` is no protocol name", text.substr(0, 80)),
                         "write names as in the Upgrade header, such as websocket");
  }
}

void ReadForwarding(Fields& spec, Settings::Forwarding& forwarding) {
  const YamlNode* node = spec.Map("forwarding");
  if (node == nullptr) return;
  Fields fields(*node, "spec.forwarding", spec.scope());
  Take(fields.Count("trustedHops", 0, 100), forwarding.trusted_hops);
  forwarding.trusted_cidrs = fields.Texts("trustedCidrs");
  for (const std::string& cidr : forwarding.trusted_cidrs) {
    if (IsCidr(cidr)) continue;
    spec.scope().Error("IST0106", fields.MarkOf("trustedCidrs"), Format("`{}` is no address range", cidr.substr(0, 80)),
                       "write ADDRESS/LENGTH");
  }
  ReadUpgrades(fields, forwarding);
  constexpr std::array<std::string_view, 2> kClientCertificate = {"SANITIZE", "SANITIZE_SET"};
  forwarding.set_client_certificate = fields.Choice("clientCertificate", kClientCertificate) == 1U;
  Take(fields.Text("serverHeader"), forwarding.server_header);
  const auto visible = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(forwarding.server_header, visible)) {
    spec.scope().Error("IST0106", fields.MarkOf("serverHeader"), "serverHeader must be visible ASCII");
  }
}

void ReadIdentity(Fields& spec, Documents& documents) {
  Settings::Identity& identity = documents.settings.identity;
  const YamlNode* node = spec.Map("identity");
  if (node == nullptr) return;
  Fields fields(*node, "spec.identity", spec.scope());
  Take(fields.Text("workload"), identity.workload);
  Take(ReadLabelName(fields, "namespace"), identity.name_space);
  Take(fields.Text("trustDomain"), identity.trust_domain);
  if (!IsHostName(identity.trust_domain, false)) {
    spec.scope().Error("IST0106", fields.MarkOf("trustDomain"),
                       Format("`{}` is no trust domain", identity.trust_domain.substr(0, 80)),
                       "write it like a DNS name: lower-case letters, digits, dashes and dots");
  }
  Take(fields.Text("cluster"), identity.cluster);
  if (fields.Has("labels")) identity.labels = ReadLabels(fields, "labels");
  identity.certificate_directory = ReadPath(fields, "certificateDirectory");
  documents.settings_place = spec.scope().At(fields.MarkOf("certificateDirectory"));
}

}  // namespace

void ParseGatewaySettings(Fields& spec, Documents& documents) {
  Settings& settings = documents.settings;
  ReadWorkers(spec, settings);
  ReadLimits(spec, settings.limits);
  ReadTimeouts(spec, settings.timeouts);
  ReadAccessLog(spec, settings.access_log);
  ReadExposureLog(spec, settings);
  ReadTelemetry(spec, settings.telemetry);
  ReadForwarding(spec, settings.forwarding);
  ReadIdentity(spec, documents);
  if (const YamlNode* node = spec.Map("dns")) {
    Fields dns(*node, "spec.dns", spec.scope());
    Take(dns.Time("refresh"), settings.dns.refresh);
    Take(dns.Time("timeout"), settings.dns.timeout);
    dns.Ignore("timeout", "the system's resolver keeps its own time");
  }
  if (const YamlNode* node = spec.Map("paths")) {
    Fields paths(*node, "spec.paths", spec.scope());
    constexpr std::array<std::string_view, 4> kModes = {"NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"};
    using Normalization = Settings::Paths::Normalization;
    constexpr std::array kMeaning = {Normalization::kNone, Normalization::kBase, Normalization::kMergeSlashes,
                                     Normalization::kDecodeAndMergeSlashes};
    if (const auto mode = paths.Choice("normalization", kModes)) settings.paths.normalization = kMeaning.at(*mode);
  }
}

}  // namespace sluice::config
