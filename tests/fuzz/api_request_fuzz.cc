// Requests to the resource API of any bytes: every answer is JSON and a refusal a Status of its own code; what is refused
// changes nothing; what is accepted can be read back and written again without a change.
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/check.h"
#include "gateway/api/watch.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/small_world.h"

namespace sluice::gateway {
namespace {

using config::Json;

std::string PathOf(const Json& object) {
  const std::string group_version = object.at("apiVersion");
  const std::string kind = object.at("kind");
  const config::ResourceKind* known = config::FindKind(kind);
  CHECK(known != nullptr);
  return "/apis/" + group_version + "/namespaces/" + object.at("metadata").at("namespace").get<std::string>() + "/" +
         std::string(known->plural) + "/" + object.at("metadata").at("name").get<std::string>();
}

// The object as it was answered is the object in force, and writing it again is no change.
void CheckAccepted(SmallWorld& small, const Json& object) {
  const std::string path = PathOf(object);
  const std::uint64_t revision = small.world().revision();
  const AdminAnswer read = small.Ask("GET", path);
  CHECK(read.status == 200);
  CHECK(SmallWorld::JsonOf(read) == object);
  CHECK(small.Ask("PUT", path, object.dump()).status == 200);
  CHECK(small.Ask("PATCH", path, "{}", "application/merge-patch+json").status == 200);
  CHECK(small.world().revision() == revision);
}

FUZZ_TARGET(api_request_fuzz) {
  fuzz::Parts parts(input);
  SmallWorld small;
  small.Load(kRules);
  const std::string method(parts.Next());
  const std::string target = "/" + std::string(parts.Next());
  if (!IsApiPath(target.substr(0, target.find('?')))) return;
  const std::string type(parts.Next());
  const std::string accept(parts.Next());
  const std::string body(parts.Next());

  const AdminAnswer answer = small.Ask(method, target, body, type, accept);

  CHECK(answer.status >= 200 && answer.status < 600);
  for (const auto& [name, value] : answer.headers) {
    CHECK(std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7F; }));
  }
  if (answer.watch != nullptr) {
    answer.watch->Next(small.world(), 0);
    return;
  }
  if (!answer.content_type.starts_with("application/json")) return;  // the one document in protobuf
  const Json json = Json::parse(answer.body, nullptr, false);
  CHECK(json.is_object());
  if (answer.status >= 400) {
    CHECK(json.at("kind") == "Status" && json.at("code") == answer.status);
    CHECK(!json.at("message").get<std::string>().empty());
    CHECK(small.world().revision() == 1);
    return;
  }
  const bool wrote = method == "POST" || method == "PUT" || method == "PATCH";
  const bool dry = !small.changes().empty() && small.changes().back().dry_run;
  if (wrote && !dry) CheckAccepted(small, json);
}

}  // namespace
}  // namespace sluice::gateway
