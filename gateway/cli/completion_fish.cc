// Fish: a line for each verb, option and value, with the condition under which it is offered.
#include "gateway/cli/completion.h"

namespace sluice::gateway {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '\'';
}

std::string Values(const OptionRow& option) {
  if (option.choices.empty()) return option.takes_files ? " -r -F" : " -x";
  std::string words;
  for (const std::string& choice : option.choices) words += (words.empty() ? "" : " ") + choice;
  return " -x -a " + Quoted(words);
}

// Holds when the words so far name this verb, and none below it.
std::string ConditionOf(const VerbRow& verb) {
  if (verb.path.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (std::size_t at = 0; at < verb.path.size();) {
    const std::size_t end = std::min(verb.path.find(' ', at), verb.path.size());
    condition += (condition.empty() ? "" : "; and ");
    condition += "__fish_seen_subcommand_from " + verb.path.substr(at, end - at);
    at = end + 1;
  }
  if (verb.verbs.empty()) return condition;
  condition += "; and not __fish_seen_subcommand_from";
  for (const VerbRow& below : verb.verbs) condition += ' ' + below.name;
  return condition;
}

void Lines(const VerbRow& verb, std::string& text) {
  const std::string begin = "complete -c sluice -n " + Quoted(ConditionOf(verb));
  for (const VerbRow& below : verb.verbs) {
    text += begin + " -a " + below.name + " -d " + Quoted(below.description) + '\n';
  }
  for (const OptionRow& option : verb.options) {
    if (!option.names.empty()) {
      text += begin;
      for (const std::string& name : option.names) {
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      text += (option.value.empty() ? "" : Values(option)) + " -d " + Quoted(option.description) + '\n';
    }
    if (option.place.empty()) continue;
    if (option.takes_files) text += begin + " -F\n";
    for (const std::string& choice : option.choices) text += begin + " -a " + Quoted(choice) + '\n';
  }
  for (const VerbRow& below : verb.verbs) Lines(below, text);
}

}  // namespace

std::string FishCompletion(const VerbRow& program) {
  std::string text = "# fish completion of sluice; printed by `sluice completion fish`.\ncomplete -c sluice -f\n";
  Lines(program, text);
  return text;
}

}  // namespace sluice::gateway
