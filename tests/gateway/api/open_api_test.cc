// OpenAPI as kubectl reads it: which PATCH takes which parameters, in both encodings.
#include "gateway/api/open_api.h"

#include <gtest/gtest.h>

#include "gateway/api/open_api_proto.h"
#include "tests/support/small_world.h"

namespace sluice::gateway {
namespace {

using config::Json;

// A reader of protobuf that is as small as can be: the values of one length-delimited field.
std::vector<std::string> Values(std::string_view message, std::uint64_t field) {
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0; !message.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(message.front());
      message.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  std::vector<std::string> values;
  while (!message.empty()) {
    const std::uint64_t tag = varint();
    EXPECT_EQ(tag & 7, 2);
    const std::size_t size = varint();
    if (tag >> 3 == field) values.emplace_back(message.substr(0, size));
    message.remove_prefix(std::min(size, message.size()));
  }
  return values;
}

std::string Only(std::string_view message, std::initializer_list<std::uint64_t> fields) {
  std::string value(message);
  for (const std::uint64_t field : fields) {
    const auto values = Values(value, field);
    EXPECT_EQ(values.size(), 1) << field;
    value = values.empty() ? std::string() : values.front();
  }
  return value;
}

TEST(OpenApi, ARouteOfACanaryIsTextOrANumber) {
  SmallWorld small;

  const Json document = SmallWorld::JsonOf(small.Ask("GET", "/openapi/v3/apis/sluice.dev/v1alpha1"));

  const Json& fields =
      document["components"]["schemas"]["dev.sluice.v1alpha1.Canary"]["properties"]["spec"]["properties"];
  EXPECT_EQ(fields["champion"]["type"], "string");
  EXPECT_FALSE(fields["route"].contains("type"));
  EXPECT_EQ(fields["route"]["x-kubernetes-int-or-string"], true);
}

TEST(OpenApi, TellsNewClientsWhatAPatchTakes) {
  SmallWorld small;
  const Json root = SmallWorld::JsonOf(small.Ask("GET", "/openapi/v3"));
  const std::string url = root["paths"]["apis/networking.istio.io/v1"]["serverRelativeURL"];

  const Json document = SmallWorld::JsonOf(small.Ask("GET", url));

  const Json& patch =
      document["paths"]["/apis/networking.istio.io/v1/namespaces/{namespace}/virtualservices/{name}"]["patch"];
  EXPECT_EQ(patch["x-kubernetes-group-version-kind"]["kind"], "VirtualService");
  EXPECT_EQ(patch["parameters"][0]["name"], "dryRun");
  EXPECT_EQ(patch["parameters"][0]["in"], "query");
  const Json& schema = document["components"]["schemas"]["io.istio.networking.v1.VirtualService"];
  EXPECT_TRUE(schema["properties"]["spec"]["properties"].contains("http"));
  EXPECT_EQ(small.Ask("GET", "/openapi/v3/apis/other/v1").status, 404);
}

TEST(OpenApi, TellsOldClientsTheSameInProtobuf) {
  SmallWorld small;
  const AdminAnswer answer = small.Ask("GET", "/openapi/v2", {}, {}, kOpenApiProtoType);
  EXPECT_EQ(answer.content_type, kOpenApiProtoType);

  const auto paths = Values(Only(answer.body, {8}), 2);

  const Json json = SmallWorld::JsonOf(small.Ask("GET", "/openapi/v2"));
  EXPECT_EQ(paths.size(), json["definitions"].size());
  const std::string operation = Only(paths.front(), {2, 8});
  EXPECT_EQ(Only(Values(operation, 8).front(), {1, 2, 3, 4}), "dryRun");
  EXPECT_EQ(Only(operation, {13, 2, 2}), "group: networking.istio.io\nkind: VirtualService\nversion: v1\n");
  EXPECT_EQ(Values(Only(answer.body, {9}), 1).size(), paths.size());
}

}  // namespace
}  // namespace sluice::gateway
