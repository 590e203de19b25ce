// Reads a corpus of byte vectors (tests/vectors/h1/*.txt): the form is described at the head of those files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct Vector {
  std::string name;
  std::string expectation;  // first word
  std::string argument;     // what follows it, unescaped
  std::string bytes;
};

// Unescapes the front of `text` up to its end, or up to the '}' that closes a repetition.
inline std::string Unescape(std::string_view& text, bool inside = false) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    if (inside && c == '}') return out;
    text.remove_prefix(1);
    if (c != '\\' || text.empty()) {
      out += c;
      continue;
    }
    const char kind = text.front();
    text.remove_prefix(1);
    switch (kind) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      case 'x':
        out += static_cast<char>(std::strtoul(std::string(text.substr(0, 2)).c_str(), nullptr, 16));
        text.remove_prefix(2);
        break;
      case 'R': {
        const std::size_t comma = text.find(',');
        const std::size_t count = std::strtoull(std::string(text.substr(1, comma - 1)).c_str(), nullptr, 10);
        text.remove_prefix(comma + 1);
        const std::string once = Unescape(text, true);
        text.remove_prefix(1);
        out.reserve(out.size() + count * once.size());
        for (std::size_t i = 0; i < count; ++i) out += once;
        break;
      }
      default: out += kind;
    }
  }
  return out;
}

// Paths are relative to the source root, where tests run.
inline std::vector<Vector> LoadVectors(const std::string& path) {
  std::vector<Vector> vectors;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("== ")) {
      const std::size_t bar = line.find(" | ");
      Vector vector;
      vector.name = line.substr(3, bar - 3);
      std::string_view expectation = std::string_view(line).substr(bar + 3);
      vector.expectation = expectation.substr(0, expectation.find(' '));
      expectation.remove_prefix(std::min(expectation.size(), vector.expectation.size() + 1));
      vector.argument = Unescape(expectation);
      vectors.push_back(std::move(vector));
    } else if (!vectors.empty()) {
      std::string_view rest = line;
      vectors.back().bytes += Unescape(rest);
    }
  }
  return vectors;
}

}  // namespace sluice::test
