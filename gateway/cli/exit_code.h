// Exit codes of the verbs, as design.md section 1 promises them to scripts. Constants.
#pragma once

namespace sluice::gateway {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitDifferences = 2;   // verbs that compare
inline constexpr int kExitUsage = 64;        // the command line is wrong
inline constexpr int kExitUnreachable = 69;  // no gateway answers

}  // namespace sluice::gateway
