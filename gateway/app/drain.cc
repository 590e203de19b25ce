#include "gateway/app/drain.h"

namespace sluice::gateway {
namespace {

constexpr std::chrono::milliseconds kLook{25};
// So many looks without a connection and without an accept: what was under way in the kernel's queue has been served.
constexpr std::uint32_t kQuietLooks = 4;
// A handshake that had begun when we stopped taking new ones is over by then.
constexpr core::Duration kHandshake = core::Seconds(1);

}  // namespace

void Drain::Begin(core::Duration within, ProxyListeners* listeners) {
  listeners_ = listeners;
  const core::TimePoint now = clock_.Now();
  until_ = now + within;
  refuse_at_ = now + within / 2;
  Check();
}

void Drain::Check() {
  const core::TimePoint now = clock_.Now();
  if (Over(now)) return hooks_.done(hooks_.self);
  timer_.expires_after(kLook);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Check();
  });
}

bool Drain::Over(core::TimePoint now) {
  const ClientTraffic traffic = hooks_.traffic(hooks_.self);
  const bool nobody = traffic.connections == 0 && traffic.accepted == accepted_;
  accepted_ = traffic.accepted;
  quiet_ = nobody ? quiet_ + 1 : 0;
  const bool quiet = quiet_ >= kQuietLooks;
  if (now >= until_ || (refused_ && quiet)) return true;
  if (!refused_ && (quiet || now >= refuse_at_)) Refuse(now);
  if (refused_ && now >= close_at_ && listeners_ != nullptr) listeners_->Close();
  return false;
}

void Drain::Refuse(core::TimePoint now) {
  refused_ = true;
  quiet_ = 0;
  close_at_ = now + kHandshake;
  if (listeners_ != nullptr) listeners_->RefuseNew();
}

}  // namespace sluice::gateway
