#include "core/experiment/assignment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <type_traits>

#include "core/base/hex.h"
#include "core/http/cookie.h"
#include "core/http/query_string.h"
#include "core/route/match_check.h"

namespace sluice::core {
namespace {

constexpr std::size_t kWantedMax = 3 * kExperimentsPerHostMax;  // a holdout, a layer and its own each
constexpr std::size_t kSharedLookBack = 8;                      // gates that are compared before one is hashed again
constexpr std::uint32_t kNoGate = UINT32_MAX;

std::string_view ToText(std::uint64_t number, Arena& arena) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return arena.Copy({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view RandomId(Random& random, Arena& arena) {
  char* const id = arena.AllocateArray<char>(32);
  char* const rest = WriteHex(random.Next(), id);
  WriteHex(random.Next(), rest);
  return {id, 32};
}

// No script needs the id, and it must come with the first click from another site: HttpOnly, Lax.
std::string_view CookieText(const Experiment& experiment, std::string_view id, bool https, Arena& arena) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(experiment.generate->ttl).count();
  const bool lasting = experiment.generate->ttl > Duration(0);
  return arena.Concat(experiment.unit_name, "=", id, "; Path=", experiment.generate->path, lasting ? "; Max-Age=" : "",
                      lasting ? ToText(static_cast<std::uint64_t>(seconds), arena) : std::string_view(),
                      "; HttpOnly; SameSite=Lax", https ? "; Secure" : "");
}

// At most kMax trivial objects on the stack; those that are not used cost nothing.
template <typename T, std::size_t kMax>
class StackList {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  T& Add(const T& value) { return *std::construct_at(data() + size_++, value); }
  void Resize(std::size_t size) { size_ = size; }
  T* data() { return reinterpret_cast<T*>(bytes_.data()); }
  T& operator[](std::size_t index) { return data()[index]; }
  std::size_t size() const { return size_; }
  std::span<T> all() { return {data(), size_}; }

 private:
  alignas(T) std::array<std::byte, sizeof(T) * kMax> bytes_;
  std::size_t size_ = 0;
};

// The experiments of one request on their way to assignments. Lives on the stack of AssignExperiments.
class Assigner {
 public:
  Assigner(const RouteInput& input, BucketHasher& hasher, Random& random, Arena& arena)
      : input_(input), hasher_(hasher), random_(random), arena_(arena) {}

  // Step by step for all experiments at once, so that the hashes of a step are computed beside each other: what costs
  // none, then holdouts and layers, then the buckets of those that are left. Holdouts drop nobody, so that without a
  // layer both kinds of hashes are one step.
  Assignments Run(std::span<const ExperimentId> ids, const std::vector<Experiment>& experiments) {
    for (const ExperimentId id : ids) Consider(experiments[id.value]);
    if (candidates_.size() == 0) return {};
    if (has_layer_) {
      if (!HashWanted()) return {};
      DropOutsiders();
    }
    const std::size_t own = wanted_.size();
    for (const Candidate& candidate : candidates_.all()) wanted_.Add({candidate.unit, candidate.experiment->salt});
    if (!HashWanted()) return {};
    if (!has_layer_) DropOutsiders();
    return Finish(own);
  }

 private:
  struct Candidate {
    const Experiment* experiment;
    const ExperimentArm* forced;  // by override
    std::string_view unit;
    std::uint32_t holdout;  // its number among the wanted, or kNoGate
    std::uint32_t layer;
    AssignedBy by;
    bool generated;
  };
  // A number to be computed, md5("<unit>:<salt>"). Experiments of one layer or holdout share theirs.
  struct Wanted {
    std::string_view unit;
    std::string_view salt;
  };
  struct MadeUnit {
    std::string_view cookie;
    std::string_view id;
    std::string_view set_cookie;
  };

  void Consider(const Experiment& experiment) {
    std::optional<std::string_view> unit = UnitOf(experiment);
    const bool generated = !unit;
    if (!unit && !experiment.generate) return;
    if (!Matches(experiment)) return;
    if (!unit) unit = Generate(experiment);
    Candidate& candidate =
        candidates_.Add({&experiment, nullptr, *unit, kNoGate, kNoGate, AssignedBy::kBucket, generated});
    if (const auto arm = experiment.override_index.Find(*unit); arm && *arm < experiment.arms.size()) {
      candidate.forced = &experiment.arms[*arm];
      candidate.by = AssignedBy::kOverride;
      return;
    }
    if (experiment.holdout) candidate.holdout = AddGate(*unit, experiment.holdout->name);
    if (!experiment.layer) return;
    candidate.layer = AddGate(*unit, experiment.layer->name);
    has_layer_ = true;
  }

  // Experiments of a host mostly read the same unit: it is looked for once.
  std::optional<std::string_view> UnitOf(const Experiment& experiment) {
    const bool same = last_ != nullptr && last_->unit == experiment.unit && last_->unit_name == experiment.unit_name;
    last_ = &experiment;
    if (!same) last_unit_ = FindUnit(experiment, *input_.head, input_.query);
    return last_unit_;
  }

  bool Matches(const Experiment& experiment) const {
    return experiment.matches.empty() || std::ranges::any_of(experiment.matches, [this](const RouteMatch& match) {
             return !FirstFailedCondition(match, input_, arena_);
           });
  }

  // One id for all experiments of this request that ask for the same cookie.
  std::string_view Generate(const Experiment& experiment) {
    for (const MadeUnit& made : made_.all()) {
      if (made.cookie == experiment.unit_name) return made.id;
    }
    const std::string_view id = RandomId(random_, arena_);
    made_.Add({experiment.unit_name, id, CookieText(experiment, id, input_.head->scheme == "https", arena_)});
    return id;
  }

  std::uint32_t AddGate(std::string_view unit, std::string_view name) {
    const std::size_t last = wanted_.size();
    for (std::size_t i = last; i-- > last - std::min(last, kSharedLookBack);) {
      if (wanted_[i].unit == unit && wanted_[i].salt == name) return static_cast<std::uint32_t>(i);
    }
    wanted_.Add({unit, name});
    return static_cast<std::uint32_t>(last);
  }

  // The numbers that are wanted and not there yet; neighbours with the same unit are hashed together.
  bool HashWanted() {
    for (std::size_t begin = numbers_.size(); begin < wanted_.size();) {
      salts_.Resize(0);
      std::size_t end = begin;
      while (end < wanted_.size() && wanted_[end].unit == wanted_[begin].unit) salts_.Add(wanted_[end++].salt);
      numbers_.Resize(end);
      if (!hasher_.Numbers(wanted_[begin].unit, salts_.all(), numbers_.all().subspan(begin))) return false;
      begin = end;
    }
    return true;
  }

  // Says who is in a holdout, and drops who is outside the experiment's part of the layer.
  void DropOutsiders() {
    const auto drop = [this](Candidate& candidate) {
      const Experiment& experiment = *candidate.experiment;
      if (candidate.holdout != kNoGate && numbers_[candidate.holdout] % kLayerBuckets < experiment.holdout->buckets) {
        candidate.by = AssignedBy::kHoldout;
        return false;
      }
      if (candidate.layer == kNoGate) return false;
      const std::uint32_t bucket = numbers_[candidate.layer] % kLayerBuckets;
      return bucket < experiment.layer->first || experiment.layer->last < bucket;
    };
    const auto dropped = std::ranges::remove_if(candidates_.all(), drop);
    candidates_.Resize(candidates_.size() - dropped.size());
  }

  // `own`: where the candidates' own numbers begin.
  Assignments Finish(std::size_t own) {
    const std::size_t count = candidates_.size();
    auto* const all = arena_.AllocateArray<Assignment>(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Candidate& candidate = candidates_[i];
      const std::uint32_t bucket = numbers_[own + i] % std::max(1U, candidate.experiment->buckets);
      const ExperimentArm* arm = candidate.forced;
      if (candidate.by == AssignedBy::kBucket) arm = FindArm(*candidate.experiment, bucket);
      std::construct_at(all + i, candidate.experiment, arm, bucket, candidate.by, candidate.generated, candidate.unit);
    }
    auto* const cookies = arena_.AllocateArray<std::string_view>(made_.size());
    for (std::size_t i = 0; i < made_.size(); ++i) std::construct_at(cookies + i, made_[i].set_cookie);
    return {{all, count}, {cookies, made_.size()}};
  }

  const RouteInput& input_;
  BucketHasher& hasher_;
  Random& random_;
  Arena& arena_;
  const Experiment* last_ = nullptr;  // whose unit was looked for
  std::optional<std::string_view> last_unit_;
  bool has_layer_ = false;
  StackList<Candidate, kExperimentsPerHostMax> candidates_;
  StackList<MadeUnit, kExperimentsPerHostMax> made_;
  StackList<Wanted, kWantedMax> wanted_;
  StackList<std::string_view, kWantedMax> salts_;
  StackList<std::uint32_t, kWantedMax> numbers_;
};

void SetFields(const Assignment& assignment, HeaderMap& headers, Arena& arena) {
  headers.AddBorrowed(HeaderName::kXAbBucket, ToText(assignment.bucket, arena));
  headers.AddBorrowed(HeaderName::kXAbExperiment, assignment.experiment->name);
  if (assignment.by == AssignedBy::kHoldout) {
    headers.AddBorrowed(HeaderName::kXAbArm, kHoldoutArm);
  } else if (assignment.arm != nullptr) {
    headers.AddBorrowed(HeaderName::kXAbArm, assignment.arm->name);
  }
}

}  // namespace

const Assignment* Assignments::ForDestination(std::string_view host, std::string_view route) const {
  for (const Assignment& assignment : all) {
    const Experiment& experiment = *assignment.experiment;
    if (assignment.arm == nullptr || experiment.host != host) continue;
    if (experiment.routes.empty() || std::ranges::find(experiment.routes, route) != experiment.routes.end()) {
      return &assignment;
    }
  }
  return nullptr;
}

const ExperimentArm* FindArm(const Experiment& experiment, std::uint32_t bucket) {
  const auto arm = std::ranges::lower_bound(experiment.arms, bucket, {}, &ExperimentArm::last);
  return arm == experiment.arms.end() || bucket < arm->first ? nullptr : &*arm;
}

std::optional<std::string_view> FindUnit(const Experiment& experiment, const Head& request, std::string_view query) {
  std::optional<std::string_view> unit;
  switch (experiment.unit) {
    case Experiment::Unit::kHeader: unit = request.headers.Find(experiment.unit_name); break;
    case Experiment::Unit::kCookie: unit = FindCookie(request.headers, experiment.unit_name); break;
    case Experiment::Unit::kQueryParam: unit = FindQueryValue(query, experiment.unit_name); break;
  }
  return unit && unit->empty() ? std::nullopt : unit;
}

Assignments AssignExperiments(std::span<const ExperimentId> ids, const std::vector<Experiment>& experiments,
                              Head& request, const RouteInput& input, BucketHasher& hasher, Random& random,
                              Arena& arena) {
  request.headers.Remove(HeaderName::kXAbBucket);
  request.headers.Remove(HeaderName::kXAbExperiment);
  request.headers.Remove(HeaderName::kXAbArm);
  if (ids.empty()) return {};
  Assigner assigner(input, hasher, random, arena);
  const Assignments assignments = assigner.Run(ids.first(std::min(ids.size(), kExperimentsPerHostMax)), experiments);
  if (const Assignment* first = assignments.first()) SetFields(*first, request.headers, arena);
  return assignments;
}

}  // namespace sluice::core
