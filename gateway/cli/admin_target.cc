#include "gateway/cli/admin_target.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/base/text.h"
#include "core/http/host_port.h"

namespace sluice::gateway {
namespace {

using core::ErrorCode;

constexpr std::size_t kSmallFileMax = 4096;  // an address or a token, not somebody's disk image
constexpr std::string_view kAddressCure = "write HOST:PORT, http://HOST:PORT or https://HOST:PORT";

// The one line of a file, without blanks around it; nothing when there is no such file.
core::Result<std::optional<std::string>> ReadLine(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    if (reason == ENOENT) return std::nullopt;
    return core::Fail(ErrorCode::kIo, path + ": " + std::strerror(reason),
                      "run this as the gateway's user, or name another file");
  }
  std::string text(kSmallFileMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return core::Fail(ErrorCode::kIo, path + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::string line(core::Trim(text));
  const bool plain = std::ranges::all_of(line, [](char c) { return c > ' ' && c < '\x7f'; });
  if (line.empty() || !plain || line.size() > kSmallFileMax) {
    return core::Fail(ErrorCode::kInvalidArgument, path + ": is not one line of text",
                      "name the file that the gateway wrote");
  }
  return line;
}

core::Status ReadAddress(std::string_view text, AdminTarget& target) {
  const auto wrong = [text] {
    return core::Fail(ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is not the address of a gateway",
                      std::string(kAddressCure));
  };
  std::string_view rest = text;
  if (const std::size_t mark = rest.find("://"); mark != std::string_view::npos) {
    const std::string scheme = core::Fold(rest.substr(0, mark));
    if (scheme != "http" && scheme != "https") return wrong();
    target.secure = scheme == "https";
    rest.remove_prefix(mark + 3);
    if (rest.ends_with('/')) rest.remove_suffix(1);
  }
  const auto parsed = core::ParseHostPort(rest);
  // A port alone would be taken for an address of the Internet's first days.
  if (!parsed || core::ParseDecimal(parsed->host)) return wrong();
  target.host = parsed->host;
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  if (parsed->port) target.port = std::to_string(*parsed->port);
  return {};
}

std::string OwnAuthority(const AdminOptions& options) { return options.state_dir + "/admin-ca.crt"; }

bool HasAuthority(const AdminOptions& options) { return std::ifstream(OwnAuthority(options)).good(); }

core::Status ResolveAddress(const AdminOptions& options, AdminTarget& target) {
  if (!options.server.empty()) return ReadAddress(options.server, target);
  if (options.state_dir.empty()) return {};
  auto line = ReadLine(options.state_dir + "/admin-address");
  if (!line) return std::unexpected(line.error());
  // The default would be somebody else's gateway.
  if (!*line) {
    return core::Fail(
        ErrorCode::kUnavailable, options.state_dir + " holds no admin-address: no gateway runs there",
        "start it with `sluice run --state-dir " + options.state_dir + "`, or name its admin port with --server");
  }
  // The gateway speaks TLS wherever it has made its own authority; plaintext it speaks on loopback only.
  target.secure = HasAuthority(options);
  return ReadAddress(**line, target);
}

core::Status ResolveToken(const AdminOptions& options, AdminTarget& target) {
  const bool named = !options.token_file.empty();
  if (!named && options.state_dir.empty()) return {};
  const std::string path = named ? options.token_file : options.state_dir + "/admin-token";
  auto line = ReadLine(path);
  if (!line) return std::unexpected(line.error());
  if (*line) {
    target.token = std::move(**line);
  } else if (named) {
    return core::Fail(ErrorCode::kInvalidArgument, path + ": there is no such file",
                      "the gateway writes its token to admin-token in its --state-dir");
  }
  return {};
}

}  // namespace

std::string AdminTarget::Authority() const {
  return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + port;
}

void AddAdminOptions(CLI::App& verb, AdminOptions& options) {
  constexpr const char* kGroup = "Which gateway";
  verb.add_option("--server", options.server,
                  "The gateway's admin port: HOST:PORT, http://... or https://...; else what --state-dir says, else "
                  "127.0.0.1:15000")
      ->type_name("ADDRESS")
      ->envname("SLUICE_SERVER")
      ->group(kGroup);
  verb.add_option("--state-dir", options.state_dir,
                  "The gateway's state directory: its address, its token and its authority are read from there")
      ->type_name("DIR")
      ->envname("SLUICE_STATE_DIR")
      ->group(kGroup);
  verb.add_option("--token-file", options.token_file, "File with the token that writing needs")
      ->type_name("FILE")
      ->envname("SLUICE_TOKEN_FILE")
      ->group(kGroup);
  verb.add_option("--ca", options.ca, "File with the authority that the gateway's certificate must lead to")
      ->type_name("FILE")
      ->envname("SLUICE_CA")
      ->group(kGroup);
  CLI::Option* certificate = verb.add_option("--cert", options.certificate, "File with a certificate of our own")
                                 ->type_name("FILE")
                                 ->group(kGroup);
  CLI::Option* key =
      verb.add_option("--key", options.key, "File with its private key")->type_name("FILE")->group(kGroup);
  certificate->needs(key);
  key->needs(certificate);
}

core::Result<AdminTarget> ResolveTarget(const AdminOptions& options) {
  AdminTarget target;
  if (const core::Status read = ResolveAddress(options, target); !read) return std::unexpected(read.error());
  if (const core::Status read = ResolveToken(options, target); !read) return std::unexpected(read.error());
  target.ca = options.ca;
  if (target.ca.empty() && target.secure && !options.state_dir.empty() && HasAuthority(options)) {
    target.ca = OwnAuthority(options);
  }
  target.certificate = options.certificate;
  target.key = options.key;
  return target;
}

}  // namespace sluice::gateway
