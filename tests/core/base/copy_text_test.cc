#include "core/base/copy_text.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(CopyText, CopiesEverySizeAndNothingBeyond) {
  std::string text;
  for (std::size_t size = 0; size < 200; ++size) {
    std::string out(size + 8, '.');
    char* const end = CopyText(out.data(), text);
    EXPECT_EQ(end, out.data() + size);
    EXPECT_EQ(out, text + "........") << size;
    text += static_cast<char>('a' + size % 26);
  }
}

TEST(CopyText, TakesNoTextAtAll) {
  char out = 'x';
  EXPECT_EQ(CopyText(&out, {}), &out);
  EXPECT_EQ(out, 'x');
}

}  // namespace
}  // namespace sluice::core
