// /certs: our own certificates, what they are for, how long they last, and whether their files are in use.
#include <nlohmann/json.hpp>

#include "gateway/admin/admin_pages.h"

namespace sluice::gateway {
namespace {

nlohmann::ordered_json Describe(const core::TlsCertificate& certificate) {
  return {{"name", certificate.name},
          {"side", certificate.server ? "downstream" : "upstream"},
          {"serial_number", certificate.serial},
          {"principal", certificate.principal},
          {"expiration_unix_seconds", certificate.not_after},
          {"files", certificate.files},
          {"rotations", certificate.rotations},
          {"failures", certificate.failures},
          {"error", certificate.error}};
}

}  // namespace

AdminAnswer CertsPage(const AdminContext& context, const AdminRequest&) {
  nlohmann::ordered_json certificates = nlohmann::ordered_json::array();
  if (context.server != nullptr) {
    for (const core::TlsCertificate& certificate : context.server(context.self).certificates) {
      certificates.push_back(Describe(certificate));
    }
  }
  const nlohmann::ordered_json page = {{"certificates", certificates}};
  // Names come out of files: whatever bytes they hold, the page is JSON.
  return {200, "application/json", page.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace sluice::gateway
