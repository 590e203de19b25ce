#include "core/snapshot/snapshot.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::core {
namespace {

// A host name (RFC 1035: 255), a port, a subset (a DNS label: 63) and two bars fit; longer names are not found.
constexpr std::size_t kKeyMax = 512;

class ClusterKey {
 public:
  ClusterKey(std::string_view host, std::uint16_t port, std::string_view subset) {
    if (host.size() + subset.size() + 7 > bytes_.size()) return;
    char* out = std::ranges::copy(host, bytes_.data()).out;
    *out++ = '|';
    out = std::to_chars(out, bytes_.data() + bytes_.size(), port).ptr;
    *out++ = '|';
    out = std::ranges::copy(subset, out).out;
    size_ = static_cast<std::size_t>(out - bytes_.data());
  }

  std::string_view text() const { return {bytes_.data(), size_}; }  // empty: too long

 private:
  std::array<char, kKeyMax> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

ClusterId Snapshot::FindCluster(std::string_view host, std::uint16_t port, std::string_view subset) const {
  const ClusterKey key(host, port, subset);
  const auto found = cluster_index_.Find(key.text());
  return found ? ClusterId{*found} : ClusterId{};
}

void Snapshot::IndexClusters() {
  std::vector<std::string> keys;
  keys.reserve(clusters.size() * 2);
  for (const Cluster& cluster : clusters) {
    keys.emplace_back(ClusterKey(cluster.service_host, cluster.port, cluster.subset).text());
    keys.emplace_back(ClusterKey(cluster.service_host, 0, cluster.subset).text());
  }
  std::vector<TextIndex::Entry> entries;
  entries.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    // Of the ports of a service the first in the list keeps port 0: the index lets the first of equals win.
    if (!keys[i].empty()) entries.push_back({keys[i], static_cast<std::uint32_t>(i / 2)});
  }
  cluster_index_ = TextIndex(entries);
}

const MeterSlot* Snapshot::FindMeter(std::string_view name) const {
  const auto found = std::ranges::find(meters, name, &MeterSlot::name);
  return found == meters.end() ? nullptr : &*found;
}

const Listener* Snapshot::FindListener(std::string_view bind, std::uint16_t port) const {
  for (const Listener& listener : listeners) {
    if (listener.port == port && listener.bind == bind) return &listener;
  }
  return nullptr;
}

}  // namespace sluice::core
