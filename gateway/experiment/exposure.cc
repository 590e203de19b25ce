#include "gateway/experiment/exposure.h"

namespace sluice::gateway {

std::string_view ServedReasonText(ServedReason reason) {
  switch (reason) {
    case ServedReason::kAsAssigned: return "as-assigned";
    case ServedReason::kNoArm: return "no-arm";
    case ServedReason::kOtherArm: return "other-arm";
    case ServedReason::kOtherRule: return "other-rule";
    case ServedReason::kNotForwarded: return "not-forwarded";
    case ServedReason::kFailed: return "failed";
  }
  return "failed";
}

}  // namespace sluice::gateway
