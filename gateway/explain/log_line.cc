#include "gateway/explain/log_line.h"

#include <string>

#include "core/base/text.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::ErrorCode;
using core::Fail;

// Empty when the member is missing or null.
std::string Text(const Json& line, const char* name) {
  const auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Address SplitAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::move(host), static_cast<std::uint16_t>(core::ParseDecimal(text.substr(colon + 1)).value_or(0))};
}

}  // namespace

core::Result<SampleQuery> ReadLogLine(const Json& line) {
  if (!line.is_object() || Text(line, "method").empty() || Text(line, "path").empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "this is no line of the JSON access log, or of a request that was malformed",
                "give one whole line, a JSON object with method, authority and path");
  }
  SampleQuery query;
  core::SampleRequest& request = query.request;
  request.method = Text(line, "method");
  request.authority = Text(line, "authority");
  request.target = Text(line, "path");
  request.sni = core::Fold(Text(line, "requested_server_name"));
  if (!request.sni.empty()) request.scheme = "https";
  if (const Address peer = SplitAddress(Text(line, "downstream_remote_address")); !peer.host.empty()) {
    request.client_address = peer.host;
  }
  if (const Address local = SplitAddress(Text(line, "downstream_local_address")); !local.host.empty()) {
    request.local_address = local.host;
    request.listener_port = local.port;
  }
  if (const std::string agent = Text(line, "user_agent"); !agent.empty()) {
    request.headers.emplace_back("user-agent", agent);
  }
  // The last address is the peer's: we wrote it.
  const std::string chain = Text(line, "x_forwarded_for");
  if (const std::size_t comma = chain.rfind(','); comma != std::string::npos) {
    request.headers.emplace_back("x-forwarded-for", chain.substr(0, comma));
  }
  request.request_id = Text(line, "request_id");
  if (const std::string peer = Text(line, "source_principal"); !peer.empty()) {
    (void)SetPrincipal(peer, request);  // other URIs are no workload ids, and no policy speaks of them
  }
  if (const std::string draw = Text(line, "split_draw"); !draw.empty()) {
    const auto number = ParseDraw(draw);
    if (!number) return std::unexpected(number.error());
    query.draw = *number;
  }
  return query;
}

Json CompareWithLine(const Json& line, const Json& explanation) {
  Json differs = Json::array();
  const Json& decision = explanation["decision"];
  for (const char* name : {"virtual_service", "rule_index", "route_name", "rule_match", "subset", "upstream_cluster",
                           "experiment", "arm", "bucket"}) {
    if (!line.contains(name) || line[name] == decision[name]) continue;
    differs.push_back({{"field", name}, {"logged", line[name]}, {"explained", decision[name]}});
  }
  Json notes = Json::array();
  notes.push_back(
      "the line has no request headers but User-Agent and X-Forwarded-For, and no cookies: give those that rules, "
      "experiments and sticky users look at with -H");
  if (!line.contains("split_draw") || line["split_draw"].is_null()) {
    notes.push_back("the line has no split_draw: shares are drawn anew");
  }
  if (line.contains("revision") && line["revision"].is_string() && line["revision"] != explanation["revision"]) {
    notes.push_back("the line was written under revision " + line["revision"].get<std::string>() +
                    " of the configuration, this is " + explanation["revision"].get<std::string>());
  }
  return {{"agrees", differs.empty()}, {"differs", std::move(differs)}, {"notes", std::move(notes)}};
}

}  // namespace sluice::gateway
