#include "gateway/codec/second_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/codec/h1_parser.h"

namespace sluice::gateway {
namespace {

class SecondReader : public ::testing::Test {
 protected:
  // A request as the first reader would hand it over.
  void Fill(std::initializer_list<std::pair<const char*, const char*>> fields) {
    head.method = "POST";
    head.path = "/x";
    for (const auto& [name, value] : fields) head.headers.AddLexed(name, value);
  }
  std::uint16_t StatusOf(std::string_view text) const {
    const auto result = ReadAgain(text, head);
    return result ? 0 : result.error().status;
  }

  core::Arena arena;
  core::Head head{arena};
};

TEST_F(SecondReader, OnlyHeadsWhoseEndMayBeContestedAreReadAgain) {
  Fill({{"host", "h"}, {"content-length", "3"}, {"connection", "keep-alive"}, {"x-other", "1"}});
  EXPECT_FALSE(IsContested(head));
  head.headers.AddLexed("content-length", "3");
  EXPECT_TRUE(IsContested(head));
  for (const char* name : {"transfer-encoding", "upgrade", "http2-settings", "proxy-connection"}) {
    core::Head other(arena);
    other.headers.AddLexed(name, "x");
    EXPECT_TRUE(IsContested(other)) << name;
  }
}

TEST_F(SecondReader, AgreesWithWhatIsThere) {
  Fill({{"host", "h"}, {"transfer-encoding", "chunked"}, {"x-empty", ""}});
  EXPECT_EQ(StatusOf("POST /x HTTP/1.1\r\nhost: h\r\ntransfer-encoding:  chunked \r\nx-empty:\r\n\r\n"), 0);
}

TEST_F(SecondReader, RefusesEveryDifference) {
  Fill({{"host", "h"}, {"x-a", "1"}});
  for (const char* block :
       {"POST /x HTTP/1.1\r\nhost: h\r\n\r\n", "POST /x HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nx-b: 2\r\n\r\n",
        "POST /x HTTP/1.1\r\nhost: h\r\nx-a: 2\r\n\r\n", "POST /x HTTP/1.1\r\nhost: h\r\nx-b: 1\r\n\r\n",
        "POST /y HTTP/1.1\r\nhost: h\r\nx-a: 1\r\n\r\n", "PUT /x HTTP/1.1\r\nhost: h\r\nx-a: 1\r\n\r\n",
        "POST /x HTTP/1.1\r\nx-a: 1\r\nhost: h\r\n\r\n", "POST /x HTTP/1.1\r\nhost: h\r\nx-a: 1\r\n\r\nx"}) {
    EXPECT_EQ(StatusOf(block), 400) << block;
  }
  EXPECT_TRUE(ReadAgain("POST /x HTTP/1.1\r\nhost: h\r\n\r\n", head).error().ambiguous);
}

TEST_F(SecondReader, ComparesTheStatusOfAnAnswer) {
  head.status = 200;
  head.headers.AddLexed("x-a", "1");
  EXPECT_EQ(StatusOf("HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\n"), 0);
  EXPECT_EQ(StatusOf("HTTP/1.1 201 OK\r\nx-a: 1\r\n\r\n"), 400);
}

// What Beast finds wrong by itself keeps its name.
TEST_F(SecondReader, TellsFaultsOfFraming) {
  Fill({{"content-length", "3"}, {"content-length", "4"}});
  const auto result = ReadAgain("POST /x HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n", head);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().details, "http1.invalid_content_length");
  EXPECT_TRUE(result.error().ambiguous);
}

// The parser asks it: our own lexer has no opinion about Proxy-Connection, Beast has.
TEST_F(SecondReader, IsAskedByTheParser) {
  const auto parse = [this](std::string block, CodecLimits limits = {}) {
    core::Head read(arena);
    return ParseRequestHead(block.data(), block.size(), limits, read).has_value();
  };
  EXPECT_TRUE(parse("GET /x HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\n\r\n"));
  EXPECT_FALSE(parse("GET /x HTTP/1.1\r\nHost: h\r\nProxy-Connection: (\r\n\r\n"));
  CodecLimits twice;
  twice.read_heads_twice = true;
  EXPECT_TRUE(parse("GET /x HTTP/1.1\r\nHost: h\r\nX-Long:  a b\t\r\nx-none:\r\n\r\n", twice));
}

}  // namespace
}  // namespace sluice::gateway
