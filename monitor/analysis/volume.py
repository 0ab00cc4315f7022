"""How many posts a source is expected to bring, and whether it has gone quiet. Pure.

Knows polls as counts with a time and a length; nothing of platforms. What is expected is the least of what the source
brought lately and what it brings at this hour on other days, so that a night, a weekend or the end of a wave is no
silence. How surely it is expected follows from how unevenly the polls came in (gamma-Poisson: Gelman et al. 2013,
Bayesian Data Analysis, 2.6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log, log1p
from statistics import median

LATELY = 24  # polls that say what the source brings now
FEWEST = 4  # polls below which nothing is said
LEAST = 8.0  # posts that must be missing: fewer say nothing
FAR = 0.25  # of what is expected: at more, a source is not quiet
RARE = 1e-4  # how unlikely so few posts must be
LONGEST = timedelta(hours=24)  # the longest silence that is judged; a source that brings less is never quiet
WINDOWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 48, 72, 96, 144, 192, 288)  # newest polls that are judged together
_DRIFT = 0.05  # squared relative error of a level that was measured just before
_EVEN, _PRIOR = 2.0, 5.0  # usual unevenness of polls, and the polls that this guess is worth
Usual = Callable[[datetime, datetime], float | None]  # posts an hour in that stretch of other days


@dataclass(frozen=True, slots=True)
class Sample:
    """One poll that was read to its end: how many new posts came in so many hours."""

    at: datetime
    posts: int
    hours: float  # since the poll before


@dataclass(frozen=True, slots=True)
class Level:
    """What a source brings: posts an hour, and how unevenly they come (variance over mean, 1: as chance has it)."""

    rate: float
    unevenness: float
    seen: int  # posts that this was learned from

    def capped(self, usual: float | None) -> "Level":
        """The same, where this hour usually brings less than what came lately."""
        return self if usual is None or usual >= self.rate else Level(usual, self.unevenness, self.seen)


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of polls that brought far fewer posts than expected."""

    since: datetime  # the last poll that brought what is usual
    posts: int
    expected: float


def level_of(samples: Sequence[Sample]) -> Level | None:
    """What the newest of these polls brought; None where there are too few.

    >>> from datetime import UTC
    >>> start = datetime(2026, 3, 2, tzinfo=UTC)
    >>> level_of([Sample(start, posts, 0.5) for posts in (9, 11, 10, 9, 10, 11)]).rate
    20.0
    """
    lately = samples[-LATELY:]
    hours = sum(each.hours for each in lately)
    if len(lately) < FEWEST or hours <= 0.0:
        return None
    seen = sum(each.posts for each in lately)
    rate = seen / hours
    means = [(each.posts, rate * each.hours) for each in lately if rate * each.hours > 0.0]
    spread = sum((posts - mean) ** 2 / mean for posts, mean in means)
    uneven = (spread + _PRIOR * _EVEN) / (max(1, len(means) - 1) + _PRIOR)
    return Level(rate, max(1.0, uneven), seen)


def chance_of_so_few(posts: int, hours: float, level: Level) -> float:
    """P(X <= posts) of a negative binomial around what the level foresees for so many hours.

    >>> level = Level(rate=240.0, unevenness=1.2, seen=400)
    >>> chance_of_so_few(0, 1 / 12, level) < 1e-5 < 0.01 < chance_of_so_few(14, 1 / 12, level)
    True
    """
    mean = level.rate * hours
    if mean <= 0.0:
        return 1.0
    size = 1.0 / (_DRIFT + 1.0 / (level.seen + 1.0) + (level.unevenness - 1.0) / mean)
    share = mean / (mean + size)
    none = -size * log1p(mean / size)
    terms = (exp(none + lgamma(size + k) - lgamma(size) - lgamma(k + 1.0) + k * log(share)) for k in range(posts + 1))
    return min(1.0, sum(terms))


def silence(samples: Sequence[Sample], usual: Usual | None = None) -> Silence | None:
    """Whether the newest polls brought far too few posts, over whichever stretch shows it first; oldest poll first.

    `usual` tells what a stretch brings on other days, in posts an hour. Where it knows of none, or is not given, the
    middle of all polls stands for it.
    """
    for count in WINDOWS:
        window, before = samples[-count:], samples[: -count or None]
        if len(window) < count or window[-1].at - window[0].at > LONGEST:
            return None
        level = level_of(before)
        if level is None:
            return None
        if not _missing(window, level):
            continue
        told = usual(before[-1].at, window[-1].at) if usual else None
        level = level.capped(_middle(samples) if told is None else told)
        if found := _missing(window, level):
            return Silence(_last_heard(samples, count), *found)
    return None


def _middle(samples: Sequence[Sample]) -> float:
    return median(each.posts / each.hours for each in samples)


def _missing(window: Sequence[Sample], level: Level) -> tuple[int, float] | None:
    """What came and what was expected, where that is far too little and the newest poll brought no more."""
    posts, hours = sum(each.posts for each in window), sum(each.hours for each in window)
    expected, newest = level.rate * hours, window[-1]
    if expected < LEAST or posts > FAR * expected or newest.posts > FAR * level.rate * newest.hours:
        return None
    return (posts, expected) if chance_of_so_few(posts, hours, level) <= RARE else None


def _last_heard(samples: Sequence[Sample], count: int) -> datetime:
    """The poll before the stretch, or an earlier one, where nothing came in between."""
    place = len(samples) - count - 1
    while place > 0 and samples[place].posts == 0:
        place -= 1
    return samples[place].at


def heard_again(newest: Sample, before: Level | None, usual: float | None) -> bool:
    """Whether a source that was quiet brings posts again: any, and a good part of them where many are expected."""
    expected = 0.0 if before is None else before.capped(usual).rate * newest.hours
    return newest.posts > 0 and newest.posts > FAR * expected


def usual_rate(days: Sequence[float], weeks: Sequence[float]) -> float | None:
    """Posts an hour at this hour: the middle of the last days, or of the same day of past weeks, where that is less.

    >>> usual_rate([30.0, 28.0, 90.0], [4.0]), usual_rate([], []), usual_rate([2.0, 4.0], [])
    (4.0, None, 3.0)
    """
    middles = [median(rates) for rates in (days, weeks) if rates]
    return min(middles, default=None)
