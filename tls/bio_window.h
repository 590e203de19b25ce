// What OpenSSL takes for a transport: reads come out of the bytes the connection has just received, writes go to the
// end of its queue of ciphertext. Nothing is copied twice and nothing waits inside. One thread.
#pragma once

#include <openssl/bio.h>

#include <cstdint>
#include <string_view>

#include "core/base/slice.h"

namespace sluice::tls {

// Owned by the filter whose SSL uses it, at a fixed address.
struct BioWindow {
  std::string_view input;  // what OpenSSL has not read yet
  core::SliceQueue output;
  core::Slice held;           // due, but not worth a write of its own: leaves in front of whatever is written next
  std::uint64_t starved = 0;  // reads that found no input

  explicit BioWindow(core::BlockPool& pool) : output(&pool) {}
};

// A BIO over `window`, which must outlive it; null when memory is out. The caller owns it.
BIO* NewWindowBio(BioWindow& window);

}  // namespace sluice::tls
