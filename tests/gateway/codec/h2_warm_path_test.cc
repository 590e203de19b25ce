// Bursts of streams on a warm HTTP/2 connection ask the heap for nothing, in both roles, although no stream is left
// between two bursts. Counted as in h1_warm_path_test.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gateway/codec/h2_codec.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/manual_clock.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kBurst = 32;

// Receives one message after the other in one arena, as an exchange does.
class Sink final : public StreamEvents {
 public:
  core::Arena& HeadArena() override { return arena; }
  void OnHead(core::Head, Flow flow) override { ended = flow == Flow::kEnd; }
  void OnBody(core::Slice, Flow flow) override { ended = flow == Flow::kEnd; }
  void OnTrailers(core::HeaderMap) override { ended = true; }
  void OnRoom() override {}
  void OnReset(core::ResetReason) override { reset = true; }

  core::Arena arena;
  Stream* stream = nullptr;
  bool ended = false;
  bool reset = false;
};

struct H2WarmPath : testing::Test, Acceptor {
  StreamEvents& Accept(Stream& stream) override {
    Sink& sink = requests[asked++];
    sink.stream = &stream;
    return sink;
  }
  void OnFault(StreamEvents&, const ProtocolFault&) override { faulty = true; }

  // What one has to say, to the other, by way of the block.
  void Carry(H2Codec& from, H2Codec& to) {
    from.Fill();
    core::SliceQueue& output = from.Output();
    core::Block* const block = pool.Take();
    std::size_t size = 0;
    for (std::size_t i = 0; i < output.piece_count(); ++i) {
      const std::string_view piece = output.piece(i);
      ASSERT_LE(size + piece.size(), block->capacity());
      std::memcpy(block->bytes() + size, piece.data(), piece.size());
      size += piece.size();
    }
    output.Consume(size);
    from.OnWritten();
    if (size > 0) to.Receive(core::Slice(block, {block->bytes(), size}));
    block->Release();
  }

  void Burst() {
    asked = 0;
    arena.Reset();
    for (std::size_t i = 0; i < kBurst; ++i) {
      requests[i].arena.Reset();
      answers[i].arena.Reset();
      answers[i].ended = false;
      core::Head head(arena);
      head.method = "GET";
      head.authority = "model";
      head.path = "/";
      client.Open(answers[i])->SendHead(head, Flow::kEnd);
    }
    Carry(client, server);
    for (std::size_t i = 0; i < asked; ++i) {
      core::Head head(arena);
      head.status = 200;
      head.content_length = 2;
      requests[i].stream->SendHead(head, Flow::kMore);
      requests[i].stream->SendBody(core::Slice::Borrow("ok"), Flow::kEnd);
    }
    Carry(server, client);
    Carry(client, server);
  }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  core::Arena arena;
  ManualClock clock;
  std::array<Sink, kBurst> requests;
  std::array<Sink, kBurst> answers;
  std::size_t asked = 0;
  bool faulty = false;
  H2Codec server{Role::kServer, limits, stats, pool, clock, this, {}};
  H2Codec client{Role::kClient, limits, stats, pool, clock, nullptr, {}};
};

TEST_F(H2WarmPath, BurstsOfStreamsAllocateNothing) {
  for (int i = 0; i < 10; ++i) Burst();  // warm up
  const long before = Allocations();
  for (int i = 0; i < 100; ++i) Burst();
  const long made = Allocations() - before;
  EXPECT_EQ(made, 0);
  EXPECT_EQ(asked, kBurst);
  for (const Sink& answer : answers) EXPECT_TRUE(answer.ended && !answer.reset);
  EXPECT_FALSE(faulty);
  EXPECT_TRUE(server.Idle() && client.Idle());
}

}  // namespace
}  // namespace sluice::gateway
