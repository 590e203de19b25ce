#include "tls/verifier.h"

#include <algorithm>

#include "tls/names.h"
#include "tls/peer_certificate.h"

namespace sluice::tls {
namespace {

// Slots in OpenSSL's objects for ours.
int ContextSlot() {
  static const int kSlot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kSlot;
}

int FailureSlot() {
  static const int kSlot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kSlot;
}

// The number of the failure in place of a pointer: nothing has to be freed.
void Note(SSL& ssl, Failure failure) {
  SSL_set_ex_data(&ssl, FailureSlot(), reinterpret_cast<void*>(static_cast<std::uintptr_t>(failure)));
}

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

Verifier Verifier::Of(const core::ServerTlsPolicy& policy) {
  Verifier verifier;
  verifier.trust_domain_ = policy.trust_domain;
  verifier.names_ = policy.subject_alt_names;
  verifier.spki_sha256_ = policy.spki_sha256;
  verifier.certificate_sha256_ = policy.certificate_sha256;
  return verifier;
}

Verifier Verifier::Of(const core::ClientTlsPolicy& policy) {
  Verifier verifier;
  if (!policy.verify) return verifier;
  if (policy.istio) verifier.trust_domain_ = policy.trust_domain;
  verifier.names_ = policy.subject_alt_names;
  if (policy.subject_alt_names.empty() && !policy.istio) verifier.server_names_ = policy.server_names;
  return verifier;
}

Failure Verifier::Check(const X509& leaf) const {
  const core::Result<core::PeerIdentity> identity = ReadIdentity(leaf);
  const core::Result<Names> names = ReadNames(leaf);
  if (!identity || !names) return Failure::kNames;
  if (!trust_domain_.empty()) {
    if (identity->spiffe.text.empty()) return Failure::kNoIdentity;
    if (identity->spiffe.trust_domain != trust_domain_) return Failure::kTrustDomain;
  }
  if (!names_.empty() && !HasName(*names, names_)) return Failure::kSan;
  if (!server_names_.empty() && !CoversServer(*names, server_names_)) return Failure::kSan;
  if (spki_sha256_.empty() && certificate_sha256_.empty()) return Failure::kNone;
  const bool pinned = Contains(spki_sha256_, KeySha256(leaf)) || Contains(certificate_sha256_, CertificateSha256(leaf));
  return pinned ? Failure::kNone : Failure::kPin;
}

void Verifier::Install(SSL_CTX& context, int mode) const {
  SSL_CTX_set_ex_data(&context, ContextSlot(), const_cast<Verifier*>(this));  // read only, see OnCertificate
  SSL_CTX_set_verify(&context, mode, OnCertificate);
}

// Called for every certificate that holds, and for every finding. The policy has its say at the leaf, inside the
// handshake: a peer that it refuses gets an alert, and not a broken connection afterwards.
int Verifier::OnCertificate(int holds, X509_STORE_CTX* chain) {
  auto& ssl = *static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (holds != 1) {
    Note(ssl, FailureOfVerifyError(X509_STORE_CTX_get_error(chain)));
    return 0;
  }
  if (X509_STORE_CTX_get_error_depth(chain) != 0) return 1;
  const auto& verifier = *static_cast<const Verifier*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(&ssl), ContextSlot()));
  const Failure failure = verifier.Check(*X509_STORE_CTX_get_current_cert(chain));
  if (failure == Failure::kNone) return 1;
  Note(ssl, failure);
  X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

Failure Verifier::FailureOf(const SSL& ssl) {
  return static_cast<Failure>(reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(&ssl, FailureSlot())));
}

}  // namespace sluice::tls
