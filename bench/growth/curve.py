"""One curve: what a thing costs against how many there are, and whether it grows as it must. Standard library only."""
import dataclasses
import math

# Verdicts in the order of growth.
FLAT, SLOWLY, LINEAR, BENDS = "flat", "grows slowly", "linear", "bends upward"
ORDER = (FLAT, SLOWLY, LINEAR, BENDS)
# The largest exponent of each: cost ~ size ** exponent. Two decades at 0.15 are a factor of 2, at 0.6 one of 16, which is
# what the same steps cost more when they leave the caches; who looks at each one has 0.8 and more there. Above 1.15 twice as
# many cost more than twice as much.
EXPONENT_MAX = {FLAT: 0.15, SLOWLY: 0.6, LINEAR: 1.15}
TAIL = 3  # points at the large end, where a curve shows what it is


@dataclasses.dataclass(frozen=True)
class Curve:
    name: str
    title: str
    axis: str            # what grows
    unit: str            # of the cost
    expected: str        # the worst of the verdicts that is right
    why: str = ""        # it may grow at all
    explained: str = ""  # why times grow faster than that although the steps do not


def exponent(points):
    """Of the power law that fits [(size, cost)] best: the slope of the logarithms by least squares."""
    pairs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len(pairs) < 2:
        return 0.0
    mean_x, mean_y = (sum(values) / len(pairs) for values in zip(*pairs))
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    return sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread if spread else 0.0


def verdict(points):
    """By the large end: a constant part hides at the small one how the rest grows."""
    tail = exponent(sorted(points)[-TAIL:])
    return next((word for word in ORDER[:-1] if tail <= EXPONENT_MAX[word]), BENDS)


def judge(curve, points):
    """The curve as plain data, for the result file."""
    points = sorted(points)
    found = verdict(points)
    return dataclasses.asdict(curve) | {
        "points": [list(point) for point in points], "exponent": exponent(points), "tail": exponent(points[-TAIL:]),
        "verdict": found, "as_expected": ORDER.index(found) <= ORDER.index(curve.expected)}
