// Bash: one function that finds the verb among the words, then offers what may follow the last one.
#include "gateway/cli/completion.h"

namespace sluice::gateway {
namespace {

std::string Joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// What sets `values` or `files` for one option or place.
std::string Offer(const OptionRow& option) {
  if (!option.choices.empty()) return "values=\"" + Joined(option.choices, " ") + "\"";
  return option.takes_files ? "files=yes" : "nothing=yes";
}

void FindVerbs(const VerbRow& row, std::string& text) {
  for (const VerbRow& verb : row.verbs) {
    text += "      \"" + row.path + ':' + verb.name + "\") verb=\"" + verb.path + "\" ;;\n";
    FindVerbs(verb, text);
  }
}

void OfferVerb(const VerbRow& row, std::string& text) {
  text += "    \"" + row.path + "\")\n";
  std::vector<std::string> names;
  std::string cases;
  std::string place;
  for (const OptionRow& option : row.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
    if (!option.names.empty() && !option.value.empty()) {
      cases += "        " + Joined(option.names, "|") + ") " + Offer(option) + " ;;\n";
    }
    if (place.empty() && !option.place.empty()) place = Offer(option);
  }
  text += "      options=\"" + Joined(names, " ") + "\"\n";
  if (!row.verbs.empty()) {
    std::vector<std::string> verbs;
    for (const VerbRow& verb : row.verbs) verbs.push_back(verb.name);
    place = "values=\"" + Joined(verbs, " ") + "\"";
  }
  if (place.empty()) place = "nothing=yes";
  text +=
      "      case \"$previous\" in\n" + cases + "        *) [[ $current == -* ]] || " + place + " ;;\n      esac ;;\n";
  for (const VerbRow& verb : row.verbs) OfferVerb(verb, text);
}

}  // namespace

std::string BashCompletion(const VerbRow& program) {
  std::string find;
  std::string offers;
  FindVerbs(program, find);
  OfferVerb(program, offers);
  return "# bash completion of sluice; printed by `sluice completion bash`.\n"
         "_sluice() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local verb=\"\" options=\"\" values=\"\" files=\"\" nothing=\"\" i\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"$verb:${COMP_WORDS[i]}\" in\n" +
         find +
         "    esac\n"
         "  done\n"
         "  case \"$verb\" in\n" +
         offers +
         "  esac\n"
         "  if [[ -n $nothing ]]; then return; fi\n"
         "  if [[ -n $files ]]; then\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"${values:-$options}\" -- \"$current\")\n"
         "}\n"
         "complete -F _sluice sluice\n";
}

}  // namespace sluice::gateway
