// Short ways to load a text and to look at what was said about it. Tests of config/ only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/loader.h"

namespace sluice::config {

inline Loaded LoadText(const std::string& text) { return LoadSources({{"rules.yaml", text}}, "default"); }

inline std::string TextOf(const Loaded& loaded) {
  std::string text;
  for (const Finding& finding : loaded.findings) text += FormatFinding(finding) + "\n";
  return text;
}

inline bool Says(const Loaded& loaded, const std::string& part) {
  return TextOf(loaded).find(part) != std::string::npos;
}

// A service with subsets v1 and v2 on one port.
inline const std::string kService = R"(
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ranking}
spec:
  hosts: [ranking]
  ports: [{number: 8000, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints:
  - {address: 127.0.0.1, ports: {http: 9001}, labels: {app: ranking, version: v1}, weight: 3}
  - {address: "::1", ports: {http: 9002}, labels: {model-version: v2}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ranking}
spec:
  host: ranking
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {model-version: v2}}
---
)";

// A VirtualService on that host with these rules, indented by two.
inline std::string WithRules(const std::string& http) {
  return kService +
         "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: rules}\nspec:\n"
         "  hosts: [ranking]\n  http:\n" +
         http;
}

}  // namespace sluice::config
