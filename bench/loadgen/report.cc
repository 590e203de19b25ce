#include "bench/loadgen/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

using nlohmann::ordered_json;
using std::chrono::nanoseconds;

constexpr std::array kLostNames{"closed", "reset", "timeout", "bad_answer", "refused_stream", "tls"};

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

void Report::CountAnswer(const Answer& answer) {
  ++answered_;
  ++by_status_[answer.status];
  if (answer.grpc_status) ++by_grpc_status_[*answer.grpc_status];
  body_bytes_ += answer.body_bytes;
  latency_.Add(answer.latency);
  auto found = by_version_.find(answer.version);
  if (found == by_version_.end()) {
    found = by_version_.try_emplace(std::string(by_version_.size() < kVersionsMax ? answer.version : "(other)")).first;
  }
  ++found->second.count;
  found->second.latency.Add(answer.latency);
}

void Report::CountLost(Lost why, nanoseconds /*at*/) { ++lost_[static_cast<std::size_t>(why)]; }

void Report::Merge(const Report& other) {
  sent_ += other.sent_;
  answered_ += other.answered_;
  extra_bytes_ += other.extra_bytes_;
  retried_ += other.retried_;
  connects_ += other.connects_;
  connect_failures_ += other.connect_failures_;
  body_bytes_ += other.body_bytes_;
  for (std::size_t i = 0; i < lost_.size(); ++i) lost_[i] += other.lost_[i];
  for (const auto& [status, count] : other.by_status_) by_status_[status] += count;
  for (const auto& [status, count] : other.by_grpc_status_) by_grpc_status_[status] += count;
  for (const auto& [version, seen] : other.by_version_) {
    by_version_[version].count += seen.count;
    by_version_[version].latency.Merge(seen.latency);
  }
  latency_.Merge(other.latency_);
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
  ordered_json lost = ordered_json::object();
  for (std::size_t i = 0; i < lost_.size(); ++i) {
    // Those of HTTP/1.1 are always there: who reads them compares them all.
    const bool always = i == 0 || i == 2 || i == 3;
    if (always || lost_[i] > 0) lost[kLostNames[i]] = lost_[i];
  }
  ordered_json grpc = ordered_json::object();
  for (const auto& [status, count] : by_grpc_status_) grpc[std::to_string(status)] = count;
  const ordered_json json = {{"seconds", seconds},
                             {"sent", sent_},
                             {"answered", answered_},
                             {"not_sent", not_sent_},
                             {"lost", std::move(lost)},
                             {"retried", retried_},
                             {"extra_bytes", extra_bytes_},
                             {"connects", connects_},
                             {"connect_failures", connect_failures_},
                             {"per_second", seconds > 0 ? static_cast<double>(answered_) / seconds : 0},
                             {"body_bytes", body_bytes_},
                             {"by_status", std::move(statuses)},
                             {"by_grpc_status", std::move(grpc)},
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
  for (std::size_t i = 0; i < lost_.size(); ++i) {
    if (lost_[i] > 0) Line(out, "lost, %s: %llu", kLostNames[i], Number(lost_[i]));
  }
  Line(out, "lost: %llu; not sent: %llu; sent again: %llu", Number(lost()), Number(not_sent_), Number(retried_));
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
