// A compiled VirtualService http[] rule: what it matches and what is done then. Plain data, filled by config/compile,
// read by core/route/route_table and core/plan. Immutable in a Snapshot; any thread. Fields and rules of
// istio-reference.md sections 1.3 to 1.7.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/strong_id.h"
#include "core/http/header_name.h"
#include "core/resilience/retry_policy.h"
#include "core/route/string_match.h"

namespace sluice::core {

struct HeaderPredicate {
  std::string name;  // lower case; ":method" and the like are accepted
  HeaderName code = HeaderName::kOther;
  StringMatch match;
};

struct QueryPredicate {
  std::string name;
  StringMatch match;
};

// One item of match[]: all conditions must hold.
struct RouteMatch {
  std::string name;
  std::optional<StringMatch> uri;
  std::optional<StringMatch> scheme;
  std::optional<StringMatch> method;
  std::optional<StringMatch> authority;
  std::vector<HeaderPredicate> headers;
  std::vector<HeaderPredicate> without_headers;
  std::vector<QueryPredicate> query;
  std::optional<std::uint16_t> port;  // listener port
};

// remove first, then set, then add (section 1.6). Values may hold %COMMAND% formatters already checked by config.
struct HeaderOps {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;
  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
};

struct HeaderOpsPair {
  HeaderOps request;
  HeaderOps response;
};

struct WeightedDestination {
  ClusterId cluster;  // invalid: host or subset not defined, 503 NC
  std::string host;   // FQDN, for explanations and for arms
  std::string subset;
  std::uint16_t port = 0;
  std::uint32_t weight = 0;      // zero-weight entries of a split are already gone
  std::uint64_t cumulative = 0;  // sum of weights up to and including this one
  HeaderOpsPair headers;
  MeterId meter;  // of a canary on this route: what this version answers is measured; invalid: nobody asks
};

struct Mirror {
  ClusterId cluster;
  std::string host;
  std::string subset;
  std::uint32_t per_million = 1'000'000;
};

struct Rewrite {
  std::optional<std::string> uri;
  std::optional<std::string> authority;
  // uriRegexRewrite: RE2 pattern (a StringMatch of kind kRegex is not enough: replacement is not a full match).
  std::optional<std::string> regex;
  std::string regex_replacement;
  std::shared_ptr<const re2::RE2> compiled_regex;
};

struct Redirect {
  std::optional<std::string> uri;
  std::optional<std::string> prefix_rewrite;
  std::optional<std::string> authority;
  std::optional<std::uint16_t> port;
  enum class DerivePort : std::uint8_t { kNone, kFromProtocolDefault, kFromRequestPort };
  DerivePort derive_port = DerivePort::kNone;
  std::optional<std::string> scheme;
  std::uint16_t code = 301;
};

struct DirectResponse {
  std::uint16_t status = 200;
  std::string body;
};

struct Fault {
  Duration delay{0};
  std::uint32_t delay_per_million = 0;
  std::optional<std::uint16_t> abort_http_status;
  std::optional<std::uint32_t> abort_grpc_status;
  std::uint32_t abort_per_million = 0;
};

struct CorsPolicy {
  std::vector<StringMatch> allow_origins;
  std::string allow_methods;  // joined for the header
  std::string allow_headers;
  std::string expose_headers;
  std::optional<Duration> max_age;
  bool allow_credentials = false;
  bool forward_unmatched_preflights = true;
};

// Annotation sluice.dev/sticky: the same user stays on the same weighted subset.
struct Sticky {
  enum class Source : std::uint8_t { kHeader, kCookie, kQuery };
  Source source = Source::kHeader;
  std::string name;
  std::string salt;  // keeps two VirtualServices from cutting users alike
};

struct Forward {
  std::vector<WeightedDestination> destinations;  // at least one; total weight is back().cumulative
  std::vector<Mirror> mirrors;
  Rewrite rewrite;
  Duration timeout{0};  // 0: none
  RetryPolicy retry;
};

struct Route {
  RouteId id;
  std::string name;              // http[].name, or "" ; logged as ROUTE_NAME
  std::string virtual_service;   // "namespace/name"; empty for the implicit route of a ServiceEntry
  std::uint32_t rule_index = 0;  // http[] index within its VirtualService
  std::string file;              // where it was written, for explanations
  std::uint32_t line = 0;

  std::vector<RouteMatch> matches;  // empty: matches everything
  std::variant<Forward, Redirect, DirectResponse> action;
  HeaderOpsPair headers;
  std::optional<Fault> fault;
  std::optional<CorsPolicy> cors;
  std::optional<Sticky> sticky;
};

}  // namespace sluice::core
