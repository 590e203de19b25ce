// Names of DNS ServiceEntries -> addresses, asked again and again off the request path. The last good answer is kept
// when a name server is silent or says nothing (reliability.md F32). Lives on the control thread; the look-ups
// themselves run on Asio's resolver thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/clock.h"
#include "gateway/net/socket.h"

namespace sluice::gateway {

struct ResolverHook {
  void (*on_change)(void* self) = nullptr;
  void* self = nullptr;
};

class Resolver {
 public:
  using Addresses = std::map<std::string, std::vector<std::string>, std::less<>>;

  // At most this many addresses of one answer are taken; the rest is counted.
  static constexpr std::size_t kAddressesMax = 256;

  Resolver(boost::asio::io_context& control, ResolverHook hook);

  // Replaces the set of names; begins to resolve new ones at once and all of them every `refresh` (>= 1 s).
  void Watch(const std::vector<std::string>& names, core::Duration refresh);
  void Stop();

  // What is known; a name that never resolved is absent.
  const Addresses& addresses() const { return addresses_; }
  std::uint64_t failures() const { return failures_; }
  std::uint64_t truncated() const { return truncated_; }

 private:
  void ResolveAll();
  void Resolve(const std::string& name);
  void OnResolved(const std::string& name, const boost::system::error_code& error,
                  const Tcp::resolver::results_type& results);

  ResolverHook hook_;
  Tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  core::Duration refresh_{0};
  std::vector<std::string> names_;
  std::map<std::string, bool> in_flight_;  // a silent name server must not pile up look-ups
  Addresses addresses_;
  std::uint64_t failures_ = 0;
  std::uint64_t truncated_ = 0;
};

}  // namespace sluice::gateway
