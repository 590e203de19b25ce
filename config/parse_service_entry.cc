// ServiceEntry (istio-reference.md section 3.1, hard rules of 6.2).
#include "config/parse.h"

#include "config/format.h"
#include "config/hostname.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::config {
namespace {

// Ports that carry no HTTP are noted and left out: a service may have a database port beside its HTTP port.
void ReadProtocol(Fields& fields, ServicePort& port, bool& http) {
  constexpr std::array<std::string_view, 8> kProtocols = {"HTTP", "HTTP2", "GRPC",  "HTTPS",
                                                          "TCP",  "TLS",   "MONGO", "GRPC-WEB"};
  constexpr std::array kMeaning = {core::PortProtocol::kHttp,  core::PortProtocol::kHttp2, core::PortProtocol::kGrpc,
                                   core::PortProtocol::kHttps, core::PortProtocol::kTcp,   core::PortProtocol::kTls,
                                   core::PortProtocol::kTcp,   core::PortProtocol::kGrpc};
  // Istio reads the protocol in any case.
  std::string text = fields.Text("protocol").value_or("HTTP");
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const auto* found = std::ranges::find(kProtocols, std::string_view(text));
  if (found == kProtocols.end()) {
    const auto nearest = Nearest(text, kProtocols);
    fields.scope().Error("IST0106", fields.MarkOf("protocol"),
                         Format("{} cannot be `{}`", fields.PathOf("protocol"), text.substr(0, 80)),
                         nearest.has_value() ? Format("did you mean `{}`?", *nearest) : "write HTTP, HTTP2 or GRPC");
    return;
  }
  port.protocol = kMeaning.at(static_cast<std::size_t>(found - kProtocols.begin()));
  http = port.protocol == core::PortProtocol::kHttp || port.protocol == core::PortProtocol::kHttp2 ||
         port.protocol == core::PortProtocol::kGrpc;
  if (!http) {
    fields.scope().Warn(
        "SL2017", fields.MarkOf("protocol"),
        Format("port {} speaks {}, which this build does not route; the port is left out", port.number, text),
        "name HTTP, HTTP2 or GRPC if that is what it speaks");
  }
}

// Every port, also those left out, must be unique and may be named by endpoints.
struct Ports {
  std::vector<ServicePort> http;
  std::vector<std::string> names;
  std::vector<std::uint16_t> numbers;
};

void ReadPort(const YamlNode& node, const std::string& path, Ports& ports, const Scope& scope) {
  Fields fields(node, path, scope);
  ServicePort port;
  port.mark = node.mark;
  fields.Require("number");
  fields.Require("name");
  port.number = static_cast<std::uint16_t>(fields.Count("number", 1, 65535).value_or(0));
  port.name = ReadLabelName(fields, "name").value_or("");
  port.target = static_cast<std::uint16_t>(fields.Count("targetPort", 1, 65535).value_or(port.number));
  bool http = true;
  ReadProtocol(fields, port, http);
  if (port.number == 0) return;
  if (std::ranges::find(ports.numbers, port.number) != ports.numbers.end()) {
    scope.Error("IST0106", fields.MarkOf("number"), Format("the port {} is given twice", port.number));
  }
  if (std::ranges::find(ports.names, port.name) != ports.names.end()) {
    scope.Error("IST0106", fields.MarkOf("name"), Format("the port name `{}` is given twice", port.name));
  }
  ports.numbers.push_back(port.number);
  ports.names.push_back(port.name);
  if (http) ports.http.push_back(std::move(port));
}

Ports ReadPorts(Fields& spec) {
  Ports ports;
  spec.Require("ports");
  const YamlNode* list = spec.List("ports");
  if (list == nullptr) return ports;
  if (list->items.empty()) spec.scope().Error("IST0106", list->mark, "spec.ports is empty");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    ReadPort(list->items[i], Format("spec.ports[{}]", i), ports, spec.scope());
  }
  return ports;
}

void ReadEndpointPorts(Fields& fields, const Ports& ports, WorkloadEndpoint& endpoint) {
  const YamlNode* map = fields.Map("ports");
  if (map == nullptr) return;
  for (const YamlMember& member : map->members) {
    const std::string path = Format("{}.{}", fields.PathOf("ports"), member.key);
    const auto number = ReadInteger(member.value, path, 1, 65535, fields.scope());
    if (std::ranges::find(ports.names, member.key) == ports.names.end()) {
      const std::vector<std::string_view> names(ports.names.begin(), ports.names.end());
      const auto nearest = Nearest(member.key, names);
      fields.scope().Error("IST0106", member.mark, Format("{}: the service has no port of this name", path),
                           nearest.has_value() ? Format("did you mean `{}`?", *nearest) : "use a name of spec.ports");
    } else if (number.has_value()) {
      endpoint.ports.emplace_back(member.key, static_cast<std::uint16_t>(*number));
    }
  }
}

