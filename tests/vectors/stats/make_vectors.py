#!/usr/bin/python3
"""Reference values of core/stats, made with SciPy and by other ways than the code under test takes: evidence from
betaln and the survival function of the beta distribution, each checked by numerical integration of the likelihood
ratio itself; bounds by Brent's method; the least evidence over the baselines on a dense grid.

    python3 tests/vectors/stats/make_vectors.py        writes the *.json beside it (SciPy 1.10.1 made those kept)
"""
import json
import math
import pathlib

import numpy
import scipy
from scipy import integrate, optimize, special, stats

HERE = pathlib.Path(__file__).resolve().parent
NEAR_WEIGHT, NEAR_FACTOR, ANYWHERE, CHAMPION_BET = 0.9, 4, (0.125, 3), 0.6


def by_beta(hits, misses, p0, a, b):
    """log of the mean of p^hits (1-p)^misses over Beta(a, b) cut off at p0, beside its value at p0."""
    tail, prior_tail = stats.beta.sf(p0, a + hits, b + misses), stats.beta.sf(p0, a, b)
    if tail < 1e-290 or prior_tail < 1e-290:
        return None
    return (special.betaln(a + hits, b + misses) + math.log(tail) - special.betaln(a, b) - math.log(prior_tail)
            - hits * math.log(p0) - misses * math.log1p(-p0))


def by_integration(hits, misses, p0, a, b):
    """The same by adding up the likelihood ratio, in pieces around where it is large."""
    def log_at(p, h, m):
        return h * (math.log(p) - math.log(p0)) + m * (math.log1p(-p) - math.log1p(-p0))

    def log_prior(p):
        return (a - 1) * math.log(p) + (b - 1) * math.log1p(-p)

    def mass(h, m):
        peak = (h + a) / (h + m + a + b)
        width = math.sqrt(peak * (1 - peak) / (h + m + a + b))
        # Beyond the peak the integrand falls off like exp(-slope * (p - p0)).
        slope = max((m + b) / (1 - p0) - (h + a) / p0, 1e-9)
        cuts = {p0, 1.0}
        for k in (-40, -12, -6, -3, -1, 0, 1, 3, 6, 12, 40, 200, 1000):
            cuts.add(peak + k * width)
        for k in (1, 3, 10, 30, 100, 300):
            cuts.add(p0 + k / slope)
            cuts.add(p0 * (1 + 10.0 ** (k / 30 - 3)))
        cuts = sorted(c for c in cuts if p0 <= c <= 1)
        top = max(log_at(min(max(c, p0), 1 - 1e-16), h, m) + log_prior(min(c, 1 - 1e-16)) for c in cuts)
        total = sum(integrate.quad(lambda p: math.exp(log_at(p, h, m) + log_prior(p) - top) if p < 1 else 0.0,
                                   low, high, epsabs=0, epsrel=1e-11, limit=200)[0]
                    for low, high in zip(cuts, cuts[1:]) if high > low)
        return top + math.log(total)

    return mass(hits, misses) - mass(0, 0)


worst = 0.0


def log_average(hits, misses, p0, a, b, check=True):
    global worst
    quick = by_beta(hits, misses, p0, a, b)
    if not check and quick is not None:
        return quick
    slow = by_integration(hits, misses, p0, a, b)
    if quick is None:
        return slow
    gap = abs(quick - slow) / (1 + abs(slow))
    assert gap < 1e-6, (hits, misses, p0, a, b, quick, slow)
    worst = max(worst, gap)
    return quick


def above(total, hits, p0, check=False):
    if total == 0:
        return 0.0
    near = log_average(hits, total - hits, p0, 2, max(1.0, 2 * (1 / (NEAR_FACTOR * p0) - 1)), check)
    anywhere = log_average(hits, total - hits, p0, *ANYWHERE, check)
    return float(numpy.logaddexp(math.log(NEAR_WEIGHT) + near, math.log(1 - NEAR_WEIGHT) + anywhere))


def below(total, hits, p0, check=False):
    return 0.0 if total == 0 else log_average(total - hits, hits, 1 - p0, 1, 1, check)


def evidence():
    cases = []
    for total, hits in ((0, 0), (1, 0), (1, 1), (10, 3), (100, 0), (100, 5), (100, 100), (1900, 2), (4012, 4), (10_000, 100),
                        (10_000, 180), (1_000_000, 9_000), (1_000_000, 10_000), (1_000_000, 10_300)):
        for p0 in (1e-6, 1e-4, 0.001, 0.006, 0.01, 0.1, 0.5, 0.9):
            cases.append({"total": total, "hits": hits, "p0": p0, "above": above(total, hits, p0, True),
                          "below": below(total, hits, p0, True)})
    for total, hits, p0 in ((10**9, 1_200, 1e-6), (10**9, 800, 1e-6), (10**9, 5 * 10**8 + 60_000, 0.5)):
        cases.append({"total": total, "hits": hits, "p0": p0, "above": above(total, hits, p0),
                      "below": below(total, hits, p0)})
    return cases


def bounds():
    cases = []
    for total, hits in ((1, 0), (10, 10), (100, 0), (100, 5), (1000, 1), (1900, 2), (10_000, 100), (1_000_000, 10_000)):
        for alpha in (0.05, 0.00625):
            threshold, estimate = math.log(2 / alpha), hits / total
            low, high = 0.0, 1.0
            if hits and above(total, hits, 1e-9) > threshold:
                low = math.exp(optimize.brentq(lambda x: above(total, hits, math.exp(x)) - threshold,
                                               math.log(1e-9), math.log(estimate * (1 - 1e-9)), xtol=1e-13))
            if hits < total and below(total, hits, 1 - 1e-9) > threshold:
                high = optimize.brentq(lambda p: below(total, hits, p) - threshold, max(estimate, 1e-9), 1 - 1e-9,
                                       xtol=1e-15)
            cases.append({"total": total, "hits": hits, "alpha": alpha, "low": low, "high": high})
    return cases


def least():
    cases = []
    for champion, challenger, allowed in (((4750, 5), (250, 12), 0.005), ((1900, 2), (100, 5), 0.005),
                                          ((100, 0), (100, 5), 0.005), ((950, 1), (50, 50), 0.005),
                                          ((100_000, 100), (5_000, 60), 0.005), ((20_000, 400), (20_000, 640), 0.005),
                                          ((3_000, 0), (200, 3), 0.0), ((1_000_000, 50_000), (50_000, 3_000), 0.005)):
        def value(b):
            return (float(numpy.logaddexp(math.log(1 - CHAMPION_BET), math.log(CHAMPION_BET) + below(*champion, b)))
                    + above(*challenger, b + allowed))
        grid = numpy.concatenate([numpy.geomspace(1e-9, 0.9, 600), numpy.linspace(1e-4, 0.2, 1200)])
        grid.sort()
        values = [value(b) for b in grid]
        best = int(numpy.argmin(values))
        fine = optimize.minimize_scalar(value, bounds=(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]),
                                        method="bounded", options={"xatol": 1e-12})
        cases.append({"champion": champion, "challenger": challenger, "allowed": allowed,
                      "log_evidence": min(values[best], float(fine.fun))})
    return cases


for name, cases in (("evidence", evidence()), ("bounds", bounds()), ("least", least())):
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    (HERE / f"{name}.json").write_text(f'{{"made_with": "SciPy {scipy.__version__}", "cases": [\n{lines}\n]}}\n')
print(f"betaln and integration differ by at most {worst:.1e}")
