#include "bench/loadgen/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

using nlohmann::ordered_json;
using std::chrono::nanoseconds;

double Millis(nanoseconds duration) { return static_cast<double>(duration.count()) / 1e6; }

ordered_json Latencies(const LatencyHistogram& histogram) {
  return {{"mean", Millis(histogram.Mean())},           {"p50", Millis(histogram.Quantile(0.5))},
          {"p90", Millis(histogram.Quantile(0.9))},     {"p99", Millis(histogram.Quantile(0.99))},
          {"p99.9", Millis(histogram.Quantile(0.999))}, {"max", Millis(histogram.max())}};
}

template <typename... Args>
void Line(std::string& out, const char* format, Args... args) {
  char line[256];
  const int size = std::snprintf(line, sizeof line, format, args...);
  if (size > 0) out.append(line, std::min(static_cast<std::size_t>(size), sizeof line - 1));
  out += '\n';
}

// NOLINTNEXTLINE(google-runtime-int): what %llu asks for
unsigned long long Number(std::uint64_t value) { return value; }

}  // namespace

void Report::CountAnswer(std::uint16_t status, std::string_view version, std::uint64_t body_bytes,
                         nanoseconds latency) {
  ++answered_;
  ++by_status_[status];
  body_bytes_ += body_bytes;
  latency_.Add(latency);
  auto found = by_version_.find(version);
  if (found == by_version_.end()) {
    found = by_version_.try_emplace(std::string(by_version_.size() < kVersionsMax ? version : "(other)")).first;
  }
  ++found->second.count;
  found->second.latency.Add(latency);
}

void Report::CountLost(Lost why) {
  switch (why) {
    case Lost::kClosed: ++closed_; break;
    case Lost::kTimeout: ++timeouts_; break;
    case Lost::kBadAnswer: ++bad_answers_; break;
  }
}

void Report::Finish(nanoseconds elapsed, std::uint64_t not_sent) {
  elapsed_ = elapsed;
  not_sent_ = not_sent;
}

std::string Report::Json() const {
  const double seconds = static_cast<double>(elapsed_.count()) / 1e9;
  ordered_json statuses = ordered_json::object();
  for (const auto& [status, count] : by_status_) statuses[std::to_string(status)] = count;
  ordered_json versions = ordered_json::object();
  for (const auto& [version, seen] : by_version_) {
    versions[version] = {{"count", seen.count}, {"latency_ms", Latencies(seen.latency)}};
  }
  const ordered_json json = {{"seconds", seconds},
                             {"sent", sent_},
                             {"answered", answered_},
                             {"not_sent", not_sent_},
                             {"lost", {{"closed", closed_}, {"timeout", timeouts_}, {"bad_answer", bad_answers_}}},
                             {"extra_bytes", extra_bytes_},
                             {"connects", connects_},
                             {"connect_failures", connect_failures_},
                             {"per_second", seconds > 0 ? static_cast<double>(answered_) / seconds : 0},
                             {"body_bytes", body_bytes_},
                             {"by_status", std::move(statuses)},
                             {"by_version", std::move(versions)},
                             {"latency_ms", Latencies(latency_)}};
  // Header values from outside may be no UTF-8.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string Report::Text() const {
  const double seconds = static_cast<double>(elapsed_.count()) / 1e9;
  std::string out;
  Line(out, "%llu requests in %.2f s, %.0f a second", Number(answered_), seconds,
       seconds > 0 ? static_cast<double>(answered_) / seconds : 0.0);
  Line(out, "lost: %llu closed, %llu timed out, %llu bad answers; not sent: %llu", Number(closed_), Number(timeouts_),
       Number(bad_answers_), Number(not_sent_));
  Line(out, "connections: %llu made, %llu failed", Number(connects_), Number(connect_failures_));
  Line(out, "latency ms: p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f", Millis(latency_.Quantile(0.5)),
       Millis(latency_.Quantile(0.9)), Millis(latency_.Quantile(0.99)), Millis(latency_.Quantile(0.999)),
       Millis(latency_.max()));
  for (const auto& [status, count] : by_status_) Line(out, "status %u: %llu", unsigned{status}, Number(count));
  const double all = answered_ > 0 ? static_cast<double>(answered_) : 1.0;
  for (const auto& [version, seen] : by_version_) {
    Line(out, "version %s: %llu (%.2f %%), p50 %.3f ms, p99 %.3f ms", version.empty() ? "(none)" : version.c_str(),
         Number(seen.count), 100.0 * static_cast<double>(seen.count) / all, Millis(seen.latency.Quantile(0.5)),
         Millis(seen.latency.Quantile(0.99)));
  }
  return out;
}

}  // namespace sluice::bench
