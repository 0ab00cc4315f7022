"""How many hours complaints come after negative mentions: the lag at which the two go together best. Pure maths.

Each series of hours is freed of what is usual for its hour of the day (weekdays and weekends apart) and of its slow
level, so that two things that merely share a day and a week do not look related; what is left is scaled as a Poisson
count is. The lag is the centre of the hump of their cross-correlation. Its 95 % interval comes from a bootstrap over
blocks of three days, widened as Student's t is for as few blocks as carry the hump. Whether there is a hump at all is
judged by Bartlett's variance (1946), which knows that both series have hours that resemble their neighbours.
Correlation is no cause: something else may lead to both.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from math import sqrt
from zoneinfo import ZoneInfo

FARTHEST = 48  # hours that the one may run before the other, or behind it
SHORTEST = 14 * 24  # hours of both that are needed
WIDEST = 12.0  # an interval that spans more hours says nothing clear
SURE = 5.0  # standard errors that the highest of 97 correlations must have: two unrelated crises reach 4
SAMPLES = 400
_BLOCK = 72  # hours
_LEVEL = 7 * 24  # hours to either side over which the slow level is taken
_TRIMMED = 0.1  # of an hour's days at either end, so that crises are not taken for usual
_NEAR = 6.0  # hours around the centre that say where it is
_Z = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two counts hour by hour of one brand. None is an hour without data."""

    start: datetime
    timezone: str  # IANA name: the brand's day
    negatives: Sequence[float | None]
    complaints: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """What was found. A lag above zero: complaints come later."""

    hours: float | None  # None: no clear lag, and `reason` says why
    low: float | None = None
    high: float | None = None
    correlation: float | None = None  # at the lag, between -1 and 1
    reason: str = ""


def lag(pairs: Sequence[Pair], *, seed: int) -> Lag:
    """The lag that the brands share, with its 95 % interval; the same seed gives the same interval."""
    cleaned = [(_cleaned(pair, pair.negatives), _cleaned(pair, pair.complaints)) for pair in pairs]
    hours = sum(len(x) for x, _ in cleaned)
    if hours < SHORTEST:
        return Lag(hours=None, reason="fewer than two weeks in which both were counted")
    x = [value for each, _ in cleaned for value in each]
    y = [value for _, each in cleaned for value in each]
    size = sqrt(_dot(x, x) * _dot(y, y))
    if size == 0.0:
        return Lag(hours=None, reason="one of the two never changes")
    blocks = [block for a, b in cleaned for block in _blocks(a, b)]
    total = [sum(column) for column in zip(*blocks, strict=True)]
    if max(total) / size < SURE * _standard_error(cleaned, hours):
        return Lag(hours=None, reason="they do not go together more than chance makes them")
    centre = _centre(total)
    low, high = _interval(blocks, centre, random.Random(seed))  # noqa: S311 - sampling, no secret
    if high - low > WIDEST:
        return Lag(hours=None, reason=f"it may be anything from {low:.0f} to {high:.0f} hours")
    at = total[round(centre) + FARTHEST] / size
    return Lag(hours=centre, low=low, high=high, correlation=at)


def _cleaned(pair: Pair, counts: Sequence[float | None]) -> list[float]:
    """What is unusual of each hour, in standard deviations of a Poisson count; 0 where nothing is known."""
    zone, hours = ZoneInfo(pair.timezone), list[tuple[int, bool]]()
    for place in range(min(len(pair.negatives), len(pair.complaints))):
        local = (pair.start + timedelta(hours=place)).astimezone(zone)
        hours.append((local.hour, local.weekday() >= 5))
    seen: dict[tuple[int, bool], list[float]] = defaultdict(list)
    for hour, count in zip(hours, counts, strict=False):
        if count is not None:
            seen[hour].append(count)
    usual = {hour: _trimmed_mean(of) for hour, of in seen.items()}
    left = [
        None if count is None else (count - usual[hour]) / sqrt(usual[hour] + 0.5)
        for hour, count in zip(hours, counts, strict=False)
    ]
    return _levelled(left)


