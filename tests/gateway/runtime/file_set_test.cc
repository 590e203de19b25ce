#include "gateway/runtime/file_set.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

namespace fs = std::filesystem;

const std::vector<NewFile> kFiles{{"a.txt", "first"}, {"deep/er/b.txt", "second", true}};

std::string TextOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

unsigned ModeOf(const fs::path& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
}

TEST(FileSet, FilesAndDirectoriesAreMadeSecretsForTheirOwnerOnly) {
  const TemporaryDirectory parent;
  const fs::path directory = parent.path() / "new";
  ASSERT_TRUE(WriteFiles(directory, kFiles, false));
  EXPECT_EQ(TextOf(directory / "a.txt"), "first");
  EXPECT_EQ(TextOf(directory / "deep/er/b.txt"), "second");
  EXPECT_EQ(ModeOf(directory / "deep/er/b.txt"), 0600U);
  EXPECT_EQ(ModeOf(directory / "deep/er"), 0700U);
  EXPECT_EQ(ModeOf(directory), 0700U);
}

TEST(FileSet, AnExistingFileStopsAllOfThem) {
  const TemporaryDirectory directory;
  fs::create_directories(directory.path() / "deep/er");
  directory.Write("deep/er/b.txt", "kept");
  const auto written = WriteFiles(directory.path(), kFiles, false);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().cause.find("deep/er/b.txt"), std::string::npos);
  EXPECT_FALSE(fs::exists(directory.path() / "a.txt"));
  EXPECT_EQ(TextOf(directory.path() / "deep/er/b.txt"), "kept");
}

TEST(FileSet, ReplacingLeavesNoOldModeAndNoTemporaryFile) {
  const TemporaryDirectory directory;
  fs::create_directories(directory.path() / "deep/er");
  fs::permissions(directory.Write("deep/er/b.txt", "old"), fs::perms::all);
  directory.Write("a.txt.new", "of a run that was cut short");
  ASSERT_TRUE(WriteFiles(directory.path(), kFiles, true));
  EXPECT_EQ(TextOf(directory.path() / "deep/er/b.txt"), "second");
  EXPECT_EQ(ModeOf(directory.path() / "deep/er/b.txt"), 0600U);
  EXPECT_FALSE(fs::exists(directory.path() / "a.txt.new"));
}

TEST(FileSet, ALinkIsReplacedAndNotFollowed) {
  const TemporaryDirectory directory;
  const fs::path outside = directory.Write("outside", "precious");
  fs::create_symlink(outside, directory.path() / "a.txt");
  EXPECT_FALSE(WriteFiles(directory.path(), kFiles, false));
  ASSERT_TRUE(WriteFiles(directory.path(), kFiles, true));
  EXPECT_EQ(TextOf(outside), "precious");
  EXPECT_FALSE(fs::is_symlink(directory.path() / "a.txt"));
}

TEST(FileSet, AFileWhereADirectoryBelongsIsNamed) {
  const TemporaryDirectory directory;
  directory.Write("deep", "a file");
  const auto written = WriteFiles(directory.path(), kFiles, false);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().cause, (directory.path() / "deep").string() + ": is not a directory");
}

}  // namespace
}  // namespace sluice::gateway
