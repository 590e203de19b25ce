// The connection of a verb to an admin port: socket, perhaps TLS, and the codec in the client role, driven by blocking
// calls under one deadline. One request each. Main thread of its own process.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "gateway/cli/admin_target.h"
#include "gateway/codec/codec.h"
#include "gateway/net/socket.h"
#include "gateway/runtime/steady_clock.h"
#include "tls/filter.h"

namespace sluice::gateway {

class AdminLink {
 public:
  enum class Came : std::uint8_t { kBytes, kEnd, kTimeout, kRefused };

  explicit AdminLink(core::Duration timeout);
  ~AdminLink();
  AdminLink(const AdminLink&) = delete;
  AdminLink& operator=(const AdminLink&) = delete;

  // Name, connection, and the beginning of TLS.
  core::Status Connect(const AdminTarget& target);
  // Never null after Connect().
  Stream* Open(StreamEvents& events);

  // Sends what can be sent now. What fails shows in the next Receive().
  void Flush();
  // Waits for bytes and hands them to the codec. kRefused: the secured connection has failed, RefusalOf() says why.
  Came Receive();
  core::Error RefusalOf(const AdminTarget& target) const;

 private:
  core::Status Reach(const AdminTarget& target);
  core::Status Secure(const AdminTarget& target);
  // Runs what was begun until it ends or time is up; false when it is.
  template <typename Begin>
  bool Run(Begin begin, boost::system::error_code& error);
  void Write(core::SliceQueue& output);
  void Decrypt(std::string_view ciphertext);

  SteadyClock clock_;
  core::TimePoint deadline_;
  boost::asio::io_context io_{1};
  TcpSocket socket_{io_};
  core::BlockPool pool_;
  CodecLimits limits_;
  CodecStats stats_;
  std::unique_ptr<tls::Filter> filter_;
  std::unique_ptr<Codec> codec_;
};

}  // namespace sluice::gateway
