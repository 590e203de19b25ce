#include "gateway/upstream/resolver.h"

#include <algorithm>
#include <chrono>

namespace sluice::gateway {

Resolver::Resolver(boost::asio::io_context& control, ResolverHook hook)
    : hook_(hook), resolver_(control), timer_(control) {}

void Resolver::Watch(const std::vector<std::string>& names, core::Duration refresh) {
  names_ = names;
  refresh_ = std::max<core::Duration>(refresh, core::Seconds(1));
  std::erase_if(addresses_,
                [this](const auto& entry) { return std::ranges::find(names_, entry.first) == names_.end(); });
  ResolveAll();
}

void Resolver::Stop() {
  names_.clear();
  timer_.cancel();
  resolver_.cancel();
}

void Resolver::ResolveAll() {
  if (names_.empty()) {
    timer_.cancel();
    return;
  }
  for (const std::string& name : names_) Resolve(name);
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(refresh_));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ResolveAll();
  });
}

void Resolver::Resolve(const std::string& name) {
  if (in_flight_[name]) return;
  in_flight_[name] = true;
  resolver_.async_resolve(
      name, "", [this, name](const boost::system::error_code& error, const Tcp::resolver::results_type& results) {
        OnResolved(name, error, results);
      });
}

void Resolver::OnResolved(const std::string& name, const boost::system::error_code& error,
                          const Tcp::resolver::results_type& results) {
  in_flight_.erase(name);
  if (std::ranges::find(names_, name) == names_.end()) return;  // no longer wanted
  if (error || results.empty()) {
    ++failures_;
    return;
  }
  std::vector<std::string> found;
  for (const auto& result : results) found.push_back(result.endpoint().address().to_string());
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  if (found.size() > kAddressesMax) {
    ++truncated_;
    found.resize(kAddressesMax);
  }
  std::vector<std::string>& known = addresses_[name];
  if (known == found) return;
  known = std::move(found);
  hook_.on_change(hook_.self);
}

}  // namespace sluice::gateway
