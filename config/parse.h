// One function per kind: fields of a resource's `spec` -> a struct of document.h, with a finding for everything that is
// wrong or without effect. Findings never stop the reading, so that all of them are reported. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/route/route.h"
#include "core/route/string_match.h"

#include "config/document.h"
#include "config/fields.h"
#include "config/resource.h"
#include "config/yaml_node.h"

namespace sluice::config {

// A whole document: apiVersion, kind, metadata, then the kind's own function. Refuses unknown kinds, and identities
// that were read before.
class DocumentParser {
 public:
  DocumentParser(Documents& documents, Findings& findings) : documents_(documents), findings_(findings) {}
  void Parse(const YamlNode& document, const std::string& file);

 private:
  void ParseSpec(const YamlNode& document, const TextMap& annotations, const Metadata& meta, const Scope& scope);
  bool CheckApiVersion(Fields& fields, const std::string& kind, const Scope& scope);
  bool Claim(const Metadata& meta, const Scope& scope);

  Documents& documents_;
  Findings& findings_;
  std::map<ResourceKey, Place> seen_;
  int settings_ = 0;
};

void ParseVirtualService(Fields& spec, const Metadata& meta, const TextMap& annotations, Documents& documents);
void ParseDestinationRule(Fields& spec, const Metadata& meta, const TextMap& annotations, Documents& documents);
void ParseServiceEntry(Fields& spec, const Metadata& meta, Documents& documents);
void ParseGateway(Fields& spec, const Metadata& meta, Documents& documents);
void ParsePeerAuthentication(Fields& spec, const Metadata& meta, Documents& documents);
void ParseAuthorizationPolicy(Fields& spec, const Metadata& meta, const TextMap& annotations, Documents& documents);
void ParseExperiment(Fields& spec, const Metadata& meta, Documents& documents);
void ParseCanary(Fields& spec, const Metadata& meta, Documents& documents);
void ParseGatewaySettings(Fields& spec, Documents& documents);

// --- parts shared by the kinds -------------------------------------------------------------------------------------

// Reads spec[key] as a host; a host that is no DNS name or IP is a finding.
std::optional<HostRef> ReadHost(Fields& fields, std::string_view key, const Metadata& meta, bool wildcard);
std::optional<HostRef> ReadHost(const YamlNode& node, const std::string& path, const Metadata& meta, bool wildcard,
                                const Scope& scope);

// A subset's name or another DNS-1123 label.
std::optional<std::string> ReadLabelName(Fields& fields, std::string_view key);

// Labels by Kubernetes' rules for keys and values.
core::Labels ReadLabels(Fields& fields, std::string_view key);

// exportTo: checked, then ignored, since this gateway belongs to no namespace in particular.
void ReadExportTo(Fields& spec);

// `name`, `namespace/name` or `./name`, as gateways are called; `mesh` too.
bool IsGatewayName(std::string_view name);
// "namespace/name" of such a name in a resource of `name_space`; "mesh" stays.
std::string ResolveGatewayName(std::string_view name, std::string_view name_space);

// spec.selector.matchLabels.
core::Labels ReadSelector(Fields& spec);

// exact, prefix or regex. An empty map, or the regex `*`, means presence where `presence` allows it.
struct StringMatchRules {
  bool presence = false;
  bool empty_prefix = false;
  bool ignore_case = false;
};
std::optional<core::StringMatch> ReadStringMatch(const YamlNode& node, const std::string& path, StringMatchRules rules,
                                                 const Scope& scope);

// match[] of a rule.
std::vector<MatchItem> ReadMatches(Fields& rule);

// headers: {request: {...}, response: {...}} of a rule or of a destination.
core::HeaderOpsPair ReadHeaderOps(Fields& fields);

// {value: 0..100} as parts per million, truncated as Istio does.
std::optional<std::uint32_t> ReadPercentage(Fields& fields, std::string_view key);

// What a rule does besides choosing a destination: redirect, directResponse, rewrite, fault, corsPolicy, retries.
std::optional<core::Redirect> ReadRedirect(Fields& rule, const std::vector<MatchItem>& matches);
std::optional<core::DirectResponse> ReadDirectResponse(Fields& rule);
core::Rewrite ReadRewrite(Fields& rule);
std::optional<core::Fault> ReadFault(Fields& rule);
std::optional<core::CorsPolicy> ReadCors(Fields& rule);
std::optional<RetrySpec> ReadRetries(Fields& rule);

// A file that a resource names: relative to the file that the resource is written in.
std::string PathBeside(const std::string& file, const std::string& path);
// The same of a field; an empty one is a finding.
std::string ReadPath(Fields& fields, std::string_view key);
// A credential's name, which is the name of a directory.
std::string ReadCredentialName(const YamlNode& node, const std::string& path, const Scope& scope);

std::optional<UpstreamTls> ReadUpstreamTls(Fields& policy, TrafficPolicy& into);
std::optional<TrafficPolicy> ReadTrafficPolicy(Fields& fields, core::OutlierPolicy::Backoff backoff);

}  // namespace sluice::config
