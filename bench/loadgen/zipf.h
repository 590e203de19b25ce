// Draws ranks 0 ... n-1, rank k with a probability in proportion to 1 / (k+1)^exponent: few users ask often, many ask
// seldom. No table: a draw costs a few logarithms whatever n is. Immutable; any thread.
#pragma once

#include <cstdint>

#include "core/base/random.h"

namespace sluice::bench {

class Zipf {
 public:
  // n >= 1, exponent > 0.
  Zipf(std::uint64_t n, double exponent);

  std::uint64_t Draw(core::Random& random) const;

 private:
  double Density(double x) const;     // x^-exponent
  double Area(double x) const;        // its integral from 1 to x
  double PointAt(double area) const;  // the inverse of Area

  std::uint64_t n_;
  double exponent_;
  double area_from_;
  double area_to_;
  double sure_;  // a point at most this far left of its rank is taken without a look at the areas
};

}  // namespace sluice::bench
