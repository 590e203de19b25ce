// Zsh: a function for each verb, all made of _arguments.
#include <algorithm>

#include "gateway/cli/completion.h"

namespace sluice::gateway {
namespace {

// For the inside of single quotes, where _arguments reads '[', ']' and ':' as its own.
std::string Quoted(std::string_view text, std::string_view own) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
      continue;
    }
    if (own.find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string Action(const OptionRow& option) {
  if (!option.choices.empty()) {
    std::string words;
    for (const std::string& choice : option.choices) words += (words.empty() ? "" : " ") + Quoted(choice, "[]:\\");
    return '(' + words + ')';
  }
  return option.takes_files ? "_files" : " ";
}

std::string FunctionOf(const VerbRow& verb) {
  std::string name = "_sluice";
  if (!verb.path.empty()) name += '_' + verb.path;
  std::ranges::replace(name, ' ', '_');
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string Arguments(const VerbRow& verb) {
  std::string text;
  int place = 0;
  for (const OptionRow& option : verb.options) {
    const std::string tail = option.value.empty() ? "" : ':' + Quoted(option.value, "[]:\\") + ':' + Action(option);
    for (const std::string& name : option.names) {
      text += std::string(" \\\n    '") + (option.repeated ? "*" : "") + name + '[' +
              Quoted(option.description, "[]\\") + ']' + tail + '\'';
    }
    if (!option.place.empty()) {
      const std::string where = option.repeated ? "*" : std::to_string(++place);
      text += " \\\n    '" + where + ':' + Quoted(option.place, "[]:\\") + ':' + Action(option) + '\'';
    }
  }
  return text;
}

void Function(const VerbRow& verb, std::string& text) {
  for (const VerbRow& below : verb.verbs) Function(below, text);
  text += FunctionOf(verb) + "() {\n";
  if (verb.verbs.empty()) {
    text += "  _arguments -s" + Arguments(verb) + "\n}\n\n";
    return;
  }
  text +=
      "  local curcontext=\"$curcontext\" state line\n"
      "  typeset -A opt_args\n"
      "  _arguments -C" +
      Arguments(verb) +
      " \\\n    '1:verb:->verb' \\\n    '*::argument:->argument'\n"
      "  case $state in\n"
      "    verb)\n"
      "      local -a verbs=(\n";
  std::string dispatch;
  for (const VerbRow& below : verb.verbs) {
    text += "        '" + Quoted(below.name, ":") + ':' + Quoted(below.description, "\\") + "'\n";
    dispatch += "        " + below.name + ") " + FunctionOf(below) + " ;;\n";
  }
  text +=
      "      )\n"
      "      _describe verb verbs ;;\n"
      "    argument)\n"
      "      case $words[1] in\n" +
      dispatch +
      "      esac ;;\n"
      "  esac\n"
      "}\n\n";
}

}  // namespace

std::string ZshCompletion(const VerbRow& program) {
  std::string text =
      "#compdef sluice\n"
      "# zsh completion of sluice; printed by `sluice completion zsh`.\n\n";
  Function(program, text);
  // Loaded from fpath this file is the function's body; sourced, it has to be made known.
  return text + "if [[ ${funcstack[1]} == _sluice ]]; then\n  _sluice \"$@\"\nelse\n  compdef _sluice sluice\nfi\n";
}

}  // namespace sluice::gateway
