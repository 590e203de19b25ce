// Extended CONNECT (RFC 8441) in both roles of H2Codec.
#include "tests/gateway/codec/h2_pair.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;

struct H2Tunnel : H2Pair, testing::Test {
  explicit H2Tunnel(bool upgrades = true) : H2Pair(CodecLimits{.upgrades = upgrades}) {}

  Stream& Ask(test::RecordingEvents& answer) {
    Stream* const stream = client.Open(answer);
    core::Head head = RequestHead("GET", "/chat");
    head.upgrade = "websocket";
    head.headers.AddBorrowed("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    head.headers.AddBorrowed("sec-websocket-version", "13");
    stream->SendHead(head, Flow::kMore);
    return *stream;
  }
  void Agree(Stream& stream, std::string_view protocol = "websocket") {
    core::Head head = AnswerHead(101);
    head.upgrade = protocol;
    head.headers.AddBorrowed("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    stream.SendHead(head, Flow::kMore);
  }
};

TEST_F(H2Tunnel, IsAGetWithAnUpgradeForEverybodyAboveTheCodec) {
  test::RecordingEvents answer;
  Ask(answer);
  EXPECT_TRUE(requests.empty());
  Pump();

  ASSERT_EQ(requests.size(), 1U) << "sent when the server's SETTINGS had come";
  const auto& head = requests[0].events.head();
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/chat");
  EXPECT_EQ(head.upgrade, "websocket");
  EXPECT_EQ(head.Find("sec-websocket-version"), "13");
  EXPECT_FALSE(head.Find("sec-websocket-key")) << "RFC 8441 section 5";
  EXPECT_FALSE(requests[0].events.ended);

  Agree(*requests[0].stream);
  Pump();
  EXPECT_EQ(answer.head().status, 101);
  EXPECT_EQ(answer.head().upgrade, "websocket");
  EXPECT_FALSE(answer.head().Find("sec-websocket-accept"));
}

TEST_F(H2Tunnel, EachDirectionEndsByItself) {
  test::RecordingEvents answer;
  Stream& stream = Ask(answer);
  Pump();
  Agree(*requests[0].stream);
  requests[0].stream->SendBody(Slice::Borrow("all"), Flow::kEnd);
  Pump();
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.body, "all");

  stream.SendBody(Slice::Borrow("late"), Flow::kMore);
  Pump();
  EXPECT_EQ(requests[0].events.body, "late");
  stream.SendBody(Slice::Borrow("r"), Flow::kEnd);
  Pump();
  EXPECT_EQ(requests[0].events.body, "later");
  EXPECT_TRUE(requests[0].events.ended);
  EXPECT_FALSE(requests[0].events.reset);
  EXPECT_FALSE(answer.reset);
}

TEST_F(H2Tunnel, AServerMayEndItsDirectionAndThenWantNothingMore) {
  for (const bool later : {false, true}) {
    test::RecordingEvents answer;
    Ask(answer);
    Pump();
    Stream& stream = *requests.back().stream;
    Agree(stream);
    stream.SendBody(Slice::Borrow("all"), Flow::kEnd);
    if (later) Pump();
    stream.Reset(ResetReason::kCancelled);
    Pump();
    EXPECT_EQ(answer.body, "all");
    EXPECT_TRUE(answer.ended);
    EXPECT_TRUE(answer.reset);
    EXPECT_TRUE(server.Idle());
  }
}

TEST_F(H2Tunnel, AServerMayAnswerOtherwise) {
  test::RecordingEvents answer;
  Stream& stream = Ask(answer);
  Pump();
  requests[0].stream->SendHead(AnswerHead(403), Flow::kEnd);
  stream.SendBody(Slice(), Flow::kEnd);
  Pump();
  EXPECT_EQ(answer.head().status, 403);
  EXPECT_EQ(answer.head().upgrade, "");
  EXPECT_TRUE(answer.ended);
}

TEST_F(H2Tunnel, AServerAgreesToNothingThatNobodyAskedFor) {
  test::RecordingEvents answer;
  Get(answer);
  Pump();
  Agree(*requests[0].stream);
  Pump();
  EXPECT_TRUE(answer.reset);
  EXPECT_TRUE(answer.heads.empty());
}

struct H2NoTunnel : H2Tunnel {
  H2NoTunnel() : H2Tunnel(false) {}
};

TEST_F(H2NoTunnel, AServerWithoutItIsNeverAsked) {
  for (const bool known : {false, true}) {
    if (known) Pump();
    test::RecordingEvents answer;
    Stream* const stream = client.Open(answer);
    core::Head head = RequestHead("GET", "/chat");
    head.upgrade = "websocket";
    stream->SendHead(head, Flow::kMore);
    Pump();
    EXPECT_EQ(answer.reset, ResetReason::kNoUpgrade) << known;
  }
  EXPECT_TRUE(requests.empty());

  test::RecordingEvents ordinary;
  Stream* const stream = client.Open(ordinary);
  stream->SendHead(RequestHead(), Flow::kEnd);
  Pump();
  EXPECT_EQ(requests.size(), 1U) << "the connection is as good as before";
}

}  // namespace
}  // namespace sluice::gateway
