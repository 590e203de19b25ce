// The facts of one finished exchange: what the metrics and the access log are made from. Filled by gateway/proxy on the
// worker; views live until the exchange is retired.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/clock.h"
#include "core/http/head.h"
#include "core/plan/forward_plan.h"
#include "core/telemetry/response_flags.h"

namespace sluice::core {

struct Record {
  const Snapshot* snapshot = nullptr;
  const Plan* plan = nullptr;          // null when the request was refused before planning
  const Head* request = nullptr;       // as received, before rewrites; null when its head was malformed
  const Cluster* cluster = nullptr;    // the selected one; null for NR
  const Endpoint* endpoint = nullptr;  // last one tried; null when none was reached

  std::int64_t start_unix_us = 0;      // wall clock
  Duration duration{0};                // first request byte to end of stream
  Duration upstream_service_time{-1};  // request fully received to upstream headers; negative: none

  std::uint16_t response_code = 0;  // 0: the client left before any response
  ResponseFlags flags;
  std::string_view details;            // response_code_details
  std::string_view transport_failure;  // why a connection could not be made
  std::int32_t grpc_status = -1;       // -1: not gRPC, or left before any response
  bool grpc = false;
  bool mutual_tls = false;  // the client has shown a certificate
  bool relayed = false;     // the head of the answer was the model's

  // SPIFFE ids (or the first URI) of both ends of a connection, from its handshake; empty where none was shown.
  struct Link {
    std::string_view own;
    std::string_view peer;
  };
  Link downstream;
  Link upstream;

  std::uint64_t request_body_bytes = 0;
  std::uint64_t response_body_bytes = 0;
  std::uint64_t request_wire_bytes = 0;  // head and body, approximate on the wire
  std::uint64_t response_wire_bytes = 0;
  std::uint64_t request_messages = 0;  // gRPC; those that were not reported while the exchange ran
  std::uint64_t response_messages = 0;
  std::uint32_t attempts = 0;  // tries made
  std::uint32_t mirrors = 0;   // copies sent

  std::string_view original_path;  // pre-rewrite, with query
  std::string_view request_id;
  std::string_view x_forwarded_for;
  std::string_view downstream_remote_address;
  std::string_view downstream_local_address;
  std::string_view upstream_local_address;
  std::string_view requested_server_name;
};

}  // namespace sluice::core
