#include "gateway/cli/kubeconfig.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "config/base64.h"
#include "config/resource_json.h"
#include "core/base/text.h"
#include "gateway/app/admin_state.h"
#include "gateway/cli/examples.h"
#include "gateway/cli/exit_code.h"

namespace sluice::gateway {
namespace {

using config::Json;

core::Result<std::string> ReadState(const std::string& directory, std::string_view name) {
  const std::string path = directory + '/' + std::string(name);
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || text.empty()) {
    return core::Fail(core::ErrorCode::kIo, path + ": cannot be read",
                      "start the gateway with `sluice run --state-dir " + directory +
                          "`, and be the user that it runs as: it writes this file");
  }
  return text;
}

// kubectl keeps its token for TLS: whatever is written without a scheme, or with another one, is https here.
std::string HttpsUrl(std::string_view address) {
  address = core::Trim(address);
  while (address.ends_with('\n') || address.ends_with('/')) address.remove_suffix(1);
  if (const std::size_t scheme = address.find("://"); scheme != std::string_view::npos) {
    address.remove_prefix(scheme + 3);
  }
  return "https://" + std::string(address);
}

std::string WithoutEnd(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.pop_back();
  return text;
}

int Print(const KubeconfigOptions& options) {
  const auto text = MakeKubeconfig(options);
  if (!text) {
    std::fprintf(stderr, "sluice: %s\n", text.error().Text().c_str());
    return kExitFailure;
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}

}  // namespace

core::Result<std::string> MakeKubeconfig(const KubeconfigOptions& options) {
  const auto authority = ReadState(options.state_directory, AdminState::kAuthority);
  if (!authority) return std::unexpected(authority.error());
  const auto token = ReadState(options.state_directory, AdminState::kToken);
  if (!token) return std::unexpected(token.error());
  std::string server = options.server;
  if (server.empty()) {
    auto address = ReadState(options.state_directory, AdminState::kAddress);
    if (!address) return std::unexpected(address.error());
    server = std::move(*address);
  }
  const std::string& name = options.context;
  const Json cluster = {{"server", HttpsUrl(server)}, {"certificate-authority-data", config::EncodeBase64(*authority)}};
  const Json context = {{"cluster", name}, {"user", name}, {"namespace", options.name_space}};
  const Json user = {{"token", WithoutEnd(*token)}};
  return config::ToYaml({{"apiVersion", "v1"},
                         {"kind", "Config"},
                         {"current-context", name},
                         {"clusters", Json::array({{{"name", name}, {"cluster", cluster}}})},
                         {"contexts", Json::array({{{"name", name}, {"context", context}}})},
                         {"users", Json::array({{{"name", name}, {"user", user}}})}});
}

void AddKubeconfig(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<KubeconfigOptions>();
  CLI::App* verb = app.add_subcommand("kubeconfig", "Print a kubeconfig for this gateway's resource API");
  verb->add_option("--state-dir", options->state_directory, "State directory of the gateway")
      ->envname("SLUICE_STATE_DIR")
      ->type_name("DIR")
      ->required();
  verb->add_option("--server", options->server, "Address of the admin port; by default the one that is bound");
  verb->add_option("--context", options->context, "Name of the context, the cluster and the user")
      ->capture_default_str();
  verb->add_option("--namespace", options->name_space, "Namespace that kubectl works in unless told otherwise")
      ->envname("SLUICE_NAMESPACE")
      ->capture_default_str();
  SetExamples(
      *verb, {{"for this shell", "sluice kubeconfig --state-dir state > kubeconfig; export KUBECONFIG=$PWD/kubeconfig"},
              {"of a gateway elsewhere, in the namespace of its rules",
               "sluice kubeconfig --state-dir state --server https://gateway.ml:15000 --namespace ml-serving"}});
  verb->callback([options, &exit_code] { exit_code = Print(*options); });
}

}  // namespace sluice::gateway
