// One YAML document as a small tree in which every node knows its line. Read through yaml-cpp's events, never through
// its own nodes, which take `010` for 8, keep the first of two equal keys and follow aliases without end
// (reliability.md section 4). Built and read by one load; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"

namespace sluice::config {

struct YamlMember;

struct YamlNode {
  enum class Kind : unsigned char { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;  // kScalar: quoted or a block scalar, so surely meant as text
  std::string text;     // kScalar
  Mark mark;
  std::vector<YamlNode> items;      // kList
  std::vector<YamlMember> members;  // kMap, in the order written, keys unique

  // Null when this is no map or has no such key.
  const YamlNode* Find(std::string_view key) const;
};

struct YamlMember {
  std::string key;
  Mark mark;  // of the key
  YamlNode value;
};

// Limits of what is read; reliability.md section 4.
inline constexpr std::size_t kYamlBytesMax = 1024 * 1024;
inline constexpr std::size_t kYamlDepthMax = 32;

// Every document of `text`. Findings: broken syntax, anchors and aliases, duplicate keys, tags, keys that are no text,
// too deep, text that is not UTF-8. Of equal keys the first is kept; any other error ends the file, and the documents
// before it are returned.
std::vector<YamlNode> ParseYaml(std::string_view text, const std::string& file, Findings& findings);

}  // namespace sluice::config
