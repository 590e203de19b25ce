#include "gateway/telemetry/access_log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "gateway/telemetry/log_file.h"

namespace sluice::gateway {

void AccessLog::Write(const core::Record& record, const core::Settings::AccessLog& settings, core::Random& random) {
  if (settings.path.empty()) return;
  if (settings.sampling_percent < 100 && random.Fraction() * 100 >= settings.sampling_percent) return;

  Buffer* buffer = &ring_[head_.load(std::memory_order_relaxed) % kBuffers];
  if (kBufferBytes - buffer->used < core::kAccessLineMax) {
    Flush();
    buffer = &ring_[head_.load(std::memory_order_relaxed) % kBuffers];
    if (kBufferBytes - buffer->used < core::kAccessLineMax) {
      counters_.access_log_dropped.Add();
      return;
    }
  }
  if (buffer->bytes == nullptr) buffer->bytes = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  buffer->used +=
      core::WriteAccessLine(record, settings.format, {buffer->bytes.get() + buffer->used, kBufferBytes - buffer->used});
  ++buffer->lines;
  counters_.access_log_lines.Add();
}

void AccessLog::Flush() {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  if (ring_[head % kBuffers].used == 0) return;
  // The next buffer must be ours before this one is given away.
  if (head + 1 - tail_.load(std::memory_order_acquire) >= kBuffers) return;
  Buffer& next = ring_[(head + 1) % kBuffers];
  next.used = 0;
  next.lines = 0;
  head_.store(head + 1, std::memory_order_release);
  if (ready_.call != nullptr) ready_.call(ready_.self);
}

std::span<const char> AccessLog::Front() const {
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == head_.load(std::memory_order_acquire)) return {};
  const Buffer& buffer = ring_[tail % kBuffers];
  return {buffer.bytes.get(), buffer.used};
}

std::uint64_t AccessLog::front_lines() const { return ring_[tail_.load(std::memory_order_relaxed) % kBuffers].lines; }

void AccessLog::Done() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

namespace {

// Writes some of it and never waits: a pipe or a terminal whose reader has stopped would stop the control thread, which
// accepts connections. A pipe that is ours alone is opened non-blocking, stdout is shared with others and must not be.
ssize_t WriteSome(int file, bool regular, std::span<const char> bytes) {
  if (regular) return ::write(file, bytes.data(), bytes.size());
  pollfd ready{.fd = file, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) == 0) return 0;
  return ::write(file, bytes.data(), std::min(bytes.size(), kPipePiece));
}

}  // namespace

AccessLogWriter::~AccessLogWriter() {
  if (file_ >= 0) ::close(file_);
}

core::Status AccessLogWriter::Open(const std::string& path) {
  const int opened = path.empty() ? -1 : OpenLogFile(path);
  if (opened < 0 && !path.empty()) {
    if (file_ < 0) healthy_.store(false, std::memory_order_relaxed);
    return core::Fail(core::ErrorCode::kIo,
                      "access log " + path + " cannot be opened: " + std::generic_category().message(errno),
                      "check that the directory exists and is writable, or change accessLog.path");
  }
  if (file_ >= 0) ::close(file_);
  file_ = opened;
  torn_ = false;
  healthy_.store(true, std::memory_order_relaxed);
  return {};
}

std::uint64_t AccessLogWriter::Drain() {
  std::uint64_t lines = 0;
  for (AccessLog* log : logs_) {
    for (std::span<const char> bytes = log->Front(); !bytes.empty(); bytes = log->Front()) {
      const std::uint64_t count = log->front_lines();
      if (Append(bytes)) {
        lines_written_.Add(count);
        lines += count;
      } else {
        lines_lost_.Add(count);
      }
      log->Done();
    }
  }
  return lines;
}

bool AccessLogWriter::Append(std::span<const char> bytes) {
  if (file_ < 0) return false;
  const bool regular = IsRegularFile(file_);
  bool whole = true;
  if (torn_) {  // a half line stays a line of its own
    whole = WriteSome(file_, regular, std::span("\n", 1)) == 1;
    torn_ = !whole;
  }
  const std::size_t all = bytes.size();
  while (whole && !bytes.empty()) {
    const ssize_t written = WriteSome(file_, regular, bytes);
    if (written < 0 && errno == EINTR) continue;
    whole = written > 0;
    if (whole) bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (!whole && bytes.size() < all) torn_ = true;
  healthy_.store(whole, std::memory_order_relaxed);
  return whole;
}

}  // namespace sluice::gateway
