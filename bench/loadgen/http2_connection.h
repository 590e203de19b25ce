// A connection that speaks HTTP/2, by prior knowledge or as ALPN chose: as many requests at once as options.streams and
// the server allow. nghttp2 frames, compresses and enforces the protocol. Owned by its LoadThread; one thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/load_connection.h"

namespace sluice::bench {

class Http2Connection final : public LoadConnection {
 public:
  Http2Connection(LoadThread& thread, const TlsClient* tls);
  ~Http2Connection() override;

  void Wake() override;

 private:
  struct SessionFree {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  // A request under way. Used again for later ones.
  struct Exchange {
    Ticket ticket = {};
    std::int32_t stream = 0;
    std::uint16_t status = 0;
    int grpc_status = -1;
    std::uint64_t body_bytes = 0;
    std::size_t body_sent = 0;
    std::string version = {};  // value of the tally header
    bool active = false;       // nghttp2 holds a stream for it
    bool settled = false;      // counted before its stream was closed
    bool ended = false;        // the answer came to its end
    bool reset = false;        // RST_STREAM came
    bool unsent = false;       // its HEADERS never left
    bool bad = false;          // something in the answer was against the rules
  };

  struct Callbacks;  // what nghttp2 calls

  void OnOpen() override;
  void OnBytes(std::string_view bytes) override;
  void OnBytesEnd() override;
  void OnWritable() override;
  void OnEnd(Lost why) override;
  void OnThought() override;
  void ExpireRequests(LoadClock::time_point now) override;

  bool Submit(const Ticket& ticket);
  void OnField(Exchange& exchange, std::string_view name, std::string_view value);
  void OnStreamClosed(Exchange& exchange, std::uint32_t error);
  void CountAnswer(Exchange& exchange);
  void Pump();  // nghttp2's output into the channel, as far as it goes
  void EndIfDone();
  void LoseAll(Lost why);
  std::size_t Limit() const;

  std::unique_ptr<nghttp2_session, SessionFree> session_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  // made when first needed
  std::vector<Exchange*> spare_;
  std::string unsent_;       // frames the channel did not take
  const std::size_t limit_;  // streams at once, when the server allows as many
  std::size_t active_ = 0;
  std::size_t thinking_ = 0;    // streams that wait for their next request
  bool settings_seen_ = false;  // the server has said how many streams it takes
  bool going_away_ = false;     // the server takes no further request here
};

}  // namespace sluice::bench
