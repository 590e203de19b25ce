#include "bench/loadgen/zipf.h"

#include <algorithm>
#include <cmath>

namespace sluice::bench {
namespace {

// (e^t - 1) / t and ln(1 + t) / t, both 1 at 0: so that exponents near 1 and at 1 lose no digits.
double GrowthRatio(double t) { return std::abs(t) > 1e-8 ? std::expm1(t) / t : 1 + t / 2; }
double LogRatio(double t) { return std::abs(t) > 1e-8 ? std::log1p(t) / t : 1 - t / 2; }

}  // namespace

// Rejection-inversion (Hörmann and Derflinger 1996). Rank k owns the stretch from k - 1/2 to k + 1/2 under the
// density. Its area is at least the probability wanted, because the density is convex, so a point drawn evenly by area
// is rounded to its rank and turned down only where it lies in the surplus. Rank 1 gets exactly its probability as
// area, for it is where nearly all draws would be turned down otherwise.
Zipf::Zipf(std::uint64_t n, double exponent)
    : n_(n),
      exponent_(exponent),
      area_from_(Area(1.5) - 1),
      area_to_(Area(static_cast<double>(n) + 0.5)),
      sure_(2 - PointAt(Area(2.5) - Density(2))) {}

double Zipf::Density(double x) const { return std::exp(-exponent_ * std::log(x)); }

double Zipf::Area(double x) const {
  const double log = std::log(x);
  return log * GrowthRatio((1 - exponent_) * log);
}

double Zipf::PointAt(double area) const {
  const double t = std::max(-1.0, area * (1 - exponent_));  // rounding must not leave the logarithm's domain
  return std::exp(area * LogRatio(t));
}

std::uint64_t Zipf::Draw(core::Random& random) const {
  while (true) {
    const double area = area_to_ + random.Fraction() * (area_from_ - area_to_);
    const double point = PointAt(area);
    const double rank = std::clamp(std::floor(point + 0.5), 1.0, static_cast<double>(n_));
    if (rank - point <= sure_ || area >= Area(rank + 0.5) - Density(rank)) {
      return static_cast<std::uint64_t>(rank) - 1;
    }
  }
}

}  // namespace sluice::bench
