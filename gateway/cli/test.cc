#include "gateway/cli/test.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "config/loader.h"
#include "core/route/string_match.h"
#include "gateway/cases/case_file.h"
#include "gateway/cases/case_run.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/terminal.h"
#include "gateway/cli/test_report.h"
#include "gateway/cli/validate.h"
#include "gateway/runtime/steady_clock.h"

namespace sluice::gateway {
namespace {

constexpr const char* kFooter = R"(Examples:
  # the tests that lie among the rules
  sluice test rules/
  # a file of tests over other rules, with a report for CI
  sluice test ranking_test.yaml -c rules/ --junit report.xml
  # some of them
  sluice test rules/ --filter 'premium|canary'
  # a gateway that takes no change that fails them
  sluice run -c rules/ --gate ranking_test.yaml

A test file (`run` and `validate` pass over such documents, so it may lie beside the rules):

  apiVersion: sluice.dev/v1alpha1
  kind: RouteTest
  metadata: {name: ranking}
  spec:
    config: [.]                  # optional, relative to this file; else its directory; -c beats both
    tests:
    - name: premium users reach v47
      request: {method: POST, url: "http://ranking/rank?n=10", headers: {x-user-segment: premium}}
      expect: {rule: premium, subset: v47, timeout: 200ms, attempts: 2}
    - name: one user in ten tries v47
      request: {url: "http://ranking/rank", headers: {x-user-id: "user-{id}"}}
      over: {ids: 10000}         # {id} in the request is each of 0-9999; `from` begins elsewhere
      expect: {timeout: 200ms, shares: {v45: 90%, v47: 10%}, tolerance: 1%}

request         method, url, headers, clientAddress, port, sni, principal, draw
answer          status, headers: of the model, for responseHeaders
expect, where   rule (name, index or VIRTUALSERVICE/RULE), match, host, port, subset, path, authority
expect, limits  timeout, perTryTimeout, attempts, retryOn, backoff; 0s is none
expect, copies  mirrors: [{host, subset, port, percent}], all that the rule has; [] is none
expect, faults  fault: {delay, delayPercent, abort, abortPercent}, as the rule has them
expect, answers status, redirect, body, flag: of answers by the gateway itself
expect, A/B     experiment, arm (of who is held out: holdout), bucket; "" is none
expect, fields  requestHeaders and responseHeaders: {set: {name: value}, absent: [name]}
expect, shares  shares (by subset), ruleShares, armShares, mirrorShares; what shares of 100% do not name is 0%.
                Without tolerance: four standard deviations, what chance explains at that number of ids
What is absent is not judged. A request without `draw` must do what is expected in every share of its rule's split;
with `over`, draws come from a fixed seed. The same rules give the same result.

Exit codes: 0 all passed, 1 a test failed, 64 usage, 65 bad configuration or test file.)";

using Paths = std::vector<std::string>;

int Usage(const std::string& cause) {
  PrintErr("sluice: " + cause + "; see sluice test --help");
  return kExitUsage;
}

std::string DirectoryOf(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash + 1);
}

Paths ConfigOf(const TestOptions& options, const CaseSuite& suite) {
  if (!options.config.empty()) return options.config;
  return suite.config.empty() ? Paths{DirectoryOf(suite.place.file)} : suite.config;
}

// Compiled once for all suites that share it.
class Configurations {
 public:
  explicit Configurations(const std::string& default_namespace) : default_namespace_(default_namespace) {}

  // Null when it has errors; they are on stderr then.
  const core::Snapshot* Of(const Paths& paths) {
    const auto [at, is_new] = snapshots_.try_emplace(paths);
    if (is_new) at->second = LoadSnapshot(paths);
    return at->second.get();
  }

 private:
  std::unique_ptr<core::Snapshot> LoadSnapshot(const Paths& paths) const {
    const config::Loaded loaded = config::Load({.paths = paths, .default_namespace = default_namespace_});
    for (const config::Finding& finding : loaded.findings) {
      if (finding.severity == config::Severity::kError) PrintErr(config::FormatFinding(finding));
    }
    return loaded.ok ? config::Compile(*loaded.documents, {}) : nullptr;
  }

  const std::string& default_namespace_;
  std::map<Paths, std::unique_ptr<core::Snapshot>> snapshots_;
};

// Nothing when a configuration cannot be used.
std::optional<std::vector<CaseRecord>> Run(const TestOptions& options, const std::vector<CaseSuite>& suites,
                                           const core::StringMatch& filter, core::BucketHasher& hasher) {
  const SteadyClock clock;
  Configurations configurations(options.default_namespace);
  std::vector<CaseRecord> records;
  bool usable = true;
  for (const CaseSuite& suite : suites) {
    for (const RouteCase& test : suite.cases) {
      if (!filter.Matches(suite.name + ": " + test.name)) continue;
      const core::Snapshot* snapshot = configurations.Of(ConfigOf(options, suite));
      if (snapshot == nullptr) {
        usable = false;
        break;
      }
      const core::TimePoint start = clock.Now();
      CaseResult result = RunCase(*snapshot, test, hasher);
      records.push_back({&suite, &test, std::move(result), clock.Now() - start});
    }
  }
  return usable ? std::optional(std::move(records)) : std::nullopt;
}

bool WriteReport(const std::string& path, const std::vector<CaseRecord>& records) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << JUnitXml(records);
  file.close();
  if (file) return true;
  Report({core::ErrorCode::kIo, "the report " + path + " cannot be written", "check its directory and rights"});
  return false;
}

}  // namespace

int RunTests(const TestOptions& options) {
  const auto filter = core::StringMatch::Regex("(?s).*(?:" + options.filter + ").*");
  if (!filter) return Usage("--filter is no regex: " + filter.error().cause);
  config::Findings findings;
  const std::vector<CaseSuite> suites = ReadCases(options.files, kCaseRequestsMax, findings);
  const bool usable = !findings.has_errors();
  for (const config::Finding& finding : findings.Take()) PrintErr(config::FormatFinding(finding));
  if (!usable) return kExitBadConfiguration;
  core::BucketHasher hasher;
  if (const core::Status hashes = hasher.Usable(); !hashes) {
    Report(hashes.error());
    return kExitFailure;
  }
  const auto records = Run(options, suites, *filter, hasher);
  if (!records) return kExitBadConfiguration;
  if (records->empty()) return Usage("no test matches --filter " + options.filter);
  if (options.json) {
    PrintJson(TestJson(*records));
  } else {
    PrintOut(TestText(*records, UsesColour()));
  }
  if (!options.junit.empty() && !WriteReport(options.junit, *records)) return kExitFailure;
  const bool passed = std::ranges::all_of(*records, [](const CaseRecord& record) { return record.result.ok(); });
  return passed ? 0 : kExitFailure;
}

void AddTest(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<TestOptions>();
  auto format = std::make_shared<std::string>("text");
  CLI::App* test = app.add_subcommand("test", "Run the tests of routing rules");
  test->footer(kFooter);
  test->add_option("files", options->files, "Files or directories of RouteTests")->required();
  test->add_option("-c,--config", options->config, "Files or directories of YAML resources that are tested")
      ->allow_extra_args(false);
  test->add_option("--junit", options->junit, "File that receives a report in JUnit's form");
  test->add_option("--filter", options->filter, "Only tests whose \"SUITE: NAME\" holds this regex");
  test->add_option("--namespace", options->default_namespace, "Namespace of resources that name none")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  test->add_option("-o,--output", *format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  test->callback([options, format, &exit_code] {
    options->json = *format == "json";
    exit_code = RunTests(*options);
  });
}

}  // namespace sluice::gateway
