// Findings: everything that can be said about a configuration, with file, line, column, code, cause and cure.
// Filled by the readers and the validator of one load, printed together; owned by the load. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

// Ascending, so that "at or above" is a comparison.
enum class Severity : std::uint8_t { kInfo, kWarning, kError };

std::string_view SeverityText(Severity severity);

// Where something is written. Line and column count from 1; 0 means the file as a whole.
struct Mark {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// A place with its file; the file name outlives the reader that made the place.
struct Place {
  std::string file;
  Mark mark;
};

// A request that shows what a finding says. `sluice explain` takes the same.
struct Witness {
  std::string method;
  std::string scheme;
  std::string authority;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint16_t port = 0;  // of the listener; 0: any
  Place taken_by;          // the rule that decides it
};

// `GET /v1/rank Host: ranking x-user-segment: premium`, with what else is needed in brackets.
std::string FormatWitness(const Witness& witness);

struct Finding {
  Severity severity = Severity::kError;
  std::string code;     // "IST0101" where Istio names the problem, else an SLxxxx of config/README.md
  std::string message;  // one sentence of cause, no trailing full stop
  std::string cure;     // what to write instead; may be empty
  Place place;
  std::optional<Witness> witness{};  // has been put through the decision
};

// `file:line:col: error CODE message; cure`, without a line break.
std::string FormatFinding(const Finding& finding);

// {"findings":[{"severity":...,"code":...,"file":...,"line":...,"column":...,"message":...,"cure":...}],...}
// with the counts `errors`, `warnings` and `infos`. One with a witness has "witness":{"method":...,"scheme":...,
// "authority":...,"target":...,"headers":[[name,value],...],"port":...,"takenBy":{"file":...,"line":...}} too.
std::string FormatFindingsJson(const std::vector<Finding>& findings);

// A JSON string literal of `text`; bytes that are no UTF-8 become U+FFFD.
std::string JsonQuote(std::string_view text);

// Collects. Keeps at most kMax findings so that a hostile file cannot fill memory; the rest are counted.
class Findings {
 public:
  static constexpr std::size_t kMax = 1000;

  void Error(std::string_view code, Place place, std::string message, std::string cure = {});
  void Warn(std::string_view code, Place place, std::string message, std::string cure = {});
  void Info(std::string_view code, Place place, std::string message, std::string cure = {});
  void Add(Finding finding);

  bool has_errors() const { return errors_ != 0; }
  std::size_t errors() const { return errors_; }

  // Sorted by file, line and column; a last finding says how many were left out. Leaves this empty.
  std::vector<Finding> Take();

 private:
  std::vector<Finding> findings_;
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace sluice::config
