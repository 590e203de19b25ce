// Two texts as people compare them: the lines that differ, with a few that do not around them, in the format of
// diff -u. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::gateway {

inline constexpr std::size_t kDiffEditsMax = 2000;  // beyond, everything between the first and last difference changes

// Empty when the texts are equal. Names stand behind --- and +++.
std::string UnifiedDiff(std::string_view before, std::string_view after, std::string_view before_name,
                        std::string_view after_name);

// The same with the lines that go in red and those that come in green.
std::string PaintDiff(std::string_view diff, bool colours);

}  // namespace sluice::gateway
