// The exposure log: NDJSON, a line for each user of each arm, rotated by size. The unit is told by a hash with a salt of
// this installation, so that the log names nobody and its lines can be joined with each other. Owned by the monitor; the
// control thread only.
//
//   {"time":"2026-11-26T18:46:34.277Z","experiment":"ml-serving/ranking-v47","unit":"9f2c…32 hex digits","bucket":42,
//    "assigned":"treatment","by":"bucket","served":"v47","reason":"as-assigned"}
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/snapshot/settings.h"
#include "core/telemetry/counter.h"

namespace sluice::gateway {

// HMAC-SHA256 of a unit, its first 128 bits in hex.
class UnitHasher {
 public:
  static constexpr std::string_view kFile = "exposure-salt";

  // Reads `directory`/exposure-salt, or makes it (32 random bytes, hex, mode 0600). Empty: a random salt.
  static core::Result<UnitHasher> Open(const std::string& directory);
  std::string Hash(std::string_view unit) const;

 private:
  std::array<unsigned char, 32> salt_{};
};

class ExposureLog {
 public:
  ExposureLog() = default;
  ~ExposureLog();
  ExposureLog(const ExposureLog&) = delete;
  ExposureLog& operator=(const ExposureLog&) = delete;

  // Follows the settings; an empty path closes. On an error the file before stays in use.
  core::Status Follow(const core::Settings::ExposureLog& settings);
  core::Status Reopen();  // somebody else has renamed the file
  // A whole line, '\n' included. What cannot be written is dropped and counted; the next line is tried again.
  void Write(std::string_view line);
  void Flush();

  bool open() const { return file_ >= 0; }
  const std::string& path() const { return settings_.path; }
  std::uint64_t lines() const { return lines_.value(); }
  std::uint64_t dropped() const { return dropped_.value(); }

 private:
  core::Status Open(const std::string& path);
  bool Rotate();
  bool Append(std::string_view bytes);
  void Undo(std::size_t written);

  core::Settings::ExposureLog settings_;
  int file_ = -1;
  bool regular_ = false;     // else a pipe or terminal: never rotated, never waited for
  std::uint64_t bytes_ = 0;  // of the file
  bool torn_ = false;        // the file ends inside a line that could not be taken back
  std::string buffer_;
  std::uint64_t buffered_ = 0;  // lines
  core::Counter lines_;
  core::Counter dropped_;
};

}  // namespace sluice::gateway
