#include "gateway/cli/canary.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "core/http/uri_escape.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/canary_view.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/json_fields.h"
#include "gateway/cli/object_name.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {
namespace {

using config::Json;

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr int kMissedMax = 60;  // looks in a row without an answer: half a minute, longer than a restart takes

struct CanaryOptions {
  AdminOptions admin{};
  std::string name{};
  std::string name_space = "default";
  std::string message{};
  std::string output = "text";
  std::uint32_t events = 5;
  bool full = false;
  bool watch = false;
};

core::Result<std::string> PathOf(const CanaryOptions& options) {
  const auto key = ObjectNamed("Canary", options.name, options.name_space);
  if (!key) return std::unexpected(key.error());
  return "/sluice/v1/canaries/" + core::EscapeUri(key->name_space) + '/' + core::EscapeUri(key->name);
}

// Another gateway's answer is shown whatever is in it.
void Show(const CanaryOptions& options, const Json& status) {
  options.output == "json" ? PrintJson(status) : PrintOut(CanaryView(status, UsesColour()));
}

int EndOf(const Json& status) {
  const std::string phase = TextOf(status, "phase");
  return phase == "RolledBack" || phase == "Aborted" ? kExitFailure : 0;
}

// A picture that is drawn again for people; a line for each thing that happens for everybody else.
class Follower {
 public:
  explicit Follower(const CanaryOptions& options) : options_(options), drawn_(::isatty(STDOUT_FILENO) == 1) {}

  void Show(const Json& status) {
    if (options_.output == "json") return Line(status, status.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!drawn_) return Line(status, TimeText(Now()) + "  " + CanaryLine(status));
    PrintOut("\x1b[H\x1b[2J" + CanaryView(status, UsesColour()));
    std::fflush(stdout);
  }

 private:
  static std::int64_t Now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  }
  void Line(const Json& status, const std::string& text) {
    const std::string news = CanaryLine(status);
    if (news == told_) return;
    told_ = news;
    PrintOut(text + '\n');
    std::fflush(stdout);
  }

  const CanaryOptions& options_;
  bool drawn_;
  std::string told_;
};

// Until the run has ended. A gateway that restarts in between goes on with it, and so does this.
int Watch(const CanaryOptions& options, const AdminTarget& target, const std::string& path) {
  Follower follower(options);
  for (int missed = 0;;) {
    const auto answer = AskJson(target, "GET", path);
    if (!answer) {
      if (answer.error().code != core::ErrorCode::kUnavailable || ++missed == kMissedMax) return Report(answer.error());
    } else if (answer->status >= 400) {
      return ReportRefusal(*answer);
    } else {
      missed = 0;
      follower.Show(answer->body);
      if (!CanaryRuns(answer->body)) return EndOf(answer->body);
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

int List(const CanaryOptions& options, const AdminTarget& target) {
  const auto answer = AskJson(target, "GET", "/sluice/v1/canaries");
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  const Json& canaries = ListOf(answer->body, "canaries");
  if (options.output == "json") {
    PrintJson(answer->body);
  } else if (canaries.empty()) {
    PrintOut("no canaries: apply a resource of kind Canary\n");
  } else {
    PrintOut(CanaryTable(canaries));
  }
  return 0;
}

int Status(const CanaryOptions& options) {
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  if (options.name.empty()) return List(options, *target);
  auto path = PathOf(options);
  if (!path) return Report(path.error());
  *path += "?events=" + std::to_string(options.events);
  if (options.watch) return Watch(options, *target, *path);
  const auto answer = AskJson(*target, "GET", *path);
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  Show(options, answer->body);
  return 0;
}

int Ask(const CanaryOptions& options, const std::string& verb) {
  const auto target = ResolveTarget(options.admin);
  if (!target) return Report(target.error());
  const auto path = PathOf(options);
  if (!path) return Report(path.error());
  Json body = Json::object();
  if (!options.message.empty()) body["message"] = options.message;
  if (options.full) body["full"] = true;
  const auto answer = AskJson(*target, "POST", *path + '/' + verb, &body);
  if (!answer) return Report(answer.error());
  if (answer->status >= 400) return ReportRefusal(*answer);
  Show(options, answer->body);
  return 0;
}

void AddCommon(CLI::App& verb, CanaryOptions& options) {
  verb.add_option("-n,--namespace", options.name_space, "Namespace of the canary")
      ->type_name("NAME")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  verb.add_option("-o,--output", options.output, "text, or json for tools")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddAdminOptions(verb, options.admin);
}

CLI::App* AddVerb(CLI::App& canary, int& exit_code, const std::string& name, const std::string& description,
                  const std::shared_ptr<CanaryOptions>& options) {
  CLI::App* verb = canary.add_subcommand(name, description);
  verb->add_option("name", options->name, "The canary: NAME or NAMESPACE/NAME")->type_name("NAME")->required();
  verb->add_option("-m,--message", options->message, "Why, for the history")->type_name("TEXT");
  AddCommon(*verb, *options);
  verb->callback([options, name, &exit_code] { exit_code = Ask(*options, name); });
  return verb;
}

void AddCanaryStatus(CLI::App& canary, int& exit_code) {
  auto options = std::make_shared<CanaryOptions>();
  CLI::App* verb = canary.add_subcommand("status", "Show where a canary is and what both versions answer");
  verb->add_option("name", options->name, "The canary: NAME or NAMESPACE/NAME; without it, all of them")
      ->type_name("NAME");
  verb->add_flag("-w,--watch", options->watch, "Follow it until it ends: exit code 0 when it has succeeded, else 1");
  verb->add_option("--events", options->events, "So many of the last events")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  AddCommon(*verb, *options);
  SetExamples(*verb, {{"all of them", "sluice canary status"},
                      {"follow one", "sluice canary status ml-serving/ranking-v47 --watch"},
                      {"every decision with its numbers", "sluice canary status ranking-v47 --events 100 -o json"}});
  verb->callback([options, &exit_code] { exit_code = Status(*options); });
}

}  // namespace

void AddCanary(CLI::App& app, int& exit_code) {
  CLI::App* canary = app.add_subcommand("canary", "Move a route to a new version by stages, and back when it is worse");
  canary->require_subcommand(1);
  SetExamples(*canary, {{"begin", "sluice canary start ml-serving/ranking-v47"},
                        {"where it is", "sluice canary status ml-serving/ranking-v47"}});
  const auto add = [&](const char* name, const char* description, const char* said, const char* example) {
    auto options = std::make_shared<CanaryOptions>();
    CLI::App* verb = AddVerb(*canary, exit_code, name, description, options);
    SetExamples(*verb, {{said, example}});
    return std::pair(verb, options);
  };
  add("start", "Give the challenger its first share", "the first stage", "sluice canary start ml-serving/ranking-v47");
  AddCanaryStatus(*canary, exit_code);
  add("pause", "Stay in the stage; a version that is certainly worse is still rolled back", "over the weekend",
      "sluice canary pause ranking-v47 -m 'nobody is here'");
  add("resume", "Go on, with the route as it is now", "after a look at it", "sluice canary resume ranking-v47");
  const auto [promote, options] = add("promote", "Go to the next stage now", "without waiting for the hold",
                                      "sluice canary promote ranking-v47 -m 'looks good'");
  promote->add_flag("--full", options->full, "Go to the last stage at once");
  add("abort", "End it: the weights are what they were before the start", "at once",
      "sluice canary abort ranking-v47 -m 'wrong model file'");
}

}  // namespace sluice::gateway
