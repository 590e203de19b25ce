// A whole worker without its thread: real sockets on loopback, a clock that the test moves, a loop that the test turns.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "config/loader.h"
#include "gateway/app/worker_world.h"
#include "gateway/runtime/endpoint_registry.h"
#include "gateway/runtime/meter_registry.h"
#include "tests/support/loopback.h"
#include "tests/support/manual_clock.h"

namespace sluice::gateway {

class ExchangeTest : public ::testing::Test {
 protected:
  ~ExchangeTest() override {
    world_.AbortSessions();
    world_.Join();
  }

  // One service `model` with an endpoint per port, subset per endpoint (v0, v1, ...), these rules and extra documents.
  void Load(const std::vector<std::uint16_t>& ports, const std::string& http, const std::string& policy = "",
            const std::string& more = "") {
    std::string text =
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: model}\nspec:\n"
        "  hosts: [model]\n  ports: [{number: 80, name: http, protocol: " +
        protocol_ +
        "}]\n"
        "  resolution: STATIC\n  endpoints:\n";
    std::string subsets;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::string name = "v" + std::to_string(i);
      text += "  - {address: 127.0.0.1, ports: {http: " + std::to_string(ports[i]) + "}, labels: {version: " + name +
              "}}\n";
      subsets += "  - {name: " + name + ", labels: {version: " + name + "}}\n";
    }
    text +=
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: model}\nspec:\n"
        "  host: model\n" +
        policy + "  subsets:\n" + subsets;
    text +=
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: model}\nspec:\n"
        "  hosts: [model]\n  http:\n" +
        http + more;
    const config::Loaded loaded = config::LoadSources({{"rules.yaml", text}}, "default");
    for (const config::Finding& finding : loaded.findings) {
      if (finding.severity == config::Severity::kError) ADD_FAILURE() << config::FormatFinding(finding);
    }
    ASSERT_TRUE(loaded.ok);
    auto snapshot = config::Compile(*loaded.documents, {});
    snapshot->generation = ++generation_;
    registry_.Attach(*snapshot, clock_.Now());
    meters_.Attach(*snapshot);
    snapshot_ = std::move(snapshot);
    world_.Adopt(snapshot_);
  }

  LoopbackPeer Connect() {
    LoopbackPeer client = ConnectLoopback(front_.port());
    LoopbackPeer accepted;
    EXPECT_TRUE(Until([&] { return (accepted = front_.Accept()).open(); }));
    world_.worker().connections.fetch_add(1);
    world_.AcceptProxy(Socket(accepted.Release()), {}, front_.port());
    return client;
  }

  // Turns the loop until `done` holds; false when it does not within some seconds of real time.
  bool Until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      if (world_.worker().Poll() == 0) sched_yield();
    }
    return true;
  }
  bool UntilReceived(LoopbackPeer& peer, std::string_view part) {
    return Until([&] {
      peer.Read();
      return peer.Received(part);
    });
  }
  bool UntilEnded(LoopbackPeer& peer) {
    return Until([&] {
      peer.Read();
      return peer.ended();
    });
  }
  LoopbackPeer UntilAccepted(LoopbackListener& listener) {
    LoopbackPeer peer;
    EXPECT_TRUE(Until([&] { return (peer = listener.Accept()).open(); }));
    return peer;
  }
  // Everything that is ready now has happened.
  void Settle() {
    for (int quiet = 0; quiet < 50; quiet = world_.worker().Poll() == 0 ? quiet + 1 : 0) sched_yield();
  }
  void Advance(core::Duration step) {
    Settle();
    clock_.Advance(step);
    Settle();
  }

  const core::Cluster& ClusterOf(std::string_view subset) {
    return snapshot_->clusters[snapshot_->FindCluster("model.default.svc.cluster.local", 80, subset).value];
  }

  static constexpr std::string_view kGet = "GET /predict HTTP/1.1\r\nhost: model\r\n\r\n";
  static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  std::string protocol_ = "HTTP";  // of the model's port
  ManualClock clock_;
  SeriesRegistry series_{core::Settings::Telemetry{}};
  EndpointRegistry registry_;
  MeterRegistry meters_{1};
  std::uint64_t generation_ = 0;
  std::shared_ptr<const core::Snapshot> snapshot_;
  WorkerWorld world_{1, 7, clock_, series_, {}};
  LoopbackListener front_;
};

}  // namespace sluice::gateway
