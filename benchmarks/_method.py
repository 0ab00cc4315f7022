"""What a method is to the benchmark: a figure for each bucket, and a limit above which people are told.

All methods are told about in the same way: a message where the figure reaches the limit, then none for twelve hours. A
slot without data counts as none, since these methods know no gaps. Holds the windows that they share; knows no method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from benchmarks._judging import false_alarms
from benchmarks._simulator import DAY, HOUR, WEEK, Brand, Floats

COOLDOWN = 12 * HOUR
LEARNING = 7 * DAY  # they have a week to learn
HALF_HOUR = HOUR // 2
LIMITS = (0.01, 1e6)  # in which a limit is looked for
ROUNDS = 28


def cooled(figures: Floats, limit: float, cooldown: int = COOLDOWN, begin: int = LEARNING) -> list[int]:
    """Ends of the buckets at which a message goes out, none before `begin`."""
    found, rest = [], begin
    for at in np.flatnonzero(figures >= limit).tolist():
        if at >= rest:
            found.append(at + 1)
            rest = at + cooldown
    return found


@dataclass(frozen=True)
class Method:
    """One way to tell spikes."""

    name: str
    prepare: Callable[[Brand], Floats]  # a figure for each bucket; from the past alone
    tell: Callable[[Floats, float, int, int], list[int]] = cooled  # figures, limit, cooldown and begin in buckets
    warm: int = DAY  # buckets in which it has nothing to go by
    usual_limit: float | None = None  # the one it is used with
    group: str = "published"
    adds_up: bool = False  # its limit is for sums of figures

    def figures(self, brand: Brand) -> Floats:
        """Its figure for each bucket, 0 while it has nothing to go by."""
        found = self.prepare(brand)
        found[: self.warm] = 0.0
        return found


def sums(values: Floats, length: int) -> Floats:
    """Sum of the newest `length` values at each place; what was before the first counts as none."""
    total = np.concatenate([np.zeros(length), np.cumsum(np.nan_to_num(values))])
    return np.asarray(total[length:] - total[:-length])


def hourly(brand: Brand) -> Floats:
    """Negatives in the hour that ends with each bucket; no data counts as none, as simple rules do."""
    return sums(brand.negatives, HOUR)


def past(values: Floats, length: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the `length` values before each place."""
    parts = [np.concatenate([np.zeros(length + 1), np.cumsum(part)]) for part in (values, values * values)]
    count = np.minimum(np.arange(len(values)) + 1e-9, length)
    mean, square = ((total[length:-1] - total[: -length - 1]) / count for total in parts)
    return mean, np.sqrt(np.maximum(square - mean * mean, 1e-12))


def past_week(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the seven days before each bucket."""
    return past(values, WEEK)


def shifted(values: Floats, by: int, fill: float = 0.0) -> Floats:
    """The value of `by` places ago."""
    return np.concatenate([np.full(min(by, len(values)), fill), values[: max(0, len(values) - by)]])


def solve(method: Method, trained: Sequence[tuple[Floats, Brand]], weeks: float, rate: float) -> float:
    """The smallest limit at which the method has at most `rate` false alarms a week on brands it may be tuned on.

    `trained` holds its figures beside each brand, `weeks` are those of all brands without a crisis.
    """
    low, high = log(LIMITS[0]), log(LIMITS[1])
    for _ in range(ROUNDS):
        limit = exp((low + high) / 2.0)
        false = sum(false_alarms(method.tell(figures, limit, COOLDOWN, LEARNING), brand) for figures, brand in trained)
        low, high = (low, log(limit)) if false <= rate * weeks else (log(limit), high)
    return exp(high)
