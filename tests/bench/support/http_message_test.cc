#include "bench/support/http_message.h"

#include <gtest/gtest.h>

namespace sluice::bench {
namespace {

using Step = MessageReader::Step;

// Feeds `bytes` in pieces of `size` until the message is done or bad.
Step FeedInPieces(MessageReader& reader, std::string_view bytes, std::size_t size) {
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    while (true) {
      const bool had_input = !piece.empty();
      const Step step = reader.Feed(piece);
      if (step == Step::kDone || step == Step::kBad) return step;
      if (step == Step::kNeedMore && (piece.empty() || !had_input)) break;
    }
  }
  return Step::kNeedMore;
}

TEST(MessageReader, ReadsARequestCutAnywhere) {
  constexpr std::string_view kBytes =
      "POST /predict?x=1 HTTP/1.1\r\nHost: a\r\nX-User-Id: 7 \r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;ext=1\r\nabcd\r\n1\r\ne\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (std::size_t size = 1; size <= kBytes.size(); ++size) {
    MessageReader reader(MessageReader::Kind::kRequest);

    ASSERT_EQ(FeedInPieces(reader, kBytes, size), Step::kDone) << size;

    EXPECT_EQ(reader.method(), "POST");
    EXPECT_EQ(reader.target(), "/predict?x=1");
    EXPECT_EQ(reader.Field("x-user-id"), "7");
    EXPECT_EQ(reader.body_bytes(), 5U);
    EXPECT_TRUE(reader.keep_alive());
  }
}

TEST(MessageReader, LeavesPipelinedBytesForTheNextMessage) {
  MessageReader reader(MessageReader::Kind::kResponse);
  std::string_view in = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";

  ASSERT_EQ(reader.Feed(in), Step::kHead);
  ASSERT_EQ(reader.Feed(in), Step::kDone);
  EXPECT_EQ(reader.status(), 200);
  ASSERT_EQ(reader.Feed(in), Step::kHead);
  ASSERT_EQ(reader.Feed(in), Step::kDone);

  EXPECT_EQ(reader.status(), 503);
  EXPECT_TRUE(in.empty());
}

TEST(MessageReader, AnswerToHeadHasNoBody) {
  MessageReader reader(MessageReader::Kind::kResponse);
  std::string_view in = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n";

  ASSERT_EQ(reader.Feed(in), Step::kHead);
  reader.ExpectNoBody();

  EXPECT_EQ(reader.Feed(in), Step::kDone);
}

TEST(MessageReader, CloseEndsOnlyABodyWithoutLength) {
  MessageReader open(MessageReader::Kind::kResponse);
  std::string_view in = "HTTP/1.1 200 OK\r\n\r\nsome";
  ASSERT_EQ(open.Feed(in), Step::kHead);
  ASSERT_EQ(open.Feed(in), Step::kNeedMore);

  EXPECT_TRUE(open.FinishAtEof());
  EXPECT_FALSE(open.keep_alive());

  MessageReader cut(MessageReader::Kind::kResponse);
  std::string_view half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsome";
  ASSERT_EQ(cut.Feed(half), Step::kHead);
  ASSERT_EQ(cut.Feed(half), Step::kNeedMore);
  EXPECT_FALSE(cut.FinishAtEof());
}

TEST(MessageReader, RefusesAmbiguousFraming) {
  for (const std::string_view bytes : {
           "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n",
           "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n",
           "HTTP/1.1 2x0 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
           "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
           "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\nab",
       }) {
    MessageReader reader(MessageReader::Kind::kResponse);
    EXPECT_EQ(FeedInPieces(reader, bytes, bytes.size()), Step::kBad) << bytes;
  }
}

TEST(MessageReader, RefusesAHeadWithoutEnd) {
  MessageReader reader(MessageReader::Kind::kRequest);
  const std::string bytes = "GET / HTTP/1.1\r\nx: " + std::string(MessageReader::kHeadMax, 'a');

  EXPECT_EQ(FeedInPieces(reader, bytes, 1000), Step::kBad);
}

TEST(MessageReader, AdoptsARequestThatCameOverAnotherWire) {
  MessageReader reader(MessageReader::Kind::kRequest);
  constexpr std::string_view kHead = "PUT /x?y HTTP/2\r\nhost: a\r\nX-Stub-Echo: 1\r\n\r\n";

  ASSERT_TRUE(reader.Adopt(kHead, 7));

  EXPECT_EQ(reader.method(), "PUT");
  EXPECT_EQ(reader.target(), "/x?y");
  EXPECT_EQ(reader.Field("host"), "a");
  EXPECT_EQ(reader.body_bytes(), 7u);
  EXPECT_TRUE(reader.has_stub_fields());
  EXPECT_TRUE(reader.keep_alive());
  std::string_view bytes = kHead;
  EXPECT_EQ(reader.Feed(bytes), Step::kBad);  // as bytes it is none
}

}  // namespace
}  // namespace sluice::bench