std::optional<WorkloadEndpoint> ReadEndpoint(const YamlNode& node, const std::string& path, bool dns,
                                             const Ports& ports, const Scope& scope) {
  Fields fields(node, path, scope);
  WorkloadEndpoint endpoint;
  endpoint.mark = node.mark;
  fields.Require("address");
  endpoint.address = fields.Text("address").value_or("");
  ReadEndpointPorts(fields, ports, endpoint);
  endpoint.labels = ReadLabels(fields, "labels");
  endpoint.weight = std::max(1U, fields.Count("weight").value_or(1));
  fields.Ignore("locality", "this gateway balances without localities");
  fields.Ignore("network", "this gateway knows one network");
  endpoint.service_account = ReadLabelName(fields, "serviceAccount").value_or("");
  if (endpoint.address.empty()) return std::nullopt;
  const Mark mark = fields.MarkOf("address");
  endpoint.is_name = !IsIpLiteral(endpoint.address);
  if (endpoint.address.starts_with("unix:")) {
    scope.Error("SL1103", mark, "this build does not connect to unix sockets", "give the endpoint an IP address");
    return std::nullopt;
  }
  if (endpoint.is_name && (!dns || !IsHostName(endpoint.address, false))) {
    scope.Error(
        "IST0106", mark,
        Format("`{}` is no {}", endpoint.address.substr(0, 300), dns ? "host name or IP address" : "IP address"),
        dns ? "no scheme, no port" : "with resolution: STATIC addresses are IPs; names need resolution: DNS");
    return std::nullopt;
  }
  return endpoint;
}

// resolution: what Istio calls NONE forwards to wherever the client connected to, which a gateway cannot know.
bool ReadResolution(Fields& spec) {
  constexpr std::array<std::string_view, 5> kResolutions = {"STATIC", "DNS", "DNS_ROUND_ROBIN", "NONE", "DYNAMIC_DNS"};
  const auto resolution = spec.Choice("resolution", kResolutions);
  if (!spec.Has("resolution") || resolution.value_or(0) == 3) {
    spec.scope().Error("SL1103", spec.MarkOf("resolution"),
                       "resolution NONE, which is the default, cannot be carried out",
                       "write resolution: STATIC with endpoints, or DNS");
  } else if (resolution == 4) {
    spec.scope().Error("SL1103", spec.MarkOf("resolution"), "resolution DYNAMIC_DNS cannot be carried out",
                       "name the hosts and write resolution: DNS");
  } else if (resolution == 2) {
    spec.scope().Info("SL2013", spec.MarkOf("resolution"), "DNS_ROUND_ROBIN is treated as DNS");
  }
  return resolution == 1 || resolution == 2;
}

void ReadEndpoints(Fields& spec, const Ports& ports, ServiceEntry& entry) {
  const YamlNode* list = spec.List("endpoints");
  if (list != nullptr) {
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      auto endpoint = ReadEndpoint(list->items[i], Format("spec.endpoints[{}]", i), entry.dns, ports, spec.scope());
      if (endpoint.has_value()) entry.endpoints.push_back(std::move(*endpoint));
    }
    return;
  }
  if (!entry.dns) return;
  for (const HostRef& host : entry.hosts) {
    if (host.given.starts_with('*')) {
      spec.scope().Error("IST0106", host.mark, Format("`{}` cannot be resolved", host.given),
                         "give endpoints, or hosts without wildcard");
      continue;
    }
    WorkloadEndpoint endpoint;
    endpoint.address = host.given;
    endpoint.is_name = !IsIpLiteral(host.given);
    endpoint.mark = host.mark;
    entry.endpoints.push_back(std::move(endpoint));
  }
}

}  // namespace

void ParseServiceEntry(Fields& spec, const Metadata& meta, Documents& documents) {
  ServiceEntry entry;
  entry.meta = meta;
  spec.Require("hosts");
  if (const YamlNode* list = spec.List("hosts")) {
    if (list->items.empty()) spec.scope().Error("IST0106", list->mark, "spec.hosts is empty");
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      auto host = ReadHost(list->items[i], Format("spec.hosts[{}]", i), meta, true, spec.scope());
      if (host.has_value() && host->fqdn == "*") {
        spec.scope().Error("IST0106", host->mark, "a ServiceEntry cannot have the host `*`");
      } else if (host.has_value()) {
        entry.hosts.push_back(std::move(*host));
      }
    }
  }
  Ports ports = ReadPorts(spec);
  entry.dns = ReadResolution(spec);
  ReadEndpoints(spec, ports, entry);
  entry.ports = std::move(ports.http);
  constexpr std::array<std::string_view, 2> kLocations = {"MESH_EXTERNAL", "MESH_INTERNAL"};
  if (spec.Choice("location", kLocations).has_value()) {
    spec.scope().Info("SL2013", spec.MarkOf("location"), "location has no effect: it decides about mTLS in a mesh");
  }
  spec.Ignore("addresses", "requests are told apart by their host");
  ReadExportTo(spec);
  entry.subject_alt_names = spec.Texts("subjectAltNames");
  spec.Refuse("workloadSelector", "there are no pods to select without Kubernetes", "list the endpoints");
  documents.service_entries.push_back(std::move(entry));
}

}  // namespace sluice::config
