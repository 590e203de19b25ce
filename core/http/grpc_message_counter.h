// Counts the messages in a gRPC body as its bytes go by: each is a flag, a big-endian 32-bit length and that many bytes
// (gRPC over HTTP/2, "Length-Prefixed-Message"). Nothing is kept but a few numbers, so a message may be as long as its
// length can say. One stream and direction each; one thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::core {

class GrpcMessageCounter {
 public:
  // The next bytes of the body, however they are cut. A step per message, whatever its length.
  void Feed(std::string_view bytes);

  // Messages that have begun since the last call.
  std::uint64_t Take();

 private:
  static constexpr std::uint8_t kPrefixBytes = 5;

  std::uint64_t count_ = 0;
  std::uint32_t left_ = 0;   // of the message; while its prefix comes in, the length as far as it is known
  std::uint8_t prefix_ = 0;  // bytes of the prefix that are in; kPrefixBytes while the message comes in
};

}  // namespace sluice::core
