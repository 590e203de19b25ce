#include "gateway/admin/admin_exchange.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_stream.h"

namespace sluice::gateway {
namespace {

class AdminExchangeTest : public ::testing::Test {
 protected:
  AdminExchangeTest()
      : exchange(stream, context, PageSet::kAdmin,
                 {[](void* self, AdminExchange&) { ++*static_cast<int*>(self); }, &done}) {
    context.server = [](void*) {
      ServerFacts facts;
      facts.started = true;
      // Large enough for several pieces.
      facts.listeners.assign(5'000, {"http", "127.0.0.1:8080"});
      return facts;
    };
  }

  void Ask(std::string_view method, std::string_view path, Flow flow = Flow::kEnd) {
    core::Head head(exchange.HeadArena());
    head.method = method;
    head.path = path;
    head.authority = "localhost:15000";
    exchange.OnHead(std::move(head), flow);
  }

  AdminContext context;
  test::ScriptedStream stream;
  int done = 0;
  AdminExchange exchange;
};

TEST_F(AdminExchangeTest, APageIsAHeadAndABodyOfItsLength) {
  Ask("GET", "/ready?verbose");

  ASSERT_EQ(stream.heads.size(), 1u);
  EXPECT_EQ(stream.heads[0].status, 200);
  EXPECT_EQ(stream.heads[0].content_length, 5u);
  EXPECT_EQ(stream.heads[0].Find("cache-control"), "no-store");
  EXPECT_EQ(stream.body, "LIVE\n");
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
}

TEST_F(AdminExchangeTest, HeadHasTheLengthAndNoBody) {
  Ask("HEAD", "/ready");
  EXPECT_EQ(stream.heads[0].content_length, 5u);
  EXPECT_EQ(stream.body, "");
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
}

TEST_F(AdminExchangeTest, ALargePageWaitsForRoom) {
  stream.full = true;
  Ask("GET", "/listeners");
  EXPECT_EQ(stream.body.size(), AdminExchange::kPieceBytes);
  EXPECT_EQ(done, 0);

  exchange.OnRoom();
  EXPECT_EQ(stream.body.size(), 2 * AdminExchange::kPieceBytes);
  stream.full = false;
  exchange.OnRoom();

  EXPECT_EQ(stream.body.size(), stream.heads[0].content_length);
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
}

TEST_F(AdminExchangeTest, ABodyIsRefusedAndDiscarded) {
  Ask("POST", "/drain", Flow::kMore);
  EXPECT_EQ(stream.heads[0].status, 413);
  EXPECT_EQ(done, 0);

  exchange.OnBody(core::Slice::Borrow("hello"), Flow::kEnd);

  EXPECT_EQ(stream.consumed, 5u);
  EXPECT_EQ(stream.heads.size(), 1u);
  EXPECT_EQ(done, 1);
}

TEST_F(AdminExchangeTest, AResetEndsItOnce) {
  stream.full = true;
  Ask("GET", "/listeners");
  exchange.OnReset(core::ResetReason::kConnectionClosed);
  EXPECT_EQ(done, 1);
}

TEST_F(AdminExchangeTest, AMalformedRequestIsAnsweredWithItsFault) {
  exchange.OnFault(431, "http1.headers_too_large");
  EXPECT_EQ(stream.heads[0].status, 431);
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
}

TEST_F(AdminExchangeTest, AFaultAfterHalfAnAnswerResets) {
  stream.full = true;
  core::Head head(exchange.HeadArena());
  head.method = "GET";
  head.path = "/listeners";
  head.content_length = 0;
  exchange.OnHead(std::move(head), Flow::kMore);

  exchange.OnFault(400, "http1.codec_error");

  EXPECT_EQ(stream.reset, core::ResetReason::kProtocolError);
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace sluice::gateway
