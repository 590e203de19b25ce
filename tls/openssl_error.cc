#include "tls/openssl_error.h"

#include <openssl/err.h>

namespace sluice::tls {

std::string TakeErrorText() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

}  // namespace sluice::tls
