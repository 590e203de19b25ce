#include "gateway/codec/h1_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::gateway {
namespace {

class H1Parser : public ::testing::Test {
 protected:
  std::expected<H1Facts, ProtocolFault> Request(std::string_view text) {
    block = text;
    head = core::Head(arena);
    return ParseRequestHead(block.data(), block.size(), limits, head);
  }
  std::expected<H1Facts, ProtocolFault> Response(std::string_view text, bool to_head = false) {
    block = text;
    head = core::Head(arena);
    return ParseResponseHead(block.data(), block.size(), limits, to_head, head);
  }

  CodecLimits limits;
  core::Arena arena;
  core::Head head{arena};
  std::string block;
};

TEST_F(H1Parser, PointsIntoTheBlock) {
  ASSERT_TRUE(Request("GET /x HTTP/1.1\r\nHost: h\r\nAccept: y\r\n\r\n"));
  const std::string_view value = *head.headers.Find("accept");
  EXPECT_GE(value.data(), block.data());
  EXPECT_LT(value.data(), block.data() + block.size());
}

TEST_F(H1Parser, TellsWhatTheCodecNeeds) {
  const auto facts = Request("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->body.kind, core::BodyKind::kLength);
  EXPECT_EQ(head.content_length, 3u);
  EXPECT_FALSE(facts->keep_alive);
  EXPECT_TRUE(facts->to_head_request);
  EXPECT_TRUE(facts->version_11);
}

TEST_F(H1Parser, AnAnswerToTheCloseEndsTheConnection) {
  const auto facts = Response("HTTP/1.1 200 OK\r\n\r\n");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->body.kind, core::BodyKind::kUntilClose);
  EXPECT_FALSE(facts->keep_alive);
}

TEST_F(H1Parser, AHeadAnswerKeepsItsLengthButHasNoBody) {
  const auto facts = Response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->body.kind, core::BodyKind::kNone);
  EXPECT_EQ(head.content_length, 9u);
}

TEST_F(H1Parser, NamesTheFaultForTheAccessLog) {
  const auto details = [this](std::string_view text) { return Request(text).error().details; };
  EXPECT_EQ(details("GET / HTTP/1.1\r\n\r\n"), "http1.missing_host");
  EXPECT_EQ(details("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n"), "http1.invalid_content_length");
  EXPECT_EQ(details("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: x\r\n\r\n"), "http1.unknown_transfer_encoding");
  EXPECT_EQ(details("GET / HTTP/3.0\r\nHost: h\r\n\r\n"), "http1.unsupported_version");
  EXPECT_EQ(details("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"), "http1.method_not_allowed");
}

TEST_F(H1Parser, TellsWhatTwoReadersCouldReadDifferentlyFromWhatIsJustWrong) {
  const auto ambiguous = [this](std::string_view fields) {
    head = core::Head(arena);
    return Request("GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n").error().ambiguous;
  };
  EXPECT_TRUE(ambiguous("Host: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(ambiguous("Host: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n"));
  EXPECT_TRUE(ambiguous("Host: h\r\nTransfer-Encoding: xchunked\r\n"));
  EXPECT_TRUE(ambiguous("Host: h\r\nHost: g\r\n"));
  EXPECT_FALSE(ambiguous(""));
  EXPECT_FALSE(ambiguous("Host: h\r\nX : y\r\n"));
}

}  // namespace
}  // namespace sluice::gateway
