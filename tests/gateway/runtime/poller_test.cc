#include "gateway/runtime/poller.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

// One end of a connected pair that is watched, with what was heard about it.
class WatchedPair {
 public:
  WatchedPair() : watch_([](void* self, Readiness ready) { static_cast<WatchedPair*>(self)->OnReady(ready); }, this) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
  }
  ~WatchedPair() {
    ::close(ends_[0]);
    CloseFar();
  }

  void CloseFar() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void Send(std::string_view bytes) { EXPECT_EQ(::write(ends_[1], bytes.data(), bytes.size()), std::ssize(bytes)); }
  std::string Read() {
    std::array<char, 64> room;
    const ssize_t size = ::read(ends_[0], room.data(), room.size());
    return {room.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  void OnReady(Readiness ready) {
    heard.push_back(ready);
    if (then != nullptr) then(*this);
  }

  int descriptor() const { return ends_[0]; }
  Watch& watch() { return watch_; }

  std::vector<Readiness> heard;
  void (*then)(WatchedPair&) = nullptr;
  void* context = nullptr;  // for `then`

 private:
  std::array<int, 2> ends_{-1, -1};
  Watch watch_;
};

class PollerTest : public ::testing::Test {
 protected:
  void Run() {
    context_.restart();
    context_.poll();
  }

  HandlerMemory memory_;
  boost::asio::io_context context_;
  int turns_ = 0;
  Poller poller_{context_, memory_, {.call = [](void* turns) { ++*static_cast<int*>(turns); }, .self = &turns_}};
};

TEST_F(PollerTest, ANewWatchHearsHowItsSocketStands) {
  WatchedPair idle;
  WatchedPair busy;
  busy.Send("x");

  ASSERT_TRUE(poller_.Add(idle.descriptor(), idle.watch()));
  ASSERT_TRUE(poller_.Add(busy.descriptor(), busy.watch()));
  Run();

  ASSERT_EQ(idle.heard.size(), 1U);
  EXPECT_TRUE(idle.heard[0].writable);
  EXPECT_FALSE(idle.heard[0].readable);
  ASSERT_EQ(busy.heard.size(), 1U);
  EXPECT_TRUE(busy.heard[0].readable);
  EXPECT_EQ(turns_, 3) << "one for each, one when both have had theirs";
}

TEST_F(PollerTest, EveryArrivalIsSaidOnceWhetherItWasReadOrNot) {
  WatchedPair pair;
  poller_.Add(pair.descriptor(), pair.watch());
  Run();
  pair.heard.clear();

  pair.Send("a");
  Run();
  Run();
  EXPECT_EQ(pair.heard.size(), 1U);

  pair.Send("b");
  Run();
  EXPECT_EQ(pair.heard.size(), 2U);
  EXPECT_EQ(pair.Read(), "ab");
}

TEST_F(PollerTest, AnEndIsTold) {
  WatchedPair pair;
  poller_.Add(pair.descriptor(), pair.watch());
  Run();
  pair.heard.clear();

  pair.Send("last");
  pair.CloseFar();
  Run();

  ASSERT_EQ(pair.heard.size(), 1U);
  EXPECT_TRUE(pair.heard[0].readable);
  EXPECT_TRUE(pair.heard[0].ended);
}

TEST_F(PollerTest, AForgottenWatchHearsNothingEvenOfTheSameBatch) {
  WatchedPair first;
  WatchedPair second;
  poller_.Add(first.descriptor(), first.watch());
  poller_.Add(second.descriptor(), second.watch());
  Run();
  first.heard.clear();
  second.heard.clear();
  struct Both {
    Poller& poller;
    WatchedPair& a;
    WatchedPair& b;
  } both{poller_, first, second};
  // Whoever hears first forgets the other, whose event is in the same batch.
  first.context = second.context = &both;
  first.then = second.then = [](WatchedPair& self) {
    auto& pairs = *static_cast<Both*>(self.context);
    pairs.poller.Forget((&self == &pairs.a ? pairs.b : pairs.a).watch());
  };

  first.Send("1");
  second.Send("2");
  Run();

  EXPECT_EQ(first.heard.size() + second.heard.size(), 1U);
}

TEST_F(PollerTest, AgainCallsOnceMoreWithoutAnEdge) {
  WatchedPair pair;
  poller_.Add(pair.descriptor(), pair.watch());
  Run();
  pair.heard.clear();

  poller_.Again(pair.watch());
  poller_.Again(pair.watch());
  Run();

  ASSERT_EQ(pair.heard.size(), 1U);
  EXPECT_TRUE(pair.heard[0].readable);
  EXPECT_FALSE(pair.heard[0].writable);
}

TEST_F(PollerTest, AWatchThatAlwaysAsksAgainLetsOthersRun) {
  WatchedPair greedy;
  WatchedPair other;
  poller_.Add(greedy.descriptor(), greedy.watch());
  poller_.Add(other.descriptor(), other.watch());
  Run();
  greedy.heard.clear();
  other.heard.clear();
  greedy.context = &poller_;
  greedy.then = [](WatchedPair& self) {
    if (self.heard.size() < 1000) static_cast<Poller*>(self.context)->Again(self.watch());
  };

  poller_.Again(greedy.watch());
  other.Send("x");
  context_.restart();
  while (other.heard.empty() && greedy.heard.size() < 1000) context_.poll_one();

  EXPECT_EQ(other.heard.size(), 1U);
  EXPECT_LT(greedy.heard.size(), 10U);
}

}  // namespace
}  // namespace sluice::gateway
