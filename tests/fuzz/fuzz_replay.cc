// Runs every file of tests/fuzz/corpus/TARGET through its target: what fuzzing has found stays fixed, without clang.
// usage: fuzz_replay [TARGET FILE... | --mutate COUNT]; without arguments the whole corpus below the working directory;
// with --mutate so many inputs for each target that are made of its corpus by small changes, the same ones every time.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

std::string current_file;   // for the signal handler: whose bytes broke a property
std::string current_bytes;  // and they themselves, when they are in no file yet

void NameTheFile(int signal) {
  constexpr std::string_view kText = "fuzz_replay: stopped by ";
  [[maybe_unused]] const auto wrote = write(STDERR_FILENO, kText.data(), kText.size()) +
                                      write(STDERR_FILENO, current_file.data(), current_file.size()) +
                                      write(STDERR_FILENO, "\n", 1);
  if (!current_bytes.empty()) {
    const int file = open(current_file.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    [[maybe_unused]] const auto kept = write(file, current_bytes.data(), current_bytes.size());
  }
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

std::vector<std::string> ReadCorpus(const Target& target) {
  std::vector<std::string> seeds;
  std::vector<fs::path> paths;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(fs::path("tests/fuzz/corpus") / target.name(), error)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);  // the same order everywhere
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

// One to four changes: a byte, a piece taken out or said twice, the end of another seed.
std::string Mutate(const std::vector<std::string>& seeds, core::Random& random) {
  constexpr std::size_t kSizeMax = 2000;
  std::string bytes = seeds[random.Below(seeds.size())];
  for (std::uint64_t left = 1 + random.Below(4); left > 0; --left) {
    const std::size_t at = random.Below(bytes.size() + 1);
    const std::size_t size = 1 + random.Below(16);
    const std::string& other = seeds[random.Below(seeds.size())];
    switch (random.Below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random.Below(256));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
        break;
      case 2: bytes.erase(at, size); break;
      case 3: bytes.insert(at, bytes.substr(at, size)); break;
      case 4: bytes.insert(at, 1, static_cast<char>(random.Below(256))); break;
      default: bytes.replace(at, std::string::npos, other.substr(random.Below(other.size() + 1))); break;
    }
  }
  bytes.resize(std::min(bytes.size(), kSizeMax));
  return bytes;
}

bool RunMutated(const Target& target, std::uint64_t count) {
  const std::vector<std::string> seeds = ReadCorpus(target);
  if (seeds.empty()) return false;
  core::Random random(1);
  current_file = (fs::temp_directory_path() / (std::string(target.name()) + ".input")).string();
  for (std::uint64_t i = 0; i < count; ++i) {
    current_bytes = Mutate(seeds, random);
    target.Run(current_bytes);
  }
  current_bytes.clear();
  std::printf("%s: %llu inputs\n", std::string(target.name()).c_str(), static_cast<unsigned long long>(count));
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
  if (only == "--mutate") {
    std::uint64_t count = 0;
    const std::string_view text = argv[2];
    good = std::from_chars(text.begin(), text.end(), count).ec == std::errc() && count > 0 && good;
    for (const Target* target = Target::first(); target != nullptr && good; target = target->next()) {
      good = RunMutated(*target, count);
    }
    return good ? 0 : 1;
  }
  for (const Target* target = Target::first(); target != nullptr; target = target->next()) {
    if (only.empty()) good = RunCorpus(*target) && good;
    for (int i = 2; only == target->name() && i < argc; ++i) good = RunFile(*target, argv[i]) && good;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace sluice::fuzz

int main(int argc, char** argv) { return sluice::fuzz::Main(argc, argv); }
