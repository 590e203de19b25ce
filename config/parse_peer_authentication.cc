// PeerAuthentication: what may arrive on ports that no Gateway secures (istio-reference.md section 3.3).
#include "config/parse.h"

#include "config/format.h"

#include <array>
#include <charconv>
#include <utility>

namespace sluice::config {
namespace {

MtlsMode ReadMtlsMode(Fields& fields) {
  constexpr std::array<std::string_view, 4> kModes = {"UNSET", "DISABLE", "PERMISSIVE", "STRICT"};
  return static_cast<MtlsMode>(fields.Choice("mode", kModes).value_or(0));
}

void ReadPorts(Fields& spec, PeerAuthentication& policy) {
  const YamlNode* map = spec.Map("portLevelMtls");
  if (map == nullptr) return;
  const Scope& scope = spec.scope();
  if (map->members.empty()) scope.Error("IST0106", map->mark, "spec.portLevelMtls is empty", "remove it");
  if (policy.selector.empty()) {
    scope.Error("IST0106", spec.MarkOf("portLevelMtls"), "spec.portLevelMtls needs a selector",
                "write selector: {matchLabels: {...}} with labels of GatewaySettings.identity");
  }
  for (const YamlMember& member : map->members) {
    const std::string path = Format("spec.portLevelMtls.{}", member.key.substr(0, 80));
    PortMtls port;
    port.mark = member.mark;
    const char* end = member.key.data() + member.key.size();
    const auto read = std::from_chars(member.key.data(), end, port.port);
    if (read.ec != std::errc() || read.ptr != end || port.port == 0) {
      scope.Error("IST0106", member.mark, Format("{} is no port", path), "write a number from 1 to 65535");
      continue;
    }
    Fields fields(member.value, path, scope);
    port.mode = ReadMtlsMode(fields);
    policy.ports.push_back(port);
  }
}

}  // namespace

void ParsePeerAuthentication(Fields& spec, const Metadata& meta, Documents& documents) {
  PeerAuthentication policy;
  policy.meta = meta;
  policy.selector = ReadSelector(spec);
  policy.mode_mark = spec.mark();
  if (const YamlNode* node = spec.Map("mtls")) {
    Fields mtls(*node, "spec.mtls", spec.scope());
    policy.mode = ReadMtlsMode(mtls);
    policy.mode_mark = node->mark;
  }
  ReadPorts(spec, policy);
  documents.peer_authentications.push_back(std::move(policy));
}

}  // namespace sluice::config
