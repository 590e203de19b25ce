#include "core/http/grpc_message_counter.h"

#include <algorithm>
#include <utility>

namespace sluice::core {

void GrpcMessageCounter::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (prefix_ == kPrefixBytes) {
      const std::size_t taken = std::min<std::size_t>(left_, bytes.size());
      bytes.remove_prefix(taken);
      left_ -= static_cast<std::uint32_t>(taken);
    } else {
      // The flag begins a message and is no part of the length.
      if (prefix_ == 0) {
        ++count_;
      } else {
        left_ = (left_ << 8) | static_cast<std::uint8_t>(bytes.front());
      }
      ++prefix_;
      bytes.remove_prefix(1);
    }
    if (prefix_ == kPrefixBytes && left_ == 0) prefix_ = 0;
  }
}

std::uint64_t GrpcMessageCounter::Take() { return std::exchange(count_, 0); }

}  // namespace sluice::core
