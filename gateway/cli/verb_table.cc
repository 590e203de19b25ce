#include "gateway/cli/verb_table.h"

#include <algorithm>
#include <array>

#include "config/fields.h"
#include "config/resource_kind.h"

namespace sluice::gateway {
namespace {

// Types that CLI11 calls by a name of its own and that are no files.
constexpr std::array<std::string_view, 5> kNumbers = {"INT", "UINT", "FLOAT", "BOOLEAN", "NUMBER"};
constexpr std::array<std::string_view, 4> kFiles = {"PATH", "FILE", "DIR", "TEXT"};

// The "{text,json}" or "{auto->0}" of a check that knows its values.
std::vector<std::string> ChoicesIn(std::string_view type) {
  std::vector<std::string> choices;
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', std::min(open, type.size()));
  if (close == std::string_view::npos) return choices;
  std::string_view rest = type.substr(open + 1, close - open - 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view choice = rest.substr(0, end);
    choices.emplace_back(choice.substr(0, choice.find("->")));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return choices;
}

void ReadValue(const CLI::Option& option, OptionRow& row) {
  if (option.get_items_expected_max() == 0) return;  // a flag
  const std::string type = option.get_type_name();
  row.value = type.substr(0, type.find_first_of(":({"));
  if (row.value.empty()) row.value = "VALUE";
  row.choices = ChoicesIn(type);
  if (row.value == "KIND") {
    for (const config::ResourceKind& kind : config::ResourceKinds()) {
      row.choices.emplace_back(kind.singular);
    }
  }
  row.takes_files = row.choices.empty() && std::ranges::find(kFiles, row.value) != kFiles.end();
  if (std::ranges::find(kNumbers, row.value) != kNumbers.end()) row.value = "N";
  if (row.value == "TEXT" && !row.choices.empty()) row.value = "WORD";
  row.repeated = option.get_expected_max() > 1;
  const std::string value = option.get_default_str();
  if (value != "[]" && value != "\"\"" && value != "{}") row.default_value = value;
}

OptionRow ReadOption(const CLI::Option& option) {
  OptionRow row;
  for (const std::string& name : option.get_snames()) row.names.push_back('-' + name);
  for (const std::string& name : option.get_lnames()) row.names.push_back("--" + name);
  if (option.get_positional()) row.place = option.get_name(true);
  row.description = option.get_description();
  row.group = option.get_group();
  row.environment = option.get_envname();
  row.required = option.get_required();
  ReadValue(option, row);
  return row;
}

VerbRow Read(const CLI::App& app, const std::string& path) {
  VerbRow row{.name = app.get_name(),
              .path = path,
              .description = app.get_description(),
              .examples = app.get_footer(),
              .options = {},
              .verbs = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) row.options.push_back(ReadOption(*option));
  }
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (verb->get_group().empty()) continue;
    row.verbs.push_back(Read(*verb, path.empty() ? verb->get_name() : path + ' ' + verb->get_name()));
  }
  return row;
}

}  // namespace

VerbRow ReadVerbs(const CLI::App& app) { return Read(app, ""); }

std::string UnknownVerb(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::vector<const CLI::App*> verbs = at->get_subcommands({});
    const std::string_view word = argv[i];
    if (verbs.empty() || word.starts_with('-')) return {};
    const auto named =
        std::ranges::find_if(verbs, [&](const CLI::App* verb) { return verb->check_name(std::string(word)); });
    if (named != verbs.end()) {
      at = *named;
      continue;
    }
    std::vector<std::string_view> names;
    for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
    const auto nearest = config::Nearest(word, names);
    const std::string of = at == &app ? std::string() : at->get_name() + ' ';
    std::string text = "there is no verb '" + of + std::string(word.substr(0, 80)) + "'; ";
    if (nearest) return text + "did you mean '" + of + std::string(*nearest) + "'?";
    return text + "see sluice " + of + "--help";
  }
  return {};
}

}  // namespace sluice::gateway
