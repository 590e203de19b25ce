// Rewriting the path of a request (istio-reference.md section 1.3, rewrite). Queries are not touched here.
// Pure; results lie in the arena or are borrowed.
#pragma once

#include <optional>
#include <string_view>

#include "core/route/route.h"

namespace sluice::core {

class Arena;

// `path` with what the match's uri condition covered replaced by `replacement`: an exact or regex match covers the whole
// path, a prefix match its prefix, no uri condition (or no match item at all) the leading "/". The result begins with
// '/': a target without it is not a valid request.
std::string_view ReplaceMatched(const RouteMatch* match, std::string_view path, std::string_view replacement,
                                Arena& arena);

// `path` after rewrite.uri or rewrite.uriRegexRewrite; `path` itself when there is neither. Nothing when a regex
// rewrite exceeds kRewrittenPathMax.
std::optional<std::string_view> RewritePath(const Rewrite& rewrite, const RouteMatch* match, std::string_view path,
                                            Arena& arena);

// path, or path?query.
std::string_view JoinQuery(std::string_view path, std::string_view query, Arena& arena);

}  // namespace sluice::core
