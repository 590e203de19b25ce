// One resource as a tree, before anything is made of it: what files, the resource API and the revision store hand to
// each other. Plain data; one thread at a time.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/yaml_node.h"

namespace sluice::config {

// What makes two resources the same one, whatever version of its group it is written in.
struct ResourceKey {
  std::string kind;
  std::string name_space;
  std::string name;

  // "VirtualService ml-serving/content-ranking-vs"
  std::string Text() const { return kind + ' ' + name_space + '/' + name; }
  friend auto operator<=>(const ResourceKey&, const ResourceKey&) = default;
};

struct Resource {
  ResourceKey key;
  YamlNode root;       // the whole document
  std::string origin;  // the file it was read from; what findings call it
};

}  // namespace sluice::config
