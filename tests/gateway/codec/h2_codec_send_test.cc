#include "tests/gateway/codec/h2_pair.h"
#include "tests/support/allocation_counter.h"

namespace sluice::gateway {
namespace {

using core::ResetReason;
using core::Slice;
using test::RecordingEvents;

// A request whose answer the test gives; its stream on the server's side.
Stream& Ask(H2Pair& pair, RecordingEvents& answer) {
  pair.Get(answer);
  pair.Pump();
  return *pair.requests.back().stream;
}

TEST(H2CodecSend, AReaderThatGivesNoCreditStopsItsOwnStreamOnly) {
  H2Pair pair;
  RecordingEvents stalled;
  RecordingEvents other;
  Stream& sender = Ask(pair, stalled);
  RecordingEvents& events = pair.requests.back().events;
  sender.SendHead(pair.AnswerHead(), Flow::kMore);
  std::size_t sent = 0;
  while (sender.SendBody(Slice::Copy(std::string(8192, 'x')), Flow::kMore) == Room::kOpen || sent == 0) {
    sent += 8192;
    pair.Pump();
    ASSERT_LT(sent, 1'000'000u);
  }

  EXPECT_LE(stalled.body.size(), 64u * 1024);
  EXPECT_EQ(events.rooms, 0);
  Stream& second = Ask(pair, other);
  second.SendHead(pair.AnswerHead(), Flow::kMore);
  second.SendBody(Slice::Borrow("quick"), Flow::kEnd);
  pair.Pump();
  EXPECT_EQ(other.body, "quick");
}

TEST(H2CodecSend, CreditBringsRoom) {
  H2Pair pair;
  RecordingEvents answer;
  Stream* const reader = pair.client.Open(answer);
  reader->SendHead(pair.RequestHead(), Flow::kEnd);
  pair.Pump();
  H2Pair::Request& request = pair.requests.back();
  request.stream->SendHead(pair.AnswerHead(), Flow::kMore);
  while (request.stream->SendBody(Slice::Copy(std::string(8192, 'x')), Flow::kMore) == Room::kOpen) pair.Pump();
  pair.Pump();
  ASSERT_EQ(request.events.rooms, 0);

  for (int i = 0; i < 10 && request.events.rooms == 0; ++i) {
    reader->Consumed(32 * 1024);
    pair.Pump();
  }

  EXPECT_EQ(request.events.rooms, 1);
}

TEST(H2CodecSend, AllStreamsTogetherBufferNoMoreThanTheConnectionMay) {
  CodecLimits limits;
  limits.connection_output = 100 * 1024;
  H2Pair pair(limits);
  std::vector<RecordingEvents> answers(20);
  for (RecordingEvents& answer : answers) Ask(pair, answer);
  std::size_t buffered = 0;
  for (H2Pair::Request& request : pair.requests) {
    request.stream->SendHead(pair.AnswerHead(), Flow::kMore);
    Room room = Room::kOpen;
    for (; room == Room::kOpen; buffered += 8192) {
      room = request.stream->SendBody(Slice::Copy(std::string(8192, 'x')), Flow::kMore);
    }
  }

  // Each may overshoot by the piece that told it so.
  EXPECT_LE(buffered, limits.connection_output + answers.size() * 8192u);
}

TEST(H2CodecSend, UploadsThatAreCompleteHoldNoOtherBack) {
  H2Pair pair;
  pair.give_credit = false;  // their receiver keeps the bytes until it has answered
  std::vector<RecordingEvents> answers(30);
  for (RecordingEvents& answer : answers) {
    Stream* const stream = pair.client.Open(answer);
    stream->SendHead(pair.RequestHead("POST"), Flow::kMore);
    stream->SendBody(Slice::Copy(std::string(60'000, 'u')), Flow::kEnd);
    pair.Pump();
  }

  ASSERT_EQ(pair.requests.size(), answers.size());
  EXPECT_EQ(pair.requests.back().events.body.size(), 60'000u);
  EXPECT_TRUE(pair.requests.back().events.ended) << "1.8 MB are more than the connection's window";
}

TEST(H2CodecSend, WhatIsSentInOneTurnLeavesTogether) {
  H2Pair pair;
  std::vector<RecordingEvents> answers(10);
  for (RecordingEvents& answer : answers) pair.Get(answer);
  pair.Pump();
  for (H2Pair::Request& request : pair.requests) {
    request.stream->SendHead(pair.AnswerHead(), Flow::kMore);
    request.stream->SendBody(Slice::Borrow("small"), Flow::kEnd);
  }

  pair.server.Fill();

  EXPECT_EQ(pair.server.Output().piece_count(), 1u) << "ten heads and ten bodies in one piece for one write";
  EXPECT_FALSE(H2Pair::Take(pair.server).empty());
  EXPECT_TRUE(H2Pair::Take(pair.server).empty());
}

TEST(H2CodecSend, BigPiecesAreNotCopied) {
  H2Pair pair;
  RecordingEvents answer;
  Stream& stream = Ask(pair, answer);
  const Slice body = Slice::Copy(std::string(10'000, 'b'));
  stream.SendHead(pair.AnswerHead(), Flow::kMore);
  stream.SendBody(body, Flow::kEnd);

  pair.server.Fill();

  bool found = false;
  for (std::size_t i = 0; i < pair.server.Output().piece_count(); ++i) {
    found = found || pair.server.Output().piece(i).data() == body.data();
  }
  EXPECT_TRUE(found);
  H2Pair::Take(pair.server);
}

TEST(H2CodecSend, AnAnswerWithoutABodyHasNoneWhateverIsSent) {
  H2Pair pair;
  RecordingEvents answer;
  Stream* const stream = pair.client.Open(answer);
  stream->SendHead(pair.RequestHead("HEAD"), Flow::kEnd);
  pair.Pump();
  core::Head head = pair.AnswerHead();
  head.content_length = 5;

  pair.requests.at(0).stream->SendHead(head, Flow::kMore);
  pair.requests.at(0).stream->SendBody(Slice::Borrow("12345"), Flow::kEnd);
  pair.Pump();

  EXPECT_EQ(answer.body, "");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.head().content_length, 5u);
  EXPECT_TRUE(pair.server.Idle());
}

TEST(H2CodecSend, ALineBreakInAFieldIsNeverWritten) {
  H2Pair pair;
  RecordingEvents answer;
  Stream& stream = Ask(pair, answer);
  core::Head head = pair.AnswerHead();
  head.headers.AddBorrowed("x-a", "1\r\nx-b: 2");

  stream.SendHead(head, Flow::kMore);
  stream.SendBody(Slice::Borrow("x"), Flow::kEnd);
  pair.Pump();

  EXPECT_TRUE(answer.heads.empty());
  EXPECT_EQ(answer.reset, ResetReason::kRemoteReset);
  EXPECT_EQ(pair.requests.at(0).events.resets, 0) << "its user had said everything and is gone";
}

TEST(H2CodecSend, ARequestThatCannotBeWrittenFailsAtTheEndOfTheTurn) {
  H2Pair pair;
  RecordingEvents answer;
  core::Head head = pair.RequestHead();
  head.headers.AddBorrowed("x-a", "1\n");

  pair.client.Open(answer)->SendHead(head, Flow::kEnd);
  EXPECT_FALSE(answer.reset);
  pair.Pump();

  EXPECT_EQ(answer.reset, ResetReason::kInternal);
  EXPECT_TRUE(pair.client.Idle());
}

TEST(H2CodecSend, SaysContinueOnce) {
  H2Pair pair;
  RecordingEvents answer;
  pair.Get(answer);
  pair.Pump();
  for (const int status : {100, 100, 103, 103}) {
    pair.requests[0].stream->SendHead(pair.AnswerHead(static_cast<std::uint16_t>(status)), Flow::kMore);
  }
  pair.requests[0].stream->SendHead(pair.AnswerHead(), Flow::kEnd);
  pair.Pump();

  std::vector<int> heads;
  for (const auto& head : answer.heads) heads.push_back(head.status);
  EXPECT_EQ(heads, (std::vector{100, 103, 103, 200}));
}

TEST(H2CodecSend, GivesUpAnAnswerThatNobodyReads) {
  H2Pair pair;
  pair.client_limits.receive_window = 10;
  RecordingEvents answer;
  H2Codec small(Role::kClient, pair.client_limits, pair.client_stats, pair.pool, pair.clock, nullptr, {});
  Stream* const stream = small.Open(answer);
  stream->SendHead(pair.RequestHead(), Flow::kEnd);
  test::Feed(pair.server, H2Pair::Take(small));
  H2Pair::Request& request = pair.requests.at(0);
  request.stream->SendHead(pair.AnswerHead(), Flow::kMore);
  request.stream->SendBody(Slice::Borrow("more than ten bytes"), Flow::kEnd);
  H2Pair::Take(pair.server);
  ASSERT_TRUE(pair.server.HasUnread());

  pair.server.ExpireUnread();  // it may have begun to wait just now
  H2Pair::Take(pair.server);
  ASSERT_TRUE(pair.server.HasUnread());
  pair.server.ExpireUnread();
  H2Pair::Take(pair.server);

  EXPECT_FALSE(pair.server.HasUnread());
  EXPECT_EQ(pair.stats.unread_reset, 1u);
}

TEST(H2CodecSend, AThousandMessagesAllocateNothing) {
  struct Sink final : StreamEvents {
    core::Arena& HeadArena() override { return arena; }
    void OnHead(core::Head, Flow flow) override { ended += flow == Flow::kEnd ? 1 : 0; }
    void OnBody(Slice, Flow flow) override { ended += flow == Flow::kEnd ? 1 : 0; }
    void OnTrailers(core::HeaderMap) override {}
    void OnRoom() override {}
    void OnReset(ResetReason) override {}
    core::Arena arena;
    int ended = 0;
  };
  struct One final : Acceptor {
    StreamEvents& Accept(Stream& given) override {
      stream = &given;
      return sink;
    }
    void OnFault(StreamEvents&, const ProtocolFault&) override {}
    Stream* stream = nullptr;
    Sink sink;
  };
  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  ManualClock clock;
  One one;
  Sink answer;
  core::Arena arena;
  H2Codec server(Role::kServer, limits, stats, pool, clock, &one, {});
  H2Codec client(Role::kClient, limits, stats, pool, clock, nullptr, {});
  const auto move = [](H2Codec& from, H2Codec& to) {
    from.Fill();
    while (!from.Output().empty()) to.Receive(from.Output().PopFront());
    from.OnWritten();
  };
  const auto round = [&] {
    one.sink.arena.Reset();
    answer.arena.Reset();
    arena.Reset();
    core::Head head(arena);
    head.method = "POST";
    head.authority = "model";
    head.path = "/predict";
    head.headers.AddBorrowed(core::HeaderName::kXRequestId, "1");
    Stream* const stream = client.Open(answer);
    stream->SendHead(head, Flow::kMore);
    stream->SendBody(Slice::Borrow("{}"), Flow::kEnd);
    move(client, server);
    core::Head reply(arena);
    reply.status = 200;
    one.stream->SendHead(reply, Flow::kMore);
    one.stream->SendBody(Slice::Borrow("ok"), Flow::kEnd);
    move(server, client);
    move(client, server);
  };
  for (int i = 0; i < 100; ++i) round();

  const long before = Allocations();
  for (int i = 0; i < 1000; ++i) round();
  const long made = Allocations() - before;

  EXPECT_EQ(made, 0);
  EXPECT_EQ(one.sink.ended, 1100);
  EXPECT_EQ(answer.ended, 1100);
}

}  // namespace
}  // namespace sluice::gateway
