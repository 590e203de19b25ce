// What Prometheus' HTTP API answers to an instant query, as samples. Text from outside, so everything in it has a limit.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace sluice::gateway {

inline constexpr std::size_t kPrometheusSamplesMax = 1000;

struct PrometheusSample {
  double value = 0;      // may be NaN or infinite, as told
  std::string labels{};  // {version="v47"} for messages, cut short; empty when there are none
};

// The samples of an answer's body: resultType vector or scalar. An error names what Prometheus said; it is kUnavailable
// when the answer came from Prometheus, kInvalidArgument when the body is no such answer at all.
core::Result<std::vector<PrometheusSample>> ParsePrometheusAnswer(std::string_view body);

// Text from outside for a message: one line, at most `most` bytes, valid UTF-8 stays valid.
std::string ShortText(std::string_view text, std::size_t most);

}  // namespace sluice::gateway
