"""What rose and what fell between two stretches of time, with intervals that are honest about few posts. Pure maths.

Posts come in bursts, so that counts scatter more than dice would: how much more is estimated from the days of both
stretches (quasi-likelihood: the Pearson statistic over its degrees of freedom, never below 1; McCullagh & Nelder,
Generalized Linear Models, 1989, 4.5 and 9.2). Knows counts; nothing of brands, stores or words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt

FEW = 30  # posts; of fewer nothing is said
NINETY_FIVE = 1.959964  # standard errors of a 95 % interval
NINETY_NINE = 2.575829  # of one of 99 %: for lists, in which something always stands out


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """24 hours: posts, those that could be judged, and how many of these are negative (expected number)."""

    posts: int
    judged: int
    negatives: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

    value: float
    low: float
    high: float

    def differs(self, from_: float) -> bool:
        """Whether the whole interval lies to one side of a number."""
        return not self.low <= from_ <= self.high


@dataclass(frozen=True, slots=True)
class Scatter:
    """How many times as much days scatter as independent posts would: in their counts, and in their shares."""

    counts: float = 1.0
    shares: float = 1.0

    def of_part(self, fraction: float) -> "Scatter":
        """That of a part with so many of the posts, whose days go up and down as the whole's do: the fewer posts, the
        more of the scatter is plain chance (variance = mean + mean squared / k).

        >>> Scatter(5.0, 3.0).of_part(0.25)
        Scatter(counts=2.0, shares=1.5)
        """
        return Scatter(1.0 + (self.counts - 1.0) * fraction, 1.0 + (self.shares - 1.0) * fraction)


def scatter(stretches: Sequence[Sequence[Day]]) -> Scatter:
    """What the days of some stretches say of it, each held against its own stretch's mean.

    >>> scatter([[Day(posts=n, judged=n, negatives=n / 4) for n in (10, 90, 20)]])
    Scatter(counts=47.5, shares=1.0)
    """
    return Scatter(_of_counts(stretches), _of_shares(stretches))


def share(days: Sequence[Day], *, z: float = NINETY_FIVE, scatter_of: Scatter | None = None) -> Estimate | None:
    """The share of negatives with a Wilson interval for as many posts as the scatter leaves; None: too few posts.

    >>> found = share([Day(posts=100, judged=100, negatives=20.0)] * 7)
    >>> round(found.value, 2), round(found.low, 3), round(found.high, 3)
    (0.2, 0.172, 0.231)
    """
    judged = sum(day.judged for day in days)
    if judged < FEW:
        return None
    rate = min(1.0, sum(day.negatives for day in days) / judged)
    return Estimate(rate, *_wilson(rate, judged / (scatter_of or scatter([days])).shares, z))


def share_change(
    now: Sequence[Day], before: Sequence[Day], *, z: float = NINETY_FIVE, scatter_of: Scatter | None = None
) -> Estimate | None:
    """By how much the share of negatives rose (Newcombe 1998, method 10); None: too few posts in one of them.

    >>> calm, angry = [Day(posts=100, judged=100, negatives=20.0)] * 7, [Day(posts=100, judged=100, negatives=30.0)] * 7
    >>> found = share_change(angry, calm)
    >>> round(found.value, 2), found.differs(0.0)
    (0.1, True)
    """
    wide = scatter_of or scatter([now, before])
    first, second = share(now, z=z, scatter_of=wide), share(before, z=z, scatter_of=wide)
    if first is None or second is None:
        return None
    rise = first.value - second.value
    down = sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    up = sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return Estimate(rise, rise - down, rise + up)


def volume_change(
    now: Sequence[Day], before: Sequence[Day], *, z: float = NINETY_FIVE, scatter_of: Scatter | None = None
) -> Estimate | None:
    """How many times as many posts there are as before; None: too few in both, or no days to compare.

    >>> busy = [Day(posts=n, judged=n, negatives=0.0) for n in (20, 30, 25)]
    >>> calm = [Day(posts=10, judged=10, negatives=0.0)] * 3
    >>> found = volume_change(busy, calm)
    >>> round(found.value, 2), found.differs(1.0)
    (2.5, True)
    """
    a, b = sum(day.posts for day in now), sum(day.posts for day in before)
    if max(a, b) < FEW or not now or not before:
        return None
    if not b:
        return Estimate(inf, 1.0 + 1e-9, inf)
    if not a:
        return Estimate(0.0, 0.0, 1.0 - 1e-9)
    wide = z * sqrt((scatter_of or scatter([now, before])).counts * (1 / a + 1 / b))
    middle = log((a / len(now)) / (b / len(before)))
    return Estimate(exp(middle), exp(middle - wide), exp(middle + wide))


def _wilson(rate: float, size: float, z: float) -> tuple[float, float]:
    """Wilson's interval of a share (1927); `size` need not be whole."""
    middle = (rate + z * z / (2 * size)) / (1 + z * z / size)
    wide = z / (1 + z * z / size) * sqrt(rate * (1 - rate) / size + z * z / (4 * size * size))
    return max(0.0, middle - wide), min(1.0, middle + wide)


def _of_counts(stretches: Sequence[Sequence[Day]]) -> float:
    """How many times as much the days scatter as counts of independent posts would."""
    pearson, free = 0.0, 0
    for days in stretches:
        mean = sum(day.posts for day in days) / len(days) if days else 0.0
        if mean > 0.0:
            pearson += sum((day.posts - mean) ** 2 / mean for day in days)
            free += len(days) - 1
    return max(1.0, pearson / free) if free else 1.0


def _of_shares(stretches: Sequence[Sequence[Day]]) -> float:
    """The same for shares of negatives."""
    pearson, free = 0.0, 0
    for days in stretches:
        judged = [day for day in days if day.judged]
        total = sum(day.judged for day in judged)
        rate = min(1.0, sum(day.negatives for day in judged) / total) if total else 0.0
        if 0.0 < rate < 1.0:
            pearson += sum(
                (day.negatives - rate * day.judged) ** 2 / (rate * (1 - rate) * day.judged) for day in judged
            )
            free += len(judged) - 1
    return max(1.0, pearson / free) if free else 1.0
