// Any bytes as the answer of a Prometheus, and as its address: bounded samples, or an error that is one line of valid
// text; an address that is accepted can stand in a request line, and means the same when it is written again.
#include <algorithm>
#include <string>

#include "config/utf8.h"
#include "core/base/check.h"
#include "core/canary/prometheus_address.h"
#include "gateway/canary/prometheus_answer.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::gateway {
namespace {

bool IsBlankOrControl(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

void CheckText(const std::string& text) {
  CHECK(text.size() <= 1200);
  CHECK(!config::FindInvalidUtf8(text));
  CHECK(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
}

FUZZ_TARGET(prometheus_fuzz) {
  const auto samples = ParsePrometheusAnswer(input);
  if (samples.has_value()) {
    CHECK(samples->size() <= kPrometheusSamplesMax);
    for (const PrometheusSample& sample : *samples) CheckText(sample.labels);
  } else {
    CHECK(!samples.error().cause.empty());
    CheckText(samples.error().Text());
  }

  const auto address = core::ParsePrometheusAddress(input);
  if (!address.has_value()) {
    CHECK(!address.error().cure.empty());
    return;
  }
  const std::string written = address->Authority() + address->prefix;
  CHECK(std::ranges::none_of(written, IsBlankOrControl));
  CHECK(written.find_first_of("?#@\\") >= address->Authority().size());
  const auto again = core::ParsePrometheusAddress("http://" + written);
  CHECK(again.has_value());
  CHECK(again->host == address->host && again->port == address->port && again->prefix == address->prefix);
}

}  // namespace
}  // namespace sluice::gateway
