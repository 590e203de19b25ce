#include "core/experiment/bucket_hasher.h"

#include <openssl/evp.h>

#include <array>

namespace sluice::core {

void BucketHasher::FreeDigest::operator()(evp_md_st* digest) const { EVP_MD_free(digest); }
void BucketHasher::FreeContext::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

BucketHasher::BucketHasher() : kernel_(Md5Kernels().front()), digest_(EVP_MD_fetch(nullptr, "MD5", nullptr)) {
  if (!digest_) return;
  context_.reset(EVP_MD_CTX_new());
  if (context_ && EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) != 1) context_.reset();
}

BucketHasher::~BucketHasher() = default;
BucketHasher::BucketHasher(BucketHasher&&) noexcept = default;
BucketHasher& BucketHasher::operator=(BucketHasher&&) noexcept = default;

Status BucketHasher::Usable() const {
  if (context_) return {};
  return Fail(ErrorCode::kUnavailable, "OpenSSL refuses MD5, so experiments cannot compute buckets",
              "allow MD5 in the OpenSSL configuration (FIPS policies forbid it) or remove the experiments");
}

std::optional<std::uint32_t> BucketHasher::Number(std::string_view unit, std::string_view salt) {
  if (!context_) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  // Without a digest the context starts over with the one it has: no look-up, no reference counting.
  const bool done = EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1 &&
                    EVP_DigestUpdate(context_.get(), unit.data(), unit.size()) == 1 &&
                    EVP_DigestUpdate(context_.get(), ":", 1) == 1 &&
                    EVP_DigestUpdate(context_.get(), salt.data(), salt.size()) == 1 &&
                    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
  if (!done) return std::nullopt;
  return static_cast<std::uint32_t>(digest[0]) << 24 | static_cast<std::uint32_t>(digest[1]) << 16 |
         static_cast<std::uint32_t>(digest[2]) << 8 | static_cast<std::uint32_t>(digest[3]);
}

bool BucketHasher::Numbers(std::string_view unit, std::span<const std::string_view> salts,
                           std::span<std::uint32_t> out) {
  if (!context_) return false;
  const bool alone = salts.size() == 1 || unit.size() >= kMd5MessageMax;
  if (!alone) return NumbersBesideEachOther(unit, salts, out);
  for (std::size_t i = 0; i < salts.size(); ++i) {
    const std::optional<std::uint32_t> number = Number(unit, salts[i]);
    if (!number) return false;
    out[i] = *number;
  }
  return true;
}

bool BucketHasher::NumbersBesideEachOther(std::string_view unit, std::span<const std::string_view> salts,
                                          std::span<std::uint32_t> out) {
  Md5Batch batch(unit);
  std::array<std::size_t, kMd5Lanes> places;  // of the lanes, in `out`
  const auto hash = [&] {
    Md5Numbers numbers;
    kernel_(batch, numbers);
    for (std::size_t lane = 0; lane < batch.size(); ++lane) out[places[lane]] = numbers[lane];
    batch.Clear();
  };
  for (std::size_t i = 0; i < salts.size(); ++i) {
    if (batch.Fits(salts[i])) {
      places[batch.size()] = i;
      batch.Add(salts[i]);
      if (batch.size() == kMd5Lanes) hash();
      continue;
    }
    const std::optional<std::uint32_t> number = Number(unit, salts[i]);
    if (!number) return false;
    out[i] = *number;
  }
  if (batch.size() > 0) hash();
  return true;
}

std::optional<std::uint32_t> BucketHasher::Bucket(std::string_view unit, std::string_view salt, std::uint32_t buckets) {
  if (buckets == 0) return std::nullopt;
  const std::optional<std::uint32_t> number = Number(unit, salt);
  return number ? std::optional(*number % buckets) : std::nullopt;
}

}  // namespace sluice::core
