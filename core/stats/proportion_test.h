// Anytime-valid inference on a stream of yes/no answers: evidence against a rate, and the confidence sequence that comes of
// it. Valid at every look, however often one looks and whenever one stops (Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon
// 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences"). Beta mixtures: the evidence against the rate p0
// is the likelihood of what was seen, averaged over the rates that a prior finds likely, beside that of p0 (for one-sided
// evidence: over the rates beyond p0 alone). By Ville's inequality it reaches log(1/alpha) with probability of at most
// alpha when p0 is true. Pure; any thread.
#pragma once

#include <cstdint>

namespace sluice::core {

struct Trials {
  std::uint64_t total = 0;
  std::uint64_t hits = 0;  // at most total

  friend bool operator==(const Trials&, const Trials&) = default;
};

// Natural logarithms of e-values; 0 without trials. `p0` in (0, 1).
double LogEvidenceAbove(const Trials& trials, double p0);  // against "the rate is at most p0"
double LogEvidenceBelow(const Trials& trials, double p0);  // against "the rate is at least p0"

struct Interval {
  double low = 0;
  double high = 1;
};

// Holds the true rate at all times at once with probability 1 - alpha; each side has half of alpha.
Interval RateSequence(const Trials& trials, double alpha);

}  // namespace sluice::core
