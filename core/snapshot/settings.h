// GatewaySettings and the identity of this gateway: what belongs to the process, not to a rule. Defaults are right for
// most people (design.md section 2). Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"

namespace sluice::core {

struct Settings {
  std::uint32_t workers = 0;  // 0: one per core

  struct Limits {
    std::uint32_t header_bytes = 60 * 1024;
    std::uint32_t header_count = 100;
    std::uint64_t replay_buffer = 1024 * 1024;
    std::uint32_t connections = 0;  // client connections, all listeners; 0: half of RLIMIT_NOFILE
    std::uint32_t streams_per_connection = 100;
    std::uint32_t requests_per_connection = 0;  // 0: unlimited
    std::uint32_t mirrors_in_flight = 100;      // per mirrored cluster and worker; dropped and counted beyond
    std::uint64_t mirror_body = 64 * 1024;      // a mirrored request body beyond this is not sent
  } limits;

  struct Timeouts {
    Duration request_head = Seconds(10);
    Duration tls_handshake = Seconds(15);
    Duration stream_idle = Seconds(300);
    Duration connection_idle = Seconds(3600);
    Duration drain = Seconds(30);
    Duration mirror = Seconds(15);  // when the route has no timeout
  } timeouts;

  struct AccessLog {
    enum class Format : std::uint8_t { kJson, kText };
    std::string path;  // empty: off; "/dev/stdout" and the like are fine
    Format format = Format::kJson;
    double sampling_percent = 100;
  } access_log;

  // Who was in which arm of an experiment and what served him, a line of JSON each (GatewaySettings.exposureLog).
  struct ExposureLog {
    std::string path;                            // empty: off; exposures are counted all the same
    std::uint64_t max_bytes = 64 * 1024 * 1024;  // then the file is renamed to path.1, path.1 to path.2 ...
    std::uint32_t keep = 5;                      // renamed files
  } exposure_log;

  struct Telemetry {
    std::vector<std::string> version_labels = {"version", "model-version"};
    enum class Reporter : std::uint8_t { kSource, kDestination, kBoth };
    Reporter reporter = Reporter::kSource;
    std::vector<double> extra_buckets;  // milliseconds; added to the duration histograms
    std::uint32_t series_max = 10'000;
  } telemetry;

  struct Forwarding {
    std::uint32_t trusted_hops = 0;  // x-forwarded-for entries, from the right, that are our own proxies
    std::vector<std::string> trusted_cidrs;
    std::vector<std::string> upgrades = {"websocket"};  // protocols that may take a connection over; lower case
    bool set_client_certificate = false;   // x-forwarded-client-cert from the client's verified certificate
    std::string server_header = "sluice";  // overwrites `server`; empty: passes the upstream's through
  } forwarding;

  struct Identity {
    std::string workload = "sluice";
    std::string name_space = "default";
    std::string trust_domain = "cluster.local";
    std::string cluster = "Kubernetes";                       // source_cluster
    std::vector<std::pair<std::string, std::string>> labels;  // sorted by key
    std::string certificate_directory;
  } identity;

  struct Dns {
    Duration refresh = Seconds(30);
    Duration timeout = Seconds(5);
  } dns;

  struct Paths {
    enum class Normalization : std::uint8_t { kNone, kBase, kMergeSlashes, kDecodeAndMergeSlashes };
    Normalization normalization = Normalization::kBase;
  } paths;
};

}  // namespace sluice::core
