// Host names as Istio writes them: short names and their expansion, wildcards, DNS and IP syntax, the names under which
// a service answers (istio-reference.md sections 1.1 and 1.2). Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

inline constexpr std::string_view kClusterDomain = "svc.cluster.local";
// Whose policies hold for every namespace.
inline constexpr std::string_view kRootNamespace = "istio-system";

// RFC 1123 label: lower-case letters, digits and inner dashes, at most 63.
bool IsDnsLabel(std::string_view text);

// Labels joined by dots, at most 253; a leading `*.` or `*` label when `wildcard` is allowed. Underscores pass, as in
// Istio. No port, no scheme.
bool IsHostName(std::string_view text, bool wildcard);

bool IsIpLiteral(std::string_view text);  // IPv4, or IPv6 without brackets
bool IsCidr(std::string_view text);       // with or without /length

// Lower case; a name without a dot becomes NAME.NAMESPACE.svc.cluster.local. `*`, IPs and dotted names stay.
std::string ExpandHost(std::string_view host, std::string_view name_space);

// For a FQDN under the cluster domain: the FQDN, name.ns.svc and name.ns; for every other name itself. The bare name is
// not among them: two namespaces may share it, so its owner is chosen where all are known.
std::vector<std::string> ServiceNames(std::string_view fqdn);

// "name" of name.ns.svc.cluster.local; otherwise the first DNS label, or the whole of an IP.
std::string ShortName(std::string_view fqdn);

// Namespace of name.ns.svc.cluster.local; empty for other names.
std::string NamespaceOf(std::string_view fqdn);

// Whether `host` (exact or wildcard) is covered by `pattern` (exact or wildcard, "*" covers all).
bool HostCovers(std::string_view pattern, std::string_view host);

// "[::1]:80" or "127.0.0.1:80".
std::string JoinHostPort(std::string_view address, std::uint16_t port);

}  // namespace sluice::config
