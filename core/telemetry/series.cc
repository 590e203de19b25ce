#include "core/telemetry/series.h"

namespace sluice::core {

SeriesKey::SeriesKey(std::uint32_t peer, const Record& record) {
  constexpr std::uint32_t kGrpcUnknown = 2;
  const std::uint32_t code = record.response_code >= 100 && record.response_code <= 599 ? record.response_code : 0;
  std::uint32_t grpc_status = 0;  // one more than the status; 0 is none
  if (record.grpc && record.grpc_status >= 0) {
    grpc_status = record.grpc_status <= 16 ? static_cast<std::uint32_t>(record.grpc_status) + 1 : kGrpcUnknown + 1;
  }
  low_ = peer | (std::uint64_t{record.flags.bits()} << 32);
  high_ = code | (std::uint64_t{grpc_status} << 16) | (record.grpc ? kGrpc : 0) | (record.mutual_tls ? kMutualTls : 0);
}

SeriesKey SeriesKey::WithPeer(std::uint32_t peer) const {
  SeriesKey other = *this;
  other.low_ = (low_ & ~std::uint64_t{UINT32_MAX}) | peer;
  return other;
}

SeriesKey SeriesKey::WithoutMutualTls() const {
  SeriesKey other = *this;
  other.high_ &= ~kMutualTls;
  return other;
}

std::uint64_t SeriesKey::Hash() const {
  // Two rounds of a 64-bit multiply-and-fold; the keys come from our own numbers, not from clients.
  std::uint64_t hash = (low_ ^ (low_ >> 29)) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ high_ ^ (hash >> 32)) * 0xbf58476d1ce4e5b9ULL;
  return hash ^ (hash >> 31);
}

bool SeriesTable::Insert(const SeriesKey& key, std::uint32_t number) {
  if (full()) return false;
  if ((std::size_t{size_} + 1) * 2 > slots_.size()) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != kFree) Place(slot);
    }
  }
  Place({key, number});
  ++size_;
  return true;
}

void SeriesTable::Place(const Slot& slot) {
  std::size_t at = slot.key.Hash() & (slots_.size() - 1);
  while (slots_[at].number != kFree) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = slot;
}

}  // namespace sluice::core
