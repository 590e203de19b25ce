#include "gateway/cli/admin_link.h"

#include <array>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

#include "core/http/cidr.h"
#include "core/identity/tls_failure.h"
#include "gateway/cli/admin_client.h"
#include "gateway/codec/make_codec.h"
#include "tls/context.h"
#include "tls/credentials.h"

namespace sluice::gateway {
namespace {

using boost::system::error_code;
using core::ErrorCode;

constexpr std::string_view kStartCure = "start it with `sluice run`, or name the gateway's admin port with --server";

core::Error Unreachable(const AdminTarget& target, const std::string& why) {
  return {ErrorCode::kUnavailable, "no gateway at " + target.Url() + ": " + why, std::string(kStartCure)};
}

core::ClientTlsPolicy PolicyOf(const AdminTarget& target) {
  core::ClientTlsPolicy policy;
  policy.name = "admin port";
  policy.ca = target.ca;
  policy.server_names = {target.host};
  if (!core::ParseIp(target.host)) policy.sni = target.host;
  if (!target.certificate.empty()) {
    policy.certificate = core::TlsKeyPair{.certificate = target.certificate, .private_key = target.key};
  }
  return policy;
}

}  // namespace

AdminLink::AdminLink(core::Duration timeout) : deadline_(clock_.Now() + timeout) { limits_.body_max = kAnswerMax; }

AdminLink::~AdminLink() {
  if (codec_ != nullptr) codec_->Abort(core::ResetReason::kCancelled);
}

template <typename Begin>
bool AdminLink::Run(Begin begin, error_code& error) {
  bool done = false;
  begin([&](const error_code& result) {
    error = result;
    done = true;
  });
  io_.restart();
  io_.run_until(deadline_);
  if (done) return true;
  error_code ignored;
  socket_.close(ignored);
  io_.restart();
  io_.run();  // the handler must not outlive its captures
  return false;
}

core::Status AdminLink::Reach(const AdminTarget& target) {
  error_code error;
  Tcp::resolver resolver(io_);
  const auto found = resolver.resolve(target.host, target.port, error);
  if (error) return std::unexpected(Unreachable(target, error.message()));
  const bool in_time = Run(
      [&](auto done) {
        boost::asio::async_connect(socket_, found,
                                   [done](const error_code& result, const Tcp::endpoint&) mutable { done(result); });
      },
      error);
  if (!in_time) return std::unexpected(Unreachable(target, "the connection was not made in time"));
  if (error) return std::unexpected(Unreachable(target, error.message()));
  return {};
}

core::Status AdminLink::Secure(const AdminTarget& target) {
  const core::ClientTlsPolicy policy = PolicyOf(target);
  auto credentials = tls::LoadClient(policy, UnixMicros() / 1'000'000);
  if (!credentials) {
    core::Error error = credentials.error();
    error.code = ErrorCode::kInvalidArgument;
    return std::unexpected(std::move(error));
  }
  auto context = tls::ClientContext::Make(policy, *credentials);
  if (!context) return std::unexpected(context.error());
  filter_ = std::make_unique<tls::Filter>(std::move(*context), core::Wire::kHttp1, true, pool_, clock_);
  return {};
}

core::Status AdminLink::Connect(const AdminTarget& target) {
  if (const core::Status reached = Reach(target); !reached) return reached;
  error_code error;
  const Tcp::endpoint peer = socket_.remote_endpoint(error);
  if (!target.secure && !target.token.empty() && !error && !peer.address().is_loopback()) {
    return core::Fail(ErrorCode::kInvalidArgument, "the token would go to " + target.Authority() + " in the clear",
                      "write --server https://" + target.Authority());
  }
  if (target.secure) {
    if (const core::Status secured = Secure(target); !secured) return secured;
  }
  codec_ = MakeCodec(Role::kClient, core::Wire::kHttp1, {limits_, stats_, pool_, clock_}, nullptr, {});
  return {};
}

Stream* AdminLink::Open(StreamEvents& events) { return codec_->Open(events); }

void AdminLink::Write(core::SliceQueue& output) {
  while (!output.empty() && socket_.is_open()) {
    const std::string_view piece = output.piece(0);
    error_code error;
    const bool in_time = Run(
        [&](auto done) {
          boost::asio::async_write(socket_, boost::asio::buffer(piece),
                                   [done](const error_code& result, std::size_t) mutable { done(result); });
        },
        error);
    if (!in_time || error) return output.Clear();
    output.Consume(piece.size());
  }
}

void AdminLink::Flush() {
  codec_->Fill();
  if (filter_ == nullptr) {
    Write(codec_->Output());
  } else {
    Write(filter_->Output());
    while (filter_->secured() && !codec_->Output().empty()) {
      const std::size_t before = codec_->Output().bytes();
      filter_->Write(codec_->Output());
      Write(filter_->Output());
      if (codec_->Output().bytes() == before) break;
    }
  }
  codec_->OnWritten();
}

void AdminLink::Decrypt(std::string_view ciphertext) {
  filter_->Feed(ciphertext);
  for (core::Slice plain = filter_->Read(); !plain.empty(); plain = filter_->Read()) codec_->Receive(std::move(plain));
}

AdminLink::Came AdminLink::Receive() {
  if (!socket_.is_open()) return Came::kTimeout;
  core::Block* const block = pool_.Take();
  std::size_t count = 0;
  error_code error;
  const bool in_time = Run(
      [&](auto done) {
        socket_.async_read_some(boost::asio::buffer(block->bytes(), block->capacity()),
                                [done, &count](const error_code& result, std::size_t size) mutable {
                                  count = size;
                                  done(result);
                                });
      },
      error);
  const core::Slice bytes(block, std::string_view(block->bytes(), count));
  block->Release();
  if (!in_time) return Came::kTimeout;
  if (error) {
    // Only an end that TLS itself has said, or one without TLS, ends an answer.
    if (filter_ == nullptr || filter_->state() == tls::Filter::State::kPeerEnded) codec_->ReceiveEnd();
    if (filter_ != nullptr && filter_->state() == tls::Filter::State::kHandshaking) {
      filter_->Fail(tls::Failure::kPeerClosed);
      return Came::kRefused;
    }
    return Came::kEnd;
  }
  if (filter_ == nullptr) {
    codec_->Receive(bytes);
    return Came::kBytes;
  }
  Decrypt(bytes.view());
  if (filter_->state() != tls::Filter::State::kFailed) return Came::kBytes;
  Write(filter_->Output());  // the alert tells the gateway's log why
  return Came::kRefused;
}

core::Error AdminLink::RefusalOf(const AdminTarget& target) const {
  const std::string why(core::TlsFailureText(filter_->failure()));
  std::string cure = "name its authority with --ca FILE, or its state directory with --state-dir DIR";
  if (filter_->failure() == tls::Failure::kPeerAlert) cure = "if it wants to see a certificate, give --cert and --key";
  if (filter_->failure() == tls::Failure::kPeerClosed) cure = "if it does not speak TLS, write --server http://...";
  return {ErrorCode::kUnavailable, "no secured connection to " + target.Url() + ": " + why, std::move(cure)};
}

}  // namespace sluice::gateway
