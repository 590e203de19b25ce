// The access log. Each worker fills buffers of its own (AccessLog) and hands full ones to the control thread
// (AccessLogWriter) through a ring that nobody waits on: when the writer lags or the disk is full, lines are dropped
// and counted, and requests go on (architecture.md section 9, reliability.md F39).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/snapshot/settings.h"
#include "core/telemetry/access_line.h"
#include "core/telemetry/counter.h"
#include "core/telemetry/record.h"
#include "gateway/telemetry/downstream_counters.h"

namespace sluice::gateway {

// Called on the worker when a buffer became ready; posts AccessLogWriter::Drain to the control thread.
struct LogReadyHook {
  void (*call)(void* self) = nullptr;
  void* self = nullptr;
};

// The worker's side. Owned by the worker's world; must outlive nothing but its own writer registration.
class AccessLog {
 public:
  static constexpr std::size_t kBufferBytes = 128 * 1024;
  static constexpr std::size_t kBuffers = 8;  // 1 MiB waits for the writer at most, per worker
  static constexpr core::Duration kFlushInterval = core::Seconds(1);

  // `counters` is the worker's own. Buffers are allocated on first use.
  AccessLog(DownstreamCounters& counters, LogReadyHook ready) : counters_(counters), ready_(ready) {}
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // Writes one line when the log is on (`settings.path` not empty) and the draw selects it.
  void Write(const core::Record& record, const core::Settings::AccessLog& settings, core::Random& random);
  // Hands over what has gathered; call every kFlushInterval and when the worker stops.
  void Flush();

  // Control thread: the oldest full buffer, or nothing; then Done() gives it back.
  std::span<const char> Front() const;
  std::uint64_t front_lines() const;
  void Done();

 private:
  struct Buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t used = 0;
    std::uint64_t lines = 0;
  };

  DownstreamCounters& counters_;
  LogReadyHook ready_;
  std::array<Buffer, kBuffers> ring_;
  // Buffers in [tail_, head_) belong to the writer, the one at head_ to the worker.
  std::atomic<std::uint64_t> head_{0};  // written by the worker
  std::atomic<std::uint64_t> tail_{0};  // written by the control thread
};

// The control thread's side: appends to the file. One per process.
class AccessLogWriter {
 public:
  AccessLogWriter() = default;
  AccessLogWriter(const AccessLogWriter&) = delete;
  AccessLogWriter& operator=(const AccessLogWriter&) = delete;
  ~AccessLogWriter();

  // Logs live until the writer has been told otherwise or is gone.
  void Attach(AccessLog& log) { logs_.push_back(&log); }

  // Opens `path` for appending and closes the previous file; the same path again follows a rotation (SIGHUP). An
  // empty path turns the log off. On failure the previous file stays in use.
  core::Status Open(const std::string& path);

  // Writes everything that is ready. Returns how many lines went out.
  std::uint64_t Drain();

  // Any thread.
  std::uint64_t lines_written() const { return lines_written_.value(); }
  std::uint64_t lines_lost() const { return lines_lost_.value(); }  // the file could not take them
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }

 private:
  bool Append(std::span<const char> bytes);

  std::vector<AccessLog*> logs_;
  int file_ = -1;
  bool torn_ = false;  // the last write stopped inside a line
  core::Counter lines_written_;
  core::Counter lines_lost_;
  std::atomic<bool> healthy_{true};
};

}  // namespace sluice::gateway
