#include "config/yaml_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

struct Read {
  std::vector<YamlNode> documents;
  std::vector<Finding> findings;
};

Read Parse(const std::string& text) {
  Findings findings;
  auto documents = ParseYaml(text, "rules.yaml", findings);
  return {std::move(documents), findings.Take()};
}

std::string Lines(const Read& read) {
  std::string lines;
  for (const Finding& finding : read.findings) lines += FormatFinding(finding) + "\n";
  return lines;
}

// The one finding of a text that is refused at once.
std::string OnlyFinding(const std::string& text) {
  const Read read = Parse(text);
  EXPECT_EQ(read.findings.size(), 1U) << Lines(read);
  return read.findings.empty() ? "" : FormatFinding(read.findings.front());
}

bool Begins(const std::string& line, const std::string& with) { return line.starts_with(with); }

TEST(YamlNode, TreeHoldsKindsAndPlacesOfEverything) {
  const Read read = Parse("a: 1\nb:\n  - x\n  - \"y\"\nc:\n");
  ASSERT_EQ(read.documents.size(), 1U) << Lines(read);

  const YamlNode& root = read.documents[0];
  ASSERT_EQ(root.members.size(), 3U);
  EXPECT_EQ(root.Find("a")->text, "1");
  EXPECT_FALSE(root.Find("a")->quoted);
  const YamlNode& list = *root.Find("b");
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].mark.line, 4U);
  EXPECT_EQ(list.items[1].mark.column, 5U);
  EXPECT_EQ(root.Find("c")->kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.members[2].mark.line, 5U);
  EXPECT_EQ(root.Find("d"), nullptr);
}

TEST(YamlNode, ScalarsKeepTheirSpelling) {
  const Read read = Parse("octal: 010\nword: no\nhex: 0x10\nlong: 1e3\nblock: |\n  text\nfolded: >-\n  a\n  b\n");
  ASSERT_EQ(read.documents.size(), 1U) << Lines(read);

  const YamlNode& root = read.documents[0];
  EXPECT_EQ(root.Find("octal")->text, "010");
  EXPECT_EQ(root.Find("word")->text, "no");
  EXPECT_EQ(root.Find("hex")->text, "0x10");
  EXPECT_EQ(root.Find("long")->text, "1e3");
  EXPECT_EQ(root.Find("block")->text, "text\n");
  EXPECT_TRUE(root.Find("block")->quoted);
  EXPECT_EQ(root.Find("folded")->text, "a b");
}

TEST(YamlNode, EverySpellingOfNullIsNullUnlessQuoted) {
  const Read read = Parse("a:\nb: ~\nc: null\nd: \"null\"\n");
  ASSERT_EQ(read.documents.size(), 1U) << Lines(read);

  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(read.documents[0].Find(key)->kind, YamlNode::Kind::kNull) << key;
  EXPECT_EQ(read.documents[0].Find("d")->text, "null");
}

TEST(YamlNode, DocumentsThatHoldNothingAreLeftOut) {
  EXPECT_TRUE(Parse("").documents.empty());
  EXPECT_TRUE(Parse("# only a comment\n").documents.empty());
  EXPECT_TRUE(Parse("---\n---\n# nothing\n---\n").documents.empty());
  EXPECT_EQ(Parse("---\na: 1\n---\n---\nb: 2\n...\n").documents.size(), 2U);
}

TEST(YamlNode, CarriageReturnsAndAByteOrderMarkChangeNothing) {
  const Read read = Parse(
      "\xef\xbb\xbf"
      "a: 1\r\nb:\r\n  - x\r\n");
  ASSERT_EQ(read.documents.size(), 1U) << Lines(read);

  EXPECT_EQ(read.documents[0].Find("a")->text, "1");
  EXPECT_EQ(read.documents[0].Find("b")->items.at(0).text, "x");
  EXPECT_EQ(read.documents[0].Find("b")->items.at(0).mark.line, 3U);
}

