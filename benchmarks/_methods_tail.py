"""SPOT and DSPOT (Siffer et al. 2017): a generalised Pareto tail over what exceeds a high level.

The figure is -log10 of the estimated probability of a value as high, on log counts of the last hour. The tail is
fitted by moments, which makes a pass cheap, and has no end. Knows no truth.
"""

from math import log, log10

import numpy as np

from benchmarks._method import Method, hourly, past
from benchmarks._simulator import DAY, WEEK, Brand, Floats

LEVEL = 0.98  # share of the first values that lie below the level t
LEARNED_BELOW = 4.0  # what is rarer than 1e-4 is told and teaches nothing


def spot(brand: Brand) -> Floats:
    """On log counts as they are."""
    return _tail(np.log1p(np.maximum(hourly(brand), 0.0)))


def dspot(brand: Brand) -> Floats:
    """On log counts less their mean over the day before."""
    values = np.log1p(np.maximum(hourly(brand), 0.0))
    return _tail(values - past(values, DAY)[0])


def _tail(values: Floats) -> Floats:
    """-log10 of the probability of each value; the first week sets the level."""
    level = float(np.quantile(values[DAY:WEEK], LEVEL))
    over = values[DAY:WEEK][values[DAY:WEEK] > level] - level
    peaks, total, squares, seen = len(over), float(over.sum()), float((over**2).sum()), WEEK - DAY
    found = np.zeros(len(values))
    for at, excess in enumerate((values[WEEK:] - level).tolist(), WEEK):
        seen += 1
        if excess <= 0.0:
            continue
        found[at] = rarity(excess, (peaks, total, squares), seen)
        if found[at] < LEARNED_BELOW:
            peaks, total, squares = peaks + 1, total + excess, squares + excess * excess
    return found


def rarity(excess: float, learned: tuple[int, float, float], seen: int) -> float:
    """-log10 of the probability of so much above the level; `learned`: number of peaks, their sum, sum of squares."""
    peaks, total, squares = learned
    if peaks < 5:
        return 0.0
    mean = total / peaks
    variance = max(squares / peaks - mean * mean, 1e-9)
    shape = max(0.0, 0.5 * (1.0 - mean * mean / variance))  # a tail with an end would know no degrees beyond it
    base = -log10(peaks / seen)
    if shape < 1e-6:
        return base + excess / mean / log(10.0)
    return base + log10(1.0 + shape * excess / (mean * (1.0 - shape))) / shape


METHODS = (Method("SPOT on log counts", spot, warm=WEEK), Method("DSPOT on log counts", dspot, warm=WEEK))
