#include "gateway/telemetry/version_observer.h"

#include <variant>

#include "core/http/grpc_status.h"

namespace sluice::gateway {
namespace {

using core::ResponseFlag;

core::MeterId MeterOf(const core::Plan& plan, const core::ForwardPlan& forward) {
  if (plan.applied == nullptr || plan.applied->arm == nullptr) return forward.destination->meter;
  return plan.applied->by == core::AssignedBy::kOverride ? core::MeterId{} : plan.applied->arm->meter;
}

// A grpc-status says it better than the 200 that it comes with. An answer that the model broke off is no answer.
bool Failed(const core::Record& record) {
  if (record.response_code >= 500) return true;
  if (record.grpc_status >= 0) return core::HttpFromGrpcStatus(record.grpc_status) >= 500;
  for (const ResponseFlag flag : {ResponseFlag::kUC, ResponseFlag::kUR, ResponseFlag::kUT, ResponseFlag::kUPE}) {
    if (record.relayed && record.flags.Has(flag)) return true;
  }
  return false;
}

bool ClientLeft(const core::Record& record) {
  return record.response_code == 0 || record.flags.Has(ResponseFlag::kDC) || record.flags.Has(ResponseFlag::kDR);
}

}  // namespace

void ObserveVersion(const core::Record& record, std::size_t worker) {
  if (record.snapshot->meters.empty() || record.plan == nullptr) return;
  const auto* const forward = std::get_if<core::ForwardPlan>(&record.plan->action);
  if (forward == nullptr || forward->destination == nullptr || !record.request->upgrade.empty()) return;
  const core::MeterId id = MeterOf(*record.plan, *forward);
  if (!id.valid()) return;
  core::VersionMeters* const meters = record.snapshot->meters[id.value].live.get();
  if (meters == nullptr || worker >= meters->size()) return;
  core::VersionMeter& meter = meters->OfWorker(worker);
  if (ClientLeft(record) && !(record.relayed && record.response_code >= 500)) {
    meter.OnAbandoned(record.duration);
  } else {
    meter.OnAnswer(Failed(record), record.duration);
  }
}

}  // namespace sluice::gateway
