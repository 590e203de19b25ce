// A gateway between a client and model servers that speak the versions of the test's parameter.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "tests/gateway/proxy/exchange_fixture.h"
#include "tests/support/wire_peer.h"

namespace sluice::gateway {

using WirePair = std::tuple<core::Wire, core::Wire>;

class WirePairTest : public ExchangeTest, public testing::WithParamInterface<WirePair> {
 protected:
  WirePairTest() { protocol_ = std::get<1>(GetParam()) == core::Wire::kHttp2 ? "HTTP2" : "HTTP"; }

  test::WireClient& Client() {
    if (!client_) client_.emplace(Connect(), std::get<0>(GetParam()));
    return *client_;
  }
  test::WireModel& AddModel() { return models_.emplace_back(std::get<1>(GetParam())); }
  // One model, one endpoint, one rule.
  test::WireModel& OneModel(const std::string& more = "    retries: {attempts: 0}\n") {
    test::WireModel& model = AddModel();
    Load({model.port()}, "  - route: [{destination: {host: model, subset: v0}}]\n" + more);
    return model;
  }

  bool Reach(const std::function<bool()>& done) {
    return Until([&] {
      if (client_) client_->Turn();
      for (test::WireModel& model : models_) model.Turn();
      return done();
    });
  }
  test::WireModel::Request& Asked(test::WireModel& model, std::size_t index) {
    EXPECT_TRUE(
        Reach([&] { return model.requests().size() > index && !model.requests()[index].events.heads.empty(); }));
    return model.requests().at(index);
  }
  void Pass(core::Duration time) {
    for (int i = 0; i < 20; ++i) Reach([] { return true; });
    Advance(time);
    for (int i = 0; i < 20; ++i) Reach([] { return true; });
  }

  // Sends for as long as somebody takes it; how much that was. `sender` is the connection of `stream`.
  std::size_t SendUntilHeld(test::WireConnection& sender, Stream& stream) {
    std::size_t sent = 0;
    for (int turn = 0; turn < 400; ++turn) {
      while (sent < 40'000'000 && sender.codec().Output().bytes() < 1'000'000 &&
             stream.SendBody(core::Slice::Copy(std::string(65'536, 'x')), Flow::kMore) == Room::kOpen) {
        sent += 65'536;
      }
      Reach([] { return true; });
    }
    return sent;
  }

  std::deque<test::WireModel> models_;
  std::optional<test::WireClient> client_;
};

inline std::string WirePairName(const testing::TestParamInfo<WirePair>& info) {
  const auto digit = [](core::Wire wire) { return wire == core::Wire::kHttp1 ? "1" : "2"; };
  return std::string("Client") + digit(std::get<0>(info.param)) + "Model" + digit(std::get<1>(info.param));
}

}  // namespace sluice::gateway
