#include "gateway/cases/case_file.h"

#include <set>
#include <utility>

#include "config/fields.h"
#include "config/format.h"
#include "config/parse.h"
#include "config/resource_kind.h"
#include "config/source_files.h"
#include "config/yaml_node.h"
#include "core/base/text.h"
#include "gateway/cases/case_run.h"
#include "gateway/cases/parse_expectation.h"

namespace sluice::gateway {
namespace {

using config::Fields;
using config::Format;
using config::Scope;
using config::YamlNode;

constexpr std::string_view kApiVersion = "sluice.dev/v1alpha1";

void ParseRequest(Fields& test, RouteCase& into) {
  test.Require("request");
  const YamlNode* node = test.Map("request");
  if (node == nullptr) return;
  Fields fields(*node, test.PathOf("request"), test.scope());
  core::SampleRequest& request = into.request;
  request.method = ReadWord(fields, "method").value_or(request.method);
  fields.Require("url");
  into.url = ReadWord(fields, "url").value_or("");
  request.headers = ReadWords(fields, "headers");
  request.client_address = ReadWord(fields, "clientAddress").value_or(request.client_address);
  request.listener_port = static_cast<std::uint16_t>(fields.Count("port", 1, 65535).value_or(0));
  request.sni = core::Fold(ReadWord(fields, "sni").value_or(""));
  into.principal = ReadWord(fields, "principal").value_or("");
  if (const auto text = ReadWord(fields, "draw")) {
    into.draw = core::ParseDecimal(*text);
    if (!into.draw) {
      fields.scope().Error("IST0106", fields.MarkOf("draw"), Format("{} is no draw", fields.PathOf("draw")),
                           "write a decimal number, such as split_draw of an access-log line");
    }
  }
  if (into.url.empty()) return;
  if (const auto usable = RequestOf(into, into.over ? into.over->from : 0); !usable) {
    fields.scope().Error("IST0106", fields.MarkOf(into.principal.empty() ? "url" : "principal"),
                         Format("{}: {}", fields.PathOf("url"), usable.error().cause), usable.error().cure);
  }
}

void ParseOver(Fields& test, RouteCase& into) {
  const YamlNode* node = test.Map("over");
  if (node == nullptr) return;
  Fields fields(*node, test.PathOf("over"), test.scope());
  fields.Require("ids");
  Over& over = into.over.emplace();
  over.ids = fields.Count("ids", 1).value_or(1);
  over.from = fields.Count("from").value_or(0);
}

void ParseAnswer(Fields& test, RouteCase& into) {
  const YamlNode* node = test.Map("answer");
  if (node == nullptr) return;
  Fields fields(*node, test.PathOf("answer"), test.scope());
  into.answer_status = static_cast<std::uint16_t>(fields.Count("status", 200, 599).value_or(into.answer_status));
  into.answer_headers = ReadWords(fields, "headers");
}

RouteCase ParseCase(const YamlNode& node, const std::string& path, const Scope& scope) {
  RouteCase into;
  into.place = scope.At(node.mark);
  Fields test(node, path, scope);
  test.Require("name");
  into.name = ReadWord(test, "name").value_or("");
  ParseOver(test, into);
  ParseRequest(test, into);
  ParseAnswer(test, into);
  test.Require("expect");
  const YamlNode* expect = test.Map("expect");
  if (expect == nullptr) return into;
  if (expect->members.empty()) scope.Error("IST0106", expect->mark, Format("{} says nothing", test.PathOf("expect")));
  Fields fields(*expect, test.PathOf("expect"), scope);
  into.expect = ParseExpectation(fields);
  if (!into.expect.shares.empty() && !into.over) {
    scope.Error("IST0106", expect->mark, Format("{}: one request has no shares", path),
                "say over how many: over: {ids: 10000}");
  }
  return into;
}

CaseSuite ParseSuite(const YamlNode& root, const Scope& scope) {
  CaseSuite suite;
  suite.place = scope.At(root.mark);
  Fields fields(root, "", scope);
  fields.Has("kind");
  fields.Require("apiVersion");
  if (const auto version = fields.Text("apiVersion"); version && *version != kApiVersion) {
    scope.Error("SL1102", fields.MarkOf("apiVersion"),
                Format("a RouteTest of apiVersion `{}` is not known here", *version), Format("write {}", kApiVersion));
  }
  fields.Require("metadata");
  if (const YamlNode* node = fields.Map("metadata")) {
    Fields metadata(*node, "metadata", scope);
    for (const std::string_view key : {"namespace", "labels", "annotations"}) metadata.Has(key);
    metadata.Require("name");
    suite.name = metadata.Text("name").value_or("");
  }
  fields.Require("spec");
  const YamlNode* node = fields.Map("spec");
  if (node == nullptr) return suite;
  Fields spec(*node, "spec", scope);
  for (const std::string& path : spec.Texts("config")) suite.config.push_back(config::PathBeside(scope.file, path));
  spec.Require("tests");
  const YamlNode* tests = spec.List("tests");
  if (tests == nullptr) return suite;
  std::set<std::string, std::less<>> names;
  for (std::size_t i = 0; i < tests->items.size(); ++i) {
    RouteCase parsed = ParseCase(tests->items[i], Format("spec.tests[{}]", i), scope);
    if (!names.insert(parsed.name).second && !parsed.name.empty()) {
      scope.Error("IST0106", tests->items[i].mark, Format("two tests are called \"{}\"", parsed.name), "rename one");
    }
    suite.cases.push_back(std::move(parsed));
  }
  if (suite.cases.empty())
    scope.Error("IST0106", tests->mark, "spec.tests is empty", "write a test, or remove the file");
  return suite;
}

}  // namespace

std::uint64_t RequestsOf(const std::vector<CaseSuite>& suites) {
  std::uint64_t sum = 0;
  for (const CaseSuite& suite : suites) {
    for (const RouteCase& test : suite.cases) sum += test.over ? test.over->ids : 1;
  }
  return sum;
}

std::vector<CaseSuite> ParseCases(const config::Source& source, std::uint64_t requests_max,
                                  config::Findings& findings) {
  std::vector<CaseSuite> suites;
  const Scope scope{source.name, findings};
  for (const YamlNode& root : config::ParseYaml(source.text, source.name, findings)) {
    const YamlNode* kind = root.Find("kind");
    if (kind == nullptr || kind->kind != YamlNode::Kind::kScalar) {
      scope.Error("IST0106", root.mark, "this document has no `kind`",
                  Format("write kind: {}", config::kRouteTestKind));
    } else if (kind->text == config::kRouteTestKind) {
      suites.push_back(ParseSuite(root, scope));
    }
  }
  if (const std::uint64_t requests = RequestsOf(suites); requests > requests_max) {
    findings.Error(
        "SL3002", {source.name, {}},
        Format("the tests of this file ask for {} requests, more than the limit of {}", requests, requests_max),
        "ask for fewer ids, or split the file");
  }
  return suites;
}

std::vector<CaseSuite> ReadCases(const std::vector<std::string>& paths, std::uint64_t requests_max,
                                 config::Findings& findings) {
  std::vector<CaseSuite> all;
  for (const std::string& path : paths) {
    const std::size_t errors = findings.errors();
    std::size_t count = 0;
    for (const config::Source& source : config::ReadSources({path}, findings)) {
      for (CaseSuite& suite : ParseCases(source, requests_max, findings)) {
        all.push_back(std::move(suite));
        ++count;
      }
    }
    if (count > 0 || findings.errors() > errors) continue;
    findings.Error("SL3003", {path, {}}, "there is no RouteTest in it",
                   Format("write a document of apiVersion {} and kind {}", kApiVersion, config::kRouteTestKind));
  }
  return all;
}

}  // namespace sluice::gateway
