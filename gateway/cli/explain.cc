#include "gateway/cli/explain.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "config/loader.h"
#include "core/base/text.h"
#include "core/plan/explanation.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/validate.h"
#include "gateway/explain/curl_line.h"
#include "gateway/explain/explanation_json.h"
#include "gateway/explain/explanation_text.h"
#include "gateway/explain/log_line.h"
#include "gateway/explain/sample_json.h"

namespace sluice::gateway {
namespace {

using config::Json;
using core::ErrorCode;
using core::Fail;
using core::Result;
using core::Status;

constexpr std::uint64_t kSeed = 1;  // of what is drawn besides split and mirrors: the same question, the same answer

Result<Json> ParseLine(const std::string& text, const std::string& what) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_discarded()) return json;
  return Fail(ErrorCode::kInvalidArgument, what + " is not JSON", "give one whole JSON object");
}

// What is asked, from the command line; `line` is the access-log line, null when there is none.
Result<SampleQuery> ReadQuery(const ExplainOptions& options, Json& line) {
  SampleQuery query;
  if (!options.curl.empty()) {
    auto request = ParseCurlLine(options.curl);
    if (!request) return std::unexpected(request.error());
    query.request = std::move(*request);
  } else if (!options.log_line.empty()) {
    std::string text = options.log_line;
    if (text == "-") std::getline(std::cin, text);
    auto parsed = ParseLine(text, "the log line");
    if (!parsed) return std::unexpected(parsed.error());
    line = std::move(*parsed);
    auto read = ReadLogLine(line);
    if (!read) return read;
    query = std::move(*read);
  } else {
    if (options.request.size() == 2) query.request.method = options.request.front();
    if (Status set = SetUrl(options.request.back(), query.request); !set) return std::unexpected(set.error());
  }
  return query;
}

// What the command line says besides, and louder.
Status Refine(const ExplainOptions& options, SampleQuery& query) {
  core::SampleRequest& request = query.request;
  std::vector<std::pair<std::string, std::string>> fields;
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos) {
      return Fail(ErrorCode::kInvalidArgument, "the header \"" + header + "\" has no colon", "write 'name: value'");
    }
    fields.emplace_back(header.substr(0, colon), core::Trim(std::string_view(header).substr(colon + 1)));
  }
  std::erase_if(request.headers, [&](const auto& have) {
    return std::ranges::any_of(fields,
                               [&](const auto& field) { return core::EqualsIgnoreCase(field.first, have.first); });
  });
  request.headers.insert(request.headers.end(), fields.begin(), fields.end());
  if (!options.client_address.empty()) request.client_address = options.client_address;
  if (!options.sni.empty()) request.sni = core::Fold(options.sni);
  if (options.port != 0) request.listener_port = options.port;
  if (!options.principal.empty()) {
    if (Status set = SetPrincipal(options.principal, request); !set) return set;
  }
  if (!options.draw.empty()) {
    const auto draw = ParseDraw(options.draw);
    if (!draw) return std::unexpected(draw.error());
    query.draw = *draw;
  }
  return {};
}

// Null when the configuration is bad; its findings are on stderr then.
std::unique_ptr<core::Snapshot> LoadSnapshot(const ExplainOptions& options) {
  const config::Loaded loaded = config::Load({.paths = options.paths, .default_namespace = options.default_namespace});
  for (const config::Finding& finding : loaded.findings) {
    if (finding.severity != config::Severity::kError) continue;
    PrintErr(config::FormatFinding(finding));
  }
  if (!loaded.ok) return nullptr;
  auto snapshot = config::Compile(*loaded.documents, {});
  snapshot->revision = loaded.revision;
  return snapshot;
}

Result<Json> ExplainByFiles(const core::Snapshot& snapshot, const SampleQuery& query) {
  core::BucketHasher hasher;
  if (const Status usable = hasher.Usable(); !usable) return std::unexpected(usable.error());
  core::Random random(kSeed);
  core::SampleDecision decision(snapshot, query.request, query.draw, hasher, random);
  const auto explanation = core::Explain(snapshot, decision, hasher, std::nullopt);
  if (!explanation) return std::unexpected(explanation.error());
  return ExplanationJson(snapshot, decision, *explanation, false);
}

Result<Json> ExplainByServer(const ExplainOptions& options, const SampleQuery& query) {
  const auto target = ResolveTarget(options.server);
  if (!target) return std::unexpected(target.error());
  const Json body = SampleToJson(query);
  auto answer = AskJson(*target, "POST", "/sluice/v1/explain", &body);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 200) return std::move(answer->body);
  const Json message = answer->body.value("message", Json());
  return Fail(ErrorCode::kInvalidArgument,
              message.is_string() ? message.get<std::string>() : "the gateway refused the question");
}

