#include "core/http/header_name.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::core {
namespace {

TEST(HeaderName, EveryCodeFindsItselfByItsText) {
  for (std::size_t code = 1; code < static_cast<std::size_t>(HeaderName::kCount); ++code) {
    const auto name = static_cast<HeaderName>(code);
    EXPECT_FALSE(HeaderText(name).empty());
    EXPECT_EQ(LookupHeaderName(HeaderText(name)), name) << HeaderText(name);
  }
}

TEST(HeaderName, WhatIsNotListedIsOther) {
  for (const char* name : {"", "a", "x-user-id", "hosts", "hos", "content-lengths", "ACCEPT"}) {
    EXPECT_EQ(LookupHeaderName(name), HeaderName::kOther) << name;
  }
  EXPECT_EQ(HeaderText(HeaderName::kOther), "");
}

TEST(HeaderName, TextAndCodeStandInTheSameOrder) {
  EXPECT_EQ(HeaderText(HeaderName::kAccept), "accept");
  EXPECT_EQ(HeaderText(HeaderName::kHost), "host");
  EXPECT_EQ(HeaderText(HeaderName::kTransferEncoding), "transfer-encoding");
  EXPECT_EQ(HeaderText(HeaderName::kXSluiceMirror), "x-sluice-mirror");
}

TEST(HeaderNameSet, HoldsWhatWasAdded) {
  constexpr HeaderNameSet kTwo = {HeaderName::kAccept, HeaderName::kXSluiceMirror};
  static_assert(kTwo.Has(HeaderName::kAccept) && !kTwo.Has(HeaderName::kHost));
  HeaderNameSet names;
  EXPECT_FALSE(names.Overlaps(kTwo));
  for (std::size_t code = 0; code < static_cast<std::size_t>(HeaderName::kCount); ++code) {
    const auto name = static_cast<HeaderName>(code);
    EXPECT_FALSE(names.Has(name));
    names.Add(name);
    EXPECT_TRUE(names.Has(name));
  }
  EXPECT_TRUE(names.Overlaps(kTwo));
  EXPECT_TRUE(HeaderNameSet({HeaderName::kXSluiceMirror}).Overlaps(kTwo));
  EXPECT_FALSE(HeaderNameSet({HeaderName::kHost, HeaderName::kOther}).Overlaps(kTwo));
}

}  // namespace
}  // namespace sluice::core
