// Typed reads of one YAML map that report where they fail. What is not read is unknown: the destructor reports every
// key nobody asked for, with the nearest known name, so a parser cannot forget a field silently. One thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/yaml_node.h"
#include "core/base/clock.h"

namespace sluice::config {

// Where findings of one file go. Both outlive every reader of the load.
struct Scope {
  const std::string& file;
  Findings& findings;

  Place At(Mark mark) const { return {file, mark}; }
  void Error(std::string_view code, Mark mark, std::string message, std::string cure = {}) const;
  void Warn(std::string_view code, Mark mark, std::string message, std::string cure = {}) const;
  void Info(std::string_view code, Mark mark, std::string message, std::string cure = {}) const;
};

// Scalars. Each writes a finding and returns nullopt when the node is something else. `path` names it in messages.
std::optional<std::string> ReadText(const YamlNode& node, const std::string& path, const Scope& scope);
std::optional<std::int64_t> ReadInteger(const YamlNode& node, const std::string& path, std::int64_t min,
                                        std::int64_t max, const Scope& scope);
std::optional<double> ReadNumber(const YamlNode& node, const std::string& path, double min, double max,
                                 const Scope& scope);

// Text -> text, sorted by key.
using TextMap = std::vector<std::pair<std::string, std::string>>;

class Fields {
 public:
  // A node that is no map is a finding, and then everything is absent.
  Fields(const YamlNode& node, std::string path, const Scope& scope);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  // Absent, null (with a note) or of the wrong type (with an error) is nullptr or nullopt. `key` must be a literal.
  const YamlNode* Get(std::string_view key);
  const YamlNode* Map(std::string_view key);
  const YamlNode* List(std::string_view key);
  std::optional<std::string> Text(std::string_view key);
  std::optional<bool> Flag(std::string_view key);
  std::optional<std::int64_t> Integer(std::string_view key, std::int64_t min,
                                      std::int64_t max = std::numeric_limits<std::int32_t>::max());
  std::optional<std::uint32_t> Count(std::string_view key, std::uint32_t min = 0,
                                     std::uint32_t max = std::numeric_limits<std::int32_t>::max());
  std::optional<double> Number(std::string_view key, double min, double max);
  // Istio's rule: whole milliseconds, at least one; with `zero_allowed` also 0.
  std::optional<core::Duration> Time(std::string_view key, bool zero_allowed = false);
  // Bytes: a number, or a number with KiB, MiB or GiB.
  std::optional<std::uint64_t> Bytes(std::string_view key, std::uint64_t max);
  // Index into `choices`.
  std::optional<std::size_t> Choice(std::string_view key, std::span<const std::string_view> choices);
  std::vector<std::string> Texts(std::string_view key);
  TextMap TextsByKey(std::string_view key);

  // The field must be there.
  bool Require(std::string_view key);
  // Istio accepts the field and so do we, without effect: a warning that says so.
  void Ignore(std::string_view key, std::string_view because);
  // This build cannot do what the field asks: an error.
  void Refuse(std::string_view key, std::string_view because, std::string_view cure);

  bool Has(std::string_view key);
  std::string PathOf(std::string_view key) const;
  Mark MarkOf(std::string_view key) const;  // of the key; the map's when absent
  Mark mark() const { return node_.mark; }
  const Scope& scope() const { return scope_; }

 private:
  const YamlNode* Typed(std::string_view key, YamlNode::Kind kind, std::string_view what);

  const YamlNode& node_;  // of the document being read
  std::string path_;
  const Scope& scope_;
  std::vector<std::string_view> known_;
};

// The known name nearest to `name`, when it is near enough to be a slip of the pen.
std::optional<std::string_view> Nearest(std::string_view name, std::span<const std::string_view> known);

}  // namespace sluice::config
