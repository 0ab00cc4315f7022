"""EARS C1, C2 and C3 (Hutwagner et al. 2003, Fricker et al. 2008): seven points of baseline, no season of their own.

A point is the last hour, its baseline the same hour on seven earlier days: so the day's shape, which the methods lack,
is no handicap. C2 and C3 leave out the two newest days; C3 sums over the last three hours. Knows no truth.
"""

import numpy as np

from benchmarks._method import Method, hourly, shifted
from benchmarks._simulator import DAY, HOUR, Brand, Floats

POINTS = 7
LEAST_SPREAD = 0.5  # of a baseline of equal counts


def _standardised(brand: Brand, skip: int) -> Floats:
    last = hourly(brand)
    before = np.stack([shifted(last, (1 + skip + day) * DAY) for day in range(POINTS)])
    spread = np.maximum(before.std(axis=0, ddof=1), LEAST_SPREAD)
    return np.asarray((last - before.mean(axis=0)) / spread)


def c1(brand: Brand) -> Floats:
    """Standard score against the seven days before."""
    return _standardised(brand, 0)


def c2(brand: Brand) -> Floats:
    """The same, with two days between."""
    return _standardised(brand, 2)


def c3(brand: Brand) -> Floats:
    """What C2 has above 1 in the last three hours together."""
    over = np.maximum(0.0, c2(brand) - 1.0)
    return np.asarray(over + shifted(over, HOUR) + shifted(over, 2 * HOUR))


METHODS = (
    Method("EARS C1", c1, warm=POINTS * DAY),
    Method("EARS C2", c2, warm=(POINTS + 2) * DAY),
    Method("EARS C3", c3, warm=(POINTS + 2) * DAY),
)
