// One request to the admin, health or metrics port, over the same stream interface as everything else: reads a head, and
// a body where somebody reads it, answers with back-pressure, and goes on telling what a watch has to tell. Owned by the
// session that accepted it; that thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/arena.h"
#include "core/base/deadline_wheel.h"
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
  static constexpr std::size_t kPieceBytes = 16 * 1024;    // of a page, per SendBody
  static constexpr std::size_t kRefillBytes = 256 * 1024;  // of a page that is written as it goes out, about

  // `context` outlives the exchange. `peer` is the identity of the client's certificate, empty without one.
  AdminExchange(Stream& stream, const AdminContext& context, PageSet set, AdminDoneHook done, std::string peer = {});
  ~AdminExchange() override;
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
  void ReadHead(const core::Head& head);
  void Answer();
  void Send(AdminAnswer answer);
  void Follow(std::shared_ptr<ObjectWatch> watch);
  void Unfollow();
  void EndWatch();
  bool GoesOn() const;  // more will follow body_
  // More of a page or a watch into body_; false when there is nothing yet.
  bool Refill();
  void Pump();
  void EndIfOver();
  void ReleaseBody();

  Stream& stream_;
  const AdminContext& context_;
  const PageSet set_;
  AdminDoneHook done_;
  core::Arena arena_;
  std::string peer_;
  AdminRequest request_;
  std::string received_;  // body of the request
  std::size_t body_limit_ = 0;
  bool waits_for_body_ = false;
  std::shared_ptr<TextPage> page_;
  std::shared_ptr<ObjectWatch> watch_;
  WorldWatcher watcher_;
  core::Deadline watch_deadline_;
  bool watch_over_ = false;  // its time is up, or it has said its last

  std::string body_;        // of the answer
  std::size_t sent_ = 0;    // of body_
  bool head_only_ = false;  // HEAD
  bool answered_ = false;   // the head of the answer went out
  bool answer_ended_ = false;
  bool request_ended_ = false;
  bool over_ = false;
};

}  // namespace sluice::gateway
