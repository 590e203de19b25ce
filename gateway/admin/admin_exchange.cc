#include "gateway/admin/admin_exchange.h"

#include <algorithm>
#include <utility>

namespace sluice::gateway {

void AdminExchange::OnHead(core::Head head, Flow flow) {
  request_ended_ = flow == Flow::kEnd;
  head_only_ = head.method == "HEAD";
  if (!request_ended_ && head.content_length != 0) {
    return Send({413, "text/plain; charset=utf-8", "admin pages take no body\n"});
  }
  const std::size_t mark = head.path.find('?');
  AdminRequest request;
  request.method = head.method;
  request.path = head.path.substr(0, mark);
  if (mark != std::string_view::npos) request.query = head.path.substr(mark + 1);
  request.authority = head.authority;
  request.origin = head.headers.Find(core::HeaderName::kOrigin).value_or("");
  request.authorization = head.headers.Find("authorization").value_or("");
  Send(AnswerAdmin(context_, set_, request));
}

void AdminExchange::OnBody(core::Slice bytes, Flow flow) {
  stream_.Consumed(bytes.size());
  request_ended_ = flow == Flow::kEnd;
  EndIfOver();
}

void AdminExchange::OnTrailers(core::HeaderMap) {
  request_ended_ = true;
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
  if (!answered_) return Send({status, "text/plain; charset=utf-8", std::string(details) + "\n"});
  if (!answer_ended_) stream_.Reset(core::ResetReason::kProtocolError);
  answer_ended_ = true;
  EndIfOver();
}

void AdminExchange::Send(AdminAnswer answer) {
  answered_ = true;
  body_ = std::move(answer.body);
  core::Head head(arena_);
  head.status = answer.status;
  head.content_length = body_.size();
  head.headers.AddBorrowed(core::HeaderName::kContentType, answer.content_type);
  head.headers.AddBorrowed("cache-control", "no-store");
  head.headers.AddBorrowed("x-content-type-options", "nosniff");
  head.headers.AddBorrowed("x-frame-options", "DENY");
  if (answer.status == 401) head.headers.AddBorrowed("www-authenticate", "Bearer");
  answer_ended_ = head_only_ || body_.empty();
  stream_.SendHead(head, answer_ended_ ? Flow::kEnd : Flow::kMore);
  Pump();
  EndIfOver();
}

void AdminExchange::Pump() {
  while (answered_ && !answer_ended_) {
    const std::size_t count = std::min(kPieceBytes, body_.size() - sent_);
    // A copy, because the codec may hold the bytes longer than this exchange lives.
    core::Slice piece = core::Slice::Copy(std::string_view(body_).substr(sent_, count));
    sent_ += count;
    answer_ended_ = sent_ == body_.size();
    const Room room = stream_.SendBody(std::move(piece), answer_ended_ ? Flow::kEnd : Flow::kMore);
    if (room == Room::kFull) return;
  }
}

void AdminExchange::EndIfOver() {
  if (over_ || !answer_ended_ || !request_ended_) return;
  over_ = true;
  if (done_.call != nullptr) done_.call(done_.self, *this);
}

}  // namespace sluice::gateway
