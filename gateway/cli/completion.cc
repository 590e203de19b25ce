#include "gateway/cli/completion.h"

#include <memory>

#include "gateway/cli/examples.h"
#include "gateway/cli/terminal.h"

namespace sluice::gateway {

void AddCompletion(CLI::App& app, int& exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print a script that teaches a shell to complete sluice's verbs");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
  SetExamples(*verb, {{"in this bash", "source <(sluice completion bash)"},
                      {"in every zsh", "sluice completion zsh > \"${fpath[1]}/_sluice\""},
                      {"in every fish", "sluice completion fish > ~/.config/fish/completions/sluice.fish"}});
  verb->callback([&app, shell, &exit_code] {
    const VerbRow program = ReadVerbs(app);
    PrintOut(*shell == "bash"  ? BashCompletion(program)
             : *shell == "zsh" ? ZshCompletion(program)
                               : FishCompletion(program));
    exit_code = 0;
  });
}

}  // namespace sluice::gateway
