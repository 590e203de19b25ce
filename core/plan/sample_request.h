// A request that nobody has sent: `sluice explain`, `sluice test` and the analysis of rules put it through the same steps
// as one from a socket (hop-by-hop fields, PrepareArrival, FindPlace, MakePlan), so that what they say is what would
// happen. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/arena.h"
#include "core/base/random.h"
#include "core/experiment/bucket_hasher.h"
#include "core/http/head.h"
#include "core/identity/peer_identity.h"
#include "core/plan/forward_plan.h"
#include "core/snapshot/snapshot.h"

namespace sluice::core {

struct SampleRequest {
  std::string method = "GET";
  std::string scheme = "http";
  std::string authority;                                       // Host; a Host among the headers takes its place
  std::string target = "/";                                    // path and query
  std::vector<std::pair<std::string, std::string>> headers{};  // names in any case
  std::string client_address = "127.0.0.1";                    // of the socket's peer
  // 0: the process's own port; with Gateways instead, the first of their ports that has the scheme and the host.
  std::uint16_t listener_port = 0;
  std::string sni{};  // lower case; empty: on a TLS port the name in the authority, which is what clients send
  std::optional<PeerIdentity> peer{};
  std::string local_address = "127.0.0.1";  // of our end of the socket
  std::string request_id{};                 // that the gateway gave it; empty: a new one, or a trusted client's own
};

// The request as the decision saw it, and the decision. Views of `plan` point into this and the snapshot.
class SampleDecision {
 public:
  // `draw` is the random number behind split and mirrors; every other chance comes from `random`.
  SampleDecision(const Snapshot& snapshot, const SampleRequest& request, std::optional<std::uint64_t> draw,
                 BucketHasher& hasher, Random& random);
  SampleDecision(const SampleDecision&) = delete;
  SampleDecision& operator=(const SampleDecision&) = delete;

  const Plan& plan() const { return plan_; }
  const Head& head() const { return head_; }  // sanitised, with x-ab-* set
  const PlanInput& input() const { return input_; }
  const std::vector<std::pair<std::string, std::string>>& received() const { return request_.headers; }
  // Where it came in; null: that port is none of the configuration's.
  const Listener* listener() const { return listener_; }
  // Set when the request is refused before any rule is looked at: malformed or bad path (400), no path (404), upgrade
  // (403), method (405).
  std::uint16_t refused_status() const { return refused_status_; }
  std::string_view refused_details() const { return refused_details_; }
  Arena& arena() { return arena_; }

 private:
  // What a codec does. False when it refuses.
  bool ReadHead();
  bool Refuse(std::uint16_t status, std::string_view details);
  void FindListener(const Snapshot& snapshot);

  const SampleRequest request_;  // what the views look at
  Arena arena_;
  Head head_;
  PlanInput input_;
  Plan plan_;
  const Listener* listener_ = nullptr;
  std::string client_certificate_;
  std::uint16_t refused_status_ = 0;
  std::string_view refused_details_;
};

}  // namespace sluice::core
