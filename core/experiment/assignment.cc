#include "core/experiment/assignment.h"

#include <algorithm>
#include <charconv>

#include "core/http/cookie.h"
#include "core/http/query_string.h"

namespace sluice::core {
namespace {

std::string_view Decimal(std::uint32_t number, Arena& arena) {
  std::array<char, 10> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return arena.Copy({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void SetFields(const Assignment& assignment, HeaderMap& headers, Arena& arena) {
  headers.AddBorrowed(HeaderName::kXAbBucket, Decimal(assignment.bucket, arena));
  headers.AddBorrowed(HeaderName::kXAbExperiment, assignment.experiment->name);
  if (assignment.arm != nullptr) headers.AddBorrowed(HeaderName::kXAbArm, assignment.arm->name);
}

}  // namespace

const Assignment* Assignments::ForDestination(std::string_view host, std::string_view route) const {
  for (const Assignment& assignment : all()) {
    const Experiment& experiment = *assignment.experiment;
    if (assignment.arm == nullptr || experiment.host != host) continue;
    if (experiment.routes.empty() || std::ranges::find(experiment.routes, route) != experiment.routes.end()) {
      return &assignment;
    }
  }
  return nullptr;
}

const ExperimentArm* FindArm(const Experiment& experiment, std::uint32_t bucket) {
  const auto arm = std::ranges::find_if(experiment.arms, [bucket](const ExperimentArm& candidate) {
    return candidate.first <= bucket && bucket <= candidate.last;
  });
  return arm == experiment.arms.end() ? nullptr : &*arm;
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
                              Head& request, std::string_view query, BucketHasher& hasher, Arena& arena) {
  request.headers.Remove(HeaderName::kXAbBucket);
  request.headers.Remove(HeaderName::kXAbExperiment);
  request.headers.Remove(HeaderName::kXAbArm);
  Assignments assignments;
  for (const ExperimentId id : ids.first(std::min(ids.size(), kExperimentsPerHostMax))) {
    const Experiment& experiment = experiments[id.value];
    const std::optional<std::string_view> unit = FindUnit(experiment, request, query);
    if (!unit) continue;
    const std::optional<std::uint32_t> bucket = hasher.Bucket(*unit, experiment.salt, experiment.buckets);
    if (bucket) assignments.Add({&experiment, FindArm(experiment, *bucket), *bucket});
  }
  if (const Assignment* first = assignments.first()) SetFields(*first, request.headers, arena);
  return assignments;
}

}  // namespace sluice::core
