// Nothing of a resource is silently ignored: a table with a row per field says what becomes of it, an effect in the
// compiled snapshot or a finding. An effect must be absent from the same configuration without the field. Tests of
// config/ only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "tests/config/config_support.h"

namespace sluice::config {

using Effect = std::function<bool(const core::Snapshot&)>;

struct Row {
  const char* field;
  std::string text;     // a configuration with the field in it
  std::string finding;  // part of a line that must be there; empty: the field is simply carried out
  Effect effect;        // null: the finding alone says what becomes of it
};

inline void PrintTo(const Row& row, std::ostream* out) { *out << row.field; }

inline Row Done(const char* field, std::string text, Effect effect) {
  return {field, std::move(text), "", std::move(effect)};
}
inline Row Noted(const char* field, std::string text, std::string finding, Effect effect) {
  return {field, std::move(text), std::move(finding), std::move(effect)};
}
inline Row Said(const char* field, std::string text, std::string finding) {
  return {field, std::move(text), std::move(finding), {}};
}

inline std::unique_ptr<core::Snapshot> Compiled(const Loaded& loaded) {
  return loaded.ok ? Compile(*loaded.documents, {{"api.example.com", {"10.0.0.9"}}}) : nullptr;
}

// `baseline` is the same configuration without any of the fields.
inline void ExpectRow(const Row& row, const std::string& baseline) {
  const Loaded loaded = LoadText(row.text);
  const std::string said = TextOf(loaded);

  EXPECT_EQ(said.find("SL1101"), std::string::npos) << "unknown: " << said;
  EXPECT_TRUE(row.effect != nullptr || !row.finding.empty()) << "a row must expect something";
  if (!row.finding.empty()) {
    EXPECT_NE(said.find(row.finding), std::string::npos) << row.finding << "\nis not in\n" << said;
  }
  if (row.effect == nullptr) return;
  ASSERT_TRUE(loaded.ok) << said;
  if (row.finding.empty()) {
    EXPECT_EQ(said.find("SL2013"), std::string::npos) << said;
  }
  EXPECT_TRUE(row.effect(*Compiled(loaded))) << "the field has no effect";
  const Loaded without = LoadText(baseline);
  ASSERT_TRUE(without.ok) << TextOf(without);
  EXPECT_FALSE(row.effect(*Compiled(without))) << "the effect is there without the field";
}

// A name for gtest: letters, digits and underscores, unique by the row's number.
inline std::string RowName(const testing::TestParamInfo<Row>& info) {
  std::string name = std::to_string(info.index) + "_";
  for (const char c : std::string(info.param.field)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += plain ? c : '_';
  }
  return name;
}

}  // namespace sluice::config
