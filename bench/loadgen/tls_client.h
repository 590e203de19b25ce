// The client's end of TLS for the load generator: what all connections share, and one connection's session, which
// leaves the socket to its Channel. Not the gateway's filter: that one renews certificates while it runs and guards
// against peers, where a generator only has to be cheap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/loadgen/options.h"
#include "core/base/result.h"
#include "core/base/slice.h"
#include "tls/bio_window.h"
#include "tls/openssl_handles.h"

namespace sluice::bench {

// Immutable once made; any thread.
class TlsClient {
 public:
  // kInvalidArgument says which file is of no use. `host` is what the address names.
  static core::Result<TlsClient> Make(const TlsOptions& options, std::string_view host, bool http2, bool many);

  // A session that has not begun; null when memory is out.
  tls::SslPtr NewSession() const;
  bool http2() const { return http2_; }

 private:
  tls::SslCtxPtr context_;
  std::string server_name_;  // for SNI; empty when the server is known by its address
  bool http2_ = false;
};

// One connection's. Owned by its Channel; one thread.
class TlsSession {
 public:
  enum class Step : std::uint8_t { kDone, kNeedMore, kEnded, kFailed };

  // `pool` outlives it.
  TlsSession(const TlsClient& client, core::BlockPool& pool);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Ciphertext received, which the steps below take from; valid until they have said kNeedMore.
  void Feed(std::string_view ciphertext) { window_.input = ciphertext; }
  // Ciphertext to be sent, to which the steps below append.
  core::SliceQueue& Output() { return window_.output; }

  Step Handshake();
  Step Read(char* into, std::size_t size, std::size_t& count);
  // False after a failure. Everything is taken.
  bool Write(std::string_view plain);
  // Why a step said kFailed.
  const std::string& error() const { return error_; }

 private:
  Step StepOf(int result);

  bool http2_ = false;
  tls::BioWindow window_;
  tls::SslPtr ssl_;
  std::string error_;
};

}  // namespace sluice::bench