TEST(YamlNode, TabsForIndentationAreRefusedWithTheirLine) {
  EXPECT_TRUE(Begins(OnlyFinding("a:\n\tb: 1\n"), "rules.yaml:2:")) << OnlyFinding("a:\n\tb: 1\n");
}

TEST(YamlNode, AliasBombIsRefusedAtItsFirstAnchor) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int copy = 1; copy < 9; ++copy) bomb += ", " + alias;
    bomb += "]\n";
  }

  EXPECT_TRUE(Begins(OnlyFinding(bomb), "rules.yaml:1:")) << OnlyFinding(bomb);
  EXPECT_NE(OnlyFinding(bomb).find("error SL1008"), std::string::npos);
}

TEST(YamlNode, AnchorThatRefersToItselfIsRefused) {
  for (const char* text : {"a: &a [*a]\n", "&a {b: *a}\n", "a: &a\n  b: *a\n", "- &a x\n", "a: &a\n", "a: *a\n"}) {
    EXPECT_NE(Lines(Parse(text)).find(":1:"), std::string::npos) << text << Lines(Parse(text));
    EXPECT_EQ(Parse(text).findings.size(), 1U) << text;
  }
  EXPECT_NE(OnlyFinding("a: &a [*a]\n").find("SL1008"), std::string::npos);
}

TEST(YamlNode, EveryDuplicateKeyIsReportedAndTheFirstValueStays) {
  const Read read = Parse("a: 1\nb: {x: 1, x: 2}\na: {c: 3}\nd: 4\n");

  EXPECT_EQ(Lines(read),
            "rules.yaml:2:11: error SL1009 the key `x` is given twice in one map; keep one of them\n"
            "rules.yaml:3:1: error SL1009 the key `a` is given twice in one map; keep one of them\n");
  ASSERT_EQ(read.documents.size(), 1U);
  const YamlNode& root = read.documents[0];
  ASSERT_EQ(root.members.size(), 3U);
  EXPECT_EQ(root.Find("a")->text, "1");
  EXPECT_EQ(root.Find("b")->Find("x")->text, "1");
  EXPECT_EQ(root.Find("d")->text, "4");
}

TEST(YamlNode, OneKeyQuotedAndPlainIsADuplicateToo) {
  EXPECT_NE(OnlyFinding("a: 1\n\"a\": 2\n").find("SL1009"), std::string::npos);
}

TEST(YamlNode, DepthEndsAtItsLimitInEveryStyle) {
  std::string blocks;
  for (std::size_t i = 0; i < 60; ++i) blocks.append(i, ' ').append("a:\n");
  std::string maps = "a: ";
  for (std::size_t i = 0; i < 60; ++i) maps += "{a: ";
  for (std::size_t i = 0; i < 60; ++i) maps += "}";
  std::string dashes;
  for (std::size_t i = 0; i < 60; ++i) dashes += "- ";

  const std::string lists = std::string(60, '[') + std::string(60, ']');

  for (const std::string& text : {blocks, lists, maps, dashes + "x"}) {
    EXPECT_NE(OnlyFinding(text).find("SL1010"), std::string::npos) << text << OnlyFinding(text);
  }
  const std::string deepest = std::string(kYamlDepthMax, '[') + std::string(kYamlDepthMax, ']');
  EXPECT_TRUE(Parse(deepest).findings.empty());
}

TEST(YamlNode, TagsAndKeysThatAreNoTextAreRefused) {
  for (const char* text : {"a: !!int 1\n", "a: !custom x\n", "!!map {a: 1}\n", "? [a]\n: 1\n", "? {a: 1}\n: 1\n",
                           "~: 1\n", "{[a]: 1}\n"}) {
    EXPECT_NE(OnlyFinding(text).find("error SL1011"), std::string::npos) << text << OnlyFinding(text);
  }
}

