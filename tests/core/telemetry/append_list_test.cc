#include "core/telemetry/append_list.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sluice::core {
namespace {

TEST(AppendList, ElementsStayWhereTheyAre) {
  AppendList<std::string> list;
  std::vector<std::string*> where;
  for (int i = 0; i < 1'000; ++i) where.push_back(&list.Append(std::to_string(i)));

  ASSERT_EQ(list.size(), 1'000u);
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(&list[i], where[i]);
    EXPECT_EQ(list[i], std::to_string(i));
  }
}

TEST(AppendList, AReaderSeesOnlyCompleteElements) {
  constexpr std::size_t kCount = 20'000;
  AppendList<std::vector<std::size_t>> list;

  std::thread writer([&list] {
    for (std::size_t i = 0; i < kCount; ++i) list.Append(std::size_t{3}, i);
  });
  bool whole = true;
  for (std::size_t seen = 0; seen < kCount;) {
    seen = list.size();
    if (seen > 0) whole = whole && list[seen - 1] == std::vector<std::size_t>(3, seen - 1);
  }
  writer.join();

  EXPECT_TRUE(whole);
}

}  // namespace
}  // namespace sluice::core
