// Rules may ask for what the gateway itself sets: x-ab-bucket, x-ab-experiment and x-ab-arm, made from the id of a user
// and never taken from the client. Such a request is found by trying users. Part of the analysis of rules, never of the
// request path. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "core/base/random.h"
#include "core/experiment/bucket_hasher.h"
#include "core/plan/sample_request.h"
#include "core/snapshot/snapshot.h"

namespace sluice::core {

// Whether `request` names a field that only an experiment sets.
bool NamesExperiment(const SampleRequest& request);

// `request` without those fields and with the id of a user to whom an experiment of `host` gives ones that `fits`.
// Nothing when none of a few hundred users has them, or `tries_left` has come to 0. Ids that the request has stay.
std::optional<SampleRequest> FindUser(const Snapshot& snapshot, const VirtualHost& host, const SampleRequest& request,
                                      const std::function<bool(const HeaderMap&)>& fits, BucketHasher& hasher,
                                      Random& random, std::size_t& tries_left);

}  // namespace sluice::core
