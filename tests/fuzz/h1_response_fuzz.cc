// Answers in any bytes, to a GET or (behind "HEAD\n") to a HEAD: the same however they are cut and when a
// second reader looks at every head, an end or a reset and never both, and what is accepted means the same to the client that we send it on to.
#include <string>

#include "core/base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h1_resend.h"

namespace sluice::gateway {
namespace {

using test::Cut;
using test::RecordingEvents;

CodecLimits SmallLimits() {
  CodecLimits limits;
  limits.response_header_bytes_max = 1200;
  limits.header_count_max = 12;
  limits.header_name_max = 40;
  limits.trailer_bytes_max = 200;
  limits.trailer_count_max = 3;
  limits.chunk_line_max = 40;
  limits.interim_responses_max = 2;
  limits.body_max = 300;
  return limits;
}

struct Client {
  Client(std::string_view method, CodecLimits given) : limits(given) {
    core::Arena arena;
    core::Head head(arena);
    head.method = method;
    head.authority = "h";
    head.path = "/";
    codec.Open(events)->SendHead(head, Flow::kEnd);
    test::TakeOutput(codec);
  }

  void Receive(std::string_view bytes, Cut cut, std::uint64_t seed) {
    test::Feed(codec, bytes, cut, seed);
    reusable = codec.Capacity() == 1;
    codec.ReceiveEnd();
    CHECK(events.ended ? events.resets == 0 : events.resets == 1);
    CHECK(codec.Capacity() == 0);
  }

  CodecLimits limits;
  CodecStats stats;
  core::BlockPool pool;
  RecordingEvents events;
  H1Codec codec{Role::kClient, limits, stats, pool, nullptr, {}};
  bool reusable = false;  // before the peer's end
};

// How a refusal is called depends on whether it came before the peer's end; that there is one does not.
void CheckSame(const Client& whole, const Client& cut) {
  CHECK(whole.events.ended == cut.events.ended);
  CHECK(!whole.events.ended || whole.events.Text() == cut.events.Text());
  CHECK(whole.reusable == cut.reusable);
  // Bytes behind the last answer of a connection are counted only if they come along with it.
  CHECK(!whole.reusable || (whole.stats.desync == 0 && cut.stats.desync == 0));
}

void CheckResent(RecordingEvents& answer, std::string_view method) {
  // Interim answers are hints of the hop before; the final one is what must not change.
  answer.heads.erase(answer.heads.begin(), answer.heads.end() - 1);
  answer.heads[0].protocol = "HTTP/1.1";
  Client next(method, {});
  next.Receive(ResendAnswer(answer, method), Cut::kWhole, 0);
  CHECK(next.reusable);
  CHECK(next.events.Text() == answer.Text());
}

FUZZ_TARGET(h1_response_fuzz) {
  constexpr std::string_view kToHead = "HEAD\n";
  const std::string_view method = input.starts_with(kToHead) ? "HEAD" : "GET";
  if (method == "HEAD") input.remove_prefix(kToHead.size());
  Client whole(method, SmallLimits());
  whole.Receive(input, Cut::kWhole, 0);
  for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
    Client pieces(method, SmallLimits());
    pieces.Receive(input, cut, fuzz::SeedOf(input));
    CheckSame(whole, pieces);
  }
  CodecLimits twice = SmallLimits();
  twice.read_heads_twice = true;
  Client agreed(method, twice);
  agreed.Receive(input, Cut::kWhole, 0);
  CheckSame(whole, agreed);
  if (whole.events.ended) CheckResent(whole.events, method);
}

}  // namespace
}  // namespace sluice::gateway
