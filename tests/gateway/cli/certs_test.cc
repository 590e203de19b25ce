#include "gateway/cli/certs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sluice::gateway {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

TEST(Certs, NothingButKeysIsSecret) {
  const auto files = MakeCertificates({.directory = {}, .dns = {}}, kNow);
  ASSERT_TRUE(files) << files.error().Text();
  std::set<std::string> paths;
  for (const NewFile& file : *files) {
    paths.insert(file.path);
    EXPECT_EQ(file.secret, file.text.find("PRIVATE KEY") != std::string::npos) << file.path;
  }
  EXPECT_EQ(paths.size(), files->size()) << "a path twice";
  EXPECT_EQ(files->size(), 14U);
}

TEST(Certs, EveryRunMakesOtherKeys) {
  const auto once = MakeCertificates({.directory = {}, .dns = {}}, kNow);
  const auto twice = MakeCertificates({.directory = {}, .dns = {}}, kNow);
  ASSERT_TRUE(once && twice);
  for (std::size_t i = 0; i < once->size(); ++i) EXPECT_NE((*once)[i].text, (*twice)[i].text) << (*once)[i].path;
}

TEST(Certs, NamesThatAreNoneAreRefusedWithACure) {
  for (const std::string name : {"", "*", "a b", "-a", "a,DNS:b", "a/b", "spiffe://a"}) {
    const auto files = MakeCertificates({.directory = {}, .dns = {name}}, kNow);
    ASSERT_FALSE(files) << name;
    EXPECT_EQ(files.error().code, core::ErrorCode::kInvalidArgument);
    EXPECT_NE(files.error().cure, "");
  }
  for (const std::string domain : {"", "a/b", "UPPER", "a?b"}) {
    EXPECT_FALSE(MakeCertificates({.directory = {}, .trust_domain = domain, .dns = {}}, kNow)) << domain;
  }
  EXPECT_FALSE(MakeCertificates({.directory = {}, .name_space = "a/b", .dns = {}}, kNow));
}

}  // namespace
}  // namespace sluice::gateway
