// The bucket of a user in an A/B experiment: the first four bytes of md5("<unit>:<salt>"), big-endian, modulo the number
// of buckets (design.md section 2). The same as the first 8 hex digits of the digest read as a number.
// MD5 spreads users here; it protects nothing. One per worker: it keeps a digest context, so one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/experiment/md5_lanes.h"

struct evp_md_st;
struct evp_md_ctx_st;

namespace sluice::core {

class BucketHasher {
 public:
  // Fetches the digest once: a fetch per use takes a lock and costs more than the hash (architecture.md section 9).
  BucketHasher();
  ~BucketHasher();
  BucketHasher(BucketHasher&&) noexcept;
  BucketHasher& operator=(BucketHasher&&) noexcept;

  // An error when this machine's cryptographic policy forbids MD5. To be reported at start-up: experiments then do
  // nothing and every request takes its ordinary route.
  Status Usable() const;

  // The number before the modulo. Absent when MD5 is not usable.
  std::optional<std::uint32_t> Number(std::string_view unit, std::string_view salt);
  // The same of one unit with many salts: out[i] of salts[i], as many of both. False when MD5 is not usable.
  bool Numbers(std::string_view unit, std::span<const std::string_view> salts, std::span<std::uint32_t> out);
  // In [0, buckets). Absent when MD5 is not usable or `buckets` is 0.
  std::optional<std::uint32_t> Bucket(std::string_view unit, std::string_view salt, std::uint32_t buckets);

 private:
  struct FreeDigest {
    void operator()(evp_md_st* digest) const;
  };
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };

  bool NumbersBesideEachOther(std::string_view unit, std::span<const std::string_view> salts,
                              std::span<std::uint32_t> out);

  Md5Kernel kernel_;  // for messages of one block, many at once
  std::unique_ptr<evp_md_st, FreeDigest> digest_;
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;  // null: MD5 cannot be had
};

}  // namespace sluice::core
