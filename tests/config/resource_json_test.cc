#include "config/resource_json.h"

#include <gtest/gtest.h>

#include "tests/config/config_support.h"

namespace sluice::config {
namespace {

Json FromYaml(const std::string& text) {
  Findings findings;
  const std::vector<YamlNode> roots = ParseYaml(text, "text.yaml", findings);
  EXPECT_EQ(roots.size(), 1u) << text;
  EXPECT_FALSE(findings.has_errors()) << text;
  return roots.empty() ? Json() : ToJson(roots.front());
}

TEST(ResourceJson, ScalarsWithoutQuotesAreWhatYamlSays) {
  const Json json =
      FromYaml("{a: 1, b: -7, c: 0.5, d: true, e: ~, f: '1', g: 010, h: 1.2.3, i: .inf, j: 200ms, k: yes}");
  EXPECT_EQ(
      json.dump(),
      R"({"a":1,"b":-7,"c":0.5,"d":true,"e":null,"f":"1","g":"010","h":"1.2.3","i":".inf","j":"200ms","k":"yes"})");
}

TEST(ResourceJson, WhatIsWrittenAsYamlReadsBackTheSame) {
  const Json json = Json::parse(R"({"apiVersion":"v1","kind":"X","metadata":{"name":"a","labels":{"on":"off","1":"2"}},
    "spec":{"list":[[1,[2]],{"a":{"b":[]}},"x: y","- z","", "null","0x1F","1e3","12:30","# no","a #b","é","\u0007\n\t","'\"",
    " lead","trail ","{}","[a]","*","&a","!t","%x","@","`","|",">","?","a:","012","1_0",".5","~","y","=", "<<"],
    "n":[1,-2,0.25,1e300,true,null,{}],"regex":"^v4[0-9]+$","deep":{"a":{"b":{"c":"d"}}}}})");
  const std::string yaml = ToYaml(json);
  EXPECT_EQ(FromYaml(yaml), json) << yaml;
  EXPECT_TRUE(yaml.starts_with("apiVersion: v1\nkind: X\nmetadata:\n")) << yaml;
}

TEST(ResourceJson, NumbersAreOfTheTypeThatTheyHaveInJson) {
  const Json json = FromYaml("a: 90\nb: -1\nc: 0\n");
  EXPECT_TRUE(json["a"].is_number_unsigned() && json["c"].is_number_unsigned());
  EXPECT_TRUE(json["b"].is_number_integer() && !json["b"].is_number_unsigned());
}

TEST(ResourceJson, CanonicalBodyDropsWhatAServerAdds) {
  const Json given = Json::parse(R"({"kind":"VirtualService","apiVersion":"networking.istio.io/v1","status":{"a":1},
    "metadata":{"name":"x","uid":"u","resourceVersion":"7","managedFields":[],"labels":{},"annotations":{"a":"b"}},
    "spec":{}})");
  EXPECT_EQ(CanonicalBody(given, "ml").dump(),
            R"({"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"annotations":{"a":"b"},)"
            R"("name":"x","namespace":"ml"},"spec":{}})");
}

TEST(ResourceJson, KeyNamesWhatIsMissing) {
  EXPECT_EQ(KeyOf(Json::parse(R"({"apiVersion":"a","kind":"B","metadata":{"name":"c"}})"), "d")->Text(), "B d/c");
  EXPECT_NE(KeyOf(Json::parse(R"({"apiVersion":"a","kind":"B"})"), "d").error().cause.find("metadata.name"),
            std::string::npos);
  EXPECT_NE(KeyOf(Json::parse("[]"), "d").error().cause.find("apiVersion"), std::string::npos);
}

TEST(ResourceJson, AResourceFromJsonKnowsItsLines) {
  const Resource resource = FromJson(
      Json::parse(
          R"({"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"x"},"spec":{"hosts":["a"]}})"),
      "live", "ml");
  EXPECT_EQ(resource.key.Text(), "VirtualService ml/x");
  ASSERT_NE(resource.root.Find("spec"), nullptr);
  EXPECT_EQ(resource.root.Find("spec")->Find("hosts")->mark.line, 7u);
}

}  // namespace
}  // namespace sluice::config
