#include "gateway/net/sniffer.h"

#include <string_view>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

void Sniffer::Receive(core::Slice bytes) {
  held_.push_back(std::move(bytes));
  if (finding_ != Finding::kUndecided) return;
  if (held_.size() == 1) return Look(held_.front().view());
  std::string begin;  // cut within its first bytes: rare, and bounded by what a ClientHello may have
  for (const core::Slice& piece : held_) begin += piece.view();
  Look(begin);
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

std::vector<core::Slice> Sniffer::BeginInside() {
  inside_ = true;
  finding_ = Finding::kUndecided;
  return TakeHeld();
}

}  // namespace sluice::gateway
