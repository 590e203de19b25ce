#include "config/id_share.h"

#include "core/base/random.h"
#include "core/base/text.h"

#include "config/format.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace sluice::config {
namespace {

constexpr int kSamples = 400;
constexpr int kNearlyNone = 1;  // per cent
constexpr int kNearlyAll = 99;

struct Samples {
  std::vector<std::string> decimal;
  std::vector<std::string> hexadecimal;
};

Samples MakeSamples() {
  core::Random random(20240229);
  const auto digits = [&](std::size_t count, std::uint64_t base) {
    std::string text;
    while (text.size() < count) text += "0123456789abcdef"[random.Below(base)];
    return text;
  };
  Samples samples;
  for (int i = 0; i < kSamples; ++i) {
    std::string number = digits(3 + random.Below(8), 10);
    if (number.front() == '0') number.front() = static_cast<char>('1' + random.Below(9));
    samples.decimal.push_back(std::move(number));
    std::string hex = digits(32, 16);
    if (i % 2 == 0) {
      for (const std::size_t at : {20UL, 16UL, 12UL, 8UL}) hex.insert(at, 1, '-');
    }
    samples.hexadecimal.push_back(std::move(hex));
  }
  return samples;
}

int PerCent(const core::StringMatch& match, const std::vector<std::string>& ids) {
  const auto taken = std::ranges::count_if(ids, [&](const std::string& id) { return match.Matches(id); });
  return static_cast<int>((taken * 100 + kSamples / 2) / kSamples);
}

bool IsOdd(const IdShare& share) {
  const auto extreme = [](int part) { return part <= kNearlyNone || part >= kNearlyAll; };
  return extreme(share.decimal) && !extreme(share.hexadecimal);
}

std::string ShareText(const IdShare& share) {
  return Format("about {} % of decimal ids and {} % of hexadecimal ones", share.decimal, share.hexadecimal);
}

void Check(const Metadata& meta, Mark mark, std::string_view name, const core::StringMatch& match,
           std::vector<Finding>& findings) {
  if (match.kind() != core::StringMatch::Kind::kRegex || !NamesAnId(name)) return;
  const std::string cure = "use an Experiment: it spreads users of any kind of id evenly";
  const auto add = [&](std::string message) {
    findings.push_back({Severity::kWarning, "SL2047", std::move(message), cure, {meta.file, mark}, {}});
  };
  const IdShare share = ShareOf(match);
  if (IsOdd(share)) return add(Format("the regex {} on {} takes {}", match.text(), name, ShareText(share)));
  if (share.decimal > kNearlyNone || share.hexadecimal > kNearlyNone) return;
  // Anchors are implied, so what was meant as a beginning is the whole.
  const auto open = core::StringMatch::Regex("(?:" + match.text() + ").*");
  if (!open) return;
  const IdShare meant = ShareOf(*open);
  const bool shares = meant.hexadecimal > kNearlyNone && meant.hexadecimal < kNearlyAll;
  if (!shares || meant.decimal <= share.decimal) return;
  add(Format("the regex {} on {} must match the whole id and takes {}; with .* behind it, {}", match.text(), name,
             ShareText(share), ShareText(meant)));
}

}  // namespace

IdShare ShareOf(const core::StringMatch& match) {
  static const Samples kIds = MakeSamples();
  return {PerCent(match, kIds.decimal), PerCent(match, kIds.hexadecimal)};
}

bool NamesAnId(std::string_view name) {
  constexpr std::array<std::string_view, 8> kWords = {"id", "uid", "uuid", "guid", "user", "session", "device", "hash"};
  if (name.ends_with("Id") || name.ends_with("ID")) return true;
  const std::string folded = core::Fold(name);
  if (folded.ends_with("userid") || folded.ends_with("sessionid") || folded.ends_with("deviceid")) return true;
  std::string_view rest = folded;
  // "x-user-segment" is about a user and no id: the last word counts.
  const std::size_t at = rest.find_last_of("-_.");
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  return std::ranges::find(kWords, rest) != kWords.end();
}

void CheckIdShares(const Documents& documents, std::vector<Finding>& findings) {
  for (const VirtualService& service : documents.virtual_services) {
    for (const HttpRule& rule : service.http) {
      for (const MatchItem& item : rule.matches) {
        for (const core::HeaderPredicate& header : item.match.headers) {
          Check(service.meta, item.mark, header.name, header.match, findings);
        }
        for (const core::QueryPredicate& query : item.match.query) {
          Check(service.meta, item.mark, query.name, query.match, findings);
        }
      }
    }
  }
}

}  // namespace sluice::config
