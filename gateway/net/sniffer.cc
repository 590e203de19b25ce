#include "gateway/net/sniffer.h"

#include <string_view>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

void Sniffer::Receive(core::Slice bytes) {
  const std::string_view expected = kPreface.substr(held_.size());
  const std::string_view begin = bytes.view().substr(0, expected.size());
  if (!expected.starts_with(begin)) {
    wire_ = core::Wire::kHttp1;
  } else if (begin.size() == expected.size()) {
    wire_ = core::Wire::kHttp2;
  } else {
    held_.append(begin);
    return;
  }
  last_ = std::move(bytes);
}

}  // namespace sluice::gateway
