// Deadlines of a client's connection, on a moved clock and real sockets.
#include "gateway/net/server_session.h"

#include "tests/gateway/proxy/exchange_fixture.h"

namespace sluice::gateway {
namespace {

using ServerSessionTest = ExchangeTest;

constexpr const char* kNoModel = "  - directResponse: {status: 200, body: {string: \"hello\"}}\n";

TEST_F(ServerSessionTest, ClosesAConnectionWhoseClientDoesNotReadTheEndOfItsAnswer) {
  Load({1}, kNoModel);
  LoopbackPeer client = Connect();
  client.ShrinkReceiveBuffer();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += kGet;
  // Answers pile up until the socket takes no more; then what is left of one waits and no request is under way.
  for (int quiet = 0; quiet < 3; quiet = client.Write(requests) == 0 ? quiet + 1 : 0) Settle();
  Advance(core::Seconds(299));
  EXPECT_EQ(world_.worker().connections.load(), 1u);
  Advance(core::Seconds(2));
  EXPECT_EQ(world_.worker().connections.load(), 0u);
}

TEST_F(ServerSessionTest, AConnectionThatIsReadMayStayIdleForLonger) {
  Load({1}, kNoModel);
  LoopbackPeer client = Connect();
  client.Write(kGet);
  EXPECT_TRUE(UntilReceived(client, "hello"));
  Advance(core::Seconds(3599));
  EXPECT_EQ(world_.worker().connections.load(), 1u);
  Advance(core::Seconds(2));
  EXPECT_TRUE(UntilEnded(client));
}

}  // namespace
}  // namespace sluice::gateway
