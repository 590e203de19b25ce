// Which label combination is which series: a bounded open-addressing map from a small binary key to a dense number.
// A worker keeps one for itself; the registry keeps one for the process. One thread, or the owner's lock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/telemetry/record.h"

namespace sluice::core {

// The labels of a request metric that vary per request; the rest is named by `peer`, a dense number of the registry.
class SeriesKey {
 public:
  SeriesKey() = default;
  // Codes outside 100-599 count as 0 and gRPC statuses outside 0-16 as 2 (UNKNOWN): an upstream cannot invent series.
  SeriesKey(std::uint32_t peer, const Record& record);

  std::uint32_t peer() const { return static_cast<std::uint32_t>(low_); }
  std::uint32_t flag_bits() const { return static_cast<std::uint32_t>(low_ >> 32); }
  std::uint32_t code() const { return static_cast<std::uint32_t>(high_ & 0xffff); }
  std::int32_t grpc_status() const { return static_cast<std::int32_t>((high_ >> 16) & 0xff) - 1; }  // -1: none
  bool grpc() const { return (high_ & kGrpc) != 0; }
  bool mutual_tls() const { return (high_ & kMutualTls) != 0; }

  // The same labels under another peer number.
  SeriesKey WithPeer(std::uint32_t peer) const;
  // The same series whatever the security of the client's connection.
  SeriesKey WithoutMutualTls() const;

  std::uint64_t Hash() const;
  friend bool operator==(const SeriesKey&, const SeriesKey&) = default;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;

 private:
  static constexpr std::uint64_t kGrpc = std::uint64_t{1} << 32;
  static constexpr std::uint64_t kMutualTls = std::uint64_t{1} << 33;

  std::uint64_t low_ = 0;   // peer | flags << 32
  std::uint64_t high_ = 0;  // code | (grpc status + 1) << 16 | bits << 32
};

class SeriesTable {
 public:
  explicit SeriesTable(std::uint32_t size_max) : size_max_(size_max), slots_(kSlotsMin) {}

  std::optional<std::uint32_t> Find(const SeriesKey& key) const {
    for (std::size_t at = key.Hash() & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].number == kFree) return std::nullopt;
      if (slots_[at].key == key) return slots_[at].number;
    }
  }
  // `key` must be absent and `number` not UINT32_MAX. False when the table holds size_max keys; nothing changes then.
  bool Insert(const SeriesKey& key, std::uint32_t number);

  std::uint32_t size() const { return size_; }
  bool full() const { return size_ >= size_max_; }

 private:
  static constexpr std::size_t kSlotsMin = 64;  // always a power of two, at most half full
  static constexpr std::uint32_t kFree = UINT32_MAX;
  struct Slot {
    SeriesKey key;
    std::uint32_t number = kFree;
  };

  void Place(const Slot& slot);

  std::uint32_t size_max_;
  std::uint32_t size_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace sluice::core
