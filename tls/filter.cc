#include "tls/filter.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/check.h"
#include "tls/peer_certificate.h"

namespace sluice::tls {
namespace {

// A record's payload, and what one block takes: a head and a small body gathered in a block are one record.
constexpr std::size_t kRecordBytes = 16 * 1024;

// Length-prefixed, as ALPN wants it (RFC 7301 section 3.1). Istio's own names tell a server in PERMISSIVE mode that the
// connection is mesh traffic (istio-reference.md section 2.5).
std::string_view Offer(bool istio, core::Wire wire, bool either) {
  using namespace std::string_view_literals;
  if (wire == core::Wire::kHttp1) return istio ? "\x0eistio-http/1.1\x05istio\x08http/1.1"sv : "\x08http/1.1"sv;
  if (!either) return istio ? "\x08istio-h2\x05istio\x02h2"sv : "\x02h2"sv;
  return istio ? "\x08istio-h2\x0eistio-http/1.1\x05istio\x02h2\x08http/1.1"sv : "\x02h2\x08http/1.1"sv;
}

Filter& FilterOf(const SSL* ssl) { return *static_cast<Filter*>(SSL_get_ex_data(ssl, 0)); }

// Before a call into OpenSSL. The queue is almost always empty already, and looking is much cheaper than clearing.
void ExpectNoErrors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

Filter::Filter(std::shared_ptr<const ServerContext> context, core::BlockPool& pool, const core::Clock& clock)
    : server_(std::move(context)), pool_(pool), clock_(clock), window_(pool), ssl_(SSL_new(&server_->ssl())) {
  if (SetUp()) {
    SSL_set_accept_state(ssl_.get());
  } else {
    Fail(Failure::kProtocol);
  }
}

Filter::Filter(std::shared_ptr<const ClientContext> context, core::Wire wire, bool either, core::BlockPool& pool,
               const core::Clock& clock)
    : client_(std::move(context)), pool_(pool), clock_(clock), window_(pool), ssl_(SSL_new(&client_->ssl())) {
  if (SetUp() && Ask(wire, either)) {
    Handshake();
  } else {
    Fail(Failure::kProtocol);
  }
}

Filter::~Filter() = default;

// False only when memory is out.
bool Filter::SetUp() {
  BIO* const bio = ssl_ == nullptr ? nullptr : NewWindowBio(window_);
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_.get(), bio, bio);  // takes the one reference for both directions
  SSL_set_ex_data(ssl_.get(), 0, this);
  SSL_set_info_callback(ssl_.get(), OnInfo);
  return true;
}

bool Filter::Ask(core::Wire wire, bool either) {
  SSL* const ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  const std::string_view offer = Offer(client_->istio(), wire, either);
  if (SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offer.data()),
                          static_cast<unsigned int>(offer.size())) != 0) {
    return false;
  }
  if (client_->sni().empty()) return true;
  std::string name = client_->sni();
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

// --- Receiving ------------------------------------------------------------------------------------------------------

core::Slice Filter::Read() {
  if (state_ == State::kFailed || state_ == State::kPeerEnded || ssl_ == nullptr) return {};
  if (state_ == State::kHandshaking && !Handshake()) return {};
  if (!unread_ || !HasMore()) return {};
  core::Block* const block = pool_.Take();
  std::size_t used = 0;
  while (used < block->capacity() && HasMore()) {
    std::size_t taken = 0;
    ExpectNoErrors();
    const int result = SSL_read_ex(ssl_.get(), block->bytes() + used, block->capacity() - used, &taken);
    if (result != 1) {
      unread_ = false;
      HandleError(result);
      break;
    }
    used += taken;
  }
  core::Slice slice;
  // What came before a fatal record is not handed on: nobody is to act on a connection that was tampered with.
  if (used > 0 && state_ != State::kFailed) slice = core::Slice(block, std::string_view(block->bytes(), used));
  block->Release();
  return slice;
}

// Whether asking OpenSSL can lead to anything: most messages are one record, and to ask once more only to hear that
// nothing is left costs almost as much as a short record.
bool Filter::HasMore() const { return !window_.input.empty() || SSL_has_pending(ssl_.get()) == 1; }

bool Filter::Handshake() {
  ExpectNoErrors();
  const bool nothing_due = window_.output.empty();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    HandleError(result);
    return false;
  }
  OnHandshakeDone();
  if (state_ == State::kOpen && nothing_due && HasMore()) HoldTicket();
  return state_ == State::kOpen;
}

// All that a server has to say after the client's last word of a TLS 1.3 handshake is the session ticket. It is for the
// client's next connection: when the first request has come with that word, the ticket can wait for the answer and save a
// write here and a wake-up there; meanwhile it takes its own size and not a block. When nothing has come yet it leaves at
// once: a client whose kernel gathers small segments (Nagle) sends its request only after an acknowledgement, which the
// ticket brings 40 ms earlier than our kernel would send one by itself.
void Filter::HoldTicket() {
  if (server_ == nullptr || SSL_version(ssl_.get()) < TLS1_3_VERSION || window_.output.piece_count() != 1) return;
  window_.held = core::Slice::Copy(window_.output.piece(0));
  window_.output.Clear();
  window_.output.ReleaseIdle();
}

