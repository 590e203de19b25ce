// servers[].tls of a Gateway (istio-reference.md section 3.2).
#pragma once

#include "config/document.h"
#include "config/fields.h"

namespace sluice::config {

// Reads `tls` of a server into `server`; `secured` tells whether its port's protocol is HTTPS, which needs it.
void ReadServerTls(Fields& fields, bool secured, GatewayServerSpec& server);

}  // namespace sluice::config
