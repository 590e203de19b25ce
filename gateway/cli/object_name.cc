#include "gateway/cli/object_name.h"

#include <vector>

#include "config/fields.h"
#include "config/resource_kind.h"

namespace sluice::gateway {
namespace {

using core::ErrorCode;

std::string Quoted(std::string_view text) { return '\'' + std::string(text.substr(0, 80)) + '\''; }

}  // namespace

core::Result<std::string> KindNamed(std::string_view name) {
  if (const config::ResourceKind* kind = config::FindKindByAnyName(name)) return std::string(kind->kind);
  std::vector<std::string_view> known;
  std::string all;
  for (const config::ResourceKind& kind : config::ResourceKinds()) {
    known.push_back(kind.singular);
    all += (all.empty() ? "" : ", ") + std::string(kind.singular);
  }
  const auto nearest = config::Nearest(name, known);
  return core::Fail(ErrorCode::kInvalidArgument, Quoted(name) + " is no kind of object",
                    nearest ? "did you mean " + Quoted(*nearest) + '?' : "write one of " + all);
}

core::Result<config::ResourceKey> ObjectNamed(std::string_view kind, std::string_view name,
                                              std::string_view name_space) {
  auto full = KindNamed(kind);
  if (!full) return std::unexpected(full.error());
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    name_space = name.substr(0, slash);
    name = name.substr(slash + 1);
  }
  if (name.empty() || name_space.empty() || name.find('/') != std::string_view::npos) {
    return core::Fail(ErrorCode::kInvalidArgument, Quoted(name) + " is not the name of an object",
                      "write NAME or NAMESPACE/NAME");
  }
  return config::ResourceKey{std::move(*full), std::string(name_space), std::string(name)};
}

core::Result<config::ResourceKey> ObjectNamed(std::string_view text, std::string_view name_space) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return core::Fail(ErrorCode::kInvalidArgument, Quoted(text) + " is not an object",
                      "write KIND/NAME or KIND/NAMESPACE/NAME, for example vs/ml-serving/content-ranking-vs");
  }
  return ObjectNamed(text.substr(0, slash), text.substr(slash + 1), name_space);
}

}  // namespace sluice::gateway
