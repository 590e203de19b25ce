// Both ends of a TLS connection against any bytes, and against somebody in the middle who changes, drops, inserts and
// repeats what passes, before, in and after the handshake. Nobody is ever told a word that was not said; an end is
// believed only when everything before it has arrived; what waits to be sent is bounded. Input: a byte of switches, then
// the bytes, or in the middle: four bytes for each thing that is done (what, where in two bytes, how much).
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/tls/tls_support.h"

namespace sluice::tls {
namespace {

constexpr unsigned kMiddle = 1;    // else the bytes themselves are fed
constexpr unsigned kToClient = 2;  // who is attacked
constexpr unsigned kMutual = 4;
constexpr unsigned kOld = 8;  // TLS 1.2
constexpr std::size_t kDeedsMax = 16;

// The contexts, made once: handshakes of every kind with one authority.
struct Contexts {
  TlsWorld world;
  std::shared_ptr<const ServerContext> servers[4];
  std::shared_ptr<const ClientContext> clients[4];

  Contexts() {
    for (unsigned kind = 0; kind < 4; ++kind) {
      const bool mutual = (kind & 1) != 0;
      const auto version = (kind & 2) != 0 ? core::TlsVersion::k12 : core::TlsVersion::k13;
      world.server.client = mutual ? ClientCertificate::kRequired : ClientCertificate::kNone;
      if (mutual) world.client.certificate = world.pki.Write("client", Pki::Leaf("", kClientId));
      if (!mutual) world.client.certificate.reset();
      world.server.min = world.server.max = version;
      servers[kind] = world.ServerSide();
      clients[kind] = world.ClientSide();
    }
  }
};

const Contexts& Shared() {
  static const Contexts kContexts;
  return kContexts;
}

struct Ends {
  explicit Ends(unsigned switches)
      : client(Shared().clients[(switches >> 2) & 3], core::Wire::kHttp2, true, Shared().world.clock),
        server(Shared().servers[(switches >> 2) & 3], Shared().world.clock) {}

  TlsEnd client;
  TlsEnd server;
};

void CheckBounds(TlsEnd& end) {
  CHECK(end.filter().Output().bytes() <= Filter::kOutputMax + 17 * 1024);
  const bool failed = end.filter().state() == State::kFailed;
  CHECK(failed == (end.filter().failure() != Failure::kNone));
}

// --- Bytes of nobody ------------------------------------------------------------------------------------------------

Failure FeedAll(unsigned switches, std::string_view bytes, std::size_t piece) {
  Ends ends(switches);
  TlsEnd& end = (switches & kToClient) != 0 ? ends.client : ends.server;
  end.Hear(bytes, piece);
  CheckBounds(end);
  CHECK(!end.filter().secured() && end.heard().empty() && end.filter().peer() == nullptr);
  return end.filter().failure();
}

void FuzzBytes(unsigned switches, std::string_view bytes) {
  CHECK(FeedAll(switches, bytes, std::string_view::npos) == FeedAll(switches, bytes, 1));
}

// --- Somebody in the middle -----------------------------------------------------------------------------------------

struct Deed {
  unsigned what = 0;
  std::size_t where = 0;  // in the stream towards the attacked
  unsigned char how = 0;
};

class Middle {
 public:
  explicit Middle(std::string_view input) {
    for (; input.size() >= 4 && deeds_.size() < kDeedsMax; input.remove_prefix(4)) {
      const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(input[at]); };
      deeds_.push_back({byte(0) % 4U, (std::size_t{byte(1)} << 8) | byte(2), byte(3)});
    }
  }

  // What becomes of the next bytes.
  std::string Pass(std::string_view bytes) {
    std::string passed;
    for (const char c : bytes) {
      char now = c;
      for (const Deed& deed : deeds_) {
        if (deed.where == at_) Do(deed, now, passed);
      }
      ++at_;
      if (dropping_ > 0) {
        --dropping_;
      } else {
        passed += now;
      }
    }
    return passed;
  }

 private:
  void Do(const Deed& deed, char& now, std::string& passed) {
    switch (deed.what) {
      case 0: now = static_cast<char>(now ^ deed.how); break;
      case 1: dropping_ = deed.how; break;
      case 2: passed.append(1 + deed.how % 16, static_cast<char>(deed.how)); break;
      default: passed += std::string(passed, passed.size() - std::min<std::size_t>(passed.size(), deed.how)); break;
    }
  }

  std::vector<Deed> deeds_;
  std::size_t at_ = 0;
  std::size_t dropping_ = 0;
};

void Exchange(Ends& ends, Middle& middle, bool to_client) {
  for (bool moved = true; moved;) {
    const std::string to_server = ends.client.Take();
    ends.server.Hear(to_client ? to_server : middle.Pass(to_server));
    const std::string back = ends.server.Take();
    ends.client.Hear(to_client ? middle.Pass(back) : back);
    moved = !to_server.empty() || !back.empty();
    CheckBounds(ends.client);
    CheckBounds(ends.server);
  }
}

void CheckHeard(TlsEnd& end, const std::string& said) {
  CHECK(std::string_view(said).starts_with(end.heard()));
  if (end.filter().state() == State::kPeerEnded) CHECK(end.heard() == said);
  if (!end.filter().secured()) return;
  CHECK(end.filter().wire() == core::Wire::kHttp2);
}

void FuzzMiddle(unsigned switches, std::string_view input) {
  Ends ends(switches);
  Middle middle(input);
  const bool to_client = (switches & kToClient) != 0;
  Exchange(ends, middle, to_client);
  const std::string question(600, 'q');
  const std::string answer(900, 'a');
  const bool open = ends.client.filter().secured() && ends.server.filter().secured();
  ends.client.Say(question);
  ends.server.Say(answer);
  Exchange(ends, middle, to_client);
  ends.client.filter().End();
  ends.server.filter().End();
  Exchange(ends, middle, to_client);
  CheckHeard(ends.server, question);
  CheckHeard(ends.client, answer);
  if (input.size() >= 4) return;
  CHECK(open && ends.server.heard() == question && ends.client.heard() == answer);
  CHECK((ends.server.filter().peer() != nullptr) == ((switches & kMutual) != 0));
  CHECK(ends.server.filter().version() == ((switches & kOld) != 0 ? "TLSv1.2" : "TLSv1.3"));
}

FUZZ_TARGET(tls_filter_fuzz) {
  if (input.empty()) return;
  const auto switches = static_cast<unsigned>(static_cast<unsigned char>(input.front()));
  input.remove_prefix(1);
  if ((switches & kMiddle) != 0) return FuzzMiddle(switches, input);
  FuzzBytes(switches, input);
}

}  // namespace
}  // namespace sluice::tls
