// Reference values in JSON: a list of cases, in a file that says how they were made.
#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace sluice::test {

// The list called `name` in `path`, or the whole file when it is one. Paths are relative to the source root, where tests run.
// A value, since a loop over a part of a temporary reads what is gone. A list that is missing or empty fails the test: it
// would show nothing.
inline nlohmann::json JsonVectors(const std::string& path, const char* name = "") {
  std::ifstream file(path);
  const nlohmann::json all = nlohmann::json::parse(file, nullptr, false);
  nlohmann::json cases = all.is_object() ? all.value(name, nlohmann::json::array()) : all;
  EXPECT_TRUE(cases.is_array() && !cases.empty()) << path << ' ' << name;
  return cases.is_array() ? cases : nlohmann::json::array();
}

}  // namespace sluice::test
