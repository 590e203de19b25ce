#include "core/analysis/experiment_user.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::core {
namespace {

constexpr int kUsers = 500;  // enough to meet every bucket of a hundred, but for bad luck of 1 in 150
constexpr std::array<std::string_view, 3> kFields = {"x-ab-bucket", "x-ab-experiment", "x-ab-arm"};

bool IsOfExperiment(const std::pair<std::string, std::string>& header) {
  return std::ranges::find(kFields, header.first) != kFields.end();
}

// False where the request says already who the user is.
bool AddUser(const Experiment& experiment, const std::string& user, SampleRequest& request) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(request.headers, [name](const auto& header) { return header.first == name; });
  };
  switch (experiment.unit) {
    case Experiment::Unit::kHeader:
      if (has(experiment.unit_name)) return false;
      request.headers.emplace_back(experiment.unit_name, user);
      return true;
    case Experiment::Unit::kCookie:
      if (has("cookie")) return false;
      request.headers.emplace_back("cookie", experiment.unit_name + "=" + user);
      return true;
    case Experiment::Unit::kQueryParam:
      request.target += (request.target.find('?') == std::string::npos ? "?" : "&") + experiment.unit_name + "=" + user;
      return true;
  }
  return false;
}

}  // namespace

bool NamesExperiment(const SampleRequest& request) { return std::ranges::any_of(request.headers, IsOfExperiment); }

std::optional<SampleRequest> FindUser(const Snapshot& snapshot, const VirtualHost& host, const SampleRequest& request,
                                      const std::function<bool(const HeaderMap&)>& fits, BucketHasher& hasher,
                                      Random& random, std::size_t& tries_left) {
  SampleRequest plain = request;
  std::erase_if(plain.headers, IsOfExperiment);
  for (const ExperimentId id : host.experiments) {
    for (int user = 1; user <= kUsers && tries_left > 0; ++user, --tries_left) {
      SampleRequest candidate = plain;
      const bool added = AddUser(snapshot.experiments[id.value], std::to_string(user), candidate);
      const SampleDecision decision(snapshot, candidate, 0, hasher, random);
      if (fits(decision.head().headers)) return candidate;
      if (!added) break;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::core
