#include "core/stats/proportion_test.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

namespace sluice::core {
namespace {

// Nothing here throws or sets errno: arguments are in range by construction, and an underflow to 0 is an answer.
using Quiet =
    boost::math::policies::policy<boost::math::policies::domain_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::pole_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::underflow_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::promote_double<false>>;

// Beta priors, cut off at p0 and seen from p0 outwards.
struct Prior {
  double hits;
  double misses;
};

// Against "at most p0": most of the weight on rates of a few times p0, which take the most evidence to be told apart and so
// decide how long a broken version stays; the rest spread evenly over the orders of magnitude beyond.
constexpr double kNearWeight = 0.9;
constexpr double kNearFactor = 4;
constexpr Prior kAnywhere{.hits = 0.125, .misses = 3};
Prior Near(double p0) { return {.hits = 2, .misses = std::max(1.0, 2 * (1 / (kNearFactor * p0) - 1))}; }

// Against "at least p0": any rate below it alike.
constexpr Prior kBelow{.hits = 1, .misses = 1};

// What Stirling's formula lacks: log Gamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2]. Kept apart because the rest cancels
// by hand, so that a billion trials cost no digits.
double StirlingError(double x) {
  if (x < 16) {
    const double half_log_two_pi = 0.5 * std::log(2 * std::numbers::pi);
    return boost::math::lgamma(x, Quiet{}) - ((x - 0.5) * std::log(x) - x + half_log_two_pi);
  }
  const double inverse = 1 / x;
  const double square = inverse * inverse;
  return inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680))));
}

// A rate and its complement, each with all of its digits.
struct Rate {
  double hit;
  double miss;
};

// log [ B(a, b) / (p^a q^b) ]: how much of the mass of p^a q^b there is beside its value at the rate. The sum of a relative
// entropy and small terms, each of them without cancellation.
double LogMassBesideValue(double a, double b, Rate rate) {
  const double sum = a + b;
  const double shift = rate.hit < rate.miss ? a / sum - rate.hit : rate.miss - b / sum;
  const double entropy = a * std::log1p(shift / rate.hit) + b * std::log1p(-shift / rate.miss);
  return entropy + 0.5 * std::log(2 * std::numbers::pi * sum / (a * b)) + StirlingError(a) + StirlingError(b) -
         StirlingError(sum);
}

// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method: I_x(a, b) = x^a (1 - x)^b /
// (a B(a, b)) * this. Converges fast for an x well below a / (a + b).
double IncompleteBetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr int kTermsMax = 100'000;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double numerator = 1;
  double denominator = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double value = denominator;
  for (int i = 1; i < kTermsMax; ++i) {
    const double even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i));
    denominator = 1 / away_from_zero(1 + even * denominator);
    numerator = away_from_zero(1 + even / numerator);
    value *= denominator * numerator;
    const double odd = -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1));
    denominator = 1 / away_from_zero(1 + odd * denominator);
    numerator = away_from_zero(1 + odd / numerator);
    const double step = denominator * numerator;
    value *= step;
    if (std::abs(step - 1) < 1e-14) break;
  }
  return value;
}

// log of [ integral over p > rate of p^(a - 1) (1 - p)^(b - 1) ] / [ rate^a (1 - rate)^b ].
double LogTailBesideValue(double a, double b, Rate rate) {
  const double tail = boost::math::ibetac(a, b, rate.hit, Quiet{});
  // A tail too thin for a double is one far beyond the mean, where the fraction converges fast.
  if (rate.hit > rate.miss || !(tail > 1e-250)) {
    const double other = boost::math::ibeta(b, a, rate.miss, Quiet{});
    if (!(other > 1e-250)) return std::log(IncompleteBetaFraction(b, a, rate.miss) / b);
    return LogMassBesideValue(a, b, rate) + std::log(other);
  }
  return LogMassBesideValue(a, b, rate) + std::log(tail);
}

// The average over the prior of what a rate beyond `rate` says beside what `rate` itself says.
double LogAverage(double hits, double misses, Rate rate, Prior prior) {
  return LogTailBesideValue(prior.hits + hits, prior.misses + misses, rate) -
         LogTailBesideValue(prior.hits, prior.misses, rate);
}

double LogSum(double a, double b) {
  const double most = std::max(a, b);
  return most + std::log1p(std::exp(std::min(a, b) - most));
}

double Hits(const Trials& trials) { return static_cast<double>(std::min(trials.hits, trials.total)); }
double Misses(const Trials& trials) { return static_cast<double>(trials.total) - Hits(trials); }

// Where the evidence falls to `threshold` between `far`, where it is more, and `near`, where it is less: by bisection on a
// logarithmic scale, to a relative 1e-9. Gives the end at which the threshold is reached, so an interval errs to the wide.
template <typename Evidence>
double Crossing(double far, double near, double threshold, Evidence evidence) {
  for (int i = 0; i < 64 && std::abs(far - near) > 1e-9 * std::min(far, near); ++i) {
    const double middle = std::sqrt(far * near);
    (evidence(middle) >= threshold ? far : near) = middle;
  }
  return far;
}

}  // namespace

double LogEvidenceAbove(const Trials& trials, double p0) {
  if (trials.total == 0 || p0 >= 1) return 0;  // no rate is beyond 1
  const Rate rate{p0, 1 - p0};
  const double near = LogAverage(Hits(trials), Misses(trials), rate, Near(p0));
  const double anywhere = LogAverage(Hits(trials), Misses(trials), rate, kAnywhere);
  return LogSum(std::log(kNearWeight) + near, std::log(1 - kNearWeight) + anywhere);
}

double LogEvidenceBelow(const Trials& trials, double p0) {
  if (trials.total == 0 || p0 <= 0) return 0;
  return LogAverage(Misses(trials), Hits(trials), {1 - p0, p0}, kBelow);
}

Interval RateSequence(const Trials& trials, double alpha) {
  if (trials.total == 0) return {};
  constexpr double kLeast = 1e-12;
  const double threshold = std::log(2 / alpha);
  const double estimate = Hits(trials) / static_cast<double>(trials.total);
  Interval interval;
  const auto above = [&](double p0) { return LogEvidenceAbove(trials, p0); };
  if (estimate > kLeast && above(kLeast) >= threshold) {
    interval.low = Crossing(kLeast, estimate, threshold, above);
  }
  // Seen from the far side, so that bounds close to 1 have digits too.
  const auto below = [&](double miss) { return LogEvidenceBelow(trials, 1 - miss); };
  if (estimate < 1 - kLeast && below(kLeast) >= threshold) {
    interval.high = 1 - Crossing(kLeast, 1 - estimate, threshold, below);
  }
  return interval;
}

}  // namespace sluice::core
