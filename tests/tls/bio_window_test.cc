#include "tls/bio_window.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tls/openssl_handles.h"

namespace sluice::tls {
namespace {

struct BioWindowTest : testing::Test {
  core::BlockPool pool;
  BioWindow window{pool};
  BioPtr bio{NewWindowBio(window)};
};

TEST_F(BioWindowTest, ReadsTheInputPieceByPieceAndAsksToTryAgainAtItsEnd) {
  window.input = "abcde";
  std::array<char, 3> into{};
  std::size_t taken = 0;
  ASSERT_EQ(BIO_read_ex(bio.get(), into.data(), into.size(), &taken), 1);
  EXPECT_EQ(std::string(into.data(), taken), "abc");
  EXPECT_EQ(BIO_pending(bio.get()), 2);
  ASSERT_EQ(BIO_read_ex(bio.get(), into.data(), into.size(), &taken), 1);
  EXPECT_EQ(std::string(into.data(), taken), "de");
  EXPECT_EQ(BIO_read_ex(bio.get(), into.data(), into.size(), &taken), 0);
  EXPECT_TRUE(BIO_should_read(bio.get()));
}

TEST_F(BioWindowTest, MoreInputEndsTheWait) {
  char into = 0;
  std::size_t taken = 0;
  ASSERT_EQ(BIO_read_ex(bio.get(), &into, 1, &taken), 0);
  window.input = "x";
  ASSERT_EQ(BIO_read_ex(bio.get(), &into, 1, &taken), 1);
  EXPECT_EQ(into, 'x');
  EXPECT_FALSE(BIO_should_retry(bio.get()));
}

TEST_F(BioWindowTest, WritesGoToTheEndOfTheOutputWhateverTheirSize) {
  const std::string big(100'000, 'b');
  std::size_t taken = 0;
  ASSERT_EQ(BIO_write_ex(bio.get(), "small", 5, &taken), 1);
  ASSERT_EQ(BIO_write_ex(bio.get(), big.data(), big.size(), &taken), 1);
  EXPECT_EQ(taken, big.size());
  EXPECT_EQ(BIO_flush(bio.get()), 1);
  std::string all;
  for (std::size_t i = 0; i < window.output.piece_count(); ++i) all += window.output.piece(i);
  EXPECT_EQ(all, "small" + big);
}

TEST_F(BioWindowTest, ManyAreIndependent) {
  BioWindow other(pool);
  const BioPtr second(NewWindowBio(other));
  std::size_t taken = 0;
  ASSERT_EQ(BIO_write_ex(second.get(), "x", 1, &taken), 1);
  EXPECT_TRUE(window.output.empty());
  EXPECT_EQ(other.output.bytes(), 1U);
}

}  // namespace
}  // namespace sluice::tls
