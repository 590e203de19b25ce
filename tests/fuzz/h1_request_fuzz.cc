// Requests in any bytes: the same however they are cut, the same when a second reader looks at every head, nothing behind
// a refusal, and what is accepted means the same to whoever reads what we send on (no smuggling by construction).
#include <string>

#include "core/base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/h1_resend.h"
#include "tests/gateway/codec/h1_server.h"

namespace sluice::gateway {
namespace {

using test::Cut;
using test::RecordingEvents;

// Small, so that short inputs reach the limits.
CodecLimits SmallLimits() {
  CodecLimits limits;
  limits.request_line_max = 200;
  limits.header_bytes_max = 1200;
  limits.header_count_max = 12;
  limits.header_name_max = 40;
  limits.trailer_bytes_max = 200;
  limits.trailer_count_max = 3;
  limits.chunk_line_max = 40;
  limits.body_max = 300;
  return limits;
}

// Answers every request at once, so that whatever is hidden behind one comes out as another.
void Receive(Server& server, std::string_view bytes, Cut cut, std::uint64_t seed) {
  server.on_end = [&server](RecordingEvents&) { server.Answer(200); };
  for (const std::string_view piece : test::CutBytes(bytes, cut, seed)) {
    server.codec.Receive(core::Slice::Copy(piece));
    while (!server.codec.Output().empty()) server.Written();
  }
}

// Time is up: what is no whole head by now never becomes one.
void End(Server& server) {
  server.codec.FailPendingHead({408, "request_header_timeout"});
  while (!server.codec.Output().empty()) server.Written();
}

void CheckOrder(const Server& server) {
  const CodecStats& stats = server.stats;
  const std::uint64_t refusals = stats.protocol_errors + stats.headers_too_large + stats.body_too_large;
  CHECK(refusals == (server.fault && server.fault->status != 408 ? 1u : 0u));
  for (std::size_t i = 0; i + 1 < server.requests.size(); ++i) CHECK(server.requests[i].ended);
  if (!server.fault) return;
  CHECK(!server.requests.empty() && !server.requests.back().ended);
  CHECK(server.codec.WantsClose());
}

void CheckSame(const Server& whole, const Server& cut) {
  // Which fault is named, and how early, depends on what had arrived by then; whether one comes does not.
  CHECK(whole.requests.size() == cut.requests.size());
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    CHECK(whole.requests[i].ended == cut.requests[i].ended);
    // How much was told of a request that is refused later depends on the cut.
    CHECK(!whole.requests[i].ended || whole.requests[i].Text() == cut.requests[i].Text());
  }
}

void CheckResent(RecordingEvents& request) {
  // Origin form over this hop has no scheme and our version, and an old client need not name a host.
  RecordingEvents::HeadRecord& head = request.heads.at(0);
  head.scheme = "http";
  head.protocol = "HTTP/1.1";
  if (head.authority.empty()) head.authority = "nameless";
  Server next;
  Receive(next, ResendRequest(request), Cut::kWhole, 0);
  CHECK(!next.fault);
  CHECK(next.requests.size() == 1);
  CHECK(next.requests[0].Text() == request.Text());
  CHECK(next.codec.Idle());
}

FUZZ_TARGET(h1_request_fuzz) {
  Server whole(SmallLimits());
  Receive(whole, input, Cut::kWhole, 0);
  End(whole);
  CheckOrder(whole);
  for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
    Server pieces(SmallLimits());
    Receive(pieces, input, cut, fuzz::SeedOf(input));
    End(pieces);
    CheckOrder(pieces);
    CheckSame(whole, pieces);
  }
  CodecLimits twice = SmallLimits();
  twice.read_heads_twice = true;
  Server agreed(twice);
  Receive(agreed, input, Cut::kWhole, 0);
  End(agreed);
  CheckSame(whole, agreed);
  CHECK(whole.fault.has_value() == agreed.fault.has_value());
  for (RecordingEvents& request : whole.requests) {
    if (request.ended) CheckResent(request);
  }
}

}  // namespace
}  // namespace sluice::gateway
