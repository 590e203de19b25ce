// The hard gate behind "zero heap allocations per request": a whole worker relays requests over real sockets, and once it
// is warm nothing on its side asks the heap. Counts the calls of operator new of the test program.
#include <string>

#include "tests/gateway/proxy/exchange_fixture.h"
#include "tests/support/allocation_counter.h"

namespace sluice::gateway {
namespace {

class ExchangeWarmPath : public ExchangeTest {
 protected:
  // Turns the worker until `peer` has received `part`; returns what the worker allocated meanwhile.
  long TurnUntil(LoopbackPeer& peer, std::string_view part) {
    long made = 0;
    for (int turns = 0; turns < 1'000'000; ++turns) {
      const long before = Allocations();
      world_.worker().Poll();
      made += Allocations() - before;
      peer.Read();
      if (peer.Received(part)) {
        peer.Forget();
        return made;
      }
      sched_yield();
    }
    ADD_FAILURE() << "nothing arrived";
    return made;
  }

  // Allocations of `count` exchanges of this request and answer on kept connections.
  long Exchanges(int count, std::string_view request, std::string_view request_end, std::string_view answer,
                 std::string_view answer_end) {
    long made = 0;
    for (int i = 0; i < count && !HasFailure(); ++i) {
      client_.Write(request);
      if (!server_.open()) server_ = UntilAccepted(model_);
      made += TurnUntil(server_, request_end);
      server_.Write(answer);
      made += TurnUntil(client_, answer_end);
    }
    return made;
  }

  void Begin() {
    Load({model_.port()},
         "  - match: [{headers: {x-user-segment: {exact: premium}}}]\n"
         "    route: [{destination: {host: model, subset: v0}}]\n"
         "  - route: [{destination: {host: model, subset: v0}}]\n"
         "    timeout: 200s\n    retries: {attempts: 2, perTryTimeout: 80s, retryOn: 5xx}\n",
         "",
         "---\napiVersion: sluice.dev/v1alpha1\nkind: Experiment\nmetadata: {name: x}\nspec:\n"
         "  host: model\n  unit: {header: x-user-id}\n  arms: [{name: a, buckets: 0-99, subset: v0}]\n");
    client_ = Connect();
  }

  LoopbackListener model_;
  LoopbackPeer client_;
  LoopbackPeer server_;
};

TEST_F(ExchangeWarmPath, AGetAllocatesNothing) {
  Begin();
  const std::string_view request = "GET /predict?x=1 HTTP/1.1\r\nhost: model\r\nx-user-id: u1\r\naccept: */*\r\n\r\n";

  Exchanges(200, request, "\r\n\r\n", kOk, "ok");
  const long made = Exchanges(1000, request, "\r\n\r\n", kOk, "ok");

  EXPECT_EQ(made, 0);
}

// Users that come again, and new ones: each of these is told to the control thread.
TEST_F(ExchangeWarmPath, ANewUserOfAnExperimentAllocatesNothing) {
  Begin();
  const auto serve = [this](int first, int count) {
    long made = 0;
    for (int i = first; i < first + count; ++i) {
      const std::string request = "GET /p HTTP/1.1\r\nhost: model\r\nx-user-id: user-" + std::to_string(i) + "\r\n\r\n";
      made += Exchanges(1, request, "\r\n\r\n", kOk, "ok");
    }
    return made;
  };

  serve(0, 200);
  const long made = serve(1'000, 500);

  std::vector<Exposure> told;
  EXPECT_EQ(made, 0);
  EXPECT_EQ(world_.exposures().Read(told), 700u);
  const core::MeterSlot* const meter = snapshot_->FindMeter("experiment/default/x/arm/a");
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(core::VersionSample::Of(*meter->live).answers, 700u);
}

TEST_F(ExchangeWarmPath, APostWithAChunkedAnswerAllocatesNothing) {
  Begin();
  const std::string request =
      "POST /predict HTTP/1.1\r\nhost: model\r\ncontent-length: 4096\r\n\r\n" + std::string(4093, 'x') + "end";
  const std::string answer =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n800\r\n" + std::string(2048, 'y') + "\r\n0\r\n\r\n";

  Exchanges(200, request, "end", answer, "0\r\n\r\n");
  const long made = Exchanges(1000, request, "end", answer, "0\r\n\r\n");

  EXPECT_EQ(made, 0);
}

TEST_F(ExchangeWarmPath, AGrpcCallAllocatesNothing) {
  Begin();
  const std::string message("7\r\n\0\0\0\0\2hi\r\n", 12);
  const std::string request =
      "POST /svc/Method HTTP/1.1\r\nhost: model\r\ncontent-type: application/grpc\r\nte: trailers\r\ngrpc-timeout: "
      "9S\r\n"
      "transfer-encoding: chunked\r\n\r\n" +
      message + "0\r\n\r\n";
  const std::string answer = "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\n\r\n" +
                             message + "0\r\ngrpc-status: 0\r\n\r\n";

  Exchanges(200, request, "0\r\n\r\n", answer, "grpc-status: 0\r\n\r\n");
  const long made = Exchanges(1000, request, "0\r\n\r\n", answer, "grpc-status: 0\r\n\r\n");

  EXPECT_EQ(made, 0);
}

}  // namespace
}  // namespace sluice::gateway
