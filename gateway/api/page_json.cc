#include "gateway/api/page_json.h"

#include <array>
#include <utility>

#include "config/yaml_node.h"
#include "gateway/store/revision_codec.h"

namespace sluice::gateway {
namespace {

using config::Json;
using Outcome = ChangeResult::Outcome;

struct OutcomeWords {
  Outcome outcome;
  const char* name;
  std::uint16_t status;
};

constexpr std::array kOutcomes = {
    OutcomeWords{Outcome::kAccepted, "accepted", 200},       OutcomeWords{Outcome::kUnchanged, "unchanged", 200},
    OutcomeWords{Outcome::kConflict, "conflict", 409},       OutcomeWords{Outcome::kNotFound, "notFound", 404},
    OutcomeWords{Outcome::kInvalid, "invalid", 422},         OutcomeWords{Outcome::kGateFailed, "gateFailed", 422},
    OutcomeWords{Outcome::kNotRecorded, "notRecorded", 507},
};

const OutcomeWords& WordsOf(Outcome outcome) {
  for (const OutcomeWords& words : kOutcomes) {
    if (words.outcome == outcome) return words;
  }
  return kOutcomes.front();
}

// Nothing that we read is as deep; writing JSON recurses.
constexpr int kDepthMax = 64;

core::Result<Json> ParseJson(std::string_view text) {
  bool deep = false;
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > kDepthMax;
    return !deep;
  };
  Json json = Json::parse(text, shallow, false);
  if (deep) return core::Fail(core::ErrorCode::kInvalidArgument, "the body is nested deeper than any resource");
  return json;
}

}  // namespace

Json ToJson(const Revision& revision) {
  return {{"sequence", revision.sequence},
          {"number", revision.number},
          {"accepted", revision.accepted},
          {"timeUs", revision.time_us},
          {"author", revision.author},
          {"source", revision.source},
          {"message", revision.message},
          {"summary", revision.summary},
          {"findings", FindingsJson(revision.findings)},
          {"hash", revision.hash},
          {"previousHash", revision.previous_hash}};
}

Json ToJson(const config::ResourceKey& key) {
  return {{"kind", key.kind}, {"namespace", key.name_space}, {"name", key.name}};
}

Json ToJson(const ChangeResult& result, const Change& change) {
  Json objects = Json::array();
  for (std::size_t i = 0; i < result.done.size() && i < change.edits.size(); ++i) {
    Json object = ToJson(change.edits[i].key);
    object["change"] = result.done[i];
    objects.push_back(std::move(object));
  }
  return {{"outcome", WordsOf(result.outcome).name},
          {"revision", result.revision},
          {"summary", result.summary},
          {"warnings", result.warnings},
          {"findings", FindingsJson(result.findings)},
          {"error", result.error},
          {"objects", std::move(objects)}};
}

Json ToJson(const std::vector<config::Finding>& findings) { return FindingsJson(findings); }

Json ToJson(const CanaryEvent& event) {
  return {{"timeUs", event.time_us}, {"canary", event.canary},     {"what", event.what},      {"text", event.text},
          {"author", event.author},  {"revision", event.revision}, {"numbers", event.numbers}};
}

std::uint16_t StatusOf(Outcome outcome) { return WordsOf(outcome).status; }

AdminAnswer JsonAnswerOf(std::uint16_t status, const Json& json) {
  return {status, "application/json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

AdminAnswer PageError(std::uint16_t status, const core::Error& error) {
  return JsonAnswerOf(status, {{"error", error.Text()}});
}

AdminAnswer NeedsToken() {
  return PageError(401, {core::ErrorCode::kInvalidArgument, "changes need the token",
                         "send Authorization: Bearer with the token that `sluice run --state-dir DIR` has written to "
                         "DIR/admin-token"});
}

std::uint16_t StatusOf(core::ErrorCode code) {
  if (code == core::ErrorCode::kNotFound) return 404;
  return code == core::ErrorCode::kInvalidArgument ? 400 : 500;
}

core::Result<Json> BodyOf(const AdminRequest& request) {
  Json json;
  if (request.content_type.find("yaml") != std::string_view::npos) {
    config::Findings findings;
    const auto roots = config::ParseYaml(request.body, "body", findings);
    const auto said = findings.Take();
    if (!said.empty()) return core::Fail(core::ErrorCode::kInvalidArgument, config::FormatFinding(said.front()));
    if (!roots.empty()) json = config::ToJson(roots.front());
  } else {
    auto parsed = ParseJson(request.body);
    if (!parsed) return parsed;
    json = std::move(*parsed);
  }
  if (json.is_object()) return json;
  return core::Fail(core::ErrorCode::kInvalidArgument, "the body is no JSON object",
                    "send application/json, or application/yaml");
}

std::string TextAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool FlagAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace sluice::gateway
