#include "gateway/app/admin_state.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/base/hex.h"
#include "gateway/runtime/file_set.h"
#include "tls/certificate_authority.h"

namespace sluice::gateway {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kYear = 365 * 24 * kHour;

std::string Text(std::string_view name) { return std::string(name); }

bool Exists(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// 256 bits from the kernel.
core::Result<std::string> NewToken() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return core::Fail(core::ErrorCode::kIo, std::string("no random bytes for the token: ") + std::strerror(errno));
  }
  return core::ToHex(bytes);
}

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

bool Unspecified(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

tls::LeafRequest LeafFor(const std::string& host, const tls::Validity& validity) {
  tls::LeafRequest leaf{.common_name = "sluice admin",
                        .validity = validity,
                        .dns = {"localhost"},
                        .addresses = {"127.0.0.1", "::1"},
                        .extended_key_usage = "serverAuth"};
  if (const std::string name = HostName(); !name.empty() && name != "localhost") leaf.dns.push_back(name);
  if (!Unspecified(host) && host != "127.0.0.1" && host != "::1") leaf.addresses.push_back(host);
  return leaf;
}

std::string NamesOf(const tls::LeafRequest& leaf) {
  std::string names;
  for (const auto* list : {&leaf.dns, &leaf.addresses}) {
    for (const std::string& name : *list) names += name + "\n";
  }
  return names;
}

core::Result<std::vector<NewFile>> NewCertificate(const tls::LeafRequest& leaf) {
  auto authority =
      tls::CertificateAuthority::Make({.common_name = "sluice admin authority", .validity = leaf.validity});
  if (!authority) return std::unexpected(authority.error());
  auto issued = authority->Issue(leaf);
  if (!issued) return std::unexpected(issued.error());
  return std::vector<NewFile>{{Text(AdminState::kAuthority), authority->certificate()},
                              {Text(AdminState::kCertificate), issued->certificate + issued->chain},
                              {Text(AdminState::kKey), issued->key, true},
                              {Text(AdminState::kNames), NamesOf(leaf)}};
}

}  // namespace

core::Result<bool> AdminState::Prepare(const std::string& directory, const std::string& host, bool renew,
                                       std::int64_t unix_seconds) {
  if (!Exists(directory + '/' + Text(kToken))) {
    auto token = NewToken();
    if (!token) return std::unexpected(token.error());
    const NewFile file{Text(kToken), *token + "\n", true};
    if (core::Status written = WriteFiles(directory, {&file, 1}, true); !written) {
      return std::unexpected(written.error());
    }
  }
  const tls::LeafRequest leaf = LeafFor(host, {unix_seconds - kHour, unix_seconds + 10 * kYear});
  const bool there = Exists(directory + '/' + Text(kCertificate)) && Exists(directory + '/' + Text(kKey)) &&
                     ReadText(directory + '/' + Text(kNames)) == NamesOf(leaf);
  if (there && !renew) return false;
  auto files = NewCertificate(leaf);
  if (!files) return std::unexpected(files.error());
  if (core::Status written = WriteFiles(directory, *files, true); !written) return std::unexpected(written.error());
  return true;
}

core::Status AdminState::TellAddress(const std::string& directory, const std::string& address) {
  std::string told = address;
  if (told.starts_with("0.0.0.0:")) told = "127.0.0.1" + told.substr(7);
  if (told.starts_with("[::]:")) told = "[::1]" + told.substr(4);
  const NewFile file{Text(kAddress), told + "\n"};
  return WriteFiles(directory, {&file, 1}, true);
}

}  // namespace sluice::gateway
