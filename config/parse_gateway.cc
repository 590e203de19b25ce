// Gateway: ports, hosts and who they are secured for (istio-reference.md section 3.2, hard rules of 6.2).
#include "config/parse.h"

#include "core/base/text.h"

#include "config/format.h"
#include "config/hostname.h"
#include "config/parse_server_tls.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {
namespace {

enum class PortKind : std::uint8_t { kPlain, kSecured, kOther };

PortKind ReadProtocol(Fields& port) {
  constexpr std::array<std::string_view, 8> kProtocols = {"HTTP",  "HTTP2", "GRPC", "GRPC-WEB",
                                                          "HTTPS", "TLS",   "TCP",  "MONGO"};
  port.Require("protocol");
  std::string text = port.Text("protocol").value_or("HTTP");
  // Istio reads the protocol in any case.
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const auto* found = std::ranges::find(kProtocols, std::string_view(text));
  if (found == kProtocols.end()) {
    const auto nearest = Nearest(text, kProtocols);
    port.scope().Error("IST0106", port.MarkOf("protocol"),
                       Format("{} cannot be `{}`", port.PathOf("protocol"), text.substr(0, 80)),
                       nearest.has_value() ? Format("did you mean `{}`?", *nearest) : "write HTTP or HTTPS");
    return PortKind::kOther;
  }
  const auto index = found - kProtocols.begin();
  if (index < 4) return PortKind::kPlain;
  if (index == 4) return PortKind::kSecured;
  port.scope().Error("SL1103", port.MarkOf("protocol"),
                     Format("a port of protocol {} cannot be carried out: this gateway routes HTTP", text),
                     "write HTTP, or HTTPS with tls.mode SIMPLE or MUTUAL");
  return PortKind::kOther;
}

// "[namespace/]host"; `.` is the Gateway's own namespace, `*` any.
std::optional<GatewayHost> ReadServerHost(const YamlNode& node, const std::string& path, const Metadata& meta,
                                          const Scope& scope) {
  const auto text = ReadText(node, path, scope);
  if (!text.has_value()) return std::nullopt;
  const std::size_t slash = text->find('/');
  GatewayHost host;
  host.mark = node.mark;
  const std::string written = slash == std::string::npos ? *text : text->substr(slash + 1);
  const std::string name_space = slash == std::string::npos ? "*" : text->substr(0, slash);
  host.name_space = name_space == "*" ? "" : name_space == "." ? meta.name_space : name_space;
  host.host = core::Fold(written);  // no short name is expanded here, as in Istio
  if (host.host.size() > 1 && host.host.ends_with('.')) host.host.pop_back();
  const bool named = written == "*" || IsHostName(written, true) || IsIpLiteral(written);
  if (named && (host.name_space.empty() || IsDnsLabel(host.name_space))) return host;
  scope.Error("IST0106", node.mark, Format("{}: `{}` is no host of a server", path, text->substr(0, 300)),
              "write HOST or NAMESPACE/HOST, where HOST may be `*` or begin with `*.`; no scheme, no port");
  return std::nullopt;
}

void ReadServerHosts(Fields& fields, const Metadata& meta, GatewayServerSpec& server) {
  fields.Require("hosts");
  const YamlNode* list = fields.List("hosts");
  if (list == nullptr) return;
  if (list->items.empty()) fields.scope().Error("IST0106", list->mark, Format("{} is empty", fields.PathOf("hosts")));
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    auto host = ReadServerHost(list->items[i], Format("{}[{}]", fields.PathOf("hosts"), i), meta, fields.scope());
    if (host.has_value()) server.hosts.push_back(std::move(*host));
  }
}

void ReadBind(Fields& fields, GatewayServerSpec& server) {
  const auto bind = fields.Text("bind");
  if (!bind.has_value() || *bind == "0.0.0.0") return;
  server.bind = *bind;
  if (IsIpLiteral(*bind)) return;
  fields.scope().Error("IST0106", fields.MarkOf("bind"),
                       Format("{}: `{}` is no IP address", fields.PathOf("bind"), bind->substr(0, 80)),
                       "write an address of this machine, or leave it out for all of them");
}

GatewayServerSpec ReadServer(const YamlNode& node, const std::string& path, const Metadata& meta, const Scope& scope) {
  Fields fields(node, path, scope);
  GatewayServerSpec server;
  server.mark = node.mark;
  PortKind kind = PortKind::kOther;
  fields.Require("port");
  if (const YamlNode* port_node = fields.Map("port")) {
    Fields port(*port_node, fields.PathOf("port"), scope);
    port.Require("number");
    port.Require("name");
    server.port = static_cast<std::uint16_t>(port.Count("number", 1, 65535).value_or(0));
    server.name = ReadLabelName(port, "name").value_or("");
    port.Ignore("targetPort", "the gateway listens on `number` itself");
    kind = ReadProtocol(port);
  }
  ReadBind(fields, server);
  ReadServerHosts(fields, meta, server);
  fields.Ignore("defaultEndpoint", "VirtualServices say where requests go");
  fields.Text("name");
  if (kind != PortKind::kOther) {
    ReadServerTls(fields, kind == PortKind::kSecured, server);
  } else {
    fields.Has("tls");
  }
  return server;
}

void CheckPortNames(const Gateway& gateway, const Scope& scope) {
  for (std::size_t i = 0; i < gateway.servers.size(); ++i) {
    const GatewayServerSpec& server = gateway.servers[i];
    const auto earlier = gateway.servers.begin() + static_cast<std::ptrdiff_t>(i);
    const auto same = [&](const GatewayServerSpec& other) { return other.name == server.name; };
    if (server.name.empty() || std::find_if(gateway.servers.begin(), earlier, same) == earlier) continue;
    scope.Error("IST0106", server.mark, Format("the port name `{}` is given twice in one Gateway", server.name),
                "name each server's port differently");
  }
}

}  // namespace

void ParseGateway(Fields& spec, const Metadata& meta, Documents& documents) {
  Gateway gateway;
  gateway.meta = meta;
  gateway.selector = ReadLabels(spec, "selector");
  gateway.selector_mark = spec.MarkOf("selector");
  spec.Require("servers");
  if (const YamlNode* list = spec.List("servers")) {
    if (list->items.empty()) spec.scope().Error("IST0106", list->mark, "spec.servers is empty");
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      gateway.servers.push_back(ReadServer(list->items[i], Format("spec.servers[{}]", i), meta, spec.scope()));
    }
  }
  CheckPortNames(gateway, spec.scope());
  documents.gateways.push_back(std::move(gateway));
}

}  // namespace sluice::config
