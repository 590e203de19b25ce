#include "core/http/chunked_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

using Event = ChunkedDecoder::Event;

struct Outcome {
  std::string body;
  std::string rest;
  Event last = Event::kNeedMore;
};

Outcome Decode(std::string_view bytes, std::size_t step, ChunkedDecoder::Limits limits = {}) {
  ChunkedDecoder decoder(limits);
  Outcome outcome;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (true) {
      std::string_view data;
      outcome.last = decoder.Next(piece, data);
      if (outcome.last == Event::kData) outcome.body += data;
      if (outcome.last != Event::kData) break;
    }
    if (outcome.last != Event::kNeedMore) {
      outcome.rest = std::string(piece) + std::string(bytes);
      break;
    }
  }
  return outcome;
}

TEST(ChunkedDecoder, DecodesWholeAndByteByByte) {
  const std::string bytes = "4\r\nwiki\r\n00A;x;y=z;q=\"a\\\"; \tb\"\r\n0123456789\r\n0;last\r\nrest";
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{3}, bytes.size()}) {
    const Outcome outcome = Decode(bytes, step);
    EXPECT_EQ(outcome.last, Event::kTrailers);
    EXPECT_EQ(outcome.body, "wiki0123456789");
    EXPECT_EQ(outcome.rest, "rest");
  }
}

TEST(ChunkedDecoder, RefusesEverythingThatIsNotExactlyTheGrammar) {
  for (
      const char* bad :
      {"\r\n",           "x\r\n",          "0x4\r\n",     "+4\r\n",           "-4\r\n",         "4_0\r\n",
       " 4\r\n",         "4 \r\n",         "4\n",         "4\r\r\n",          "4\rx",           "4;\r\n",
       "4; a\r\n",       "4 ;a\r\n",       "4;a=\r\n",    "4;a =b\r\n",       "4;a=\"b\r\n",    "4;a=\"b\"c\r\n",
       "4;a=\"\n\"\r\n", "4;a\n",          "4;a=b\n",     "4;a=\"\\\r\"\r\n", "4;=b\r\n",       "11111111111111111\r\n",
       "4,5\r\n",        "4\r\nwikix\r\n", "4\r\nwiki\n", "4\r\nwiki\rx",     "4\r\nwiki0\r\n", ";a\r\n"}) {
    EXPECT_EQ(Decode(bad, 64).last, Event::kMalformed) << bad;
    EXPECT_EQ(Decode(bad, 1).last, Event::kMalformed) << bad;
  }
}

TEST(ChunkedDecoder, StopsAtTheBodyLimitWithoutOverflow) {
  EXPECT_EQ(Decode("5\r\nhello\r\n6\r\n", 64, {.body_max = 10}).last, Event::kTooLarge);
  EXPECT_EQ(Decode("5\r\nhello\r\n5\r\n", 64, {.body_max = 10}).last, Event::kNeedMore);
  EXPECT_EQ(Decode("1\r\na\r\nFFFFFFFFFFFFFFFF\r\n", 64).last, Event::kTooLarge);
  EXPECT_EQ(Decode("1\r\na\r\n7FFFFFFFFFFFFFFF\r\n", 64).last, Event::kTooLarge);
}

TEST(ChunkedDecoder, BoundsALine) {
  const std::string longest = "1;" + std::string(252, 'a') + "\r\n";
  EXPECT_EQ(longest.size(), 256u);
  EXPECT_EQ(Decode(longest, 64).last, Event::kNeedMore);
  EXPECT_EQ(Decode("1;" + std::string(253, 'a') + "\r\n", 64).last, Event::kMalformed);
}

TEST(ChunkedDecoder, TakesSmallChunksWithoutEndWhereEachHasItsShareFree) {
  std::string tokens;
  std::string padded;
  for (int i = 0; i < 100'000; ++i) {
    tokens += "3\r\nabc\r\n";
    padded += "1;padding-that-carries-nothing=1\r\na\r\n";
  }
  EXPECT_EQ(Decode(tokens, 4096, {.chunk_free = 16}).last, Event::kNeedMore);
  EXPECT_EQ(Decode(padded, 4096, {.chunk_free = 16}).last, Event::kMalformed);
}

TEST(ChunkedDecoder, BoundsWhatTheLinesCostAgainstWhatTheyCarry) {
  std::string tiny;
  for (int i = 0; i < 10000; ++i) tiny += "1\r\na\r\n";
  EXPECT_EQ(Decode(tiny, 4096).last, Event::kMalformed);
  std::string fair;
  for (int i = 0; i < 10000; ++i) fair += "20\r\n" + std::string(32, 'a') + "\r\n";
  EXPECT_EQ(Decode(fair, 4096).last, Event::kNeedMore);
}

}  // namespace
}  // namespace sluice::core
