// MD5 (RFC 1321) of up to sixteen short messages at once, as far as buckets need it: a user's number is the first word of
// md5("<unit>:<salt>"), and a request of a host with many experiments needs one for each. A general digest costs about as
// much for each of the messages as this does for all. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::core {

inline constexpr std::size_t kMd5Lanes = 16;
inline constexpr std::size_t kMd5MessageMax = 55;  // bytes that fit into one block with their padding

// The padded blocks of messages that begin with the same unit.
class Md5Batch {
 public:
  // unit.size() + 1 <= kMd5MessageMax.
  explicit Md5Batch(std::string_view unit);

  bool Fits(std::string_view salt) const { return begin_ + salt.size() <= kMd5MessageMax; }
  // "<unit>:<salt>" takes the next lane; it must fit, and fewer than kMd5Lanes be taken.
  void Add(std::string_view salt);
  std::size_t size() const { return size_; }
  void Clear() { size_ = 0; }

 private:
  friend struct Md5Words;

  struct alignas(64) Block {
    std::array<unsigned char, 64> bytes;
  };

  Block unit_;             // "<unit>:", zeros behind
  std::size_t begin_ = 0;  // of the salts
  std::size_t size_ = 0;
  std::array<Block, kMd5Lanes> blocks_;
};

// The first four bytes of each digest as a big-endian number; those behind batch.size() mean nothing.
using Md5Numbers = std::array<std::uint32_t, kMd5Lanes>;

// The same arithmetic for what different processors can do.
using Md5Kernel = void (*)(const Md5Batch& batch, Md5Numbers& numbers);
// Those that this processor can run, the fastest first; at least one.
std::span<const Md5Kernel> Md5Kernels();

}  // namespace sluice::core
