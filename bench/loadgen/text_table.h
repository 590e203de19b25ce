// A table for a terminal: columns as wide as they need, the first to the left, the others to the right. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

// What a terminal can show: control bytes, which could steer it, become '?'.
std::string Printable(std::string_view text);

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) { rows_.push_back(std::move(head)); }

  // As many cells as the head has.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sluice::bench
