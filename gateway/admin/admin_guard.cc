#include "gateway/admin/admin_guard.h"

#include "core/base/text.h"

namespace sluice::gateway {

bool AdminGuard::Knows(std::string_view authorization) const {
  constexpr std::string_view kScheme = "bearer ";  // RFC 6750 section 2.1; the scheme in any case
  if (token.empty() || !core::EqualsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme)) return false;
  const std::string_view given = authorization.substr(kScheme.size());
  std::size_t difference = given.size() ^ token.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<std::size_t>(static_cast<unsigned char>(given[i]) ^
                                           static_cast<unsigned char>(token[i % token.size()]));
  }
  return difference == 0;
}

}  // namespace sluice::gateway
