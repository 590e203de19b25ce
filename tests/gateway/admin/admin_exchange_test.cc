#include "gateway/admin/admin_exchange.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "tests/gateway/telemetry/scenario.h"
#include "tests/support/manual_clock.h"
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

// Memory and CPU time of the process differ from one look to the next.
std::string WithoutProcess(const std::string& page) {
  std::istringstream lines(page);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("process_") && !line.starts_with("envoy_server_memory_")) kept += line + "\n";
  }
  return kept;
}

// A page of many series is many times what it is made of.
class ManySeriesTest : public AdminExchangeTest {
 protected:
  ManySeriesTest() {
    MetricsSource source;
    source.registry = &registry;
    source.shards = {&shard};
    source.process = [](void*) { return ProcessFacts{}; };
    collector.emplace(source);
    context.collector = &*collector;
  }

  void Count(int versions) {
    for (int i = 0; i < versions; ++i) {
      core::Cluster& cluster = clusters.emplace_back(scenario.v45());
      cluster.endpoints[0].version = "v" + std::to_string(i);
      shard.OnRequest();
      shard.OnExchange(scenario.Answered(cluster));
    }
  }

  Scenario scenario;
  std::deque<core::Cluster> clusters;
  SeriesRegistry registry{{}};
  MetricsShard shard{registry};
  std::optional<PrometheusCollector> collector;
};

TEST_F(ManySeriesTest, AShortPageOfMetricsTellsItsLength) {
  Count(2);
  Ask("GET", "/stats/prometheus");
  EXPECT_EQ(stream.heads.at(0).content_length, stream.body.size());
  EXPECT_EQ(WithoutProcess(stream.body), WithoutProcess(collector->Text()));
  EXPECT_EQ(done, 1);
}

TEST_F(ManySeriesTest, ALongPageOfMetricsIsWrittenWhileItGoesOut) {
  Count(100);
  const std::string whole = collector->Text();
  ASSERT_GT(whole.size(), 4'000'000u);
  const AdminAnswer answer =
      AnswerAdmin(context, PageSet::kAdmin,
                  {.method = "GET", .path = "/stats/prometheus", .query = {}, .authority = "localhost", .origin = {}});
  EXPECT_LT(answer.body.capacity(), whole.size() / 2) << "the page is held whole";

  stream.full = true;
  Ask("GET", "/stats/prometheus");
  EXPECT_EQ(stream.heads.at(0).content_length, std::nullopt);
  EXPECT_EQ(stream.body.size(), AdminExchange::kPieceBytes);
  // What is counted meanwhile belongs to the next page.
  Count(1);
  for (std::size_t i = 0; i < whole.size() && done == 0; ++i) exchange.OnRoom();

  EXPECT_TRUE(WithoutProcess(stream.body) == WithoutProcess(whole)) << stream.body.size() << " and " << whole.size();
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
}

TEST_F(ManySeriesTest, TheHeadOfALongPageHasNoLengthAndNoBody) {
  Count(100);
  Ask("HEAD", "/stats/prometheus");
  EXPECT_EQ(stream.heads.at(0).content_length, std::nullopt);
  EXPECT_EQ(stream.body, "");
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
}

