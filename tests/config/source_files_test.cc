#include "config/source_files.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/yaml_node.h"
#include "tests/support/temporary_directory.h"

namespace sluice::config {
namespace {

namespace fs = std::filesystem;

struct Read {
  std::vector<Source> sources;
  std::vector<Finding> findings;
};

Read ReadAll(const std::vector<fs::path>& paths) {
  Findings findings;
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.string());
  auto sources = ReadSources(names, findings);
  return {std::move(sources), findings.Take()};
}

// The code of the one finding for a path; "" when there is none.
std::string CodeOf(const fs::path& path) {
  const Read read = ReadAll({path});
  EXPECT_LE(read.findings.size(), 1U);
  return read.findings.empty() ? "" : read.findings[0].code;
}

TEST(SourceFiles, FilesComeInTheOrderAskedAndThoseOfADirectoryByName) {
  const TemporaryDirectory directory;
  directory.Write("b.yaml", "b");
  directory.Write("a.yml", "a");
  directory.Write("notes.txt", "no");
  directory.Write(".hidden.yaml", "no");
  const TemporaryDirectory other;
  const fs::path single = other.Write("z.txt", "z");

  const Read read = ReadAll({single, directory.path()});

  ASSERT_EQ(read.sources.size(), 3U);
  EXPECT_TRUE(read.findings.empty());
  EXPECT_EQ(read.sources[0].text + read.sources[1].text + read.sources[2].text, "zab");
  EXPECT_EQ(read.sources[1].name, (directory.path() / "a.yml").string());
}

TEST(SourceFiles, MountedConfigMapIsReadOnceThroughItsLinks) {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "..2024_01");
  directory.Write("..2024_01/rules.yaml", "rules");
  fs::create_symlink("..2024_01", directory.path() / "..data");
  fs::create_symlink("..data/rules.yaml", directory.path() / "rules.yaml");

  const Read read = ReadAll({directory.path()});

  ASSERT_EQ(read.sources.size(), 1U);
  EXPECT_EQ(read.sources[0].text, "rules");
  EXPECT_TRUE(read.findings.empty());
}

TEST(SourceFiles, HundredMegabyteFileIsRefusedUnread) {
  const TemporaryDirectory directory;

  EXPECT_EQ(CodeOf(directory.WriteHoles("huge.yaml", 100ULL << 20)), "SL1002");
  EXPECT_EQ(CodeOf(directory.WriteHoles("vast.yaml", 1ULL << 40)), "SL1002");
  EXPECT_EQ(CodeOf(directory.WriteHoles("most.yaml", kYamlBytesMax)), "");
}

TEST(SourceFiles, DirectoryWithinADirectoryIsRefusedWhenItLooksLikeAFile) {
  const TemporaryDirectory directory;
  directory.Write("a.yaml", "a");
  fs::create_directory(directory.path() / "b.yaml");
  fs::create_directory(directory.path() / "plain");

  const Read read = ReadAll({directory.path()});

  EXPECT_EQ(read.sources.size(), 1U);
  ASSERT_EQ(read.findings.size(), 1U);
  EXPECT_EQ(read.findings[0].code, "SL1005");
  EXPECT_EQ(read.findings[0].place.file, (directory.path() / "b.yaml").string());
}

TEST(SourceFiles, DirectoryWithoutRulesIsRefused) {
  const TemporaryDirectory directory;
  EXPECT_EQ(CodeOf(directory.path()), "SL1006");
  directory.Write("rules.json", "{}");
  EXPECT_EQ(CodeOf(directory.path()), "SL1006");
}

TEST(SourceFiles, WhatIsNoFileIsNeverOpened) {
  const TemporaryDirectory directory;
  const fs::path pipe = directory.path() / "pipe.yaml";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);  // opening it would wait for a writer for ever

  EXPECT_EQ(CodeOf(pipe), "SL1005");
  EXPECT_EQ(CodeOf(directory.path()), "SL1005");
  EXPECT_EQ(CodeOf("/dev/zero"), "SL1005");
}

TEST(SourceFiles, PathsThatLeadNowhereAreRefused) {
  const TemporaryDirectory directory;
  fs::create_symlink("nowhere", directory.path() / "dangling.yaml");
  fs::create_symlink("loop.yaml", directory.path() / "loop.yaml");
  const fs::path file = directory.Write("file.yaml", "a");

  EXPECT_EQ(CodeOf(directory.path() / "missing.yaml"), "SL1001");
  EXPECT_EQ(CodeOf(""), "SL1001");
  EXPECT_EQ(CodeOf(file / "below"), "SL1001");
  EXPECT_EQ(CodeOf(directory.path() / "dangling.yaml"), "SL1001");
  EXPECT_EQ(CodeOf(directory.path() / "loop.yaml"), "SL1001");
  EXPECT_EQ(CodeOf(std::string(5000, 'a')), "SL1001");
}

TEST(SourceFiles, FileWithoutTheRightToReadItIsRefused) {
  const TemporaryDirectory directory;
  const fs::path path = directory.Write("secret.yaml", "a");
  fs::permissions(path, fs::perms::none);

  if (access(path.c_str(), R_OK) == 0) GTEST_SKIP() << "this user may read everything";
  EXPECT_EQ(CodeOf(path), "SL1001");
}

TEST(SourceFiles, EmptyFileIsAFile) {
  const TemporaryDirectory directory;
  const Read read = ReadAll({directory.Write("empty.yaml", "")});

  ASSERT_EQ(read.sources.size(), 1U);
  EXPECT_EQ(read.sources[0].text, "");
  EXPECT_TRUE(read.findings.empty());
}

TEST(SourceFiles, EveryBadPathIsReported) {
  const TemporaryDirectory directory;

  const Read read = ReadAll({directory.path() / "a", directory.path(), directory.Write("b.txt", "b"), "/dev/null"});

  EXPECT_EQ(read.sources.size(), 1U);
  EXPECT_EQ(read.findings.size(), 3U);
}

}  // namespace
}  // namespace sluice::config
