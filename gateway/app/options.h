// What `sluice run` can be told: flags beat environment (SLUICE_...) beat the file's GatewaySettings. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway {

inline constexpr std::string_view kOff = "off";  // instead of an address: none

struct RunOptions {
  std::vector<std::string> config;
  std::string http = "0.0.0.0:8080";      // from --http-port
  std::string admin = "127.0.0.1:15000";  // "off": none
  std::string admin_token_file;           // empty: none
  std::string admin_credential;           // directory with tls.crt, tls.key and, for mutual TLS, ca.crt; empty: none
  std::string health = "0.0.0.0:15021";
  std::string metrics = "0.0.0.0:15090";
  std::uint32_t workers = 0;  // 0: the file's, else one per core
  std::string log_level = "info";
  std::string command_line;  // for /server_info
  std::string default_namespace = "default";
  std::string state_directory;     // empty: history in memory, and no token of our own
  std::vector<std::string> gates;  // test files that every change must pass
};

}  // namespace sluice::gateway
