#include "gateway/cli/unified_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kContext = 3;

using Lines = std::vector<std::string_view>;

Lines Split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

struct Step {
  char sign = ' ';  // ' ', '-' or '+'
  std::string_view line;
};

// Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986): the furthest point on every diagonal for each number of
// edits; walking back from the end gives the script. Nothing when more than kDiffEditsMax edits are needed.
class Myers {
 public:
  Myers(std::span<const std::string_view> before, std::span<const std::string_view> after)
      : before_(before), after_(after) {}

  bool Run() {
    const auto most = std::min<std::int64_t>(kDiffEditsMax, Size(before_) + Size(after_));
    furthest_.assign(static_cast<std::size_t>(2 * most + 3), 0);
    for (std::int64_t edits = 0; edits <= most; ++edits) {
      trace_.push_back(Window(edits, most));
      if (Advance(edits, most)) return true;
    }
    return false;
  }

  // In reverse.
  std::vector<Step> Script() const {
    std::vector<Step> steps;
    std::int64_t x = Size(before_);
    std::int64_t y = Size(after_);
    for (auto edits = static_cast<std::int64_t>(trace_.size()) - 1; edits >= 0; --edits) {
      // Diagonals of the round before, from -(edits + 1) on: see Window().
      const std::vector<std::int64_t>& known = trace_[static_cast<std::size_t>(edits)];
      const auto at = [&](std::int64_t diagonal) { return known[static_cast<std::size_t>(diagonal + edits + 1)]; };
      const std::int64_t diagonal = x - y;
      const bool down = diagonal == -edits || (diagonal != edits && at(diagonal - 1) < at(diagonal + 1));
      const std::int64_t from_x = edits == 0 ? 0 : at(down ? diagonal + 1 : diagonal - 1);
      const std::int64_t from_y = edits == 0 ? 0 : from_x - (down ? diagonal + 1 : diagonal - 1);
      while (x > from_x && y > from_y) {
        steps.push_back({' ', before_[static_cast<std::size_t>(--x)]});
        --y;
      }
      if (edits == 0) break;
      if (down) {
        steps.push_back({'+', after_[static_cast<std::size_t>(--y)]});
      } else {
        steps.push_back({'-', before_[static_cast<std::size_t>(--x)]});
      }
    }
    return steps;
  }

 private:
  static std::int64_t Size(std::span<const std::string_view> lines) { return static_cast<std::int64_t>(lines.size()); }

  std::int64_t& At(std::int64_t diagonal, std::int64_t most) {
    return furthest_[static_cast<std::size_t>(diagonal + most + 1)];
  }

  std::vector<std::int64_t> Window(std::int64_t edits, std::int64_t most) const {
    const auto first = furthest_.begin() + (most - edits);
    return {first, first + 2 * edits + 3};
  }

  // One round; true when the end was reached.
  bool Advance(std::int64_t edits, std::int64_t most) {
    for (std::int64_t diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const bool down = diagonal == -edits || (diagonal != edits && At(diagonal - 1, most) < At(diagonal + 1, most));
      std::int64_t x = down ? At(diagonal + 1, most) : At(diagonal - 1, most) + 1;
      std::int64_t y = x - diagonal;
      while (x < Size(before_) && y < Size(after_) &&
             before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(y)]) {
        ++x;
        ++y;
      }
      At(diagonal, most) = x;
      if (x >= Size(before_) && y >= Size(after_)) return true;
    }
    return false;
  }

  const std::span<const std::string_view> before_;
  const std::span<const std::string_view> after_;
  std::vector<std::int64_t> furthest_;
  std::vector<std::vector<std::int64_t>> trace_;
};

std::vector<Step> Compare(const Lines& before, const Lines& after) {
  const auto same = std::ranges::mismatch(before, after);
  const auto head = static_cast<std::size_t>(same.in1 - before.begin());
  std::size_t tail = 0;
  while (tail < std::min(before.size(), after.size()) - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) steps.push_back({' ', before[i]});
  const std::span<const std::string_view> old(before.data() + head, before.size() - head - tail);
  const std::span<const std::string_view> fresh(after.data() + head, after.size() - head - tail);
  if (Myers myers(old, fresh); myers.Run()) {
    const std::vector<Step> script = myers.Script();
    steps.insert(steps.end(), script.rbegin(), script.rend());
  } else {
    for (const std::string_view line : old) steps.push_back({'-', line});
    for (const std::string_view line : fresh) steps.push_back({'+', line});
  }
  for (std::size_t i = before.size() - tail; i < before.size(); ++i) steps.push_back({' ', before[i]});
  return steps;
}

std::string Range(std::size_t first, std::size_t count) {
  const std::string start = std::to_string(count == 0 ? first : first + 1);
  return count == 1 ? start : start + ',' + std::to_string(count);
}

// One past the end of the hunk that begins at `begin`: differences with at most two contexts between them stand
// together.
std::size_t HunkEnd(const std::vector<Step>& steps, std::size_t difference) {
  std::size_t last = difference;
  for (std::size_t i = difference; i < steps.size() && i - last <= 2 * kContext; ++i) {
    if (steps[i].sign != ' ') last = i;
  }
  return std::min(last + 1 + kContext, steps.size());
}

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after, std::string_view before_name,
                        std::string_view after_name) {
  const std::vector<Step> steps = Compare(Split(before), Split(after));
  std::string text;
  std::size_t old_line = 0;
  std::size_t new_line = 0;
  std::size_t done = 0;
  const auto pass = [&](std::size_t to) {
    for (; done < to; ++done) {
      old_line += steps[done].sign != '+' ? 1 : 0;
      new_line += steps[done].sign != '-' ? 1 : 0;
    }
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].sign == ' ') continue;
    pass(i < kContext ? done : std::max(done, i - kContext));
    const std::size_t begin = done;
    const std::size_t old_first = old_line;
    const std::size_t new_first = new_line;
    pass(HunkEnd(steps, i));
    text += "@@ -" + Range(old_first, old_line - old_first) + " +" + Range(new_first, new_line - new_first) + " @@\n";
    for (std::size_t k = begin; k < done; ++k) text.append(1, steps[k].sign).append(steps[k].line).append(1, '\n');
    i = done - 1;
  }
  if (text.empty()) return text;
  return "--- " + std::string(before_name) + "\n+++ " + std::string(after_name) + '\n' + text;
}

std::string PaintDiff(std::string_view diff, bool colours) {
  if (!colours) return std::string(diff);
  std::string painted;
  for (const std::string_view line : Split(diff)) {
    Colour colour = Colour::kNone;
    if (line.starts_with('-')) colour = Colour::kRed;
    if (line.starts_with('+')) colour = Colour::kGreen;
    if (line.starts_with("---") || line.starts_with("+++")) colour = Colour::kBold;
    if (line.starts_with("@@")) colour = Colour::kCyan;
    painted += Paint(line, colour, true) + '\n';
  }
  return painted;
}

}  // namespace sluice::gateway
