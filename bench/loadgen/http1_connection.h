// A connection that speaks HTTP/1.1: one request at a time. Owned by its LoadThread; one thread.
#pragma once

#include <string>
#include <string_view>

#include "bench/loadgen/load_connection.h"
#include "bench/support/http_message.h"

namespace sluice::bench {

class Http1Connection final : public LoadConnection {
 public:
  using LoadConnection::LoadConnection;

  void Wake() override;

 private:
  void OnOpen() override;
  void OnBytes(std::string_view bytes) override;
  void OnWritable() override;
  void OnEnd(Lost why) override;
  void OnThought() override;
  void ExpireRequests(LoadClock::time_point now) override;

  void Send();
  void OnAnswer(bool more_follows);
  void Lose(Lost why);
  bool unsent() const { return !head_left_.empty() || !body_left_.empty(); }

  MessageReader reader_{MessageReader::Kind::kResponse};
  Ticket ticket_;
  std::string head_left_;  // of the request at hand, what the channel did not take
  std::string_view body_left_;
  bool busy_ = false;      // a request is on its way
  bool thinking_ = false;  // the next one has to wait
};

}  // namespace sluice::bench
