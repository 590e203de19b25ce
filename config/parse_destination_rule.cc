// DestinationRule: host, subsets and the annotation on ejection times (istio-reference.md section 2.1).
#include "config/parse.h"

#include "config/format.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace sluice::config {
namespace {

core::OutlierPolicy::Backoff ReadBackoff(const Metadata& meta, const TextMap& annotations, const Scope& scope) {
  const auto found = std::ranges::find(annotations, "sluice.dev/ejection-backoff", &TextMap::value_type::first);
  if (found == annotations.end() || found->second == "exponential") return core::OutlierPolicy::Backoff::kExponential;
  if (found->second != "linear") {
    scope.Error("SL1105", meta.mark,
                Format("the annotation sluice.dev/ejection-backoff cannot be `{}`", found->second.substr(0, 80)),
                "write exponential or linear");
  }
  return core::OutlierPolicy::Backoff::kLinear;
}

}  // namespace

void ParseDestinationRule(Fields& spec, const Metadata& meta, const TextMap& annotations, Documents& documents) {
  DestinationRule rule;
  rule.meta = meta;
  const auto backoff = ReadBackoff(meta, annotations, spec.scope());
  const auto host = ReadHost(spec, "host", meta, true);
  if (host.has_value()) rule.host = *host;
  rule.policy = ReadTrafficPolicy(spec, backoff);
  if (const YamlNode* list = spec.List("subsets")) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      Fields fields(list->items[i], Format("spec.subsets[{}]", i), spec.scope());
      Subset subset;
      subset.mark = list->items[i].mark;
      fields.Require("name");
      subset.name = ReadLabelName(fields, "name").value_or("");
      subset.labels = ReadLabels(fields, "labels");
      subset.policy = ReadTrafficPolicy(fields, backoff);
      if (subset.name.empty()) continue;
      if (!names.insert(subset.name).second) {
        spec.scope().Error("IST0106", subset.mark, Format("the subset {} is given twice", subset.name));
        continue;
      }
      rule.subsets.push_back(std::move(subset));
    }
  }
  ReadExportTo(spec);
  spec.Ignore("workloadSelector", "the rule applies to this gateway, which is the only proxy");
  if (host.has_value()) documents.destination_rules.push_back(std::move(rule));
}

}  // namespace sluice::config
