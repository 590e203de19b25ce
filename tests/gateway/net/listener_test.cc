// Who accepts, and how accepting ends. Connections are real, on loopback.
#include "gateway/net/listener.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/runtime/steady_clock.h"
#include "tests/support/loopback.h"

namespace sluice::gateway {
namespace {

struct ListenerTest : testing::Test {
  SteadyClock clock;
  Worker control{0, 1, clock};
  Worker one{1, 1, clock};
  Worker two{2, 1, clock};
  ListenerStats stats;
  std::vector<std::uint32_t> accepted_by;
  std::atomic<int> accepted{0};

  std::unique_ptr<Listener> Open(std::vector<Worker*> workers, const std::string& address = "127.0.0.1:0",
                                 std::uint32_t max = 0) {
    const AcceptHook hook{.call =
                              [](void* self, Worker& worker, Socket, const Tcp::endpoint&) {
                                auto& test = *static_cast<ListenerTest*>(self);
                                test.accepted_by.push_back(worker.index());
                                ++test.accepted;
                              },
                          .self = this};
    auto listener = std::make_unique<Listener>(control, std::move(workers), hook, max, stats);
    const core::Status opened = listener->Open("test", address);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().Text());
    listener->Accept();
    return listener;
  }
};

TEST_F(ListenerTest, ALoneWorkerAcceptsForItself) {
  const auto listener = Open({&one});
  one.Poll();
  const LoopbackPeer first = ConnectLoopback(listener->port());
  const LoopbackPeer second = ConnectLoopback(listener->port());
  one.Poll();
  EXPECT_EQ(accepted_by, (std::vector<std::uint32_t>{1, 1})) << "without a turn of the control thread";
  EXPECT_EQ(one.connections.load(), 2u);
  EXPECT_EQ(stats.accepted.load(), 2u);
}

TEST_F(ListenerTest, SeveralWorkersAreGivenTheirShareByTheControlThread) {
  const auto listener = Open({&one, &two});
  control.Poll();
  std::vector<LoopbackPeer> peers;
  for (int i = 0; i < 4; ++i) peers.push_back(ConnectLoopback(listener->port()));
  one.Poll();
  two.Poll();
  EXPECT_TRUE(accepted_by.empty());
  control.Poll();
  one.Poll();
  two.Poll();
  EXPECT_EQ(one.connections.load(), 2u);
  EXPECT_EQ(two.connections.load(), 2u);
  EXPECT_EQ(accepted_by, (std::vector<std::uint32_t>{1, 1, 2, 2}));
}

TEST_F(ListenerTest, MoreThanOneTurnTakesIsAcceptedAllTheSame) {
  const auto listener = Open({&one});
  one.Poll();
  std::vector<LoopbackPeer> peers;
  for (int i = 0; i < 150; ++i) peers.push_back(ConnectLoopback(listener->port()));
  one.Poll();
  EXPECT_EQ(accepted.load(), 150);
}

TEST_F(ListenerTest, BeyondTheLimitClientsAreLetGo) {
  const auto listener = Open({&one}, "127.0.0.1:0", 1);
  one.Poll();
  const LoopbackPeer first = ConnectLoopback(listener->port());
  LoopbackPeer second = ConnectLoopback(listener->port());
  one.Poll();
  second.Read();
  EXPECT_TRUE(second.ended());
  EXPECT_EQ(stats.overflow.load(), 1u);
  EXPECT_EQ(accepted.load(), 1);
}

TEST_F(ListenerTest, AClosedPortIsFreeAtOnceWhileItsWorkerRuns) {
  std::thread thread([this] { one.Run(); });
  std::vector<std::unique_ptr<Listener>> listeners;
  listeners.push_back(Open({&one}));
  const std::string address = listeners.front()->address();
  const std::uint16_t port = listeners.front()->port();
  for (int i = 1; i <= 20; ++i) {
    const LoopbackPeer peer = ConnectLoopback(port);
    EXPECT_TRUE(peer.open());
    while (accepted.load() < i) std::this_thread::yield();
    listeners.back()->RefuseNew();
    listeners.back()->Close();
    listeners.back()->Close();
    listeners.push_back(Open({&one}, address));
  }
  one.Stop();
  thread.join();
  EXPECT_EQ(stats.accepted.load(), 20u);
}

}  // namespace
}  // namespace sluice::gateway
