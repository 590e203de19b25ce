// What OpenSSL says of a failed handshake, as one of the causes that the gateway knows.
#pragma once

#include "core/identity/tls_failure.h"

namespace sluice::tls {

using Failure = core::TlsFailure;

// From what OpenSSL says of a chain (X509_V_ERR_...).
Failure FailureOfVerifyError(int x509_error);
// From the calling thread's OpenSSL error queue, which is left empty.
Failure TakeFailure();

}  // namespace sluice::tls
