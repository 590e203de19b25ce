#include "gateway/api/change_answer.h"

#include <algorithm>
#include <utility>

#include "config/format.h"

namespace sluice::gateway {
namespace {

using config::Finding;
using config::Format;
using config::ResourceKey;

// Whether a finding is about the object: at its place in a file, or in the text of an object that was made live, which
// findings call KIND.NAMESPACE.NAME@live.
bool Concerns(const World& world, const ResourceKey& key, const Finding& finding) {
  const std::string& file = finding.place.file;
  const std::string live = Format("{}.{}.{}@live", key.kind, key.name_space, key.name);
  if (file.ends_with(live)) return file.size() == live.size() || file[file.size() - live.size() - 1] == '/';
  const LiveObject* nearest = nullptr;  // the last object that begins above the finding
  for (const auto& [other, object] : world.files()) {
    if (object.place.file != file || object.place.mark.line > finding.place.mark.line) continue;
    if (nearest == nullptr || object.place.mark.line >= nearest->place.mark.line) nearest = &object;
  }
  return nearest != nullptr && nearest->key == key;
}

std::vector<StatusCause> CausesOf(const World& world, const ResourceKey& key, const ChangeResult& result) {
  std::vector<StatusCause> own;
  std::vector<StatusCause> others;
  for (const Finding& finding : result.findings) {
    if (finding.severity != config::Severity::kError) continue;
    StatusCause cause = CauseOf(finding);
    if (Concerns(world, key, finding)) {
      own.push_back(std::move(cause));
      continue;
    }
    // Somewhere else something would be wrong: a rule that names a subset which goes.
    std::string file = finding.place.file.substr(finding.place.file.rfind('/') + 1);
    cause.message = Format("{}:{}: {}", file, finding.place.mark.line, cause.message);
    others.push_back(std::move(cause));
  }
  std::ranges::move(others, std::back_inserter(own));
  if (own.empty()) own.push_back({.reason = "FieldValueInvalid", .message = result.error, .field = "spec"});
  return own;
}

}  // namespace

ApiError ErrorOf(const World& world, const ResourcePath& path, const ObjectEdit& edit, const ChangeResult& result) {
  using Outcome = ChangeResult::Outcome;
  const std::string& name = edit.key.name;
  switch (result.outcome) {
    case Outcome::kConflict: return Conflict(*path.kind, name, result.error);
    case Outcome::kNotFound: return NotFound(*path.kind, name);
    case Outcome::kInvalid:
    case Outcome::kGateFailed: return Invalid(*path.kind, name, CausesOf(world, edit.key, result));
    case Outcome::kNotRecorded: {
      ApiError error{.code = 507, .reason = "InsufficientStorage", .kind = path.kind, .name = name};
      error.message = result.error;
      return error;
    }
    case Outcome::kAccepted:
    case Outcome::kUnchanged: break;
  }
  ApiError error{.code = 500, .reason = "InternalError"};
  error.message = "the change was made";
  return error;
}

std::vector<std::string> WarningsOf(const World& world, const ResourceKey& key, const ChangeResult& result) {
  std::vector<std::string> texts = result.warnings;
  for (const Finding& finding : result.findings) {
    if (finding.severity != config::Severity::kWarning || !Concerns(world, key, finding)) continue;
    texts.push_back(
        Format("{} {}{}", finding.code, finding.message, finding.cure.empty() ? std::string() : "; " + finding.cure));
  }
  return texts;
}

}  // namespace sluice::gateway
