// Ways of cutting the same bytes into pieces: whole, one at a time, and at seeded random places.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/slice.h"

namespace sluice::test {

enum class Cut : std::uint8_t { kWhole, kBytes, kRandom };

inline std::vector<std::string_view> CutBytes(std::string_view bytes, Cut cut, std::uint64_t seed = 1) {
  std::vector<std::string_view> pieces;
  core::Random random(seed);
  while (!bytes.empty()) {
    std::size_t count = bytes.size();
    if (cut == Cut::kBytes) count = 1;
    if (cut == Cut::kRandom) count = std::min<std::size_t>(bytes.size(), 1 + random.Below(1 + bytes.size() / 3));
    pieces.push_back(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
  return pieces;
}

// Feeds a codec (anything with Receive(Slice)) from private copies, as a socket would.
template <typename Receiver>
void Feed(Receiver& receiver, std::string_view bytes, Cut cut = Cut::kWhole, std::uint64_t seed = 1) {
  for (const std::string_view piece : CutBytes(bytes, cut, seed)) receiver.Receive(core::Slice::Copy(piece));
}

// What a codec has to say, as a connection would write it, telling it so.
template <typename Sender>
std::string TakeOutput(Sender& sender) {
  std::string bytes;
  while (!sender.Output().empty()) bytes += sender.Output().PopFront().view();
  sender.OnWritten();
  return bytes;
}

}  // namespace sluice::test
