#include "core/route/rewrite.h"

#include "core/base/arena.h"
#include "core/route/predicate.h"

namespace sluice::core {
namespace {

std::string_view Rooted(std::string_view path, Arena& arena) {
  return path.starts_with('/') ? path : arena.Concat("/", path);
}

// How much of the path the uri condition covered.
std::size_t Covered(const RouteMatch* match, std::string_view path) {
  if (match == nullptr || !match->uri) return path.starts_with('/') ? 1 : 0;
  switch (match->uri->kind()) {
    case StringMatch::Kind::kExact:
    case StringMatch::Kind::kRegex: return path.size();
    case StringMatch::Kind::kPrefix: return std::min(match->uri->text().size(), path.size());
    case StringMatch::Kind::kPresent: break;
  }
  return path.starts_with('/') ? 1 : 0;
}

}  // namespace

std::string_view ReplaceMatched(const RouteMatch* match, std::string_view path, std::string_view replacement,
                                Arena& arena) {
  const std::string_view rest = path.substr(Covered(match, path));
  if (rest.empty()) return Rooted(replacement, arena);
  return Rooted(arena.Concat(replacement, rest), arena);
}

std::optional<std::string_view> RewritePath(const Rewrite& rewrite, const RouteMatch* match, std::string_view path,
                                            Arena& arena) {
  if (rewrite.uri) return ReplaceMatched(match, path, *rewrite.uri, arena);
  if (rewrite.compiled_regex == nullptr) return path;
  const auto replaced = ReplaceEvery(*rewrite.compiled_regex, path, rewrite.regex_replacement, arena);
  if (!replaced) return std::nullopt;
  return Rooted(*replaced, arena);
}

std::string_view JoinQuery(std::string_view path, std::string_view query, Arena& arena) {
  return query.empty() ? path : arena.Concat(path, "?", query);
}

}  // namespace sluice::core
