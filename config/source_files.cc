#include "config/source_files.h"

#include "config/format.h"
#include "config/yaml_node.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace sluice::config {
namespace {

namespace fs = std::filesystem;

class SourceReader {
 public:
  explicit SourceReader(Findings& findings) : findings_(findings) {}

  void ReadPath(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      ReadDirectory(path);
    } else {
      ReadFile(path, status, error);
    }
  }

  std::vector<Source> Take() { return std::move(sources_); }

 private:
  void Refuse(std::string_view code, const std::string& path, std::string message, std::string cure) {
    findings_.Error(code, {path, {}}, std::move(message), std::move(cure));
  }

  void ReadDirectory(const std::string& path) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (IsRulesName(name)) names.push_back(name);
    }
    if (error) return Refuse("SL1001", path, "the directory cannot be read: " + error.message(), "check its rights");
    if (names.empty()) {
      return Refuse("SL1006", path, "the directory holds no *.yaml or *.yml file", "give the directory with the rules");
    }
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const std::string file = (fs::path(path) / name).string();
      const fs::file_status status = fs::status(file, error);
      ReadFile(file, status, error);
    }
  }

  // The size is asked before anything is read: a file of 100 MB costs one system call.
  void ReadFile(const std::string& path, const fs::file_status& status, const std::error_code& error) {
    if (!fs::exists(status)) {
      return Refuse("SL1001", path, error ? "the file cannot be read: " + error.message() : "there is no such file",
                    "check the path and its rights");
    }
    if (fs::is_directory(status)) {
      return Refuse("SL1005", path, "this is a directory within a directory of rules", "give it as a path of its own");
    }
    if (!fs::is_regular_file(status)) {
      return Refuse("SL1005", path, "this is neither a file nor a directory", "give a YAML file");
    }
    std::error_code size_error;
    const std::uintmax_t size = fs::file_size(path, size_error);
    if (!size_error && size > kYamlBytesMax) {
      return Refuse("SL1002", path, Format("the file has {} bytes, more than the limit of {}", size, kYamlBytesMax),
                    "split it into several files");
    }
    ReadText(path);
  }

  void ReadText(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    // One byte more than allowed shows that the file grew since its size was asked; the YAML reader then refuses it.
    std::string text(kYamlBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    const auto count = static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount()));
    if (!file.is_open() || file.bad()) {
      return Refuse("SL1001", path, Format("the file cannot be read: {}", std::strerror(errno)), "check its rights");
    }
    text.resize(count);
    text.shrink_to_fit();
    total_ += count;
    if (sources_.size() >= kFilesMax || total_ > kTotalBytesMax) {
      if (!std::exchange(full_, true)) {
        Refuse("SL1002", path, Format("more than {} files or {} bytes of configuration", kFilesMax, kTotalBytesMax),
               "give this gateway fewer resources");
      }
      return;
    }
    sources_.push_back({path, std::move(text)});
  }

  Findings& findings_;
  std::vector<Source> sources_;
  std::size_t total_ = 0;
  bool full_ = false;
};

}  // namespace

std::vector<Source> ReadSources(const std::vector<std::string>& paths, Findings& findings) {
  SourceReader reader(findings);
  for (const std::string& path : paths) reader.ReadPath(path);
  return reader.Take();
}

}  // namespace sluice::config
