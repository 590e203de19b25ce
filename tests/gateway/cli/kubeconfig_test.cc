// The kubeconfig that is made of a state directory.
#include "gateway/cli/kubeconfig.h"

#include <gtest/gtest.h>

#include "config/base64.h"
#include "config/resource_json.h"
#include "config/yaml_node.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

using config::Json;

class KubeconfigTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) { directory_.Write(name, text); }

  Json Made(KubeconfigOptions options) {
    options.state_directory = directory_.path().string();
    const auto text = MakeKubeconfig(options);
    EXPECT_TRUE(text) << text.error().Text();
    config::Findings findings;
    const auto roots = config::ParseYaml(*text, "kubeconfig", findings);
    EXPECT_TRUE(findings.Take().empty());
    return config::ToJson(roots.at(0));
  }

  TemporaryDirectory directory_;
};

TEST_F(KubeconfigTest, SaysAddressAuthorityAndToken) {
  Write("admin-ca.crt", "-----BEGIN\n");
  Write("admin-token", "0123456789\n");
  Write("admin-address", "127.0.0.1:15000\n");

  const Json config = Made({.name_space = "ml"});

  const Json& cluster = config["clusters"][0]["cluster"];
  EXPECT_EQ(cluster["server"], "https://127.0.0.1:15000");
  EXPECT_EQ(config::DecodeBase64(cluster["certificate-authority-data"].get<std::string>()), "-----BEGIN\n");
  EXPECT_EQ(config["users"][0]["user"]["token"], "0123456789");
  EXPECT_EQ(config["contexts"][0]["context"]["namespace"], "ml");
  EXPECT_EQ(config["current-context"], "sluice");
}

TEST_F(KubeconfigTest, ATokenGoesOverTlsWhateverIsAsked) {
  Write("admin-ca.crt", "x");
  Write("admin-token", "y");

  const Json config = Made({.server = "http://gateway.ml:15000/", .context = "far"});

  EXPECT_EQ(config["clusters"][0]["cluster"]["server"], "https://gateway.ml:15000");
  EXPECT_EQ(config["clusters"][0]["name"], "far");
}

TEST_F(KubeconfigTest, WhatIsMissingIsNamedWithItsCure) {
  const auto text = MakeKubeconfig({.state_directory = directory_.path().string()});

  ASSERT_FALSE(text);
  EXPECT_NE(text.error().Text().find("admin-ca.crt"), std::string::npos);
  EXPECT_NE(text.error().Text().find("sluice run --state-dir"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway
