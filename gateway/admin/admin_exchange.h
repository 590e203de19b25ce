// One request to the admin, health or metrics port, over the same stream interface as everything else: reads a head,
// refuses a body, answers a page with back-pressure. Owned by the session that accepted it; that thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/arena.h"
#include "gateway/admin/admin_pages.h"
#include "gateway/codec/stream.h"

namespace sluice::gateway {

class AdminExchange;

// Called once, when the exchange is over and its stream gone. The exchange may be on the call stack: retire it, do not
// free it before the end of the turn.
struct AdminDoneHook {
  void (*call)(void* self, AdminExchange& exchange) = nullptr;
  void* self = nullptr;
};

class AdminExchange final : public StreamEvents {
 public:
  static constexpr std::size_t kPieceBytes = 16 * 1024;  // of a page, per SendBody

  // `context` outlives the exchange.
  AdminExchange(Stream& stream, const AdminContext& context, PageSet set, AdminDoneHook done)
      : stream_(stream), context_(context), set_(set), done_(done) {}
  AdminExchange(const AdminExchange&) = delete;
  AdminExchange& operator=(const AdminExchange&) = delete;

  core::Arena& HeadArena() override { return arena_; }
  void OnHead(core::Head head, Flow flow) override;
  void OnBody(core::Slice bytes, Flow flow) override;
  void OnTrailers(core::HeaderMap trailers) override;
  void OnRoom() override;
  void OnReset(core::ResetReason reason) override;

  // Acceptor::OnFault: the request is malformed and no event follows.
  void OnFault(std::uint16_t status, std::string_view details);

 private:
  void Send(AdminAnswer answer);
  void Pump();
  void EndIfOver();

  Stream& stream_;
  const AdminContext& context_;
  const PageSet set_;
  AdminDoneHook done_;
  core::Arena arena_;
  std::string body_;        // of the answer
  std::size_t sent_ = 0;    // of body_
  bool head_only_ = false;  // HEAD
  bool answered_ = false;   // the head of the answer went out
  bool answer_ended_ = false;
  bool request_ended_ = false;
  bool over_ = false;
};

}  // namespace sluice::gateway
