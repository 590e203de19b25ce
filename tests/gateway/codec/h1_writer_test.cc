#include "gateway/codec/h1_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::gateway {
namespace {

class H1Writer : public ::testing::Test {
 protected:
  std::string Text() {
    std::string text;
    while (!out.empty()) text += out.PopFront().view();
    return text;
  }

  core::Arena arena;
  core::Head head{arena};
  core::SliceQueue out;
};

TEST_F(H1Writer, WritesAnAnswerWithAKnownAndAnUnknownReason) {
  head.status = 503;
  head.headers.AddBorrowed("x-a", "b");
  EXPECT_TRUE(WriteResponseHead(out, head, {.length = 18446744073709551615u, .close = true}));
  EXPECT_EQ(Text(),
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 18446744073709551615\r\nconnection: close\r\n"
            "x-a: b\r\n\r\n");
  head.status = 299;
  EXPECT_TRUE(WriteResponseHead(out, head, {.chunked = true}));
  EXPECT_EQ(Text(), "HTTP/1.1 299 \r\ntransfer-encoding: chunked\r\nx-a: b\r\n\r\n");
}

TEST_F(H1Writer, RefusesBytesThatCouldSplitAMessageAndWritesNothing) {
  head.method = "GET";
  head.authority = "h";
  head.path = "/";
  struct Case {
    std::string_view method, authority, path, name, value;
  };
  const Case cases[] = {
      {"G T", "h", "/", "a", "b"},          {"", "h", "/", "a", "b"},
      {"GET", "h\r\nx: y", "/", "a", "b"},  {"GET", "h x", "/", "a", "b"},
      {"GET", "h", "/ HTTP/1.1", "a", "b"}, {"GET", "h", "", "a", "b"},
      {"GET", "h", "/\n", "a", "b"},        {"GET", "h", "/", "a\r\n", "b"},
      {"GET", "h", "/", "", "b"},           {"GET", "h", "/", "a b", "b"},
      {"GET", "h", "/", "a:", "b"},         {"GET", "h", "/", "a", "b\r\nc: d"},
      {"GET", "h", "/", "a", "b\nc"},       {"GET", "h", "/", "a", std::string_view("b\0", 2)},
  };
  for (const Case& bad : cases) {
    core::Head request(arena);
    request.method = bad.method;
    request.authority = bad.authority;
    request.path = bad.path;
    request.headers.AddBorrowed(bad.name, bad.value);
    EXPECT_FALSE(WriteRequestHead(out, request, {})) << bad.path << bad.name << bad.value;
    EXPECT_TRUE(out.empty());
  }
}

TEST_F(H1Writer, WritesChunks) {
  WriteChunk(out, core::Slice::Copy(std::string(26, 'x')), false);
  WriteChunk(out, core::Slice(), false);
  WriteChunk(out, core::Slice::Copy("y"), true);
  EXPECT_EQ(Text(), "1a\r\n" + std::string(26, 'x') + "\r\n1\r\ny\r\n0\r\n\r\n");
  WriteChunk(out, core::Slice(), true);
  EXPECT_EQ(Text(), "0\r\n\r\n");
}

TEST_F(H1Writer, BigChunksAreNotCopied) {
  const core::Slice big = core::Slice::Copy(std::string(5000, 'x'));
  WriteChunk(out, big, true);
  ASSERT_EQ(out.piece_count(), 3u);
  EXPECT_EQ(out.piece(1).data(), big.data());
}

TEST_F(H1Writer, EndsTheBodyEvenWhenTrailersAreRefused) {
  core::HeaderMap trailers(arena);
  trailers.AddBorrowed("x", "a\nb");
  EXPECT_FALSE(WriteTrailers(out, trailers));
  EXPECT_EQ(Text(), "0\r\n\r\n");
}

}  // namespace
}  // namespace sluice::gateway
