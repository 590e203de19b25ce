#include "core/route/host_index.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/http/host_port.h"

namespace sluice::core {

HostIndex::HostIndex(const std::vector<Entry>& entries) {
  std::vector<TextIndex::Entry> exact;
  std::vector<TextIndex::Entry> suffixes;
  for (const Entry& entry : entries) {
    if (entry.host == "*") {
      if (!any_) any_ = entry.value;
    } else if (entry.host.starts_with("*")) {
      const std::string_view suffix = entry.host.substr(1);
      if (suffix.size() > kNameMax) continue;
      suffixes.push_back({suffix, entry.value});
      suffix_lengths_.set(suffix.size());
    } else {
      exact.push_back({entry.host, entry.value});
    }
  }
  exact_ = TextIndex(exact);
  suffixes_ = TextIndex(suffixes);
}

std::optional<std::uint32_t> HostIndex::Find(std::string_view authority) const {
  if (exact_.size() + suffixes_.size() == 0) return any_;  // a Gateway's server for all hosts, most often
  const std::string_view sent = RoutedHost(authority);
  if (sent.empty() || sent.size() > kNameMax) return any_;
  std::array<char, kNameMax> folded;
  std::ranges::transform(sent, folded.begin(), FoldChar);
  const std::string_view host(folded.data(), sent.size());
  if (const auto found = exact_.Find(host)) return found;
  if (suffixes_.size() > 0) {
    // From the left: the first hit is the longest suffix. A suffix needs at least one character in front of it.
    for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      if (!suffix_lengths_.test(host.size() - dot)) continue;
      if (const auto found = suffixes_.Find(host.substr(dot))) return found;
    }
  }
  return any_;
}

}  // namespace sluice::core
