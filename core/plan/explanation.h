// Why a sample request is decided as it is: what every step looked at, next to the plan that MakePlan made. Only the plan
// decides; a trace that comes to another result is an error, never a second opinion. Pure; one thread. Views and pointers
// lead into the snapshot and the SampleDecision.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/plan/rule_trace.h"
#include "core/plan/sample_request.h"

namespace sluice::core {

// What MD5 is computed of ("user-42:ranking-v47"), its first eight hex digits, and those modulo the number of buckets.
struct HashTrace {
  std::string hashed;
  std::uint32_t number = 0;
  std::uint32_t bucket = 0;
};

// The steps in their order; those behind the one that ended it are empty.
struct ExperimentTrace {
  enum class Outcome : std::uint8_t { kNoUnit, kNoMatch, kOverride, kHoldout, kNotInLayer, kBucket, kUnusable };
  const Experiment* experiment = nullptr;
  Outcome outcome = Outcome::kNoUnit;
  std::optional<std::string> unit;  // absent: the request names no user, and none is made
  bool generated = false;           // made for this request
  std::vector<MatchTrace> matches;  // up to and including the first that holds
  std::optional<HashTrace> holdout;
  std::optional<HashTrace> layer;
  std::optional<HashTrace> own;        // of who takes part
  const ExperimentArm* arm = nullptr;  // null: the bucket is in none
  bool sets_headers = false;           // the first that takes part tells x-ab-*
  bool replaces_subset = false;        // its arm took the place of the split's subset

  bool takes_part() const { return own.has_value(); }
};

struct ShareTrace {
  const WeightedDestination* destination = nullptr;
  bool chosen = false;
};

struct SplitTrace {
  enum class By : std::uint8_t { kLone, kDraw, kUser };
  By by = By::kLone;
  std::uint64_t total = 0;          // of the weights
  std::uint64_t point = 0;          // kDraw: the draw modulo `total`
  std::optional<std::string> user;  // of a sticky rule; absent: it has none, or the request names nobody
  std::vector<ShareTrace> shares;
};

struct MirrorTrace {
  const Mirror* mirror = nullptr;
  bool selected = false;
};

struct EndpointTrace {
  const Endpoint* endpoint = nullptr;
  bool candidate = false;
  std::string out;  // why not
};

struct HeaderChange {
  std::string name;
  std::optional<std::string> before;  // several values are joined
  std::optional<std::string> after;
};

struct Explanation {
  std::vector<RuleTrace> rules;              // of the virtual host; empty without one
  std::vector<ExperimentTrace> experiments;  // of the virtual host
  std::optional<SplitTrace> split;           // of a rule that forwards
  std::vector<MirrorTrace> mirrors;
  std::vector<EndpointTrace> endpoints;        // of the service; empty when nothing is forwarded
  std::vector<HeaderChange> request_changes;   // from what came in to what goes to the model
  std::vector<HeaderChange> response_changes;  // on an answer without fields
  std::vector<std::string> response_removes;
  Duration timeout{0};  // in force: the rule's and the client's
  Duration per_try{0};  // in force: 0 when it is not shorter than the timeout
};

// `now` with the endpoints' live states; absent: only labels are known. An error when the trace and the plan differ.
Result<Explanation> Explain(const Snapshot& snapshot, SampleDecision& decision, BucketHasher& hasher,
                            std::optional<TimePoint> now);

// The experiments of the virtual host. An error when the trace and the plan differ.
Result<std::vector<ExperimentTrace>> TraceExperiments(const Snapshot& snapshot, SampleDecision& decision,
                                                      BucketHasher& hasher);

// The endpoints of the cluster's service: those that may take a request of that cluster, and why others may not.
std::vector<EndpointTrace> TraceEndpoints(const Snapshot& snapshot, const Cluster& cluster,
                                          std::optional<TimePoint> now);

// The error of a trace and a plan that differ.
std::unexpected<Error> TraceDiffers(std::string what);

}  // namespace sluice::core
