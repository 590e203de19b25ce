// Certificates, keys, trust and revocation lists as files hold them (PEM), read and checked as one set: what a context
// is made of. Values of one load; the control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/identity/tls_policy.h"
#include "tls/openssl_handles.h"

namespace sluice::tls {

inline constexpr std::size_t kPemBytesMax = 4 * 1024 * 1024;  // per file: the system's bundle has a quarter of it
inline constexpr std::size_t kChainMax = 10;                  // certificates of a key pair

// One certificate with its chain and key, matching.
struct KeyPair {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // intermediates, in the order of the file
  EvpPkeyPtr key;
};

struct Credentials {
  std::vector<KeyPair> pairs;
  X509StorePtr trust;                 // null: none asked for
  X509NameStackPtr authorities;       // subjects of `trust`, for the client to choose by
  std::int64_t not_after = 0;         // the soonest end of any leaf, seconds since the epoch; 0: no leaf
  std::string serial;                 // of the first leaf, hex, for admin and logs
  std::string principal;              // its SPIFFE id, or empty
  std::vector<std::string> warnings;  // a private key that others may read, a leaf whose time has not come yet
};

// `unix_seconds` is now. Errors name the file and say what is wrong with it: missing, too large, not PEM, a key that does
// not belong to its certificate, an empty bundle, an expired leaf: a process that starts says so, one that runs keeps
// what it has.
core::Result<Credentials> LoadServer(const core::ServerTlsPolicy& policy, std::int64_t unix_seconds);
core::Result<Credentials> LoadClient(const core::ClientTlsPolicy& policy, std::int64_t unix_seconds);

// Every file that a policy names.
std::vector<std::string> FilesOf(const core::ServerTlsPolicy& policy);
std::vector<std::string> FilesOf(const core::ClientTlsPolicy& policy);

}  // namespace sluice::tls
