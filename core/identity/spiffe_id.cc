#include "core/identity/spiffe_id.h"

#include <algorithm>

namespace sluice::core {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr std::size_t kTextMax = 2048;
constexpr std::size_t kTrustDomainMax = 255;

bool InTrustDomain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool InSegment(char c) { return InTrustDomain(c) || (c >= 'A' && c <= 'Z'); }

// Takes the text up to the next slash off the front, or all of it.
std::string_view TakeSegment(std::string_view& rest) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return segment;
}

bool IsName(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." && std::ranges::all_of(segment, InSegment);
}

}  // namespace

std::string_view SpiffeId::principal() const {
  return text.empty() ? std::string_view() : std::string_view(text).substr(kScheme.size());
}

std::optional<SpiffeId> SpiffeId::Parse(std::string_view uri) {
  if (uri.size() > kTextMax || !uri.starts_with(kScheme) || uri.ends_with('/')) return std::nullopt;
  std::string_view rest = uri.substr(kScheme.size());
  const std::string_view trust_domain = TakeSegment(rest);
  if (trust_domain.empty() || trust_domain.size() > kTrustDomainMax ||
      !std::ranges::all_of(trust_domain, InTrustDomain)) {
    return std::nullopt;
  }
  if (TakeSegment(rest) != "ns") return std::nullopt;
  const std::string_view name_space = TakeSegment(rest);
  if (TakeSegment(rest) != "sa") return std::nullopt;
  const std::string_view account = TakeSegment(rest);
  if (!rest.empty() || !IsName(name_space) || !IsName(account)) return std::nullopt;
  return SpiffeId{std::string(uri), std::string(trust_domain), std::string(name_space), std::string(account)};
}

}  // namespace sluice::core
