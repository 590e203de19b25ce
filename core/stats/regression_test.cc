#include "core/stats/regression_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace sluice::core {
namespace {

// The champion bets this much on a baseline being too high, and keeps the rest: where its data agree with a baseline,
// which they do best at the true one, it would lose the more the longer it measures, and take the challenger's evidence
// with it. So it never loses more than the bet.
constexpr double kChampionBet = 0.6;

double LogEvidenceOfBaseline(const Trials& champion, double baseline) {
  const double kept = std::log(1 - kChampionBet);
  const double won = std::log(kChampionBet) + LogEvidenceBelow(champion, baseline);
  const double most = std::max(kept, won);
  return most + std::log1p(std::exp(std::min(kept, won) - most));
}

double Estimate(const Trials& trials) {
  return trials.total == 0 ? 0 : static_cast<double>(trials.hits) / static_cast<double>(trials.total);
}

// Baselines where the product of evidence may have its least value: evenly between the two estimates and some standard
// deviations around each, where it is a valley, and over all orders of magnitude, where it is nearly flat.
std::vector<double> Baselines(const Trials& champion, const Trials& challenger, double allowed) {
  constexpr double kLeast = 1e-9;
  const double most = 1 - allowed - kLeast;
  std::vector<double> points;
  const auto add = [&](double point) { points.push_back(std::clamp(point, kLeast, most)); };
  const double from = Estimate(champion);
  const double to = Estimate(challenger) - allowed;
  for (int i = 0; i <= 16; ++i) add(from + (to - from) * i / 16);
  const std::pair<Trials, double> valleys[] = {{champion, from}, {challenger, to}};
  for (const auto& [trials, centre] : valleys) {
    const double spread = std::sqrt(static_cast<double>(trials.hits) + 1) / static_cast<double>(trials.total);
    for (const double steps : {0.5, 1.0, 2.0, 4.0, 8.0}) {
      add(centre - steps * spread);
      add(centre + steps * spread);
    }
  }
  for (int i = 0; i <= 18; ++i) add(std::pow(10, -9.0 + i / 2.0));
  std::ranges::sort(points);
  points.erase(std::ranges::unique(points).begin(), points.end());
  return points;
}

template <typename Function>
double LeastBetween(double low, double high, double least, Function function) {
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double left = high - golden * (high - low);
  double right = low + golden * (high - low);
  double at_left = function(left);
  double at_right = function(right);
  for (int i = 0; i < 24; ++i) {
    least = std::min({least, at_left, at_right});
    if (at_left < at_right) {
      high = std::exchange(right, left);
      at_right = at_left;
      left = high - golden * (high - low);
      at_left = function(left);
    } else {
      low = std::exchange(left, right);
      at_left = at_right;
      right = low + golden * (high - low);
      at_right = function(right);
    }
  }
  return std::min({least, at_left, at_right});
}

// How many took at least so long, by the bucket that a time begins; 0 behind the last one.
using AtLeast = std::array<std::uint64_t, kLatencyBuckets + 1>;

AtLeast CountAtLeast(const VersionSample& sample) {
  AtLeast counts{};
  for (std::size_t i = kLatencyBuckets; i-- > 0;) counts[i] = counts[i + 1] + sample.latency[i];
  return counts;
}

// A confidence sequence of the quantile, in microseconds. A quantile is at least y if more than 1 - quantile are certainly
// at least y, and less than y if certainly fewer are: each is a rate beside a known one, and evidence only grows towards
// the ends, so halving finds the buckets.
Interval QuantileSequence(const AtLeast& counts, double quantile, double alpha) {
  const double threshold = std::log(2 / alpha);
  const double tail = 1 - quantile;
  std::size_t low = 0;  // the quantile is at least where this bucket begins
  for (std::size_t end = kLatencyBuckets; end - low > 1;) {
    const std::size_t middle = low + (end - low) / 2;
    (LogEvidenceAbove({counts[0], counts[middle]}, tail) >= threshold ? low : end) = middle;
  }
  std::size_t high = kLatencyBuckets;  // and less than where this one does
  for (std::size_t begin = low; high - begin > 1;) {
    const std::size_t middle = begin + (high - begin) / 2;
    (LogEvidenceBelow({counts[0], counts[middle]}, tail) >= threshold ? high : begin) = middle;
  }
  return {.low = static_cast<double>(LatencyBucketBegin(low)),
          // The last bucket has no end.
          .high = high == kLatencyBuckets ? std::numeric_limits<double>::infinity()
                                          : static_cast<double>(LatencyBucketBegin(high))};
}

// The least evidence over every quantile that the champion may have, one bucket at a time. All in a bucket are treated at
// once, by what is certain of each: the champion counts what took at least as long as the bucket's first microsecond, the
// challenger what took longer than is allowed beside its last one.
class QuantileSearch {
 public:
  QuantileSearch(const AtLeast& champion, const AtLeast& challenger, double quantile, double allowed)
      : champion_(champion), challenger_(challenger), tail_(1 - quantile), factor_(1 + allowed) {
    of_champion_.fill(std::numeric_limits<double>::quiet_NaN());
    of_challenger_ = of_champion_;
  }