TEST_F(ManySeriesTest, WhoGoesAwayLeavesTheRestUnwritten) {
  Count(100);
  stream.full = true;
  Ask("GET", "/stats/prometheus");
  exchange.OnReset(core::ResetReason::kConnectionClosed);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(stream.body.size(), AdminExchange::kPieceBytes);
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

// The admin port of a process with objects: a real world and history, and a token.
class ResourceExchangeTest : public AdminExchangeTest {
 protected:
  static constexpr const char* kWatch = "/apis/networking.istio.io/v1/virtualservices?watch=true&resourceVersion=";

  ResourceExchangeTest() : store(std::move(*RevisionStore::Open(""))) {
    context.world = &world;
    context.store = store.get();
    context.guard.token = "0123456789abcdef";
    context.bodies = &bodies;
  }
  ~ResourceExchangeTest() override { exchange.OnReset(core::ResetReason::kConnectionClosed); }

  void Send(std::string_view path, std::string_view token, std::optional<std::uint64_t> length = std::nullopt) {
    core::Head head(exchange.HeadArena());
    head.method = "POST";
    head.path = path;
    head.authority = "localhost:15000";
    head.content_length = length;
    if (!token.empty()) head.headers.AddCopy("authorization", "Bearer " + std::string(token));
    exchange.OnHead(std::move(head), Flow::kMore);
  }

  void Change(const std::string& name) {
    LiveObject object;
    object.key = {"VirtualService", "default", name};
    object.body = {{"apiVersion", "networking.istio.io/v1"},
                   {"kind", "VirtualService"},
                   {"metadata", {{"name", name}, {"namespace", "default"}}},
                   {"spec", {{"hosts", {name}}}}};
    object.version = world.revision() + 1;
    world.Commit(world.revision() + 1, {{.key = object.key, .after = object}});
  }

  World world;
  std::unique_ptr<RevisionStore> store;
  std::size_t bodies = 0;
};

TEST_F(ResourceExchangeTest, ABodyIsWaitedForAndReadWhole) {
  Send("/sluice/v1/apply", "0123456789abcdef");
  exchange.OnBody(core::Slice::Borrow("{\"objects\""), Flow::kMore);
  EXPECT_TRUE(stream.heads.empty());
  EXPECT_EQ(bodies, 10u);

  exchange.OnBody(core::Slice::Borrow(":[]}"), Flow::kEnd);

  EXPECT_EQ(stream.heads.at(0).status, 400);
  EXPECT_NE(stream.body.find("`objects` is no list"), std::string::npos) << stream.body;
  EXPECT_EQ(bodies, 0u);
  EXPECT_EQ(done, 1);
}

TEST_F(ResourceExchangeTest, WhoHasNotShownTheTokenSendsLittleAndChangesNothing) {
  Send("/sluice/v1/apply", "");
  exchange.OnBody(core::Slice::Copy(std::string(70'000, ' ')), Flow::kMore);
  EXPECT_EQ(stream.heads.at(0).status, 413);
  EXPECT_EQ(bodies, 0u);
}

TEST_F(ResourceExchangeTest, ABodyThatSaysItIsTooLongIsRefusedAtOnce) {
  Send("/sluice/v1/apply", "0123456789abcdef", kAdminBodyMax + 1);
  EXPECT_EQ(stream.heads.at(0).status, 413);
}

TEST_F(ResourceExchangeTest, ManyBodiesAtOnceAreBounded) {
  bodies = kAdminBodiesMax;
  Send("/sluice/v1/apply", "0123456789abcdef");
  exchange.OnBody(core::Slice::Borrow("{}"), Flow::kEnd);
  EXPECT_EQ(stream.heads.at(0).status, 503);
  EXPECT_EQ(bodies, kAdminBodiesMax);
}

TEST_F(ResourceExchangeTest, AWatchTellsEachChangeAsItIsMade) {
  Change("a");
  Ask("GET", std::string(kWatch) + "1");
  EXPECT_EQ(stream.heads.at(0).status, 200);
  EXPECT_FALSE(stream.heads[0].content_length);
  EXPECT_EQ(stream.body, "");

  Change("b");
  EXPECT_NE(stream.body.find("\"ADDED\""), std::string::npos) << stream.body;
  EXPECT_NE(stream.body.find("\"b\""), std::string::npos) << stream.body;
  EXPECT_FALSE(stream.ended);
  EXPECT_EQ(done, 0);
}

TEST_F(ResourceExchangeTest, AWatcherWithoutRoomIsToldLaterAndOnce) {
  Ask("GET", std::string(kWatch) + "0");
  stream.full = true;
  Change("a");
  const std::size_t told = stream.body.size();
  EXPECT_GT(told, 0u);
  stream.full = false;
  exchange.OnRoom();
  EXPECT_EQ(stream.body.size(), told);
  Change("b");
  EXPECT_GT(stream.body.size(), told);
}

TEST_F(ResourceExchangeTest, AWatcherThatLeavesIsForgotten) {
  Ask("GET", std::string(kWatch) + "0");
  exchange.OnReset(core::ResetReason::kConnectionClosed);
  const std::size_t told = stream.body.size();
  Change("a");
  EXPECT_EQ(stream.body.size(), told);
  EXPECT_EQ(done, 1);
}

TEST_F(ResourceExchangeTest, AWatchEndsWhenItsTimeIsUp) {
  core::DeadlineWheel wheel{core::TimePoint{}};
  ManualClock clock;
  context.wheel = &wheel;
  context.clock = &clock;
  Ask("GET", std::string(kWatch) + "0&timeoutSeconds=5");
  EXPECT_FALSE(stream.ended);
  wheel.Expire(clock.Now() + core::Seconds(6));
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(done, 1);
  context.wheel = nullptr;
}

}  // namespace
}  // namespace sluice::gateway
