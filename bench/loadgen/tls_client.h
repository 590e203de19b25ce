// The client's end of TLS for the load generator: what all connections share, and one connection's session, which
// leaves the socket to its Channel. Not the gateway's filter: that one renews certificates while it runs and guards
// against peers, where a generator only has to be cheap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/loadgen/options.h"
#include "core/base/result.h"
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

  explicit TlsSession(const TlsClient& client);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Ciphertext received, which the steps below take from; valid until they have said kNeedMore.
  void Feed(std::string_view ciphertext) { input_ = ciphertext; }
  // The steps below append ciphertext to `out`.
  void SetOutput(std::string& out) { output_ = &out; }

  Step Handshake();
  Step Read(char* into, std::size_t size, std::size_t& count);
  // False after a failure. Everything is taken.
  bool Write(std::string_view plain);
  // Why a step said kFailed.
  const std::string& error() const { return error_; }

 private:
  struct Method;
  static int ReadBio(BIO* bio, char* into, std::size_t size, std::size_t* count);
  static int WriteBio(BIO* bio, const char* from, std::size_t size, std::size_t* count);
  static long Control(BIO* bio, int command, long number, void* pointer);  // NOLINT(google-runtime-int): OpenSSL's
  Step StepOf(int result);

  bool http2_ = false;
  std::string_view input_;
  std::string* output_ = nullptr;
  tls::SslPtr ssl_;
  std::string error_;
};

}  // namespace sluice::bench
