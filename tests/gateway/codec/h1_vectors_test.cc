// The corpus in tests/vectors/h1 against H1Codec: each vector whole, byte by byte and at seeded random cuts.
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>

#include "gateway/codec/h1_codec.h"
#include "tests/support/byte_feed.h"
#include "tests/support/recording_events.h"
#include "tests/support/vector_file.h"

namespace sluice::gateway {
namespace {

using test::Cut;
using test::RecordingEvents;
using test::Vector;

constexpr std::size_t kByteByByteMax = 100'000;  // bytes; longer vectors are cut at random only
constexpr std::uint64_t kSeeds = 8;

// Answers every request at once, so that whatever is smuggled behind one would come out as another.
class EagerServer final : public Acceptor {
 public:
  StreamEvents& Accept(Stream& stream) override {
    stream_ = &stream;
    requests.emplace_back();
    requests.back().on_end = [this](RecordingEvents&) { Answer(200); };
    return requests.back();
  }
  void OnFault(StreamEvents&, const ProtocolFault& fault) override {
    status = fault.status;
    Answer(fault.status);
  }

  void Feed(std::string_view bytes, Cut cut, std::uint64_t seed) {
    for (const std::string_view piece : test::CutBytes(bytes, cut, seed)) {
      codec.Receive(core::Slice::Copy(piece));
      while (!codec.Output().empty()) {
        codec.Output().PopFront();
        codec.OnWritten();
      }
    }
  }

  int complete() const {
    int count = 0;
    for (const RecordingEvents& request : requests) count += request.ended ? 1 : 0;
    return count;
  }

  std::string Text() const {
    std::string text = std::to_string(status);
    for (const RecordingEvents& request : requests) text += "\n---\n" + request.Text();
    return text;
  }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  std::deque<RecordingEvents> requests;
  int status = 0;  // of the fault; 0: none
  H1Codec codec{Role::kServer, limits, stats, pool, this, {}};

 private:
  void Answer(std::uint16_t answer) {
    core::Arena arena;
    core::Head head(arena);
    head.status = answer;
    stream_->SendHead(head, Flow::kEnd);
  }

  Stream* stream_ = nullptr;
};

void CheckRequest(const Vector& vector, const EagerServer& server) {
  if (vector.expectation.starts_with("ok")) {
    EXPECT_EQ(server.status, 0);
    EXPECT_EQ(server.complete(), vector.expectation == "ok2" ? 2 : 1);
    if (vector.expectation == "ok" && !server.requests.empty()) {
      EXPECT_EQ(server.requests[0].body, vector.argument);
    }
    EXPECT_EQ(server.stats.protocol_errors + server.stats.headers_too_large + server.stats.body_too_large, 0u);
    return;
  }
  EXPECT_EQ(std::to_string(server.status), vector.expectation);
  EXPECT_EQ(server.complete(), 0) << "a request reached the gateway";
  EXPECT_EQ(server.requests.size(), 1u);
  EXPECT_TRUE(server.codec.WantsClose());
  EXPECT_EQ(server.stats.protocol_errors + server.stats.headers_too_large + server.stats.body_too_large, 1u);
}

TEST(H1Vectors, RequestsAreTakenOrRefusedAsListedHoweverTheyAreCut) {
  const std::vector<Vector> vectors = test::LoadVectors("tests/vectors/h1/requests.txt");
  ASSERT_GT(vectors.size(), 200u);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    EagerServer whole;
    whole.Feed(vector.bytes, Cut::kWhole, 0);
    CheckRequest(vector, whole);
    if (vector.bytes.size() <= kByteByByteMax) {
      EagerServer single;
      single.Feed(vector.bytes, Cut::kBytes, 0);
      CheckRequest(vector, single);
    }
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      EagerServer random;
      random.Feed(vector.bytes, Cut::kRandom, seed);
      CheckRequest(vector, random);
      // A refusal may come before or after the head was told, depending on the cut; a success may not differ.
      if (whole.status == 0) {
        EXPECT_EQ(random.Text(), whole.Text());
      }
    }
  }
}

struct Client {
  Client() {
    Stream* const stream = codec.Open(events);
    core::Arena arena;
    core::Head head(arena);
    head.method = "GET";
    head.authority = "h";
    head.path = "/";
    stream->SendHead(head, Flow::kEnd);
    codec.Output().Consume(codec.Output().bytes());
    codec.OnWritten();
  }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  RecordingEvents events;
  H1Codec codec{Role::kClient, limits, stats, pool, nullptr, {}};
};

void CheckAnswer(const Vector& vector, Client& client) {
  if (vector.expectation == "error") {
    EXPECT_EQ(client.events.reset, core::ResetReason::kProtocolError);
    EXPECT_FALSE(client.events.ended);
    EXPECT_TRUE(client.codec.WantsClose());
    return;
  }
  if (vector.expectation == "close") {
    EXPECT_FALSE(client.events.ended);
    client.codec.ReceiveEnd();
  }
  EXPECT_TRUE(client.events.ended);
  EXPECT_EQ(client.events.resets, 0);
  EXPECT_EQ(client.events.body, vector.argument);
  EXPECT_EQ(client.codec.Capacity(), vector.expectation == "ok" ? 1u : 0u);
  EXPECT_EQ(client.codec.WantsClose(), vector.expectation != "ok");
  EXPECT_EQ(client.stats.desync, vector.expectation == "desync" ? 1u : 0u);
}

TEST(H1Vectors, AnswersAreTakenOrRefusedAsListedHoweverTheyAreCut) {
  const std::vector<Vector> vectors = test::LoadVectors("tests/vectors/h1/responses.txt");
  ASSERT_GT(vectors.size(), 60u);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    Client whole;
    test::Feed(whole.codec, vector.bytes);
    CheckAnswer(vector, whole);
    if (vector.bytes.size() <= kByteByByteMax) {
      Client single;
      test::Feed(single.codec, vector.bytes, Cut::kBytes);
      CheckAnswer(vector, single);
    }
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Client random;
      test::Feed(random.codec, vector.bytes, Cut::kRandom, seed);
      CheckAnswer(vector, random);
      if (whole.events.ended) {
        EXPECT_EQ(random.events.Text(), whole.events.Text());
      }
    }
  }
}

}  // namespace
}  // namespace sluice::gateway
