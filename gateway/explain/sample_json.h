// A request that somebody wrote down, as JSON and as a URL: what `explain` sends to a running gateway, reads from a batch
// and makes of its command line. Pure; any thread.
//
//   {"method": "POST", "url": "http://ranking/rank?n=10", "headers": {"x-user-id": "42"}, "draw": "71"}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/resource_json.h"
#include "core/base/result.h"
#include "core/plan/sample_request.h"

namespace sluice::gateway {

struct SampleQuery {
  core::SampleRequest request{};
  std::optional<std::uint64_t> draw{};  // behind split and mirrors; absent: random
};

// [scheme://]authority[/path][?query] into `request`; a fragment is dropped, as clients do. An absolute path alone leaves
// the authority as it is.
core::Status SetUrl(std::string_view url, core::SampleRequest& request);

// A decimal number, as the access log's split_draw.
core::Result<std::uint64_t> ParseDraw(std::string_view text);

// A SPIFFE id that the client would have shown in its certificate.
core::Status SetPrincipal(std::string_view uri, core::SampleRequest& request);

// Keys: url, or scheme, authority and target; method, headers (object, or a list of [name, value]), client_address,
// local_address, port, sni, principal, request_id, draw, id. Others are errors: a misspelt one would be explained as something else.
core::Result<SampleQuery> ParseSample(const config::Json& json);
config::Json SampleToJson(const SampleQuery& query);

}  // namespace sluice::gateway
