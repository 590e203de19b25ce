// Whose reading lets whom send on: the windows of H2Codec, in both roles.
#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "tests/gateway/codec/h2_wire.h"

namespace sluice::gateway::h2 {
namespace {

TEST(H2Credit, CreditFollowsTheReader) {
  Server server;
  server.Receive(Begin() + Head(1, 0, {}, "POST"));
  for (int i = 0; i < 4; ++i) server.Receive(Frame(NGHTTP2_DATA, 0, 1, std::string(16'000, 'x')));
  server.Written();

  EXPECT_TRUE(server.Written().empty());
  server.streams[0]->Consumed(64'000);
  const std::vector<Received> frames = server.Written();

  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, NGHTTP2_WINDOW_UPDATE);
  EXPECT_EQ(frames[0].payload, Word(64'000));
}

// Streams of a connection to a model belong to different clients: those that stand still hold their own windows only.
TEST(H2Credit, AnswersThatNobodyReadsDoNotTakeTheConnectionAwayFromTheOthers) {
  const CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  const ManualClock clock;
  std::deque<test::RecordingEvents> readers(20);
  H2Codec codec(Role::kClient, limits, stats, pool, clock, nullptr, {});
  core::Arena arena;
  core::Head request(arena);
  request.method = "GET";
  request.path = "/";
  for (test::RecordingEvents& reader : readers) codec.Open(reader)->SendHead(request, Flow::kEnd);
  codec.Fill();
  codec.Receive(
      core::Slice::Copy(Frame(NGHTTP2_SETTINGS, 0, 0, {}) + Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, {})));
  codec.Fill();
  codec.Output().Clear();

  std::uint64_t window = limits.connection_window;
  for (std::uint32_t id = 1; id < 40; id += 2) {
    codec.Receive(core::Slice::Copy(Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, "\x88")));
    for (int i = 0; i < 4; ++i) {
      ASSERT_GE(window, 16'000u) << "stream " << id << " may not be answered";
      window -= 16'000;
      codec.Receive(core::Slice::Copy(Frame(NGHTTP2_DATA, 0, id, std::string(16'000, 'x'))));
    }
    std::string bytes;
    for (codec.Fill(); !codec.Output().empty();) bytes += codec.Output().PopFront().view();
    for (const Received& frame : Split(bytes)) {
      ASSERT_EQ(frame.type, NGHTTP2_WINDOW_UPDATE);
      ASSERT_EQ(frame.id, 0u);  // the stream's own window stays shut
      for (std::uint32_t more = 0, at = 0; at < 4; ++at) {
        more = more << 8 | static_cast<unsigned char>(frame.payload[at]);
        if (at == 3) window += more;
      }
    }
  }

  EXPECT_EQ(readers.back().body.size(), 64'000u);
}

}  // namespace
}  // namespace sluice::gateway::h2
