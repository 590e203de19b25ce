// Why a request takes part in the experiments of its host or does not, step by step as assignment.h says.
#include "core/plan/explanation.h"

#include <algorithm>

#include "core/experiment/assignment.h"

namespace sluice::core {
namespace {

using Outcome = ExperimentTrace::Outcome;

class ExperimentTracer {
 public:
  ExperimentTracer(const Snapshot& snapshot, SampleDecision& decision, BucketHasher& hasher)
      : snapshot_(snapshot), decision_(decision), hasher_(hasher), head_(decision.arena()) {
    const Head& head = decision.head();
    head_.method = head.method;
    head_.scheme = head.scheme;
    head_.authority = head.authority;
    head_.path = head.path;
    // As it was before the experiments said what they say.
    head_.headers.ShareFrom(head.headers);
    for (const HeaderName name : {HeaderName::kXAbBucket, HeaderName::kXAbExperiment, HeaderName::kXAbArm}) {
      head_.headers.Remove(name);
    }
  }

  ExperimentTrace Trace(ExperimentId id) {
    const Experiment& experiment = snapshot_.experiments[id.value];
    ExperimentTrace trace;
    trace.experiment = &experiment;
    if (!FindUser(trace)) return trace;
    if (!TraceMatches(trace)) {
      trace.outcome = Outcome::kNoMatch;
      return trace;
    }
    if (!trace.unit) return trace;
    trace.outcome = Judge(trace);
    if (trace.outcome == Outcome::kNotInLayer || trace.outcome == Outcome::kUnusable) return trace;
    trace.own = Hash(*trace.unit, experiment.salt, experiment.buckets);
    if (!trace.own) {
      trace.outcome = Outcome::kUnusable;
    } else if (trace.outcome == Outcome::kBucket) {
      trace.arm = FindArm(experiment, trace.own->bucket);
    }
    return trace;
  }

 private:
  // False when the request names nobody and nobody is made for it.
  bool FindUser(ExperimentTrace& trace) const {
    const Experiment& experiment = *trace.experiment;
    if (const auto unit = FindUnit(experiment, head_, decision_.input().query)) {
      trace.unit = std::string(*unit);
      return true;
    }
    if (!experiment.generate) return false;
    // The id was drawn by the decision: its cookie tells it, also of an experiment that the user is kept out of.
    trace.generated = true;
    const std::string prefix = experiment.unit_name + "=";
    for (const std::string_view cookie : decision_.plan().assignments.set_cookies) {
      if (!cookie.starts_with(prefix)) continue;
      const std::string_view rest = cookie.substr(prefix.size());
      trace.unit = std::string(rest.substr(0, rest.find(';')));
    }
    return true;
  }

  bool TraceMatches(ExperimentTrace& trace) {
    const PlanInput& input = decision_.input();
    const RouteInput route_input{&head_, input.path, input.query, input.listener_port};
    for (const RouteMatch& match : trace.experiment->matches) {
      trace.matches.push_back({&match, TraceMatch(match, route_input, decision_.arena())});
      if (!trace.matches.back().failed) return true;
    }
    return trace.matches.empty();
  }

  Outcome Judge(ExperimentTrace& trace) {
    const Experiment& experiment = *trace.experiment;
    const auto named =
        std::ranges::find(experiment.overrides, *trace.unit, &std::pair<std::string, std::uint32_t>::first);
    if (named != experiment.overrides.end()) {
      trace.arm = &experiment.arms[named->second];
      return Outcome::kOverride;
    }
    if (experiment.holdout) {
      trace.holdout = Hash(*trace.unit, experiment.holdout->name, kLayerBuckets);
      if (!trace.holdout) return Outcome::kUnusable;
      if (trace.holdout->bucket < experiment.holdout->buckets) return Outcome::kHoldout;
    }
    if (experiment.layer) {
      trace.layer = Hash(*trace.unit, experiment.layer->name, kLayerBuckets);
      if (!trace.layer) return Outcome::kUnusable;
      const std::uint32_t bucket = trace.layer->bucket;
      if (bucket < experiment.layer->first || experiment.layer->last < bucket) return Outcome::kNotInLayer;
    }
    return Outcome::kBucket;
  }

  std::optional<HashTrace> Hash(const std::string& unit, const std::string& salt, std::uint32_t buckets) {
    const auto number = hasher_.Number(unit, salt);
    if (!number || buckets == 0) return std::nullopt;
    return HashTrace{unit + ":" + salt, *number, *number % buckets};
  }

  const Snapshot& snapshot_;
  SampleDecision& decision_;
  BucketHasher& hasher_;
  Head head_;
};

bool SameAs(const ExperimentTrace& trace, const Assignment& assignment) {
  const bool by = (trace.outcome == Outcome::kOverride) == (assignment.by == AssignedBy::kOverride) &&
                  (trace.outcome == Outcome::kHoldout) == (assignment.by == AssignedBy::kHoldout);
  return trace.experiment == assignment.experiment && trace.own->bucket == assignment.bucket &&
         trace.arm == assignment.arm && *trace.unit == assignment.unit && by;
}

// The traces of who takes part must be the plan's assignments, one by one.
Status CheckAssignments(const std::vector<ExperimentTrace>& traces, const Plan& plan) {
  std::size_t taken = 0;
  for (const ExperimentTrace& trace : traces) {
    if (!trace.takes_part()) continue;
    if (taken == plan.assignments.all.size() || !SameAs(trace, plan.assignments.all[taken])) {
      return TraceDiffers("experiment " + trace.experiment->name + " has bucket " + std::to_string(trace.own->bucket));
    }
    ++taken;
  }
  if (taken == plan.assignments.all.size()) return {};
  return TraceDiffers("experiment " + plan.assignments.all[taken].experiment->name + " takes part");
}

}  // namespace

Result<std::vector<ExperimentTrace>> TraceExperiments(const Snapshot& snapshot, SampleDecision& decision,
                                                      BucketHasher& hasher) {
  const Plan& plan = decision.plan();
  std::vector<ExperimentTrace> traces;
  ExperimentTracer tracer(snapshot, decision, hasher);
  bool told = false;
  for (const ExperimentId id : plan.host->experiments) {
    if (traces.size() == kExperimentsPerHostMax) break;
    ExperimentTrace& trace = traces.emplace_back(tracer.Trace(id));
    if (trace.takes_part()) trace.sets_headers = !std::exchange(told, true);
    trace.replaces_subset = plan.applied != nullptr && plan.applied->experiment == trace.experiment;
  }
  if (const Status same = CheckAssignments(traces, plan); !same) return std::unexpected(same.error());
  return traces;
}

}  // namespace sluice::core