  // `likely` is where to look first.
  double Least(std::size_t likely) {
    least_ = OfChampion(likely) + OfChallenger(likely);
    Narrow(0, kLatencyBuckets - 1);
    return least_;
  }

 private:
  // From bucket to bucket the champion's evidence only grows, as fewer are beyond, and the challenger's only falls. So a
  // range holds nothing less than its first of the one and its last of the other, and most ranges need no closer look.
  void Narrow(std::size_t first, std::size_t last) {
    if (OfChampion(first) + OfChallenger(last) >= least_) return;
    if (first == last) {
      least_ = OfChampion(first) + OfChallenger(first);
      return;
    }
    const std::size_t middle = first + (last - first) / 2;
    Narrow(first, middle);
    Narrow(middle + 1, last);
  }

  double OfChampion(std::size_t bucket) {
    double& known = of_champion_[bucket];
    if (std::isnan(known)) known = LogEvidenceOfBaseline({champion_[0], champion_[bucket]}, tail_);
    return known;
  }

  double OfChallenger(std::size_t bucket) {
    double& known = of_challenger_[bucket];
    if (std::isnan(known)) known = LogEvidenceAbove({challenger_[0], challenger_[Beyond(bucket)]}, tail_);
    return known;
  }

  // The first bucket of which everything is more than is allowed beside anything in `bucket`. Whole microseconds, so the
  // last in a bucket is one less than the next begins; the factor's rounding must not let one in.
  std::size_t Beyond(std::size_t bucket) const {
    if (bucket + 1 >= kLatencyBuckets) return kLatencyBuckets;
    const double limit = factor_ * static_cast<double>(LatencyBucketEnd(bucket) - 1) * (1 + 1e-12);
    if (limit >= static_cast<double>(LatencyBucketBegin(kLatencyBuckets - 1))) return kLatencyBuckets;
    const auto first = static_cast<std::uint64_t>(limit) + 1;
    const std::size_t holds = LatencyBucket(first);
    return LatencyBucketBegin(holds) == first ? holds : holds + 1;
  }

  const AtLeast& champion_;
  const AtLeast& challenger_;
  double tail_;
  double factor_;
  double least_ = 0;
  std::array<double, kLatencyBuckets> of_champion_;
  std::array<double, kLatencyBuckets> of_challenger_;
};

// Both streams together know more than their bounds apart: what is certain beyond the limit is not told as an interval
// that holds the limit.
void Sharpen(Regression& result, double limit, double alpha) {
  if (result.log_evidence >= -std::log(alpha)) result.difference.low = std::max(result.difference.low, limit);
}

}  // namespace

Regression CompareRates(const Trials& champion, const Trials& challenger, double allowed, double alpha) {
  const Interval of_champion = RateSequence(champion, alpha / 2);
  const Interval of_challenger = RateSequence(challenger, alpha / 2);
  Regression result{.champion = Estimate(champion),
                    .challenger = Estimate(challenger),
                    .difference = {of_challenger.low - of_champion.high, of_challenger.high - of_champion.low}};
  if (champion.total == 0 || challenger.total == 0) return result;
  result.beyond = result.challenger > result.champion + allowed;
  const auto evidence = [&](double baseline) {
    return LogEvidenceOfBaseline(champion, baseline) + LogEvidenceAbove(challenger, baseline + allowed);
  };
  const std::vector<double> points = Baselines(champion, challenger, allowed);
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double value = evidence(points[i]);
    if (value < least) {
      least = value;
      best = i;
    }
  }
  result.log_evidence =
      LeastBetween(points[best == 0 ? 0 : best - 1], points[std::min(best + 1, points.size() - 1)], least, evidence);
  Sharpen(result, allowed, alpha);
  return result;
}

Regression CompareQuantiles(const VersionSample& champion, const VersionSample& challenger, double quantile,
                            double allowed, double alpha) {
  const AtLeast of_champion = CountAtLeast(champion);
  const AtLeast of_challenger = CountAtLeast(challenger);
  Regression result{.champion = champion.Quantile(quantile),
                    .challenger = challenger.Quantile(quantile),
                    .difference = {0, std::numeric_limits<double>::infinity()}};
  if (of_champion[0] == 0 || of_challenger[0] == 0) return result;
  const Interval base = QuantileSequence(of_champion, quantile, alpha / 2);
  const Interval range = QuantileSequence(of_challenger, quantile, alpha / 2);
  result.difference.low = range.low / base.high;
  if (base.low > 0) result.difference.high = range.high / base.low;
  result.beyond = result.challenger > result.champion * (1 + allowed);
  QuantileSearch search(of_champion, of_challenger, quantile, allowed);
  result.log_evidence = search.Least(LatencyBucket(static_cast<std::uint64_t>(result.champion)));
  Sharpen(result, 1 + allowed, alpha);
  return result;
}

}  // namespace sluice::core
