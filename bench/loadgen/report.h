// What a load run saw: every request that was sent, answered or lost, by version, entry of the mix, status, unit and
// time. Each thread of a run has one; they are merged at the end, and nothing is lost by that. Its forms are text for
// people (report_text.cc), JSON for programs (report_json.cc) and pages (html_report.h). One thread; live() is read by
// any.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/loadgen/live_counts.h"
#include "bench/loadgen/request_mix.h"
#include "bench/loadgen/stickiness.h"
#include "bench/loadgen/time_series.h"
#include "bench/loadgen/version_table.h"
#include "bench/loadgen/wilson.h"
#include "bench/support/latency_histogram.h"

namespace sluice::bench {

// Why a request that was sent got no complete answer.
enum class Lost : std::uint8_t {
  kClosed,  // the connection ended, by a close or a reset of TCP
  kReset,   // the stream was reset (HTTP/2)
  kTimeout,
  kBadAnswer,      // against the rules of HTTP
  kRefusedStream,  // the server took no further stream (HTTP/2)
  kTls,            // an alert or a record that does not decrypt
};
inline constexpr std::array<std::string_view, 6> kLostNames{"closed",     "reset",          "timeout",
                                                            "bad_answer", "refused_stream", "tls"};

// An answer, as it is counted.
struct Answer {
  std::uint16_t status = 0;
  std::uint32_t kind = 0;
  std::uint64_t unit = kNoUnit;
  std::string_view version = {};  // value of the tally header
  std::uint64_t body_bytes = 0;
  std::chrono::nanoseconds latency{0};  // from the intended start (open loop) or the sending (closed)
  std::chrono::nanoseconds at{0};       // since the start of what is measured
  std::optional<int> grpc_status = {};
};

// Everything that is counted.
struct ReportData {
  struct Kind {
    std::string name = {};
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;  // answered with a status from 500 up or a status of gRPC that is not OK
    std::uint64_t lost = 0;
    // By number of the version; null where there was none.
    std::vector<std::unique_ptr<LatencyHistogram>> latency = {};
  };

  std::chrono::nanoseconds elapsed{0};
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t not_sent = 0;  // open loop: due before the end, but no connection was free
  std::array<std::uint64_t, kLostNames.size()> lost = {};
  std::uint64_t extra_bytes = 0;  // times a server sent more than was asked for
  std::uint64_t retried = 0;      // times a request was sent again that the server had not processed
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t body_bytes = 0;
  std::map<std::uint16_t, std::uint64_t> by_status = {};
  std::map<int, std::uint64_t> by_grpc_status = {};
  VersionTable versions = {};
  std::vector<Kind> kinds = {};
  TimeSeries series = {};
  Stickiness stickiness = {};

  // What adds up by plain addition, by the name it is saved under.
  static const std::array<std::pair<std::string_view, std::uint64_t ReportData::*>, 8> kCounts;

  // The name of an entry, or its number for people.
  std::string KindName(std::size_t index) const;
};

class Report {
 public:
  static constexpr std::size_t kVersionsMax = VersionTable::kMax;  // further values are counted together as "(other)"

  struct VersionResult {
    std::string name;  // "" when answers name none
    std::uint64_t count = 0;
    std::optional<double> share = {};  // of the answers that name a version
    Interval likely = {};              // of the share, 95 %
    std::uint64_t units = 0;           // that this version answers most
    LatencyHistogram latency = {};
  };

  Report() = default;
  explicit Report(ReportData data) : data_(std::move(data)) {}

  void CountAnswer(const Answer& answer);
  void CountLost(Lost why, std::chrono::nanoseconds at, std::uint32_t kind = 0);
  void CountSent() { ++data_.sent; }
  void CountExtraBytes() { ++data_.extra_bytes; }
  void CountConnect() { ++data_.connects; }
  void CountConnectFailure() { ++data_.connect_failures; }
  void CountRetry() { ++data_.retried; }
  // Times run side by side: the longer one counts.
  void Merge(const Report& other);
  void Finish(std::chrono::nanoseconds elapsed, std::uint64_t not_sent);
  void NameKinds(const std::vector<std::string>& names);

  const ReportData& data() const { return data_; }
  std::uint64_t sent() const { return data_.sent; }
  std::uint64_t answered() const { return data_.answered; }
  std::uint64_t lost() const;
  std::uint64_t extra_bytes() const { return data_.extra_bytes; }
  std::uint64_t connects() const { return data_.connects; }
  // Every request that was sent is either answered or lost.
  bool Accounted() const { return sent() == answered() + lost(); }
  double seconds() const { return static_cast<double>(data_.elapsed.count()) / 1e9; }
  double per_second() const { return seconds() > 0 ? static_cast<double>(data_.answered) / seconds() : 0; }
  LatencyHistogram Latency() const;
  // By name; only those that answered.
  std::vector<VersionResult> Versions() const;
  const LiveCounts& live() const { return *live_; }

  std::string Text() const;
  std::string Json() const;

 private:
  ReportData::Kind& KindAt(std::uint32_t kind);

  ReportData data_;
  std::unique_ptr<LiveCounts> live_ = std::make_unique<LiveCounts>();
};

// All latencies of an entry of the mix.
LatencyHistogram LatencyOf(const ReportData::Kind& kind);

}  // namespace sluice::bench
