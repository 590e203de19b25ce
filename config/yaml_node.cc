#include "config/yaml_node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_set>
#include <utility>

#include "config/format.h"
#include "config/utf8.h"

namespace sluice::config {
namespace {

// yaml-cpp counts from 0.
Mark ToMark(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {};
  return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
}

// Unwinds yaml-cpp once a document is refused; never leaves this file.
struct Refused {};

// Builds the tree of one document. A parent is finished only after its children, so a stack of open nodes is enough.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, Findings& findings) : file_(file), findings_(findings) {}

  // Before a stray `,` or `]` yaml-cpp finds an empty document, again and again at the same place, without end.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == started_at_) {
      Refuse("SL1007", ToMark(mark), "not valid YAML: nothing can begin with this character", "remove it, or quote it");
    }
    started_at_ = mark.pos;
    open_.clear();
    root_.reset();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Begin(YamlNode::Kind::kNull, mark, "", anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { RefuseAlias(mark); }
  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override { RefuseAlias(mark); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Begin(YamlNode::Kind::kScalar, mark, tag, anchor);
    node.quoted = tag == "!";
    if (node.quoted) last_quoted_ = mark;
    node.text = value;
    Add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(Begin(YamlNode::Kind::kList, mark, tag, anchor));
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(Begin(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { Close(); }

  // Nothing when the document holds nothing.
  std::optional<YamlNode> Take() { return std::exchange(root_, {}); }

  // Of the last scalar that is quoted or a block.
  const std::optional<YAML::Mark>& last_quoted() const { return last_quoted_; }

 private:
  // A node whose children are still coming. In a map, `key` waits for its value, which is dropped for a key that was
  // there before.
  struct OpenNode {
    YamlNode node;
    std::optional<YamlMember> key;
    bool duplicate = false;
    std::unordered_set<std::string> keys;
  };

  [[noreturn]] void Refuse(std::string_view code, Mark mark, std::string message, std::string cure) {
    findings_.Error(code, {file_, mark}, std::move(message), std::move(cure));
    throw Refused{};
  }

  [[noreturn]] void RefuseAlias(const YAML::Mark& mark) {
    Refuse("SL1008", ToMark(mark), "anchors and aliases are not accepted", "write the value out where it is needed");
  }

  YamlNode Begin(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) RefuseAlias(mark);
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse("SL1011", ToMark(mark), Format("the YAML tag {} is not accepted", tag),
             "write plain values; quote what is meant as text");
    }
    YamlNode node;
    node.kind = kind;
    node.mark = ToMark(mark);
    return node;
  }

  void Open(YamlNode node) {
    if (open_.size() >= kYamlDepthMax) {
      Refuse("SL1010", node.mark, Format("nested deeper than {} levels", kYamlDepthMax),
             "no resource needs that depth");
    }
    if (!open_.empty() && ExpectsKey()) RefuseKey(node.mark);
    open_.push_back({std::move(node), std::nullopt, false, {}});
  }

  void Close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(node));
  }

  bool ExpectsKey() const {
    const OpenNode& parent = open_.back();
    return parent.node.kind == YamlNode::Kind::kMap && !parent.key.has_value();
  }

  [[noreturn]] void RefuseKey(Mark mark) { Refuse("SL1011", mark, "a key must be plain text", "write `name: value`"); }

  void Add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key.has_value()) {
      parent.key->value = std::move(node);
      if (!parent.duplicate) parent.node.members.push_back(std::move(*parent.key));
      parent.key.reset();
    } else {
      AddKey(parent, std::move(node));
    }
  }

  // A duplicate is an error, yet reading goes on with the first of them, so that the document's other errors are
  // reported as well.
  void AddKey(OpenNode& parent, YamlNode node) {
    if (node.kind != YamlNode::Kind::kScalar) RefuseKey(node.mark);
    parent.duplicate = !parent.keys.insert(node.text).second;
    if (parent.duplicate) {
      findings_.Error("SL1009", {file_, node.mark},
                      Format("the key `{}` is given twice in one map", node.text.substr(0, 80)), "keep one of them");
    }
    parent.key = YamlMember{std::move(node.text), node.mark, {}};
  }

  const std::string& file_;  // of the caller of ParseYaml, who outlives this
  Findings& findings_;
  std::vector<OpenNode> open_;
  std::optional<YamlNode> root_;
  int started_at_ = -1;
  std::optional<YAML::Mark> last_quoted_;
};

// Reads from memory without a copy of the text.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf wants char*; it is only read from
    setg(begin, begin, begin + text.size());
  }
};

bool CheckText(std::string_view text, const std::string& file, Findings& findings) {
  if (text.size() > kYamlBytesMax) {
    findings.Error("SL1002", {file, {}},
                   Format("the file has {} bytes, more than the limit of {}", text.size(), kYamlBytesMax),
                   "split it into several files");
    return false;
  }
  if (const auto bad = FindInvalidUtf8(text); bad.has_value() || text.contains('\0')) {
    const std::size_t at = std::min(bad.value_or(text.size()), text.find('\0'));
    const auto line = 1 + std::ranges::count(text.substr(0, at), '\n');
    findings.Error("SL1003", {file, {static_cast<std::uint32_t>(line), 0}},
                   Format("this is no text: byte {} is not UTF-8", at), "give a YAML file in UTF-8");
    return false;
  }
  return true;
}

// yaml-cpp takes the end of the file for the end of a quote, so that a forgotten one swallows everything behind it. Only
// the last quote of a file can be open.
void CheckQuote(std::string_view text, const std::optional<YAML::Mark>& begin, const std::string& file,
                Findings& findings) {
  if (!begin.has_value() || begin->pos < 0) return;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // not counted by yaml-cpp
  const std::size_t at = static_cast<std::size_t>(begin->pos) + (text.starts_with(kByteOrderMark) ? 3 : 0);
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return;
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    const bool escape = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
    if (escape) {
      ++i;
    } else if (text[i] == quote) {
      return;
    }
  }
  findings.Error("SL1007", {file, ToMark(*begin)}, "not valid YAML: this quote is never closed",
                 "close it on its line");
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &YamlMember::key);
  return found == members.end() ? nullptr : &found->value;
}

std::vector<YamlNode> ParseYaml(std::string_view text, const std::string& file, Findings& findings) {
  std::vector<YamlNode> documents;
  if (!CheckText(text, file, findings)) return documents;
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(file, findings);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
      auto root = builder.Take();
      if (root.has_value() && root->kind != YamlNode::Kind::kNull) documents.push_back(std::move(*root));
    }
    CheckQuote(text, builder.last_quoted(), file, findings);
  } catch (const Refused&) {  // NOLINT(bugprone-empty-catch)
    // The finding is already written; what follows in this file cannot be trusted.
  } catch (const YAML::Exception& error) {
    findings.Error("SL1007", {file, ToMark(error.mark)}, "not valid YAML: " + error.msg,
                   "check the indentation and quotes of this line and the one above");
  }
  return documents;
}

}  // namespace sluice::config
