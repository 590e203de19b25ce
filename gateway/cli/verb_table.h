// Every verb with its options as plain data, read off the command line's own table: what completion and man page are made
// from, so that neither can forget a verb. Main thread of its own process.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway {

struct OptionRow {
  std::vector<std::string> names;    // "-o", "--output"; empty: given by its place alone
  std::string place;                 // name of its place on the command line; may be empty
  std::string value;                 // what stands for its value in usage lines: "PATH"; empty: a flag
  std::vector<std::string> choices;  // the values that exist, when they are known
  std::string description;
  std::string group;          // "Options", or what several verbs share: "Which gateway"
  std::string environment;    // variable that is used when it is not given; may be empty
  std::string default_value;  // may be empty
  bool required = false;
  bool repeated = false;
  bool takes_files = false;  // its value is the name of a file or directory
};

struct VerbRow {
  std::string name;  // "init"
  std::string path;  // "certs init"; of the program itself: empty
  std::string description;
  std::string examples;            // as --help shows them; may be empty
  std::vector<OptionRow> options;  // with places in their order
  std::vector<VerbRow> verbs;
};

VerbRow ReadVerbs(const CLI::App& app);

// What to say of a word that stands where a verb is expected and is none: "there is no verb 'valdiate'; did you mean
// 'validate'?". Empty when the verbs are all right.
std::string UnknownVerb(const CLI::App& app, int argc, const char* const* argv);

}  // namespace sluice::gateway
