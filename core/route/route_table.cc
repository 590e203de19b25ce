#include "core/route/route_table.h"

#include <utility>

#include "core/base/check.h"
#include "core/route/host_index.h"

namespace sluice::core {

struct RouteTable::Index {
  std::vector<VirtualHost> hosts;
  std::vector<MatchProgram> programs;  // beside hosts
  HostIndex names;
};

RouteTable::RouteTable() : index_(std::make_unique<Index>()) {}
RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

void RouteTable::Build(std::vector<VirtualHost> hosts, const std::vector<Route>& routes) {
  auto index = std::make_unique<Index>();
  index->hosts = std::move(hosts);
  std::vector<HostIndex::Entry> names;
  index->programs.reserve(index->hosts.size());
  for (std::size_t i = 0; i < index->hosts.size(); ++i) {
    const VirtualHost& host = index->hosts[i];
    for (const std::string& name : host.hosts) names.push_back({name, static_cast<std::uint32_t>(i)});
    index->programs.emplace_back(host.routes, routes);
  }
  index->names = HostIndex(names);
  index_ = std::move(index);
}

const VirtualHost* RouteTable::FindHost(std::string_view authority) const {
  const std::optional<std::uint32_t> found = index_->names.Find(authority);
  return found ? &index_->hosts[*found] : nullptr;
}

RouteHit RouteTable::Match(const VirtualHost& host, const RouteInput& input, const std::vector<Route>& routes,
                           Arena& scratch) const {
  const std::ptrdiff_t at = &host - index_->hosts.data();
  DCHECK(at >= 0 && static_cast<std::size_t>(at) < index_->hosts.size());
  return index_->programs[static_cast<std::size_t>(at)].Run(input, routes, scratch);
}

const std::vector<VirtualHost>& RouteTable::hosts() const { return index_->hosts; }

}  // namespace sluice::core
