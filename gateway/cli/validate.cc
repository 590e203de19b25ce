#include "gateway/cli/validate.h"

#include "config/loader.h"
#include "gateway/app/tls_store.h"
#include "gateway/runtime/steady_clock.h"

#include <algorithm>
#include <cstdio>

namespace sluice::gateway {
namespace {

void Print(std::FILE* stream, const std::string& line) { std::fprintf(stream, "%s\n", line.c_str()); }

void PrintSummary(const std::vector<config::Finding>& findings) {
  const auto count = [&](config::Severity severity) {
    return static_cast<int>(std::ranges::count(findings, severity, &config::Finding::severity));
  };
  std::fprintf(stderr, "%d errors, %d warnings, %d notes\n", count(config::Severity::kError),
               count(config::Severity::kWarning), count(config::Severity::kInfo));
}

}  // namespace

int RunValidate(const ValidateOptions& options) {
  config::Loaded loaded = config::Load({.paths = options.paths, .default_namespace = options.default_namespace});
  if (loaded.ok) {
    // The files that the policies name are part of what is validated.
    TlsStore store;
    loaded.ok = store.Bind(*config::Compile(*loaded.documents, {}), UnixMicros() / 1'000'000, loaded.findings);
  }
  if (options.json) {
    Print(stdout, config::FormatFindingsJson(loaded.findings));
  } else {
    for (const config::Finding& finding : loaded.findings) Print(stderr, config::FormatFinding(finding));
    PrintSummary(loaded.findings);
  }
  if (!loaded.ok) return kExitBadConfiguration;
  const auto reaches = [&](const config::Finding& finding) { return finding.severity >= options.fail_on; };
  return std::ranges::any_of(loaded.findings, reaches) ? kExitFindings : 0;
}

}  // namespace sluice::gateway
