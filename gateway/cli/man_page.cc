#include "gateway/cli/man_page.h"

#include <map>
#include <set>

#include "gateway/cli/examples.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

// Text for a line of its own: nothing in it is a request, a hyphen is the one that is typed.
std::string Roff(std::string_view text) {
  std::string escaped;
  if (text.starts_with('.') || text.starts_with('\'')) escaped += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if (c == '\'') {
      escaped += "\\(aq";
    } else if (c == '`') {
      escaped += "\\(ga";
    } else if (c == '~') {
      escaped += "\\(ti";
    } else if (c == '^') {
      escaped += "\\(ha";
    } else {
      escaped += c == '\n' ? ' ' : c;
    }
  }
  return escaped;
}

std::string Bold(std::string_view text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Roff(text) + "\\fR"; }

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

std::string Verbatim(std::string_view text) {
  std::string out = ".EX\n";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += Roff(text.substr(0, end)) + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + ".EE\n";
}

std::string Usage(const VerbRow& verb) {
  std::string usage = Bold("sluice " + verb.path);
  if (!verb.verbs.empty()) return usage + ' ' + Italic("VERB") + " ...";
  usage += " [" + Italic("OPTION") + "]...";
  for (const OptionRow& option : verb.options) {
    if (option.place.empty()) continue;
    const std::string word = Italic(Upper(option.place)) + (option.repeated ? "..." : "");
    usage += ' ' + (option.required ? word : '[' + word + ']');
  }
  return usage;
}

std::string Head(const OptionRow& option) {
  std::string head;
  for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + Bold(name);
  if (option.names.empty()) return Italic(Upper(option.place));
  return option.value.empty() ? head : head + ' ' + Italic(option.value);
}

std::string Option(const OptionRow& option) {
  std::string text = ".TP\n" + Head(option) + '\n' + Roff(option.description);
  std::string more;
  const auto add = [&more](const std::string& part) { more += (more.empty() ? "" : "; ") + part; };
  if (option.required) add("required");
  if (!option.default_value.empty()) add("default " + Bold(option.default_value));
  if (!option.environment.empty()) add("environment " + Bold(option.environment));
  if (!option.choices.empty()) {
    std::string words;
    for (const std::string& choice : option.choices) words += (words.empty() ? "" : ", ") + Bold(choice);
    add((option.value == "N" ? "or " : "one of ") + words);
  }
  return text + (more.empty() ? "" : " (" + more + ')') + ".\n";
}

constexpr std::string_view kOwnGroup = "Options";

// `shared` takes the options that many verbs have: they get a section of their own, once.
void Verb(const VerbRow& verb, std::string& text, std::map<std::string, std::string>& shared) {
  text += ".SS " + Usage(verb) + '\n' + Roff(verb.description) + ".\n";
  std::map<std::string, std::string> groups;
  for (const OptionRow& option : verb.options) {
    if (!option.names.empty() && option.names.back() == "--help") continue;
    (option.group == kOwnGroup || option.names.empty() ? text : groups[option.group]) += Option(option);
  }
  for (auto& [group, options] : groups) {
    text += ".PP\nAlso the options of " + Roff(Upper(group)) + ", below.\n";
    shared[group] = std::move(options);
  }
  constexpr std::string_view kTitle = "Examples:\n";
  std::string_view examples = verb.examples;
  if (examples.starts_with(kTitle)) examples.remove_prefix(kTitle.size());
  if (!examples.empty()) text += ".PP\nExamples:\n" + Verbatim(examples);
  for (const VerbRow& below : verb.verbs) Verb(below, text, shared);
}

void CollectEnvironment(const VerbRow& verb, std::map<std::string, std::set<std::string>>& found) {
  for (const OptionRow& option : verb.options) {
    if (!option.environment.empty() && !option.names.empty()) found[option.environment].insert(option.names.back());
  }
  for (const VerbRow& below : verb.verbs) CollectEnvironment(below, found);
}

std::string Environment(const VerbRow& program) {
  std::map<std::string, std::set<std::string>> found;
  CollectEnvironment(program, found);
  std::string text = ".SH ENVIRONMENT\nOptions beat the environment, the environment beats files.\n";
  for (const auto& [name, options] : found) {
    std::string list;
    for (const std::string& option : options) list += (list.empty() ? "" : ", ") + Bold(option);
    text += ".TP\n" + Bold(name) + "\nUsed when " + list + " is not given.\n";
  }
  return text + ".TP\n" + Bold("NO_COLOR") + "\nNo colours, not even on a terminal.\n";
}

struct Pair {
  std::string_view name, meaning;
};

constexpr Pair kExitCodes[] = {{"0", "All is well."},
                               {"1", "It failed; stderr says why."},
                               {"2", "There are differences: of diff and get --drift only."},
                               {"64", "The command line is wrong."},
                               {"65", "The configuration is bad, or would be after the change."},
                               {"69", "No gateway answers at that address."},
                               {"79", "There are findings at or above the asked level."}};

constexpr Pair kFiles[] = {
    {"STATE-DIR/admin-address", "Where the admin port of the running gateway listens; verbs with --state-dir read it."},
    {"STATE-DIR/admin-token", "The token that writing needs, made once; for its owner's eyes only."},
    {"STATE-DIR/admin-ca.crt", "The authority that the certificate of the admin port leads to."},
    {"STATE-DIR/revisions.db", "The history: every change with its author, chained by hashes."}};

std::string Pairs(std::string_view title, std::span<const Pair> pairs) {
  std::string text = ".SH " + std::string(title) + '\n';
  for (const Pair& pair : pairs) text += ".TP\n" + Bold(pair.name) + '\n' + Roff(pair.meaning) + '\n';
  return text;
}

}  // namespace

std::string ManPage(const VerbRow& program) {
  std::string text = ".TH SLUICE 1 \"\" \"sluice " SLUICE_VERSION
                     "\" \"User Commands\"\n"
                     ".SH NAME\nsluice \\- decides which version of a model answers a request\n"
                     ".SH SYNOPSIS\n" +
                     Bold("sluice") + ' ' + Italic("VERB") + " [" + Italic("OPTION") + "]... [" + Italic("ARGUMENT") +
                     "]...\n.SH DESCRIPTION\n" + Roff(program.description) +
                     "\nResults go to stdout, diagnostics to stderr. Verbs that print results know " + Bold("-o json") +
                     " for tools.\n.SH VERBS\n";
  std::map<std::string, std::string> shared;
  for (const VerbRow& verb : program.verbs) Verb(verb, text, shared);
  for (const auto& [group, options] : shared) text += ".SH " + Roff(Upper(group)) + '\n' + options;
  text += Pairs("EXIT STATUS", kExitCodes);
  text += Environment(program);
  text += Pairs("FILES", kFiles);
  return text + ".SH SEE ALSO\n.BR kubectl (1),\n.BR curl (1)\n";
}

void AddMan(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("man", "Print the manual page");
  SetExamples(*verb,
              {{"read it", "sluice man | man -l -"}, {"keep it", "sluice man > ~/.local/share/man/man1/sluice.1"}});
  verb->callback([&app, &exit_code] {
    PrintOut(ManPage(ReadVerbs(app)));
    exit_code = 0;
  });
}

}  // namespace sluice::gateway
