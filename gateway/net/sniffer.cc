#include "gateway/net/sniffer.h"

#include <string_view>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

void Sniffer::Receive(core::Slice bytes) {
  if (Empty()) {
    Look(bytes.view());
    if (finding_ != Finding::kUndecided) {
      whole_ = std::move(bytes);
      return;
    }
  }
  // Cut within its first bytes, or with more behind them: rare, and bounded by what a ClientHello may have and one
  // read. Copied, since a piece holds a whole buffer however few bytes it has.
  held_ += std::exchange(whole_, {}).view();
  held_ += bytes.view();
  if (finding_ == Finding::kUndecided) Look(held_);
}

void Sniffer::Look(std::string_view begin) {
  if (!inside_ && tls::LooksLikeTls(begin)) return LookForTls(begin);
  const std::string_view first = begin.substr(0, kPreface.size());
  if (!kPreface.starts_with(first)) {
    finding_ = Finding::kHttp1;
  } else if (first.size() == kPreface.size()) {
    finding_ = Finding::kHttp2;
  }
}

void Sniffer::LookForTls(std::string_view begin) {
  hello_state_ = tls::ReadClientHello(begin, hello_);
  if (hello_state_ == tls::HelloState::kIncomplete) return;
  finding_ = hello_state_ == tls::HelloState::kComplete ? Finding::kTls : Finding::kBadTls;
}

core::Slice Sniffer::BeginInside() {
  inside_ = true;
  finding_ = Finding::kUndecided;
  return Take();
}

core::Slice Sniffer::Take() {
  if (!whole_.empty() || held_.empty()) return std::exchange(whole_, {});
  return core::Slice::Copy(std::exchange(held_, {}));
}

}  // namespace sluice::gateway