def _trimmed_mean(values: Sequence[float]) -> float:
    cut = int(_TRIMMED * len(values))
    kept = sorted(values)[cut : len(values) - cut]
    return sum(kept) / len(kept)


def _levelled(values: Sequence[float | None]) -> list[float]:
    """Without the mean of the week before and the week after."""
    sums = [0.0, *accumulate(value or 0.0 for value in values)]
    known = [0, *accumulate(value is not None for value in values)]
    found = []
    for place, value in enumerate(values):
        first, last = max(0, place - _LEVEL), min(len(values), place + _LEVEL + 1)
        number = known[last] - known[first]
        found.append(0.0 if value is None else value - (sums[last] - sums[first]) / number)
    return found


def _blocks(x: Sequence[float], y: Sequence[float]) -> list[list[float]]:
    """Of each block of hours of x, its products with y at every lag: any set of blocks is then a sum away."""
    number = max(1, len(x) // _BLOCK)
    edges = [len(x) * place // number for place in range(number + 1)]
    return [
        [_dot_at(x, y, lag, first, last) for lag in range(-FARTHEST, FARTHEST + 1)] for first, last in pairwise(edges)
    ]


def _dot_at(x: Sequence[float], y: Sequence[float], lag: int, first: int, last: int) -> float:
    first, last = max(first, -lag), min(last, len(y) - lag)
    return _dot(x[first:last], y[first + lag : last + lag]) if first < last else 0.0


def _dot(x: Sequence[float], y: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(x, y, strict=True))


def _centre(total: Sequence[float]) -> float:
    """The centre of the highest hump, by mean shift from its top: a hump lies evenly around its true lag."""
    top = max(range(len(total)), key=total.__getitem__)
    floor = max(0.0, sorted(total)[len(total) // 2])
    weights = [max(0.0, value - floor) for value in total]
    centre = float(top)
    for _ in range(30):
        near = [(max(0.0, 1.0 - abs(place - centre) / _NEAR) * w, place) for place, w in enumerate(weights) if w]
        mass = sum(weight for weight, _ in near)
        if mass <= 0.0:
            break
        moved = sum(weight * place for weight, place in near) / mass
        if abs(moved - centre) < 0.005:
            break
        centre = moved
    return centre - FARTHEST


def _interval(blocks: Sequence[Sequence[float]], centre: float, chance: random.Random) -> tuple[float, float]:
    found = []
    for _ in range(SAMPLES):
        drawn = chance.choices(blocks, k=len(blocks))
        found.append(_centre([sum(column) for column in zip(*drawn, strict=True)]))
    found.sort()
    low, high = found[round(0.025 * (SAMPLES - 1))], found[round(0.975 * (SAMPLES - 1))]
    wider = _wider(_carrying(blocks, round(centre) + FARTHEST))
    return min(centre, centre - wider * (centre - low)), max(centre, centre + wider * (high - centre))


def _carrying(blocks: Sequence[Sequence[float]], place: int) -> float:
    """How many blocks carry the hump: one crisis among a hundred quiet blocks is one, and not a hundred."""
    parts = [abs(block[place]) for block in blocks]
    return sum(parts) ** 2 / max(_dot(parts, parts), 1e-12)


def _wider(number: float) -> float:
    """Student's 97.5 % quantile over the normal one, by its expansion (Abramowitz & Stegun 26.7.5)."""
    free = max(0.5, number - 1.0)
    first, second = (_Z**3 + _Z) / 4.0, (5.0 * _Z**5 + 16.0 * _Z**3 + 3.0 * _Z) / 96.0
    return 1.0 + (first / free + second / free**2) / _Z


def _standard_error(cleaned: Sequence[tuple[Sequence[float], Sequence[float]]], hours: int) -> float:
    """Of a correlation between two unrelated series, each of which resembles itself (Bartlett 1946)."""
    own = [
        (sum(_dot_at(x, x, at, 0, len(x)) for x, _ in cleaned), sum(_dot_at(y, y, at, 0, len(y)) for _, y in cleaned))
        for at in range(FARTHEST + 1)
    ]
    both = sum(a * b for a, b in own[1:]) / (own[0][0] * own[0][1])
    return sqrt(max(1.0, 1.0 + 2.0 * both) / hours)
