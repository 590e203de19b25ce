// Normalising any target: a second time changes nothing, and what comes out has one meaning only.
#include <algorithm>
#include <string_view>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/http/path_normalizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::core {
namespace {

void CheckBytes(std::string_view target) {
  for (const char c : target) CHECK(c > 0x20 && c < 0x7f && c != '#');
}

// No escape is left that another reader could decode into a segment, a separator or a control byte.
void CheckEscapes(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    const std::string_view digits = path.substr(at + 1, 2);
    const auto byte = ParseHex(digits);
    CHECK(digits.size() == 2 && byte.has_value());
    CHECK(*byte >= 0x20 && *byte != 0x7f);
    CHECK(*byte != '.' && *byte != '/' && *byte != '\\');
  }
}

void CheckSegments(std::string_view path, bool merged) {
  CHECK(path.starts_with('/'));
  CHECK(path.find('\\') == std::string_view::npos);
  CHECK(!merged || path.find("//") == std::string_view::npos);
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    CHECK(segment != "." && segment != "..");
    path.remove_prefix(segment.size());
  }
}

void CheckMode(std::string_view target, PathMode mode) {
  Arena arena;
  const NormalizedPath once = NormalizePath("GET", target, mode, arena);
  if (once.verdict != PathVerdict::kOk) return;
  CheckBytes(once.target);
  CHECK(once.target.size() <= target.size());
  const std::string_view path = once.target.substr(0, once.target.find('?'));
  CHECK(path.find("%00") == std::string_view::npos);
  CHECK(once.target.substr(path.size()) == target.substr(std::min(target.find('?'), target.size())));
  const NormalizedPath twice = NormalizePath("GET", once.target, mode, arena);
  CHECK(twice.verdict == PathVerdict::kOk && twice.target == once.target);
  if (mode == PathMode::kNone) {
    CHECK(once.target == target);
    return;
  }
  CheckEscapes(path);
  CheckSegments(path, mode >= PathMode::kMergeSlashes);
}

FUZZ_TARGET(path_fuzz) {
  for (const PathMode mode :
       {PathMode::kNone, PathMode::kBase, PathMode::kMergeSlashes, PathMode::kDecodeAndMergeSlashes}) {
    CheckMode(input, mode);
  }
}

}  // namespace
}  // namespace sluice::core
