// Pools when the world around them changes, over real sockets.
#include "gateway/upstream/pool.h"

#include "tests/gateway/proxy/exchange_fixture.h"

namespace sluice::gateway {
namespace {

using PoolTest = ExchangeTest;

constexpr std::string_view kPlainRule =
    "  - route: [{destination: {host: model, subset: v0}}]\n"
    "    retries: {attempts: 0}\n";

TEST_F(PoolTest, AnEndpointThatLeavesWhileSeveralRequestsWaitForItsConnectionsEndsNoWorker) {
  LoopbackListener silent;
  const LoopbackPeer filler = silent.LeaveUnanswered();
  Load({silent.port()}, std::string(kPlainRule));
  LoopbackPeer first = Connect();
  LoopbackPeer second = Connect();
  first.Write(kGet);
  second.Write(kGet);
  Settle();
  ASSERT_EQ(ClusterOf("v0").state->pending.in_use(), 2u);
  const std::shared_ptr<core::ClusterState> before = ClusterOf("v0").state;

  LoopbackListener model;
  Load({model.port()}, std::string(kPlainRule));

  EXPECT_EQ(before->connections.in_use(), 2u) << "those on their way stay for those who wait";
  LoopbackPeer third = Connect();
  third.Write(kGet);
  LoopbackPeer server = UntilAccepted(model);
  ASSERT_TRUE(UntilReceived(server, "\r\n\r\n"));
  server.Write(kOk);
  EXPECT_TRUE(UntilReceived(third, "ok"));
  Advance(core::Seconds(11));
  EXPECT_TRUE(UntilReceived(first, "\"flags\":\"UF")) << "connectTimeout ends those that waited";
  EXPECT_TRUE(UntilReceived(second, "\"flags\":\"UF"));
}

}  // namespace
}  // namespace sluice::gateway
