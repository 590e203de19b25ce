#include "core/http/framing.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <utility>

namespace sluice::core {
namespace {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::expected<BodyRule, FramingFault> Request(Fields fields, bool codings = true) {
  Arena arena;
  HeaderMap map(arena);
  for (const auto& [name, value] : fields) map.AddBorrowed(name, value);
  return RequestBodyRule(map, codings);
}

std::expected<BodyRule, FramingFault> Response(Fields fields, std::uint16_t status, bool to_head = false) {
  Arena arena;
  HeaderMap map(arena);
  for (const auto& [name, value] : fields) map.AddBorrowed(name, value);
  return ResponseBodyRule(map, status, to_head, true);
}

TEST(Framing, ARequestWithoutEitherFieldHasNoBody) {
  EXPECT_EQ(Request({})->kind, BodyKind::kNone);
  EXPECT_EQ(Request({{"content-length", "0"}})->kind, BodyKind::kNone);
}

TEST(Framing, ALengthIsOneToNineteenDigits) {
  EXPECT_EQ(Request({{"content-length", "7"}})->length, 7u);
  EXPECT_EQ(Request({{"content-length", "0000000000000000007"}})->length, 7u);
  EXPECT_EQ(Request({{"content-length", "9223372036854775807"}})->length, 9223372036854775807u);
  for (const char* bad : {"", "+7", "-7", "0x7", "7 7", "7,7", "1, 1", "7a", "1e3", "9223372036854775808",
                          "18446744073709551616", "18446744073709551615", "00000000000000000007", "7\t7"}) {
    EXPECT_EQ(Request({{"content-length", bad}}).error(), FramingFault::kBadLength) << bad;
  }
}

TEST(Framing, EvenEqualLengthsMayNotBeRepeated) {
  EXPECT_EQ(Request({{"content-length", "7"}, {"content-length", "7"}}).error(), FramingFault::kBadLength);
}

TEST(Framing, OnlyChunkedAloneIsACoding) {
  EXPECT_EQ(Request({{"transfer-encoding", "Chunked"}})->kind, BodyKind::kChunked);
  for (const char* unknown : {"gzip", "identity", "xchunked", "blegh"}) {
    EXPECT_EQ(Request({{"transfer-encoding", unknown}}).error(), FramingFault::kUnknownCoding) << unknown;
  }
  for (const char* bad : {"", ",chunked", "chunked,", "chunked, identity", "identity, chunked", "gzip, chunked",
                          "chunked, chunked", "chunked;x=1",
                          "\xa0"
                          "chunked",
                          "chunked\x0b", "\"chunked\""}) {
    EXPECT_EQ(Request({{"transfer-encoding", bad}}).error(), FramingFault::kBadCoding) << bad;
  }
  EXPECT_EQ(Request({{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}).error(),
            FramingFault::kBadCoding);
  EXPECT_EQ(FramingStatus(FramingFault::kUnknownCoding), 501);
  EXPECT_EQ(FramingStatus(FramingFault::kBadCoding), 400);
}

TEST(Framing, LengthBesideCodingIsRefusedWhateverTheCoding) {
  EXPECT_EQ(Request({{"content-length", "4"}, {"transfer-encoding", "chunked"}}).error(),
            FramingFault::kLengthAndCoding);
  EXPECT_EQ(Request({{"transfer-encoding", "gzip"}, {"content-length", "4"}}).error(), FramingFault::kLengthAndCoding);
  EXPECT_EQ(Response({{"transfer-encoding", "chunked"}, {"content-length", "4"}}, 200).error(),
            FramingFault::kLengthAndCoding);
}

TEST(Framing, TheOldVersionKnowsNoCodings) {
  EXPECT_EQ(Request({{"transfer-encoding", "chunked"}}, false).error(), FramingFault::kCodingTooOld);
}

TEST(Framing, AnAnswerWithoutEitherFieldRunsToTheClose) {
  EXPECT_EQ(Response({}, 200)->kind, BodyKind::kUntilClose);
  EXPECT_EQ(Response({{"content-length", "3"}}, 200)->length, 3u);
  EXPECT_EQ(Response({{"transfer-encoding", "chunked"}}, 200)->kind, BodyKind::kChunked);
}

TEST(Framing, SomeAnswersHaveNoBodyWhateverTheySay) {
  EXPECT_EQ(Response({{"content-length", "3"}}, 200, true)->kind, BodyKind::kNone);
  EXPECT_EQ(Response({{"transfer-encoding", "chunked"}}, 200, true)->kind, BodyKind::kNone);
  EXPECT_EQ(Response({{"content-length", "3"}}, 304)->kind, BodyKind::kNone);
  EXPECT_EQ(Response({}, 204)->kind, BodyKind::kNone);
  EXPECT_EQ(Response({}, 100)->kind, BodyKind::kNone);
}

TEST(Framing, AnAnswerThatMayHaveNoBodyMayNotAnnounceOne) {
  EXPECT_EQ(Response({{"content-length", "0"}}, 204)->kind, BodyKind::kNone);
  EXPECT_EQ(Response({{"content-length", "3"}}, 204).error(), FramingFault::kBodyForbidden);
  EXPECT_EQ(Response({{"transfer-encoding", "chunked"}}, 204).error(), FramingFault::kBodyForbidden);
  EXPECT_EQ(Response({{"content-length", "3"}}, 103).error(), FramingFault::kBodyForbidden);
}

TEST(Framing, EveryFaultHasDetails) {
  for (const FramingFault fault :
       {FramingFault::kBadLength, FramingFault::kLengthAndCoding, FramingFault::kBadCoding,
        FramingFault::kUnknownCoding, FramingFault::kCodingTooOld, FramingFault::kBodyForbidden}) {
    EXPECT_TRUE(FramingDetails(fault).starts_with("http1."));
  }
}

}  // namespace
}  // namespace sluice::core
