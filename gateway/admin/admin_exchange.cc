#include "gateway/admin/admin_exchange.h"

#include <algorithm>
#include <utility>

#include "gateway/api/watch.h"
#include "gateway/runtime/steady_clock.h"
#include "gateway/telemetry/text_page.h"

namespace sluice::gateway {

AdminExchange::AdminExchange(Stream& stream, const AdminContext& context, PageSet set, AdminDoneHook done,
                             std::string peer)
    : stream_(stream),
      context_(context),
      set_(set),
      done_(done),
      peer_(std::move(peer)),
      watcher_{.notify =
                   [](void* self) {
                     auto* exchange = static_cast<AdminExchange*>(self);
                     exchange->Pump();
                     exchange->EndIfOver();
                   },
               .self = this},
      watch_deadline_([](void* self) { static_cast<AdminExchange*>(self)->EndWatch(); }, this) {}

AdminExchange::~AdminExchange() {
  Unfollow();
  ReleaseBody();
}

// Views of the head lie in the arena, which lives as long as this.
void AdminExchange::ReadHead(const core::Head& head) {
  const std::size_t mark = head.path.find('?');
  request_.method = head.method;
  request_.path = head.path.substr(0, mark);
  if (mark != std::string_view::npos) request_.query = head.path.substr(mark + 1);
  request_.authority = head.authority;
  request_.origin = head.headers.Find(core::HeaderName::kOrigin).value_or("");
  request_.authorization = head.headers.Find("authorization").value_or("");
  request_.accept = head.headers.Find("accept").value_or("");
  request_.content_type = head.headers.Find("content-type").value_or("");
  request_.user_agent = head.headers.Find("user-agent").value_or("");
  request_.peer = peer_;
}

void AdminExchange::OnHead(core::Head head, Flow flow) {
  request_ended_ = flow == Flow::kEnd;
  head_only_ = head.method == "HEAD";
  ReadHead(head);
  if (request_ended_ || head.content_length == 0) return Answer();
  body_limit_ = AdminBodyLimit(context_, set_, request_);
  if (body_limit_ == 0) return Send({413, "text/plain; charset=utf-8", "admin pages take no body\n"});
  if (head.content_length.value_or(0) > body_limit_) {
    return Send(
        {413, "text/plain; charset=utf-8", "the body is longer than " + std::to_string(body_limit_) + " bytes\n"});
  }
  waits_for_body_ = true;
}

void AdminExchange::OnBody(core::Slice bytes, Flow flow) {
  stream_.Consumed(bytes.size());
  request_ended_ = flow == Flow::kEnd;
  if (!waits_for_body_) return EndIfOver();
  const bool fits = received_.size() + bytes.size() <= body_limit_;
  const bool room = context_.bodies == nullptr || *context_.bodies + bytes.size() <= kAdminBodiesMax;
  if (!fits || !room) {
    waits_for_body_ = false;
    ReleaseBody();
    return fits ? Send({503, "text/plain; charset=utf-8", "too many bodies at once; try again\n"})
                : Send({413, "text/plain; charset=utf-8",
                        "the body is longer than " + std::to_string(body_limit_) + " bytes\n"});
  }
  received_ += bytes.view();
  if (context_.bodies != nullptr) *context_.bodies += bytes.size();
  if (request_ended_) Answer();
}

void AdminExchange::ReleaseBody() {
  if (context_.bodies != nullptr) *context_.bodies -= received_.size();
  received_ = {};
}

void AdminExchange::OnTrailers(core::HeaderMap) {
  request_ended_ = true;
  if (waits_for_body_) return Answer();
  EndIfOver();
}

void AdminExchange::OnRoom() {
  Pump();
  EndIfOver();
}

void AdminExchange::OnReset(core::ResetReason) {
  answer_ended_ = request_ended_ = true;
  EndIfOver();
}

void AdminExchange::OnFault(std::uint16_t status, std::string_view details) {
  request_ended_ = true;
  waits_for_body_ = false;
  if (!answered_) return Send({status, "text/plain; charset=utf-8", std::string(details) + "\n"});
  if (!answer_ended_) stream_.Reset(core::ResetReason::kProtocolError);
  answer_ended_ = true;
  EndIfOver();
}

void AdminExchange::Answer() {
  waits_for_body_ = false;
  request_.body = received_;
  AdminAnswer answer = AnswerAdmin(context_, set_, request_);
  request_.body = {};
  ReleaseBody();
  Send(std::move(answer));
}

void AdminExchange::Send(AdminAnswer answer) {
  answered_ = true;
  body_ = std::move(answer.body);
  core::Head head(arena_);
  head.status = answer.status;
  const bool goes_on = (answer.watch != nullptr || answer.rest != nullptr) && !head_only_;
  if (!goes_on && answer.rest == nullptr) head.content_length = body_.size();
  head.headers.AddCopy("content-type", answer.content_type);
  head.headers.AddBorrowed("cache-control", "no-store");
  head.headers.AddBorrowed("x-content-type-options", "nosniff");
  head.headers.AddBorrowed("x-frame-options", "DENY");
  if (answer.status == 401) head.headers.AddBorrowed("www-authenticate", "Bearer");
  for (const auto& [name, value] : answer.headers) head.headers.AddCopy(name, value);
  answer_ended_ = head_only_ || (body_.empty() && !goes_on);
  stream_.SendHead(head, answer_ended_ ? Flow::kEnd : Flow::kMore);
  if (goes_on) page_ = std::move(answer.rest);
  if (goes_on && answer.watch != nullptr) Follow(std::move(answer.watch));
  Pump();
  EndIfOver();
}

void AdminExchange::Follow(std::shared_ptr<ObjectWatch> watch) {
  watch_ = std::move(watch);
  context_.world->Subscribe(watcher_);
  if (context_.wheel == nullptr || watch_->timeout_seconds() <= 0) return;
  context_.wheel->Arm(watch_deadline_, context_.clock->Now() + core::Seconds(watch_->timeout_seconds()));
}

void AdminExchange::Unfollow() {
  if (watch_ == nullptr) return;
  context_.world->Unsubscribe(watcher_);
  if (context_.wheel != nullptr) context_.wheel->Disarm(watch_deadline_);
  watch_.reset();
}

void AdminExchange::EndWatch() {
  watch_over_ = true;
  Pump();
  EndIfOver();
}

bool AdminExchange::GoesOn() const { return watch_ != nullptr || (page_ != nullptr && !page_->ended()); }

bool AdminExchange::Refill() {
  if (page_ != nullptr) {
    body_.clear();
    sent_ = 0;
    page_->Write(body_, kRefillBytes);
    return !body_.empty();
  }
  if (watch_ == nullptr || watch_over_) return false;
  body_ = watch_->Next(*context_.world, UnixMicros());
  sent_ = 0;
  watch_over_ = watch_->ended();
  return !body_.empty();
}

void AdminExchange::Pump() {
  bool room = true;
  while (answered_ && !answer_ended_ && room) {
    if (sent_ == body_.size() && GoesOn() && !Refill()) {
      if (!watch_over_) return;
      answer_ended_ = true;
      stream_.SendBody(core::Slice(), Flow::kEnd);
      return;
    }
    const std::size_t count = std::min(kPieceBytes, body_.size() - sent_);
    // A copy, because the codec may hold the bytes longer than this exchange lives.
    core::Slice piece = core::Slice::Copy(std::string_view(body_).substr(sent_, count));
    sent_ += count;
    answer_ended_ = sent_ == body_.size() && !GoesOn();
    room = stream_.SendBody(std::move(piece), answer_ended_ ? Flow::kEnd : Flow::kMore) == Room::kOpen;
  }
}

void AdminExchange::EndIfOver() {
  if (over_ || !answer_ended_ || !request_ended_) return;
  over_ = true;
  Unfollow();
  if (done_.call != nullptr) done_.call(done_.self, *this);
}

}  // namespace sluice::gateway
