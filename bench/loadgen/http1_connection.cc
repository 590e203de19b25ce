#include "bench/loadgen/http1_connection.h"

#include <algorithm>

namespace sluice::bench {

void Http1Connection::OnOpen() {
  reader_ = MessageReader(MessageReader::Kind::kResponse);
  thinking_ = false;
  Wake();
}

void Http1Connection::Wake() {
  if (!open() || busy_ || thinking_) return;
  if (!thread().Next(ticket_)) return thread().List(*this);
  Send();
}

void Http1Connection::Send() {
  busy_ = true;
  std::string& head = thread().scratch();
  head.clear();
  thread().mix().AppendHead(head, ticket_.draw);
  const std::string_view body = thread().mix().Body(ticket_.draw);
  const std::size_t taken = channel().Write(head, body);
  if (taken == head.size() + body.size()) return;
  const std::size_t of_head = std::min(taken, head.size());
  head_left_.assign(head, of_head);
  body_left_ = body.substr(taken - of_head);
  // The kernel may have made room before it was asked to tell.
  OnWritable();
}

void Http1Connection::OnWritable() {
  while (unsent()) {
    const std::size_t taken = channel().Write(head_left_, body_left_);
    if (taken == 0) return;  // the pending read reports a failure; an answer may have come before it
    const std::size_t of_head = std::min(taken, head_left_.size());
    head_left_.erase(0, of_head);
    body_left_.remove_prefix(taken - of_head);
  }
}

void Http1Connection::OnBytes(std::string_view bytes) {
  const std::uint64_t before = life();
  while (before == life()) {
    if (!busy_ && !bytes.empty()) {  // an answer nobody asked for
      thread().tally().CountExtraBytes();
      return ConnectLater();
    }
    if (!busy_) return;
    switch (reader_.Feed(bytes)) {
      case MessageReader::Step::kNeedMore: return;
      case MessageReader::Step::kHead:
        if (thread().mix().IsHead(ticket_.draw)) reader_.ExpectNoBody();
        break;
      case MessageReader::Step::kDone:
        if (reader_.status() >= 200) OnAnswer(!bytes.empty());
        if (bytes.empty()) return;
        break;
      case MessageReader::Step::kBad: Lose(Lost::kBadAnswer); return ConnectLater();
    }
  }
}

void Http1Connection::OnAnswer(bool more_follows) {
  busy_ = false;
  thread().Tick();
  thread().Settle(ticket_, {.status = reader_.status(),
                            .version = reader_.Field(thread().options().tally_header).value_or(""),
                            .body_bytes = reader_.body_bytes()});
  if (more_follows) thread().tally().CountExtraBytes();
  // Bytes behind an answer, or one before the whole request was taken, end the connection's use, as does a server
  // that says so.
  if (more_follows || !reader_.keep_alive() || unsent()) {
    head_left_.clear();
    body_left_ = {};
    return Reconnect();
  }
  if (const auto think = thread().ThinkTime(ticket_); think.count() > 0) {
    thinking_ = true;
    return ThinkFor(think);
  }
  Wake();
}

void Http1Connection::OnThought() {
  thinking_ = false;
  Wake();
}

void Http1Connection::OnEnd(Lost why) {
  if (!busy_) return why == Lost::kTls ? ConnectLater() : Reconnect();
  if (why == Lost::kClosed && reader_.FinishAtEof()) return OnAnswer(false);
  Lose(why);
  ConnectLater();
}

void Http1Connection::Lose(Lost why) {
  busy_ = false;
  head_left_.clear();
  body_left_ = {};
  thread().Lose(ticket_, why);
}

void Http1Connection::ExpireRequests(LoadClock::time_point now) {
  if (!busy_ || now - ticket_.intended < thread().options().timeout) return;
  Lose(Lost::kTimeout);
  ConnectLater();
}

}  // namespace sluice::bench
