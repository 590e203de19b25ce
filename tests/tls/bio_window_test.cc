#include "tls/bio_window.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

TEST(BioWindow, ReadsWhatLiesThereAndAsksToComeAgain) {
  core::BlockPool pool;
  BioWindow window(pool);
  const BioPtr bio(NewWindowBio(window));
  std::array<char, 4> bytes{};
  EXPECT_LE(BIO_read(bio.get(), bytes.data(), 4), 0);
  EXPECT_TRUE(BIO_should_retry(bio.get()));

  window.input = "abcdef";
  EXPECT_EQ(BIO_read(bio.get(), bytes.data(), 4), 4);
  EXPECT_EQ(window.input, "ef");
  EXPECT_EQ(BIO_read(bio.get(), bytes.data(), 4), 2);
  EXPECT_LE(BIO_read(bio.get(), bytes.data(), 4), 0);
}

TEST(BioWindow, WritesGoToTheEndOfTheQueue) {
  core::BlockPool pool;
  BioWindow window(pool);
  const BioPtr bio(NewWindowBio(window));

  EXPECT_EQ(BIO_write(bio.get(), "abc", 3), 3);
  EXPECT_EQ(BIO_write(bio.get(), "def", 3), 3);
  EXPECT_EQ(BIO_flush(bio.get()), 1);

  EXPECT_EQ(window.output.bytes(), 6U);
  std::string all;
  for (std::size_t i = 0; i < window.output.piece_count(); ++i) all += window.output.piece(i);
  EXPECT_EQ(all, "abcdef");
}

}  // namespace
}  // namespace sluice::tls
