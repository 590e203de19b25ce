// Completion and manual page, made from a table of verbs that has one of everything.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "gateway/cli/completion.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/man_page.h"
#include "gateway/cli/verb_table.h"
#include "tests/support/temporary_directory.h"

namespace sluice::gateway {
namespace {

struct Table {
  Table() {
    app.require_subcommand(1);
    CLI::App* run = app.add_subcommand("run", "Runs it, isn't it; [really]: \\ back");
    run->add_option("-c,--config", texts, "A file")->type_name("PATH")->envname("SLUICE_CONFIG")->required();
    run->add_option("--level", text, "How much")->check(CLI::IsMember({"info", "debug"}))->capture_default_str();
    run->add_flag("--now", flag, "At once");
    run->add_option("--workers", number, "Threads")->transform(CLI::Transformer({{"auto", "0"}}));
    run->add_option("--shared", text, "Of many verbs")->type_name("WHERE")->group("Which one");
    run->add_option("--secret", text, "Hidden")->group("");
    SetExamples(*run, {{"just so", "sluice run -c x --level 'debug'"}});
    CLI::App* get = app.add_subcommand("get", "Gets it");
    get->add_option("kind", text, "Of what kind")->type_name("KIND");
    get->add_option("--shared", text, "Of many verbs")->type_name("WHERE")->group("Which one");
    CLI::App* certs = app.add_subcommand("certs", "Keys");
    certs->add_subcommand("init", "Makes them")->add_option("directory", text, "Where")->type_name("DIR");
    certs->add_subcommand("show", "Shows them");
    table = ReadVerbs(app);
  }

  const VerbRow& Verb(std::size_t index) const { return table.verbs.at(index); }

