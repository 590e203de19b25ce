#include "gateway/explain/sample_json.h"

#include "core/base/text.h"
#include "core/identity/spiffe_id.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::ErrorCode;
using core::Fail;
using core::Result;
using core::Status;

Result<std::string> TextOf(const Json& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  return Fail(ErrorCode::kInvalidArgument, "\"" + key + "\" is not text", "write it in quotes");
}

Status AddHeader(const std::string& name, const Json& value, core::SampleRequest& request) {
  auto text = TextOf(value, "headers." + name);
  if (!text) return std::unexpected(text.error());
  request.headers.emplace_back(name, std::move(*text));
  return {};
}

Status SetHeaders(const Json& value, core::SampleRequest& request) {
  if (value.is_object()) {
    for (const auto& [name, text] : value.items()) {
      if (Status added = AddHeader(name, text, request); !added) return added;
    }
    return {};
  }
  std::size_t pairs = 0;
  for (const Json& pair : value) {
    if (!value.is_array() || !pair.is_array() || pair.size() != 2 || !pair[0].is_string()) break;
    if (Status added = AddHeader(pair[0].get<std::string>(), pair[1], request); !added) return added;
    ++pairs;
  }
  if (value.is_array() && pairs == value.size()) return {};
  return Fail(ErrorCode::kInvalidArgument, "\"headers\" is neither an object nor a list of pairs",
              R"(write {"x-user-id": "42"} or [["x-user-id", "42"]])");
}

Status SetPort(const std::string& text, core::SampleRequest& request) {
  const auto port = core::ParseDecimal(text);
  if (!port || *port > 65535) {
    return Fail(ErrorCode::kInvalidArgument, "\"" + text + "\" is no port", "write a number up to 65535");
  }
  request.listener_port = static_cast<std::uint16_t>(*port);
  return {};
}

Status SetKey(const std::string& key, const Json& value, SampleQuery& query) {
  core::SampleRequest& request = query.request;
  if (key == "headers") return SetHeaders(value, request);
  if (key == "id") return {};  // for whoever reads the answer
  auto text = TextOf(value, key);
  if (!text) return std::unexpected(text.error());
  if (key == "url") return SetUrl(*text, request);
  if (key == "port") return SetPort(*text, request);
  if (key == "principal") return SetPrincipal(*text, request);
  if (key == "draw") {
    const auto draw = ParseDraw(*text);
    if (!draw) return std::unexpected(draw.error());
    query.draw = *draw;
    return {};
  }
  std::string* const place = key == "method"           ? &request.method
                             : key == "scheme"         ? &request.scheme
                             : key == "authority"      ? &request.authority
                             : key == "target"         ? &request.target
                             : key == "client_address" ? &request.client_address
                             : key == "local_address"  ? &request.local_address
                             : key == "request_id"     ? &request.request_id
                             : key == "sni"            ? &request.sni
                                                       : nullptr;
  if (place == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "a request has no \"" + key + "\"",
                "the keys are url, method, scheme, authority, target, headers, client_address, local_address, port, "
                "sni, principal, request_id, draw and id");
  }
  *place = key == "sni" ? core::Fold(*text) : std::move(*text);
  return {};
}

}  // namespace

Status SetUrl(std::string_view url, core::SampleRequest& request) {
  url = url.substr(0, url.find('#'));
  const std::size_t mark = url.find("://");
  if (mark != std::string_view::npos && mark < url.find_first_of("/?")) {
    const std::string scheme = core::Fold(url.substr(0, mark));
    if (scheme != "http" && scheme != "https") {
      return Fail(ErrorCode::kInvalidArgument, "\"" + scheme + "\" is no scheme of HTTP", "write http:// or https://");
    }
    request.scheme = scheme;
    url.remove_prefix(mark + 3);
    if (url.empty() || url.front() == '/' || url.front() == '?') {
      return Fail(ErrorCode::kInvalidArgument, "the URL names no host", "write http://HOST/PATH");
    }
  }
  const std::size_t end = url.find_first_of("/?");
  if (end != 0) request.authority = std::string(url.substr(0, end));
  const std::string_view rest = end == std::string_view::npos ? std::string_view() : url.substr(end);
  request.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return {};
}

Result<std::uint64_t> ParseDraw(std::string_view text) {
  const auto draw = core::ParseDecimal(text);
  if (draw) return *draw;
  return Fail(ErrorCode::kInvalidArgument, "\"" + std::string(text) + "\" is no draw",
              "write a decimal number, such as split_draw of an access-log line");
}

Status SetPrincipal(std::string_view uri, core::SampleRequest& request) {
  auto id = core::SpiffeId::Parse(uri);
  if (!id) {
    return Fail(ErrorCode::kInvalidArgument, "\"" + std::string(uri) + "\" is no workload id",
                "write spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT");
  }
  core::PeerIdentity& peer = request.peer.emplace();
  peer.spiffe = std::move(*id);
  peer.uri_sans = {std::string(uri)};
  return {};
}

Result<SampleQuery> ParseSample(const Json& json) {
  if (!json.is_object()) {
    return Fail(ErrorCode::kInvalidArgument, "a request is a JSON object", R"(write {"url": "http://HOST/PATH"})");
  }
  SampleQuery query;
  for (const auto& [key, value] : json.items()) {
    if (value.is_null()) continue;
    if (Status set = SetKey(key, value, query); !set) return std::unexpected(set.error());
  }
  return query;
}

Json SampleToJson(const SampleQuery& query) {
  const core::SampleRequest& request = query.request;
  Json json = {{"method", request.method},
               {"scheme", request.scheme},
               {"authority", request.authority},
               {"target", request.target},
               {"client_address", request.client_address},
               {"local_address", request.local_address},
               {"headers", Json::array()}};
  for (const auto& [name, value] : request.headers) json["headers"].push_back(Json::array({name, value}));
  if (request.listener_port != 0) json["port"] = request.listener_port;
  if (!request.sni.empty()) json["sni"] = request.sni;
  if (!request.request_id.empty()) json["request_id"] = request.request_id;
  if (request.peer) json["principal"] = request.peer->spiffe.text;
  if (query.draw) json["draw"] = std::to_string(*query.draw);
  return json;
}

}  // namespace sluice::gateway