// One decision per line, in the order of the requests; a request that cannot be read is answered with its error.
int RunBatch(const ExplainOptions& options, const core::Snapshot& snapshot) {
  std::ifstream file;
  if (options.batch != "-") {
    file.open(options.batch);
    if (!file) {
      return Report({ErrorCode::kInvalidArgument, "cannot read " + options.batch,
                     "name a file of one JSON request a line, or - for standard input"});
    }
  }
  std::istream& in = options.batch == "-" ? std::cin : file;
  core::BucketHasher hasher;
  core::Random random(kSeed);
  int code = 0;
  for (std::string text; std::getline(in, text);) {
    if (core::Trim(text).empty()) continue;
    const Result<Json> json = ParseLine(text, "the line");
    const Result<SampleQuery> query = json ? ParseSample(*json) : std::unexpected(json.error());
    Json answer;
    if (query) {
      core::SampleDecision decision(snapshot, query->request, query->draw, hasher, random);
      answer = DecisionJson(snapshot, decision);
      if (const auto explained = core::Explain(snapshot, decision, hasher, std::nullopt); !explained) {
        answer = {{"error", explained.error().Text()}};
      }
    } else {
      answer = {{"error", query.error().Text()}};
    }
    if (answer.contains("error")) code = kExitBadConfiguration;
    if (json && json->is_object() && json->contains("id")) answer["id"] = (*json)["id"];
    PrintOut(answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  return code;
}

int Usage(const char* cause) { return Report({ErrorCode::kInvalidArgument, cause, "see sluice explain --help"}); }

}  // namespace

int RunExplain(const ExplainOptions& options) {
  const int said = (options.request.empty() ? 0 : 1) + (options.curl.empty() ? 0 : 1) +
                   (options.log_line.empty() ? 0 : 1) + (options.batch.empty() ? 0 : 1);
  if (said != 1 || options.request.size() > 2) {
    return Usage("say the request in one way: [METHOD] URL, --curl, --log-line or --batch");
  }
  if (!options.batch.empty() && options.paths.empty()) return Usage("--batch wants files: -c PATH");
  const bool by_files = !options.paths.empty();
  std::unique_ptr<core::Snapshot> snapshot;
  if (by_files && (snapshot = LoadSnapshot(options)) == nullptr) return kExitBadConfiguration;
  if (!options.batch.empty()) return RunBatch(options, *snapshot);

  Json line;
  Result<SampleQuery> query = ReadQuery(options, line);
  if (query) {
    if (const Status refined = Refine(options, *query); !refined) query = std::unexpected(refined.error());
  }
  if (!query) return Report(query.error());
  Result<Json> explained = by_files ? ExplainByFiles(*snapshot, *query) : ExplainByServer(options, *query);
  if (!explained) return Report(explained.error());
  if (!line.is_null()) (*explained)["log_line"] = CompareWithLine(line, *explained);
  if (options.json) {
    PrintJson(*explained);
  } else {
    PrintOut(ExplanationText(*explained, UsesColour()));
  }
  return 0;
}

void AddExplain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ExplainOptions>();
  auto format = std::make_shared<std::string>("text");
  CLI::App* explain = app.add_subcommand("explain", "Tell why a request is decided as it is");
  SetExamples(
      *explain,
      {{"why this request goes where it goes",
        "sluice explain -c rules/ http://ranking/rank -H 'x-user-segment: premium'"},
       {"what a given draw of the split leads to", "sluice explain -c rules/ POST http://ranking/rank --draw 71"},
       {"a pasted curl", "sluice explain -c rules/ --curl \"curl -H 'x-user-id: 42' http://ranking/rank\""},
       {"the last request of the log, by a running gateway",
        "tail -n 1 access.log | sluice explain --server 127.0.0.1:15000 --log-line -"},
       {"many requests, a decision a line",
        "echo '{\"url\": \"http://ranking/rank\", \"draw\": \"71\"}' | sluice explain -c rules/ --batch -"}});
  explain->add_option("request", options->request, "[METHOD] URL")->type_name("WORDS")->expected(0, 2);
  explain
      ->add_option("-c,--config", options->paths,
                   "Files or directories of YAML resources that decide; without it a running gateway is asked")
      ->type_name("PATH")
      ->allow_extra_args(false);
  explain->add_option("-H,--header", options->headers, "'name: value', any number of them")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  explain->add_option("--curl", options->curl, "The request as a command line of curl")->type_name("COMMAND");
  explain->add_option("--log-line", options->log_line, "The request of a JSON line of the access log; - for stdin")
      ->type_name("LINE");
  explain
      ->add_option("--batch", options->batch, "Requests as JSON, one a line; - for stdin. Prints decisions, one a line")
      ->type_name("FILE");
  explain->add_option("--draw", options->draw, "The number behind split and mirrors: split_draw of the access log")
      ->type_name("N");
  explain->add_option("--client-address", options->client_address, "Address of the socket's peer")
      ->type_name("ADDRESS");
  explain->add_option("--port", options->port, "Port that the request comes in by")->type_name("PORT");
  explain->add_option("--sni", options->sni, "Name in the TLS handshake")->type_name("NAME");
  explain->add_option("--principal", options->principal, "spiffe:// id in the client's certificate")->type_name("URI");
  explain->add_option("--namespace", options->default_namespace, "Namespace of resources that name none")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  explain->add_option("-o,--output", *format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddAdminOptions(*explain, options->server);
  explain->callback([options, format, &exit_code] {
    options->json = *format == "json";
    exit_code = RunExplain(*options);
  });
}

}  // namespace sluice::gateway
