// Whether a challenger is worse than a champion by more than is allowed, told at any time (see proportion_test.h). Two
// streams, one unknown baseline: for every baseline that the champion may have there is evidence against it from the
// champion, times evidence against "the challenger is within the limit of that baseline" from the challenger. Whatever the
// true baseline is, it is among them, so the least of these products reaches 1/alpha with probability of at most alpha
// while the challenger is within its limit. Pure; any thread.
#pragma once

#include "core/stats/proportion_test.h"
#include "core/telemetry/version_meter.h"

namespace sluice::core {

struct Regression {
  double champion = 0;  // estimates: a rate in [0, 1], or microseconds
  double challenger = 0;
  // A confidence sequence: of the rates' difference; of the quantiles as a ratio challenger / champion, whose ends are 0 and
  // infinity as long as nothing is known. Once it is certain that the limit is exceeded, it begins there or above; so it
  // is wrong, at any time, with a probability of at most twice alpha.
  Interval difference{};
  double log_evidence = 0;  // against "within the limit"
  bool beyond = false;      // the estimates are, certain or not
};

// Rates of errors. `allowed` is the increase that is tolerated, in [0, 1): 0.005 for half a percentage point. `alpha` is for
// the interval.
Regression CompareRates(const Trials& champion, const Trials& challenger, double allowed, double alpha);

// A quantile of the latency. `allowed` is the increase that is tolerated as a share of the champion's: 0.10.
Regression CompareQuantiles(const VersionSample& champion, const VersionSample& challenger, double quantile,
                            double allowed, double alpha);

}  // namespace sluice::core
