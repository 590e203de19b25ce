// Runs every file of tests/fuzz/corpus/TARGET through its target: what fuzzing has found stays fixed, without clang.
// usage: fuzz_replay [TARGET FILE...]; without arguments the whole corpus below the working directory.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

std::string current_file;  // for the signal handler: whose bytes broke a property

void NameTheFile(int signal) {
  constexpr std::string_view kText = "fuzz_replay: stopped by ";
  [[maybe_unused]] const auto wrote = write(STDERR_FILENO, kText.data(), kText.size()) +
                                      write(STDERR_FILENO, current_file.data(), current_file.size()) +
                                      write(STDERR_FILENO, "\n", 1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

bool RunFile(const Target& target, const fs::path& path) {
  current_file = path.string();
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (file.bad() || !file.is_open()) {
    std::fprintf(stderr, "fuzz_replay: cannot read %s\n", current_file.c_str());
    return false;
  }
  target.Run(bytes);
  return true;
}

// A target without seeds would pass by doing nothing.
bool RunCorpus(const Target& target) {
  const fs::path folder = fs::path("tests/fuzz/corpus") / target.name();
  int count = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!RunFile(target, entry.path())) return false;
    ++count;
  }
  std::printf("%s: %d files\n", folder.c_str(), count);
  return count > 0;
}

int Main(int argc, char** argv) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL}) std::signal(signal, NameTheFile);
  bool good = Target::first() != nullptr;
  const std::string_view only = argc > 2 ? argv[1] : "";
  for (const Target* target = Target::first(); target != nullptr; target = target->next()) {
    if (only.empty()) good = RunCorpus(*target) && good;
    for (int i = 2; only == target->name() && i < argc; ++i) good = RunFile(*target, argv[i]) && good;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace sluice::fuzz

int main(int argc, char** argv) { return sluice::fuzz::Main(argc, argv); }
