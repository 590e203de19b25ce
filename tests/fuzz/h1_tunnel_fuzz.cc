// A request for another protocol, and the answer to it, in any bytes: not one that came behind the request is delivered
// before somebody agreed, every one of them afterwards, in order and however they are cut; and a client believes only
// what its server can have meant. Input: a byte that says who is fuzzed and what he decides, then the peer's bytes.
#include <string>

#include "core/base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/gateway/codec/h1_tunnel.h"

namespace sluice::gateway {
namespace {

using test::Cut;

constexpr unsigned kClientRole = 1;
constexpr unsigned kAgrees = 2;

struct FuzzedServer : TunnelServer {
  // The head as it comes, then the decision, as a gateway would hear it from the model: later.
  void Run(std::string_view bytes, Cut cut, std::uint64_t seed, bool agrees) {
    for (const std::string_view piece : test::CutBytes(bytes, cut, seed)) {
      codec.Receive(core::Slice::Copy(piece));
      Decide(agrees);
      Written();
    }
    Decide(agrees);
    Written();
  }

  void Decide(bool agrees) {
    if (decided || fault || requests.empty() || requests[0].heads.empty()) return;
    if (requests[0].head().upgrade.empty()) {
      if (!requests[0].ended) return;
    } else {
      CHECK(requests[0].body.empty() && !requests[0].ended);
    }
    decided = true;
    upgraded = agrees && !requests[0].head().upgrade.empty();
    if (!upgraded) return Answer(200);
    Agree(requests[0].head().upgrade);
  }

  bool decided = false;
  bool upgraded = false;
};

void FuzzServer(std::string_view input, bool agrees) {
  FuzzedServer whole;
  whole.Run(input, Cut::kWhole, 0, agrees);
  for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
    FuzzedServer pieces;
    pieces.Run(input, cut, fuzz::SeedOf(input), agrees);
    CHECK(pieces.upgraded == whole.upgraded);
    if (whole.upgraded) CHECK(pieces.requests[0].Text() == whole.requests[0].Text());
  }
  if (!whole.upgraded) return;
  CHECK(whole.requests.size() == 1 && !whole.fault);
  CHECK(input.ends_with(whole.request().body));
  const std::string_view head = input.substr(0, input.size() - whole.request().body.size());
  CHECK(head.ends_with("\r\n\r\n"));
  whole.codec.ReceiveEnd();
  CHECK(whole.request().ended && !whole.codec.WantsClose());
}

void FuzzClient(std::string_view input) {
  TunnelClient whole;
  test::Feed(whole.codec, input, Cut::kWhole, 0);
  TunnelClient pieces;
  test::Feed(pieces.codec, input, Cut::kBytes, 0);
  const bool agreed = !whole.events.heads.empty() && whole.events.head().status == 101;
  CHECK(agreed == (!pieces.events.heads.empty() && pieces.events.head().status == 101));
  CHECK(whole.codec.Capacity() == 0);  // whatever came of it, the connection is not used again
  if (!agreed) return;
  CHECK(!whole.events.reset && whole.events.Text() == pieces.events.Text());
  CHECK(whole.events.head().Find("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(input.ends_with(whole.events.body));
  whole.stream->SendBody(core::Slice::Borrow("out"), Flow::kEnd);
  whole.codec.ReceiveEnd();
  CHECK(whole.events.ended);
}

FUZZ_TARGET(h1_tunnel_fuzz) {
  if (input.empty()) return;
  const auto options = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  if ((options & kClientRole) != 0) return FuzzClient(input);
  FuzzServer(input, (options & kAgrees) != 0);
}

}  // namespace
}  // namespace sluice::gateway
