#include "bench/stub/tally.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::bench {
namespace {

MessageReader Request(const std::string& path, const std::string& fields = "") {
  MessageReader reader(MessageReader::Kind::kRequest);
  const std::string bytes = "GET " + path + " HTTP/1.1\r\n" + fields + "\r\n";
  std::string_view in = bytes;
  EXPECT_EQ(reader.Feed(in), MessageReader::Step::kHead);
  return reader;
}

TEST(Tally, TellsPathsStatusesMirrorsAndTheLastRequest) {
  Tally tally;
  Reply failed;
  failed.fails = true;
  failed.status = 503;
  Reply reset;
  reset.fails = true;
  reset.failure = Failure::kReset;

  tally.Count(Request("/a?x=1"), Reply());
  tally.Count(Request("/a"), failed);
  tally.Count(Request("/b", "X-Sluice-Mirror: true\r\n"), reset);

  const auto json = nlohmann::json::parse(tally.Json("v45"));
  EXPECT_EQ(json["requests"], 3);
  EXPECT_EQ(json["failed"], 2);
  EXPECT_EQ(json["mirrored"], 1);
  EXPECT_EQ(json["by_path"]["/a"], 2);
  EXPECT_EQ(json["by_status"]["200"], 1);
  EXPECT_EQ(json["by_status"]["503"], 1);
  EXPECT_EQ(json["last"]["headers"][0][0], "x-sluice-mirror");
}

TEST(Tally, ClearKeepsOnlyOpenConnections) {
  Tally tally;
  tally.Opened();
  tally.Count(Request("/a"), Reply());

  tally.Clear();

  const auto json = nlohmann::json::parse(tally.Json("v45"));
  EXPECT_EQ(json["requests"], 0);
  EXPECT_EQ(json["open_connections"], 1);
}

TEST(Tally, PathsAreLimited) {
  Tally tally;
  for (std::size_t i = 0; i < Tally::kPathsMax + 10; ++i) tally.Count(Request("/" + std::to_string(i)), Reply());

  const auto json = nlohmann::json::parse(tally.Json("v45"));

  EXPECT_EQ(json["by_path"].size(), Tally::kPathsMax + 1);
  EXPECT_EQ(json["by_path"]["(other)"], 10);
}

}  // namespace
}  // namespace sluice::bench
