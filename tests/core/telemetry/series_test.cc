#include "core/telemetry/series.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

Record RecordOf(std::uint16_t code) {
  Record record;
  record.response_code = code;
  return record;
}

TEST(SeriesKey, KeepsWhatItWasMadeFrom) {
  Record record = RecordOf(503);
  record.grpc = true;
  record.grpc_status = 14;
  record.mutual_tls = true;
  record.flags.Set(ResponseFlag::kURX);
  record.flags.Set(ResponseFlag::kOM);

  const SeriesKey key(77, record);

  EXPECT_EQ(key.peer(), 77u);
  EXPECT_EQ(key.code(), 503u);
  EXPECT_EQ(key.grpc_status(), 14);
  EXPECT_EQ(key.flag_bits(), record.flags.bits());
  EXPECT_TRUE(key.grpc());
  EXPECT_TRUE(key.mutual_tls());
  EXPECT_FALSE(key.WithoutMutualTls().mutual_tls());
  EXPECT_EQ(key.WithPeer(5).peer(), 5u);
  EXPECT_EQ(key.WithPeer(5).code(), 503u);
}

TEST(SeriesKey, AnUpstreamCannotInventSeries) {
  Record odd = RecordOf(999);
  EXPECT_EQ(SeriesKey(1, odd).code(), 0u);
  odd.grpc = true;
  odd.grpc_status = 123456;
  EXPECT_EQ(SeriesKey(1, odd).grpc_status(), 2);
}

TEST(SeriesKey, StatusOfANonGrpcRequestIsIgnored) {
  Record record = RecordOf(200);
  record.grpc_status = 3;
  EXPECT_EQ(SeriesKey(1, record).grpc_status(), -1);
}

TEST(SeriesTable, FindsEveryKeyAfterGrowing) {
  SeriesTable table(10'000);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(table.Insert(SeriesKey(i / 500, RecordOf(static_cast<std::uint16_t>(i % 500 + 100))), i));
  }

  EXPECT_EQ(table.size(), 5'000u);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    EXPECT_EQ(table.Find(SeriesKey(i / 500, RecordOf(static_cast<std::uint16_t>(i % 500 + 100)))), i);
  }
  EXPECT_EQ(table.Find(SeriesKey(99, RecordOf(200))), std::nullopt);
}

TEST(SeriesTable, RefusesMoreThanItsLimit) {
  SeriesTable table(2);
  EXPECT_TRUE(table.Insert(SeriesKey(1, RecordOf(200)), 1));
  EXPECT_TRUE(table.Insert(SeriesKey(2, RecordOf(200)), 2));
  EXPECT_FALSE(table.Insert(SeriesKey(3, RecordOf(200)), 3));
  EXPECT_EQ(table.Find(SeriesKey(3, RecordOf(200))), std::nullopt);
}

}  // namespace
}  // namespace sluice::core
