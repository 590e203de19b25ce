// Host -> virtual host -> ordered rules. Immutable after Build; any thread. istio-reference.md section 1.2.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/strong_id.h"
#include "core/http/head.h"
#include "core/route/match_program.h"
#include "core/route/route.h"

namespace sluice::core {

// Rules of the hosts that share them, in match order (catch-alls last when several VirtualServices were merged).
struct VirtualHost {
  std::string name;                // first host, for the log
  std::vector<std::string> hosts;  // lower case, without port; "*", "*.suffix" or exact
  std::vector<RouteId> routes;
  std::vector<ExperimentId> experiments;  // that apply to requests of this host
};

class RouteTable {
 public:
  RouteTable();
  ~RouteTable();
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;

  // `routes` is Snapshot::routes; the table keeps ids only. Hosts must be unique over all virtual hosts.
  void Build(std::vector<VirtualHost> hosts, const std::vector<Route>& routes);

  // `authority` as sent; port and trailing dot are stripped and case folded here. Exact, longest suffix wildcard, "*".
  // Null when no host covers it. Cost does not grow with the number of hosts.
  const VirtualHost* FindHost(std::string_view authority) const;

  // First rule whose match list holds; final: no fall-back to another host. `host` is one of hosts(), `routes` those
  // of Build (or a copy of them).
  RouteHit Match(const VirtualHost& host, const RouteInput& input, const std::vector<Route>& routes,
                 Arena& scratch) const;

  const std::vector<VirtualHost>& hosts() const;

 private:
  struct Index;
  std::unique_ptr<Index> index_;
};

}  // namespace sluice::core
