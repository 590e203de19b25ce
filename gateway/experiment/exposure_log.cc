#include "gateway/experiment/exposure_log.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>

#include "core/base/hex.h"
#include "gateway/runtime/file_set.h"
#include "gateway/telemetry/log_file.h"

namespace sluice::gateway {
namespace {

constexpr std::size_t kBufferMax = 64 * 1024;

std::string Reason() { return std::generic_category().message(errno); }

// 64 digits and a line break at most.
bool FromHex(std::string_view text, std::span<unsigned char> bytes) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() != bytes.size() * 2) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = core::kHexDigits.find(text[i]);
    if (digit == std::string_view::npos) return false;
    bytes[i / 2] = static_cast<unsigned char>(bytes[i / 2] * 16U + digit);
  }
  return true;
}

std::uint64_t SizeOf(int file) {
  struct stat info{};
  return ::fstat(file, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace

core::Result<UnitHasher> UnitHasher::Open(const std::string& directory) {
  UnitHasher hasher;
  const std::string path = directory + '/' + std::string(kFile);
  if (!directory.empty() && ::access(path.c_str(), F_OK) == 0) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (FromHex(text, hasher.salt_)) return hasher;
    return core::Fail(core::ErrorCode::kIo, path + " cannot be read, or is no salt",
                      "restore it, or remove it: users then get other hashes than in the logs until now");
  }
  if (::getrandom(hasher.salt_.data(), hasher.salt_.size(), 0) != static_cast<ssize_t>(hasher.salt_.size())) {
    return core::Fail(core::ErrorCode::kIo, "no random bytes for the salt of the exposure log: " + Reason());
  }
  if (directory.empty()) return hasher;
  // As a whole or not at all: half a salt after a crash would be another one.
  const NewFile file{.path = std::string(kFile), .text = core::ToHex(hasher.salt_) + "\n", .secret = true};
  if (const core::Status written = WriteFiles(directory, std::span(&file, 1), true); !written) {
    return core::Fail(core::ErrorCode::kIo, "the salt of the exposure log cannot be written: " + written.error().cause,
                      "make room and let the gateway write to its state directory");
  }
  return hasher;
}

std::string UnitHasher::Hash(std::string_view unit) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ::HMAC(::EVP_sha256(), salt_.data(), static_cast<int>(salt_.size()),
         reinterpret_cast<const unsigned char*>(unit.data()), unit.size(), digest.data(), &size);
  return core::ToHex(std::span(digest).first(16));
}

ExposureLog::~ExposureLog() {
  Flush();
  if (file_ >= 0) ::close(file_);
}

core::Status ExposureLog::Follow(const core::Settings::ExposureLog& settings) {
  if (settings.path != settings_.path || (file_ < 0 && !settings.path.empty())) {
    Flush();
    if (core::Status opened = Open(settings.path); !opened) return opened;
  }
  settings_ = settings;
  return {};
}

core::Status ExposureLog::Reopen() {
  if (settings_.path.empty()) return {};
  Flush();
  return Open(settings_.path);
}

core::Status ExposureLog::Open(const std::string& path) {
  const int opened = path.empty() ? -1 : OpenLogFile(path);
  if (opened < 0 && !path.empty()) {
    return core::Fail(core::ErrorCode::kIo, "exposure log " + path + " cannot be opened: " + Reason(),
                      "check that the directory exists and is writable, or change exposureLog.path");
  }
  if (file_ >= 0) ::close(file_);
  file_ = opened;
  torn_ = false;
  regular_ = file_ >= 0 && IsRegularFile(file_);
  bytes_ = regular_ ? SizeOf(file_) : 0;
  return {};
}

void ExposureLog::Write(std::string_view line) {
  if (file_ < 0) return dropped_.Add();
  if (regular_ && bytes_ + buffer_.size() + line.size() > settings_.max_bytes) {
    Flush();
    // Better no line than a full disk.
    if (bytes_ > 0 && !Rotate()) return dropped_.Add();
  } else if (buffer_.size() + line.size() > (regular_ ? kBufferMax : kPipePiece)) {
    Flush();
  }
  buffer_ += line;
  ++buffered_;
}

void ExposureLog::Flush() {
  if (buffered_ == 0) return;
  (Append(buffer_) ? lines_ : dropped_).Add(buffered_);
  buffer_.clear();
  buffered_ = 0;
}

bool ExposureLog::Rotate() {
  const std::string& path = settings_.path;
  // A file that is gone was put aside by somebody else, or by a try whose new file could not be opened.
  if (::access(path.c_str(), F_OK) == 0) {
    for (std::uint32_t i = settings_.keep; i > 1; --i) {
      ::rename((path + '.' + std::to_string(i - 1)).c_str(), (path + '.' + std::to_string(i)).c_str());
    }
    if ((settings_.keep == 0 ? ::unlink(path.c_str()) : ::rename(path.c_str(), (path + ".1").c_str())) != 0)
      return false;
  }
  return Open(path).has_value();
}

bool ExposureLog::Append(std::string_view bytes) {
  if (file_ < 0) return false;
  if (!regular_) {
    // Waiting for the reader of a pipe would stop the control thread.
    pollfd ready{.fd = file_, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
    return ::write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  if (torn_ && ::write(file_, "\n", 1) != 1) return false;
  torn_ = false;
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t now = ::write(file_, bytes.data() + written, bytes.size() - written);
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) {
      Undo(written);
      return false;
    }
    written += static_cast<std::size_t>(now);
  }
  bytes_ += written;
  return true;
}

// The disk is full, or the file may not grow: takes the half line back, unless another process writes here, too.
void ExposureLog::Undo(std::size_t written) {
  if (written == 0) return;
  torn_ = SizeOf(file_) != bytes_ + written || ::ftruncate(file_, static_cast<off_t>(bytes_)) != 0;
  if (torn_) bytes_ = SizeOf(file_);
}

}  // namespace sluice::gateway
