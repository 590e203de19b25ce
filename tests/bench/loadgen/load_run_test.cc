// The load generator against the stub, both on one io_context: real sockets, no threads.
#include "bench/loadgen/load_run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/stub/stub_server.h"

namespace sluice::bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class LoadRunTest : public testing::Test {
 protected:
  void StartStub(std::string_view settings) {
    Behaviour behaviour;
    ASSERT_TRUE(SetAll(behaviour, settings));
    StopStub();
    stub_.emplace(io_, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0), behaviour, 1);
    peer_ = {boost::asio::ip::make_address("127.0.0.1"), stub_->port()};
  }

  void StopStub() {
    if (stub_) stub_->Close();
    io_.restart();
    io_.poll();
    io_.restart();
    stub_.reset();
  }

  void TearDown() override { StopStub(); }

  json Run(LoadOptions options, RequestParts parts = {.url = "http://stub/predict"}) {
    EXPECT_TRUE(ComposeRequest(parts, options));
    LoadRun run(io_, peer_, options);
    run.Start();
    while (!run.finished() && io_.run_one() > 0) {
    }
    EXPECT_TRUE(run.finished());
    EXPECT_TRUE(run.report().Accounted());
    reached_ = run.reached();
    json report = json::parse(run.report().Json());
    io_.poll();  // late handlers of the run leave before it does
    return report;
  }

  json StubStats() const { return json::parse(const_cast<StubServer&>(*stub_).tally().Json("")); }

  boost::asio::io_context io_;
  std::optional<StubServer> stub_;
  boost::asio::ip::tcp::endpoint peer_;
  bool reached_ = false;
};

TEST_F(LoadRunTest, SendsExactlyTheRequestsAskedFor) {
  StartStub("version=v45");

  const json report = Run({.connections = 8, .requests = 1000});

  EXPECT_EQ(report["sent"], 1000);
  EXPECT_EQ(report["answered"], 1000);
  EXPECT_EQ(report["connects"], 8);
  EXPECT_EQ(report["by_version"]["v45"]["count"], 1000);
  EXPECT_EQ(StubStats()["requests"], 1000);
}

TEST_F(LoadRunTest, StopsWhenTheTimeIsOverAndWaitsForWhatIsOnItsWay) {
  StartStub("latency=30ms");

  const json report = Run({.connections = 4, .duration = milliseconds(50)});

  // Two rounds of four fit; a slow machine may manage one.
  EXPECT_GE(report["sent"], 4);
  EXPECT_LE(report["sent"], 8);
  EXPECT_EQ(report["answered"], report["sent"]);
}

TEST_F(LoadRunTest, OpenLoopKeepsItsRateAndCountsLatencyFromTheIntendedStart) {
  StartStub("latency=20ms");

  // One connection can carry 50 a second; 200 are due, so waiting time builds up.
  const json report = Run({.connections = 1, .requests = 20, .rate = 200});

  EXPECT_EQ(report["answered"], 20);
  EXPECT_GT(report["latency_ms"]["max"].get<double>(), 250.0);
}

TEST_F(LoadRunTest, OpenLoopTellsWhatWasDueButNotSent) {
  StartStub("latency=100ms");

  const json report = Run({.connections = 1, .duration = milliseconds(50), .rate = 1000});

  EXPECT_EQ(report["sent"], 1);
  EXPECT_GE(report["not_sent"], 48);  // 50 or 51 were due
}

TEST_F(LoadRunTest, LostRequestsSayWhy) {
  StartStub("fail_first=3&failure=reset");
  EXPECT_EQ(Run({.connections = 1, .requests = 10})["lost"]["closed"], 3);

  StartStub("fail_first=2&failure=half");
  EXPECT_EQ(Run({.connections = 2, .requests = 10})["lost"]["closed"], 2);

  StartStub("fail_first=1&failure=stall");
  const json stalled = Run({.connections = 1, .requests = 5, .timeout = milliseconds(400)});
  EXPECT_EQ(stalled["lost"]["timeout"], 1);
  EXPECT_EQ(stalled["answered"], 4);
}

TEST_F(LoadRunTest, EveryShapeOfAnswerIsRead) {
  StartStub("version=v1");
  const RequestParts chunked{.url = "http://stub/", .headers = {"x-stub-chunked: 1"}};
  const RequestParts head{.url = "http://stub/", .method = "HEAD"};
  const RequestParts close{.url = "http://stub/", .headers = {"Connection: close"}};
  const RequestParts large{.url = "http://stub/", .headers = {"x-stub-body-bytes: 1000000"}};
  const RequestParts upload{.url = "http://stub/", .method = "POST", .body_bytes = 3'000'000};

  for (const RequestParts& parts : {chunked, head, close, large, upload}) {
    const json report = Run({.connections = 2, .requests = 6}, parts);
    EXPECT_EQ(report["answered"], 6) << report.dump();
    EXPECT_EQ(report["extra_bytes"], 0);
  }
  EXPECT_EQ(StubStats()["body_bytes"], 18'000'000);
}

TEST_F(LoadRunTest, SaysWhenNobodyListens) {
  StartStub("");
  StopStub();

  const json report = Run({.connections = 4, .duration = std::chrono::seconds(5)});

  EXPECT_FALSE(reached_);
  EXPECT_EQ(report["sent"], 0);
  EXPECT_EQ(report["connect_failures"], 4);
}

}  // namespace
}  // namespace sluice::bench