void Filter::OnHandshakeDone() {
  const SSL* const ssl = ssl_.get();
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  const std::string_view chosen(reinterpret_cast<const char*>(name), size);
  if (chosen == "h2" || chosen == "istio-h2") {
    protocol_ = Protocol::kH2;
  } else if (!chosen.empty()) {
    protocol_ = Protocol::kHttp1;
  }
  const X509* const certificate = SSL_get0_peer_certificate(ssl);
  const bool verified = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) == X509_V_OK;
  if (certificate != nullptr && verified) {
    auto identity = ReadIdentity(*certificate);
    if (!identity) return Fail(Failure::kNames);
    peer_ = std::make_unique<const core::PeerIdentity>(std::move(*identity));
  }
  state_ = State::kOpen;
}

void Filter::HandleError(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return;
    case SSL_ERROR_ZERO_RETURN:
      // Before the handshake is done it is no end but a refusal.
      if (state_ == State::kHandshaking) return Fail(Failure::kPeerClosed);
      if (state_ == State::kOpen) state_ = State::kPeerEnded;
      return;
    default: break;
  }
  const Failure refused = Verifier::FailureOf(*ssl_);
  const Failure said = TakeFailure();
  Fail(refused != Failure::kNone ? refused : said);
}

void Filter::Fail(Failure failure) {
  if (state_ == State::kFailed) return;
  state_ = State::kFailed;
  failure_ = failure;
}

// --- Sending --------------------------------------------------------------------------------------------------------

void Filter::Write(core::SliceQueue& from) {
  if (!secured() || ended_) return;
  while (!from.empty() && window_.output.bytes() < kOutputMax) {
    ExpectNoErrors();
    const int result = WritePiece(from);
    if (result <= 0) return HandleError(result);
  }
}

// One record: the next piece as it lies there, or several small ones gathered.
int Filter::WritePiece(core::SliceQueue& from) {
  const std::string_view first = from.piece(0);
  std::size_t sent = 0;
  if (first.size() >= kRecordBytes || from.piece_count() == 1) {
    const std::size_t size = std::min(first.size(), kRecordBytes);
    const int result = SSL_write_ex(ssl_.get(), first.data(), size, &sent);
    from.Consume(sent);
    return result;
  }
  core::Block* const block = pool_.Take();
  std::size_t gathered = 0;
  for (std::size_t i = 0; i < from.piece_count() && gathered < block->capacity(); ++i) {
    const std::string_view piece = from.piece(i).substr(0, block->capacity() - gathered);
    std::memcpy(block->bytes() + gathered, piece.data(), piece.size());
    gathered += piece.size();
  }
  const int result = SSL_write_ex(ssl_.get(), block->bytes(), gathered, &sent);
  from.Consume(sent);
  block->Release();
  return result;
}

void Filter::End() {
  if (ended_ || !secured()) return;
  ended_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

// --- Facts and guards -----------------------------------------------------------------------------------------------

std::string_view Filter::own_principal() const {
  return server_ != nullptr ? server_->facts().principal : client_->facts().principal;
}

std::string_view Filter::version() const { return ssl_ == nullptr ? "" : SSL_get_version(ssl_.get()); }

std::string_view Filter::cipher() const {
  const SSL_CIPHER* const cipher = ssl_ == nullptr ? nullptr : SSL_get_current_cipher(ssl_.get());
  return cipher == nullptr ? "" : SSL_CIPHER_get_name(cipher);
}

std::string_view Filter::server_name() const {
  const char* const name = ssl_ == nullptr ? nullptr : SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

bool Filter::resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }

// OpenSSL refuses a renegotiation with a warning and goes on, for as often as it is asked; here it ends the connection.
void Filter::OnInfo(const SSL* ssl, int where, int value) {
  Filter& self = FilterOf(ssl);
  if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && (value & 0xff) == SSL_AD_NO_RENEGOTIATION) {
    return self.Fail(Failure::kRenegotiation);
  }
  if ((where & SSL_CB_LOOP) == 0 || self.state_ != State::kOpen) return;
  const OSSL_HANDSHAKE_STATE at = SSL_get_state(ssl);
  if (at == TLS_ST_SR_KEY_UPDATE || at == TLS_ST_CR_KEY_UPDATE) self.CountKeyUpdate();
}

void Filter::CountKeyUpdate() {
  const core::TimePoint now = clock_.Now();
  if (key_updates_ == 0 || now - key_updates_from_ > kKeyUpdatesPer) {
    key_updates_ = 0;
    key_updates_from_ = now;
  }
  if (++key_updates_ > kKeyUpdatesMax) Fail(Failure::kKeyUpdateFlood);
}

}  // namespace sluice::tls