  std::vector<std::string> texts;
  std::string text = "info";
  int number = 0;
  bool flag = false;
  CLI::App app{"A program of its own.", "sluice"};
  VerbRow table;
};

// What a shell says to a script, and its exit code.
struct Spoken {
  std::string text;
  int code = -1;
};

Spoken Shell(const std::string& command) {
  Spoken spoken;
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> bytes{};
  for (std::size_t count = 0; (count = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;) {
    spoken.text.append(bytes.data(), count);
  }
  spoken.code = ::pclose(pipe);
  return spoken;
}

bool Have(const std::string& program) { return Shell("command -v " + program).code == 0; }

TEST(VerbTable, ReadsWhatIsRegistered) {
  const Table made;
  ASSERT_EQ(made.table.verbs.size(), 3u);
  const VerbRow& run = made.Verb(0);
  EXPECT_EQ(run.path, "run");
  ASSERT_EQ(run.options.size(), 6u) << "help, and all but the hidden one";
  EXPECT_EQ(run.options[1].names, (std::vector<std::string>{"-c", "--config"}));
  EXPECT_TRUE(run.options[1].takes_files && run.options[1].required && run.options[1].repeated);
  EXPECT_EQ(run.options[1].environment, "SLUICE_CONFIG");
  EXPECT_EQ(run.options[2].choices, (std::vector<std::string>{"info", "debug"}));
  EXPECT_EQ(run.options[2].default_value, "info");
  EXPECT_FALSE(run.options[2].takes_files);
  EXPECT_EQ(run.options[3].value, "") << "a flag";
  EXPECT_EQ(run.options[4].choices, std::vector<std::string>{"auto"});
  EXPECT_EQ(made.Verb(2).verbs.at(0).path, "certs init");
  EXPECT_EQ(made.Verb(2).verbs.at(0).options.at(1).place, "directory");
}

TEST(VerbTable, AnUnknownVerbIsToldTheNearestOne) {
  const Table made;
  const auto say = [&](std::vector<const char*> words) {
    words.insert(words.begin(), "sluice");
    return UnknownVerb(made.app, static_cast<int>(words.size()), words.data());
  };
  EXPECT_EQ(say({"rum"}), "there is no verb 'rum'; did you mean 'run'?");
  EXPECT_EQ(say({"certs", "inti"}), "there is no verb 'certs inti'; did you mean 'certs init'?");
  EXPECT_EQ(say({"fly"}), "there is no verb 'fly'; see sluice --help");
  EXPECT_EQ(say({"run", "anything"}), "");
  EXPECT_EQ(say({"certs", "init", "show"}), "");
  EXPECT_EQ(say({"--help"}), "");
  EXPECT_EQ(say({}), "");
}

TEST(Completion, ShellsFindNothingWrongWithTheScripts) {
  const Table made;
  TemporaryDirectory directory;
  const struct {
    std::string shell, script;
  } cases[] = {
      {"bash", BashCompletion(made.table)}, {"zsh", ZshCompletion(made.table)}, {"fish", FishCompletion(made.table)}};
  for (const auto& [shell, script] : cases) {
    if (!Have(shell)) continue;
    const Spoken spoken = Shell(shell + " -n " + directory.Write("script." + shell, script).string());
    EXPECT_EQ(spoken.code, 0) << shell;
    EXPECT_EQ(spoken.text, "") << shell;
  }
}

TEST(Completion, BashOffersWhatMayFollow) {
  if (!Have("bash")) GTEST_SKIP() << "no bash here";
  const Table made;
  TemporaryDirectory directory;
  directory.Write("rules file.yaml", "");
  std::string script = BashCompletion(made.table);
  script += "cd " + directory.path().string() + "\n" +
            "t() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _sluice; (IFS=,; echo \"${COMPREPLY[*]}\"); }\n";
  const struct {
    const char *words, *offered;
  } cases[] = {{"sluice r", "run"},
               {"sluice ''", "run,get,certs"},
               {"sluice certs ''", "init,show"},
               {"sluice run --", "--help,--config,--level,--now,--workers,--shared"},
               {"sluice run --level ''", "info,debug"},
               {"sluice run --level d", "debug"},
               {"sluice run --workers a", "auto"},
               {"sluice run -c rul", "rules file.yaml"},
               {"sluice run --shared ''", ""},
               {"sluice get virt", "virtualservice"},
               {"sluice certs init rul", "rules file.yaml"},
               {"sluice run --now certs i", ""}};
  std::string expected;
  for (const auto& [words, offered] : cases) {
    script += std::string("t ") + words + '\n';
    expected += std::string(offered) + '\n';
  }
  EXPECT_EQ(Shell("bash --norc " + directory.Write("script", script).string()).text, expected);
}

TEST(Completion, FishOffersWhatMayFollow) {
  if (!Have("fish")) GTEST_SKIP() << "no fish here";
  const Table made;
  TemporaryDirectory directory;
  const std::string script = FishCompletion(made.table) +
                             "complete -C 'sluice r'\ncomplete -C 'sluice certs '\ncomplete -C 'sluice run --level d'\n"
                             "complete -C 'sluice get virt'\n";
  const std::string home = "HOME=" + directory.path().string();
  EXPECT_EQ(Shell(home + " fish --no-config " + directory.Write("script", script).string()).text,
            "run\tRuns it, isn't it; [really]: \\ back\ninit\tMakes them\nshow\tShows them\ndebug\tHow much\n"
            "virtualservice\n");
}

TEST(ManPage, ShowsEveryVerbOptionAndExample) {
  const Table made;
  const std::string page = ManPage(made.table);
  for (const char* part : {".SS \\fBsluice run\\fR", "\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIPATH\\fR",
                           "environment \\fBSLUICE_CONFIG\\fR", "default \\fBinfo\\fR",
                           "sluice run \\-c x \\-\\-level \\(aqdebug\\(aq", ".SS \\fBsluice certs init\\fR",
                           ".SH EXIT STATUS", ".SH FILES", ".SH ENVIRONMENT", ".SH WHICH ONE", "\\e back"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(page.find("secret"), std::string::npos);
  EXPECT_EQ(page.find("Of many verbs"), page.rfind("Of many verbs")) << "what many verbs share is told once";
}

TEST(ManPage, FormattersFindNothingWrongWithIt) {
  if (!Have("groff")) GTEST_SKIP() << "no groff here";
  const Table made;
  TemporaryDirectory directory;
  const std::string file = directory.Write("sluice.1", ManPage(made.table)).string();
  const Spoken spoken = Shell("groff -man -Tutf8 -ww " + file + " >/dev/null");
  EXPECT_EQ(spoken.code, 0);
  EXPECT_EQ(spoken.text, "");
}

}  // namespace
}  // namespace sluice::gateway
