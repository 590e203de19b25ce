// The load generator against the stub, which serves on a thread of its own: real sockets.
#include "bench/loadgen/load_run.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/stub/stub_server.h"

namespace sluice::bench {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using std::chrono::milliseconds;

class LoadRunTest : public testing::Test {
 protected:
  void StartStub(std::string_view settings) {
    Behaviour behaviour;
    ASSERT_TRUE(SetAll(behaviour, settings));
    StopStub();
    stub_.emplace(io_, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0), behaviour, 1);
    port_ = std::to_string(stub_->port());
    serving_ = std::thread([this] { io_.run(); });
  }

  void StopStub() {
    if (!stub_) return;
    asio::post(io_, [this] { stub_->Close(); });
    serving_.join();  // the io_context has run out of work
    io_.restart();
    stub_.reset();
  }

  void TearDown() override { StopStub(); }

  json Run(LoadOptions options, RequestParts parts = {}) {
    parts.url = "http://127.0.0.1:" + port_ + "/predict";
    const auto mix = RequestMix::FromParts(parts);
    EXPECT_TRUE(mix);
    LoadRun run(*LoadRun::Resolve(mix->host(), mix->port()), options, *mix);
    run.Start();
    while (!run.Wait(milliseconds(1000))) {
    }
    EXPECT_TRUE(run.report().Accounted());
    reached_ = run.reached();
    trouble_ = run.trouble();
    return json::parse(run.report().Json());
  }

  json StubStats() {
    std::promise<std::string> text;
    asio::post(io_, [&] { text.set_value(stub_->tally().Json("")); });
    return json::parse(text.get_future().get());
  }

  asio::io_context io_;
  std::optional<StubServer> stub_;
  std::thread serving_;
  std::string port_;
  bool reached_ = false;
  std::string trouble_;
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
  const RequestParts chunked{.headers = {"x-stub-chunked: 1"}};
  const RequestParts head{.method = "HEAD"};
  const RequestParts close{.headers = {"Connection: close"}};
  const RequestParts large{.headers = {"x-stub-body-bytes: 1000000"}};
  const RequestParts upload{.method = "POST", .body_bytes = 3'000'000};

  for (const RequestParts& parts : {chunked, head, close, large, upload}) {
    const json report = Run({.connections = 2, .requests = 6}, parts);
    EXPECT_EQ(report["answered"], 6) << report.dump();
    EXPECT_EQ(report["extra_bytes"], 0);
  }
  EXPECT_EQ(StubStats()["body_bytes"], 18'000'000);
}

TEST_F(LoadRunTest, ThreadsShareConnectionsAndRequests) {
  StartStub("version=v45");

  const json report = Run({.connections = 5, .threads = 3, .requests = 1000}, {.headers = {"x-number: {n}"}});

  EXPECT_EQ(report["answered"], 1000);
  EXPECT_EQ(report["connects"], 5);
  EXPECT_EQ(StubStats()["requests"], 1000);
}

TEST_F(LoadRunTest, ThreadsTogetherKeepTheRate) {
  StartStub("");

  const json report = Run({.connections = 4, .threads = 4, .duration = milliseconds(100), .rate = 1000});

  // Each is due by the plan, however late it leaves.
  EXPECT_GE(report["sent"].get<int>() + report["not_sent"].get<int>(), 100);
  EXPECT_LE(report["sent"].get<int>() + report["not_sent"].get<int>(), 104);
}

TEST_F(LoadRunTest, WhatWasDueInTheWarmUpIsAskedButNotCounted) {
  StartStub("");

  const json report = Run({.connections = 2, .warm_up = milliseconds(100), .requests = 50, .rate = 1000});

  EXPECT_EQ(report["sent"], 50);
  EXPECT_EQ(report["answered"], 50);
  EXPECT_EQ(StubStats()["requests"], 150);
}

TEST_F(LoadRunTest, Http2CarriesManyRequestsAtOnce) {
  StartStub("version=v45&latency=20ms");

  const json report = Run({.connections = 2, .streams = 25, .http2 = true, .requests = 100});

  EXPECT_EQ(report["answered"], 100);
  EXPECT_EQ(report["connects"], 2);
  EXPECT_EQ(report["by_version"]["v45"]["count"], 100);
  EXPECT_LT(report["seconds"].get<double>(), 100 * 0.02);  // one after another would take longer
}

TEST_F(LoadRunTest, Http2ReadsEveryShapeOfAnswer) {
  StartStub("version=v1");
  const RequestParts trailers{.headers = {"x-stub-chunked: 1"}};
  const RequestParts head{.method = "HEAD"};
  const RequestParts large{.headers = {"x-stub-body-bytes: 1000000"}};
  const RequestParts upload{.method = "POST", .body_bytes = 3'000'000};

  for (const RequestParts& parts : {trailers, head, large, upload}) {
    const json report = Run({.connections = 2, .streams = 2, .http2 = true, .requests = 6}, parts);
    EXPECT_EQ(report["answered"], 6) << report.dump();
  }
  EXPECT_EQ(StubStats()["body_bytes"], 18'000'000);
}

TEST_F(LoadRunTest, Http2SaysWhyAStreamWasLost) {
  const LoadOptions options{.connections = 1, .streams = 4, .http2 = true, .requests = 12};
  StartStub("fail_first=3&failure=reset");
  EXPECT_EQ(Run(options)["lost"]["reset"], 3);

  StartStub("fail_first=1&failure=close");
  const json closed = Run(options);
  EXPECT_GE(closed["lost"]["closed"], 1);
  EXPECT_LE(closed["lost"]["closed"], 4);  // those that shared its connection

  StartStub("fail_first=1&failure=stall");
  LoadOptions hasty = options;
  hasty.timeout = milliseconds(400);
  const json stalled = Run(hasty);
  EXPECT_EQ(stalled["lost"]["timeout"], 1);
  EXPECT_EQ(stalled["answered"], 11);
  EXPECT_EQ(stalled["connects"], 1);  // a stream that took too long does not end its connection
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
