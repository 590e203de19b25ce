// JSON patch and merge patch: what they make, and what they do not swallow.
#include "gateway/api/patch.h"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using config::Json;

Json Object() { return Json::parse(R"({"a":{"b":[1,2]},"text":"x"})"); }

TEST(JsonPatch, CarriesOutEveryOperationInOrder) {
  const Json steps = Json::parse(R"([{"op":"test","path":"/text","value":"x"},
                                     {"op":"add","path":"/a/b/-","value":3},
                                     {"op":"copy","from":"/a/b","path":"/c"},
                                     {"op":"remove","path":"/c/0"},
                                     {"op":"replace","path":"/text","value":null},
                                     {"op":"move","from":"/a","path":"/d"}])");

  EXPECT_EQ(ApplyJsonPatch(Object(), steps), Json::parse(R"({"c":[2,3],"d":{"b":[1,2,3]},"text":null})"));
}

TEST(JsonPatch, WhatDoesNotFitIsToldWithItsStep) {
  for (const char* step :
       {R"({"op":"test","path":"/text","value":"y"})", R"({"op":"remove","path":"/none"})",
        R"({"op":"replace","path":"/none","value":1})", R"({"op":"add","path":"/text/x","value":1})",
        R"({"op":"add","path":"/none/x","value":1})", R"({"op":"remove","path":"/text/x"})",
        R"({"op":"copy","from":"/none","path":"/x"})", R"({"op":"add","path":"/a/b/9","value":1})"}) {
    const auto patched = ApplyJsonPatch(Object(), Json::array({Json::parse(step)}));

    ASSERT_FALSE(patched) << step;
    EXPECT_EQ(patched.error().code, 422) << step;
    EXPECT_NE(patched.error().message.find("step 0"), std::string::npos) << step;
  }
}

TEST(JsonPatch, WhatIsNoPatchIsABadRequest) {
  for (const char* steps : {R"({})", R"([1])", R"([{"path":"/a"}])", R"([{"op":"fly","path":"/a"}])",
                            R"([{"op":"add","path":"a","value":1}])", R"([{"op":"add","path":"/x"}])"}) {
    const auto patched = ApplyJsonPatch(Object(), Json::parse(steps));

    ASSERT_FALSE(patched) << steps;
    EXPECT_EQ(patched.error().code, 400) << steps;
  }
}

TEST(JsonPatch, CopiesOfCopiesComeToAnEnd) {
  Json steps = Json::array();
  for (int i = 0; i < 40; ++i) steps.push_back({{"op", "copy"}, {"from", ""}, {"path", "/x" + std::to_string(i)}});

  const auto patched = ApplyJsonPatch(Object(), steps);

  ASSERT_FALSE(patched);
  EXPECT_EQ(patched.error().code, 413);
}

TEST(MergePatch, JoinsMapsReplacesListsAndDropsNulls) {
  const Json patch = Json::parse(R"({"a":{"b":[3],"c":1},"text":null})");

  EXPECT_EQ(ApplyMergePatch(Object(), patch), Json::parse(R"({"a":{"b":[3],"c":1}})"));
  EXPECT_EQ(ApplyMergePatch(Object(), Json::array()).error().code, 400);
}

}  // namespace
}  // namespace sluice::gateway
