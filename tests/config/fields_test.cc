#include "config/fields.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
namespace {

// What `read` makes of a document, and what was said about it; unknown keys are reported when `Fields` ends.
std::string Said(const std::string& text, const std::function<void(Fields&)>& read) {
  const std::string file = "f";
  Findings findings;
  const auto documents = ParseYaml(text, file, findings);
  const Scope scope{file, findings};
  for (const YamlNode& document : documents) {
    Fields fields(document, "spec", scope);
    read(fields);
  }
  std::string said;
  for (const Finding& finding : findings.Take()) said += FormatFinding(finding) + "\n";
  return said;
}

TEST(Fields, FieldThatNobodyReadsIsUnknownWithTheNearestName) {
  const std::string said = Said("timout: 1s\nretries: 1\nzzz: 1\n", [](Fields& fields) {
    fields.Time("timeout");
    fields.Count("retries");
  });

  EXPECT_EQ(said,
            "f:1:1: error SL1101 unknown field `timout` in spec; did you mean `timeout`?\n"
            "f:3:1: error SL1101 unknown field `zzz` in spec; remove it\n");
}

TEST(Fields, AbsentFieldsAreNothingAndSayNothing) {
  const std::string said = Said("a: 1\n", [](Fields& fields) {
    fields.Has("a");
    EXPECT_EQ(fields.Text("text"), std::nullopt);
    EXPECT_EQ(fields.Flag("flag"), std::nullopt);
    EXPECT_EQ(fields.Count("count"), std::nullopt);
    EXPECT_EQ(fields.Number("number", 0, 1), std::nullopt);
    EXPECT_EQ(fields.Time("time"), std::nullopt);
    EXPECT_EQ(fields.Bytes("bytes", 1), std::nullopt);
    EXPECT_EQ(fields.Map("map"), nullptr);
    EXPECT_EQ(fields.List("list"), nullptr);
    EXPECT_TRUE(fields.Texts("texts").empty());
    EXPECT_TRUE(fields.TextsByKey("by_key").empty());
    fields.Ignore("ignored", "because");
    fields.Refuse("refused", "because", "cure");
  });

  EXPECT_EQ(said, "");
}

TEST(Fields, NullIsAbsentWithANote) {
  const std::string said = Said("a:\n", [](Fields& fields) { EXPECT_EQ(fields.Text("a"), std::nullopt); });

  EXPECT_EQ(said, "f:1:1: warning SL1106 spec.a has no value and is taken as absent; give it a value or remove it\n");
}

TEST(Fields, WholeNumberIsDecimalAndPlain) {
  const auto count = [](const std::string& value) {
    return Said("n: " + value + "\n", [](Fields& fields) { fields.Count("n", 0, 100); });
  };

  for (const char* good : {"0", "7", "100"}) EXPECT_EQ(count(good), "") << good;
  for (const char* bad :
       {"010", "00", "0x10", "1e2", "1.0", "+1", "\"7\"", "no", "1_000", "7 8", ".5", "[1]", "{}", "0o7"}) {
    EXPECT_NE(count(bad).find("f:1:4: error IST0106 spec.n must be a whole number"), std::string::npos)
        << bad << count(bad);
  }
  for (const char* far : {"-1", "101", "99999999999999999999999", "-99999999999999999999"}) {
    EXPECT_NE(count(far).find("error IST0106 spec.n must be between 0 and 100"), std::string::npos)
        << far << count(far);
  }
  EXPECT_NE(count("010").find("begins with 0, which is eight-based elsewhere"), std::string::npos);
  EXPECT_NE(count("\"7\"").find("remove the quotes"), std::string::npos);
}

TEST(Fields, NumberMayBeDecimalAndMustBeFinite) {
  const auto number = [](const std::string& value) {
    return Said("n: " + value + "\n", [](Fields& fields) { fields.Number("n", 0, 100); });
  };

  for (const char* good : {"0", "0.5", "99.99", "1e1"}) EXPECT_EQ(number(good), "") << good;
  for (const char* bad : {"nan", ".nan", "inf", "-1", "101", "\"5\"", "abc", "5%", "1,5", "{}"}) {
    EXPECT_NE(number(bad).find("error IST0106 spec.n must be"), std::string::npos) << bad << number(bad);
  }
}

TEST(Fields, FlagIsTrueOrFalseAndNoOtherWord) {
  const auto flag = [](const std::string& value) {
    return Said("f: " + value + "\n", [](Fields& fields) { fields.Flag("f"); });
  };

  for (const char* good : {"true", "false"}) EXPECT_EQ(flag(good), "") << good;
  for (const char* bad : {"no", "yes", "on", "True", "1", "\"true\"", "[true]"}) {
    EXPECT_NE(flag(bad).find("error IST0106 spec.f must be true or false"), std::string::npos) << bad << flag(bad);
  }
}

TEST(Fields, TextThatLooksLikeAnotherTypeIsTakenWithAWarning) {
  for (const char* value : {"010", "no", "Yes", "1.5", "true", "y", "8000"}) {
    const std::string said =
        Said(std::string("t: ") + value + "\n", [&](Fields& fields) { EXPECT_EQ(fields.Text("t"), value); });
    EXPECT_NE(said.find("warning SL2015"), std::string::npos) << value;
  }
  for (const char* value : {"'010'", "\"no\"", "v45", "1.2.3", "nope"}) {
    EXPECT_EQ(Said(std::string("t: ") + value + "\n", [](Fields& fields) { fields.Text("t"); }), "") << value;
  }
}

TEST(Fields, TimeIsWholeMillisecondsAndZeroOnlyWhereAllowed) {
  const auto time = [](const std::string& value, bool zero) {
    return Said("t: " + value + "\n", [zero](Fields& fields) { fields.Time("t", zero); });
  };

  EXPECT_EQ(time("200ms", false), "");
  EXPECT_EQ(time("0s", true), "");
  for (const char* bad : {"0s", "1us", "1.5ms", "5", "1d", "[1s]"}) {
    EXPECT_NE(time(bad, false).find("error IST0106 spec.t"), std::string::npos) << bad;
  }
}

TEST(Fields, SizeTakesBinaryUnits) {
  const auto bytes = [](const std::string& value, std::uint64_t max) {
    std::uint64_t read = 0;
    const std::string said =
        Said("s: " + value + "\n", [&](Fields& fields) { read = fields.Bytes("s", max).value_or(0); });
    return said.empty() ? std::to_string(read) : said;
  };

  EXPECT_EQ(bytes("10", 100), "10");
  EXPECT_EQ(bytes("60KiB", 1 << 20), "61440");
  EXPECT_EQ(bytes("1MiB", 1 << 20), "1048576");
  for (const char* bad : {"2MiB", "1MB", "1.5MiB", "-1", "KiB", "01KiB", "18446744073709551615GiB", "1 KiB"}) {
    EXPECT_NE(bytes(bad, 1 << 20).find("error IST0106 spec.s must be a size"), std::string::npos) << bad;
  }
}

TEST(Fields, ChoiceNamesTheNearestWordOrAllOfThem) {
  constexpr std::array<std::string_view, 2> kWords = {"RANDOM", "ROUND_ROBIN"};
  const auto choice = [&](const std::string& value) {
    return Said("c: " + value + "\n", [&](Fields& fields) { fields.Choice("c", kWords); });
  };

  EXPECT_EQ(choice("RANDOM"), "");
  EXPECT_NE(choice("RANDM").find("did you mean `RANDOM`?"), std::string::npos);
  EXPECT_NE(choice("PASSTHROUGH").find("write one of RANDOM, ROUND_ROBIN"), std::string::npos);
  EXPECT_NE(choice("random").find("did you mean `RANDOM`?"), std::string::npos);
}

TEST(Fields, WrongKindsAreNamedWithTheirPlace) {
  const std::string said = Said("a: {x: 1}\nb: [1]\nc: text\nd: 1\ne: [a, {}]\nf: {g: []}\n", [](Fields& fields) {
    fields.Text("a");
    fields.Map("b");
    fields.List("c");
    fields.Map("d");
    EXPECT_EQ(fields.Texts("e"), std::vector<std::string>{"a"});
    EXPECT_TRUE(fields.TextsByKey("f").empty());
  });

  EXPECT_EQ(said,
            "f:1:4: error IST0106 spec.a must be text, but a map is written\n"
            "f:2:4: error IST0106 spec.b must be a map, but a list is written\n"
            "f:3:4: error IST0106 spec.c must be a list, but a value is written\n"
            "f:4:4: error IST0106 spec.d must be a map, but a value is written\n"
            "f:5:8: error IST0106 spec.e[1] must be text, but a map is written\n"
            "f:6:8: error IST0106 spec.f.g must be text, but a list is written\n");
}

TEST(Fields, DocumentThatIsNoMapIsOneFinding) {
  const std::string said = Said("- a\n", [](Fields& fields) {
    fields.Require("a");
    fields.Text("b");
  });

  EXPECT_EQ(said, "f:1:1: error IST0106 spec must be a map, but a list is written\n");
}

TEST(Fields, RequiredIgnoredAndRefusedFieldsSayWhy) {
  const std::string said = Said("i: 1\nr: 1\n", [](Fields& fields) {
    EXPECT_FALSE(fields.Require("needed"));
    EXPECT_TRUE(fields.Require("i"));
    fields.Ignore("i", "it is for others");
    fields.Refuse("r", "it is not built", "leave it out");
  });

  EXPECT_EQ(said,
            "f:1:1: error IST0106 spec.needed is required\n"
            "f:1:1: warning SL2013 spec.i is accepted and ignored: it is for others\n"
            "f:2:1: error SL1103 spec.r cannot be carried out: it is not built; leave it out\n");
}

TEST(Fields, NearestNameForgivesCaseSwapsAndMissingLettersOnly) {
  constexpr std::array<std::string_view, 4> kKnown = {"perTryTimeout", "attempts", "retryOn", "uri"};

  EXPECT_EQ(Nearest("pertrytimeout", kKnown), "perTryTimeout");
  EXPECT_EQ(Nearest("attemtps", kKnown), "attempts");
  EXPECT_EQ(Nearest("retryon", kKnown), "retryOn");
  EXPECT_EQ(Nearest("url", kKnown), "uri");
  EXPECT_EQ(Nearest("weight", kKnown), std::nullopt);
  EXPECT_EQ(Nearest("", kKnown), std::nullopt);
  EXPECT_EQ(Nearest(std::string(1'000'000, 'a'), kKnown), std::nullopt);
}

TEST(Fields, LongNamesAreCutInMessages) {
  std::string text(900, 'k');
  text += ": 1\n";

  const std::string said = Said(text, [](Fields&) {});

  EXPECT_LT(said.size(), 200U);
}

}  // namespace
}  // namespace sluice::config