TEST(YamlNode, BrokenSyntaxNamesItsPlace) {
  for (const char* text : {"a: [1,\nb: }\n", "a: \"open\n", "a: b: c\n", "a: 'x\n", "%YAML 9.9 x\n---\na: @x\n",
                           "a: `x\n", "a: [1\n", "a: 1\n b: 2\n", "a: \"open\nb: 1\n", "a: 'it''s\n", "a: \"\\\"\n",
                           "\xef\xbb\xbf"
                           "a: 'x\n",
                           ",", "]", "a: 1\n---\n}\n"}) {
    const std::string line = OnlyFinding(text);
    EXPECT_NE(line.find("error SL1007 not valid YAML"), std::string::npos) << text << line;
    EXPECT_FALSE(Begins(line, "rules.yaml:0:")) << text << line;
  }
}

TEST(YamlNode, QuotesWithinTextOpenNothing) {
  for (const char* text : {"a: \"it's\"\n", "a: 'say \"x'\n", "a: |\n  \"open\n", "a: |\n  'x\nb: it's\n",
                           "# it's\na: 'x'\n", "a: 'it''s'\n", "a: \"\\\"\"\n",
                           "\xef\xbb\xbf"
                           "a: 'x'\r\nb: 'y'\r\n",
                           "é: 'ü'\nb: \"é\" # '\n"}) {
    const Read read = Parse(text);
    EXPECT_TRUE(read.findings.empty()) << text << Lines(read);
  }
}

TEST(YamlNode, DocumentsBeforeABrokenOneAreReturned) {
  const Read read = Parse("a: 1\n---\nb: [\n");

  ASSERT_EQ(read.documents.size(), 1U);
  EXPECT_EQ(read.findings.size(), 1U) << Lines(read);
}

TEST(YamlNode, BytesThatAreNoUtf8TextAreRefusedWithTheirLine) {
  EXPECT_TRUE(Begins(OnlyFinding("a: 1\nb: \xff\n"), "rules.yaml:2:0: error SL1003")) << OnlyFinding("a: 1\nb: \xff\n");
  EXPECT_NE(OnlyFinding(std::string("a: \0b\n", 6)).find("SL1003"), std::string::npos);
  EXPECT_NE(OnlyFinding("\xff\xfe"
                        "a\0:\0")
                .find("SL1003"),
            std::string::npos);  // UTF-16
  EXPECT_NE(OnlyFinding(std::string("\x7f"
                                    "ELF\x02\x01\x01\0\0",
                                    9))
                .find("SL1003"),
            std::string::npos);
  EXPECT_NE(OnlyFinding("a: \xed\xa0\x80\n").find("SL1003"), std::string::npos);
}

TEST(YamlNode, SizeIsLimitedToTheByte) {
  const std::string most = "a: " + std::string(kYamlBytesMax - 3, 'x');

  EXPECT_TRUE(Parse(most).findings.empty());
  EXPECT_NE(OnlyFinding(most + "x").find("SL1002"), std::string::npos);
}

// yaml-cpp is given what makes naive scanners slow or deep; a second for all of them would already be far too long,
// yet the point is that every one ends, with at most the findings that are kept.
TEST(YamlNode, RepetitionOfAnythingEnds) {
  for (const char* unit : {"{",
                           "}",
                           "]",
                           "[]",
                           "- ",
                           "-\n",
                           "? ",
                           ": ",
                           "a: ",
                           "a:\n",
                           "!",
                           "!a ",
                           "|\n",
                           "'",
                           "\"",
                           "#",
                           "---\n",
                           "%\n",
                           "\\",
                           ",",
                           "{a: ",
                           "[a, ",
                           "&a ",
                           "*a ",
                           "a: &a\n",
                           "\t",
                           "\r",
                           "\n",
                           "{a: 1, a: 2}\n---\n"}) {
    std::string text;
    while (text.size() < 100'000) text += unit;

    const Read read = Parse(text);

    EXPECT_LE(read.findings.size(), Findings::kMax + 2) << unit;
  }
}

}  // namespace
}  // namespace sluice::config
