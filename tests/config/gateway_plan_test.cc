#include "config/gateway_plan.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

GatewayServerSpec Server(std::uint16_t port, std::string name, std::string bind = "") {
  GatewayServerSpec server;
  server.port = port;
  server.name = std::move(name);
  server.bind = std::move(bind);
  return server;
}

TEST(PlanPorts, ServersOfOnePortAndAddressShareIt) {
  Documents documents;
  documents.gateways.resize(2);
  documents.gateways[0].servers = {Server(443, "a"), Server(80, "b")};
  documents.gateways[1].servers = {Server(443, "c"), Server(443, "d", "127.0.0.1")};
  documents.gateways[0].servers[0].tls.emplace();

  const auto ports = PlanPorts(documents);

  ASSERT_EQ(ports.size(), 3U);
  EXPECT_EQ(ports[0].port, 443);
  EXPECT_TRUE(ports[0].secured);
  ASSERT_EQ(ports[0].servers.size(), 2U);
  EXPECT_EQ(ports[0].servers[1].server->name, "c");
  EXPECT_FALSE(ports[1].secured);
  EXPECT_EQ(ports[2].bind, "127.0.0.1");
}

TEST(PlanPorts, AGatewayForAnotherWorkloadHasNone) {
  Documents documents;
  documents.gateways.resize(1);
  documents.gateways[0].selector = {{"app", "other"}};
  documents.gateways[0].servers = {Server(443, "a")};

  EXPECT_EQ(PlanPorts(documents).size(), 1U) << "without labels of ours it is meant for us";
  documents.settings.identity.labels = {{"app", "edge"}};
  EXPECT_TRUE(PlanPorts(documents).empty());
  documents.settings.identity.labels = {{"app", "other"}, {"tier", "edge"}};
  EXPECT_EQ(PlanPorts(documents).size(), 1U);
}

}  // namespace
}  // namespace sluice::config
