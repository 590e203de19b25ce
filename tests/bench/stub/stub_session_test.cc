// The stub over HTTP/2, asked by the gateway's own codec in the client's role: a real socket, no threads.
#include "bench/stub/stub_session.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <list>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/stub/stub_server.h"
#include "tests/support/manual_clock.h"
#include "tests/support/recording_events.h"

namespace sluice::bench {
namespace {

using gateway::Flow;
using test::RecordingEvents;
using Tcp = boost::asio::ip::tcp;

class StubSessionTest : public testing::Test {
 protected:
  void Start(std::string_view settings) {
    Behaviour behaviour;
    ASSERT_TRUE(SetAll(behaviour, settings));
    const Tcp::endpoint any(boost::asio::ip::make_address("127.0.0.1"), 0);
    stub_.emplace(io_, any, behaviour, 1);
    socket_.connect({any.address(), stub_->port()});
    socket_.non_blocking(true);
  }

  void TearDown() override {
    socket_.close();
    stub_->Close();
    io_.restart();
    io_.poll();
    stub_.reset();
  }

  RecordingEvents& Ask(std::string_view path, std::initializer_list<std::string_view> fields = {},
                       std::string_view body = {}) {
    RecordingEvents& events = events_.emplace_back();
    gateway::Stream* const stream = codec_->Open(events);
    events.credit = stream;
    core::Head head(arena_);
    head.method = body.empty() ? "GET" : "POST";
    head.scheme = "http";
    head.authority = "stub";
    head.path = path;
    for (const std::string_view field : fields) head.headers.AddBorrowed(field, "1");
    return SendTo(*stream, head, body), events;
  }

  static void SendTo(gateway::Stream& stream, const core::Head& head, std::string_view body) {
    stream.SendHead(head, body.empty() ? Flow::kEnd : Flow::kMore);
    if (!body.empty()) stream.SendBody(core::Slice::Copy(body), Flow::kEnd);
  }

  // Both sides go on until it is so.
  void Until(const std::function<bool()>& done) {
    for (int i = 0; i < 1'000'000 && !done(); ++i) {
      io_.restart();
      io_.poll();
      Exchange();
    }
    ASSERT_TRUE(done());
  }

  void Exchange() {
    codec_->Fill();
    boost::system::error_code error;
    while (!codec_->Output().empty()) {
      const std::string_view piece = codec_->Output().piece(0);
      const std::size_t wrote = socket_.write_some(boost::asio::buffer(piece.data(), piece.size()), error);
      if (error) break;
      codec_->Output().Consume(wrote);
      codec_->Fill();
    }
    codec_->OnWritten();
    const std::size_t read = socket_.read_some(boost::asio::buffer(in_), error);
    if (read > 0) codec_->Receive(core::Slice::Copy({in_.data(), read}));
    if (error && error != boost::asio::error::would_block) codec_->Abort(core::ResetReason::kConnectionClosed);
  }

  boost::asio::io_context io_;
  std::optional<StubServer> stub_;
  Tcp::socket socket_{io_};
  std::array<char, 65536> in_;
  ManualClock clock_;
  core::BlockPool pool_;
  gateway::CodecLimits limits_;
  gateway::CodecStats stats_;
  core::Arena arena_;
  std::list<RecordingEvents> events_;
  std::unique_ptr<gateway::Codec> codec_ =
      gateway::MakeCodec(gateway::Role::kClient, core::Wire::kHttp2, {limits_, stats_, pool_, clock_}, nullptr, {});
};

TEST_F(StubSessionTest, TellsWhatItReceived) {
  Start("version=v45");

  const RecordingEvents& answer = Ask("/predict?x=1", {"x-stub-echo"}, "four");
  Until([&] { return answer.ended; });

  EXPECT_EQ(answer.head().status, 200);
  EXPECT_EQ(answer.head().Find("x-model-version"), "v45");
  EXPECT_EQ(answer.head().content_length, answer.body.size());
  const auto received = nlohmann::json::parse(answer.body)["received"];
  EXPECT_EQ(received["method"], "POST");
  EXPECT_EQ(received["path"], "/predict?x=1");
  EXPECT_EQ(received["headers"][0], nlohmann::json({"host", "stub"}));
  EXPECT_EQ(received["body_bytes"], 4);
  EXPECT_EQ(nlohmann::json::parse(stub_->tally().Json(""))["last"]["request"], "POST /predict?x=1 HTTP/2");
}

TEST_F(StubSessionTest, AnswersStreamsInTheOrderOfTheirDelays) {
  Start("");

  const RecordingEvents& slow = Ask("/slow", {"x-stub-delay-ms"});
  const RecordingEvents& fast = Ask("/fast");
  Until([&] { return fast.ended; });
  EXPECT_TRUE(slow.heads.empty());
  Until([&] { return slow.ended; });
}

TEST_F(StubSessionTest, ALargeAnswerWaitsForItsReaderAndAChunkedOneEndsWithATrailer) {
  Start("body_bytes=3000000");

  const RecordingEvents& large = Ask("/large");
  const RecordingEvents& chunked = Ask("/chunked", {"x-stub-chunked"});
  Until([&] { return large.ended && chunked.ended; });

  EXPECT_EQ(large.body.size(), 3'000'000u);
  EXPECT_FALSE(chunked.head().content_length);
  EXPECT_EQ(chunked.trailers, (std::vector<std::pair<std::string, std::string>>{{"x-stub-trailer", "done"}}));
}

TEST_F(StubSessionTest, AFailureOfOneRequestResetsItsStreamAlone) {
  for (const std::string_view settings : {"fail_first=1&failure=reset", "fail_first=1&failure=half"}) {
    Start(settings);
    const RecordingEvents& failed = Ask("/fails");
    const RecordingEvents& next = Ask("/next");
    Until([&] { return failed.reset && next.ended; });
    EXPECT_EQ(failed.reset, core::ResetReason::kRemoteReset);
    EXPECT_EQ(failed.body.empty(), settings.ends_with("reset"));
    TearDown();
    socket_ = Tcp::socket(io_);
    codec_ =
        gateway::MakeCodec(gateway::Role::kClient, core::Wire::kHttp2, {limits_, stats_, pool_, clock_}, nullptr, {});
  }
  Start("");
}

TEST_F(StubSessionTest, CloseTakesTheWholeConnectionAndStallOnlyItself) {
  Start("fail_first=1&failure=stall");
  const RecordingEvents& stalled = Ask("/stalls");
  const RecordingEvents& next = Ask("/next");
  Until([&] { return next.ended; });
  EXPECT_TRUE(stalled.heads.empty());

  const RecordingEvents& set = Ask("/__stub/config?fail_first=1&failure=close", {}, "x");
  Until([&] { return set.ended; });
  const RecordingEvents& closed = Ask("/closes");
  Until([&] { return closed.reset && stalled.reset; });
  EXPECT_EQ(closed.reset, core::ResetReason::kConnectionClosed);
}

}  // namespace
}  // namespace sluice::bench
