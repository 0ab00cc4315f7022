"""Whether the days of a brand have changed for good: a two-sided CUSUM on daily counts, and what is usual before it.

One day says at most so much (`cap`), so that a day of crisis or a holiday is never a lasting change by itself. After a
change the usual is learned anew from the days since. Pure maths on floats; knows no calendar, no brand and no message.
"""

from dataclasses import dataclass, field
from math import asin, sqrt

CAP = 2.0  # standard deviations that one day can say at most
ALLOWANCE = 0.7  # of them, what a day may lie off without saying anything
KNOWN = 10  # days after which the usual is known well enough to judge
_WEEKEND = 0.8
_SATURDAY = 5
_DAY_WORTH = 2.0  # days that the prior weekday is worth
_KEEP = 0.5 ** (1 / 28.0)  # half is forgotten in four weeks
_SCATTER_KEEP = 0.5 ** (1 / 42.0)
_SCATTER_WORTH = 10.0  # days that the prior scatter is worth


def _seven() -> list[float]:
    return [0.0] * 7


@dataclass(slots=True)
class Weekdays:
    """How much of the usual belongs to each day of the week (1: as much as on average), Monday first."""

    seen: list[float] = field(default_factory=_seven)  # decayed counts over usual
    days: list[float] = field(default_factory=_seven)

    def factor(self, day: int) -> float:
        """Of one weekday.

        >>> Weekdays().factor(2), Weekdays().factor(6)
        (1.0, 0.8)
        """
        prior = _WEEKEND if day >= _SATURDAY else 1.0
        return (self.seen[day] + _DAY_WORTH * prior) / (self.days[day] + _DAY_WORTH)

    def learn(self, day: int, times: float) -> None:
        """Take in how many times the average day this one had."""
        self.seen[day] = self.seen[day] * _KEEP**7 + times
        self.days[day] = self.days[day] * _KEEP**7 + 1.0


@dataclass(slots=True)
class Cusum:
    """Sums of what the days lie above and below the usual, beyond an allowance, and since when."""

    up: float = 0.0
    down: float = 0.0
    up_days: int = 0  # days since the sum was last zero
    down_days: int = 0

    def see(self, z: float) -> None:
        """Take in how many standard deviations one day lies off."""
        z = min(max(z, -CAP), CAP)
        self.up = max(0.0, self.up + z - ALLOWANCE)
        self.down = max(0.0, self.down - z - ALLOWANCE)
        self.up_days = self.up_days + 1 if self.up > 0.0 else 0
        self.down_days = self.down_days + 1 if self.down > 0.0 else 0

    def days(self) -> int:
        """How many days the larger sum has been above zero."""
        return self.up_days if self.up >= self.down else self.down_days

    @property
    def largest(self) -> float:
        """The larger of the two sums."""
        return max(self.up, self.down)


@dataclass(slots=True)
class Level:
    """What one usual day holds: negatives (over one day), or negatives of the mentions (over all of them)."""

    seen: float = 0.0
    of: float = 0.0  # days, or mentions
    days: int = 0
    scatter: float = 0.05  # variance between days beyond chance, on the scale of `distance`
    worth: float = _SCATTER_WORTH
    cusum: Cusum = field(default_factory=Cusum)

    @property
    def usual(self) -> float:
        """Per day, or per mention; 0 before the first day."""
        return self.seen / self.of if self.of > 0.0 else 0.0

    def learn(self, seen: float, of: float) -> None:
        """Take in one day."""
        self.seen = self.seen * _KEEP + seen
        self.of = self.of * _KEEP + of
        self.days += 1

    def anew(self, seen: float, of: float, days: int) -> None:
        """The usual is what these days have shown."""
        self.seen, self.of, self.days = seen, of, days
        self.cusum = Cusum()

    def see(self, gap: float, chance: float) -> float:
        """Take in how far one day lies off and the variance that chance alone gives it; returns standard deviations."""
        z = gap / sqrt(chance + self.scatter)
        self.cusum.see(z)
        over = min(gap * gap, CAP * CAP * (chance + self.scatter)) - chance
        self.worth = self.worth * _SCATTER_KEEP + 1.0
        self.scatter = max(0.004, self.scatter + (over - self.scatter) / (self.worth + _SCATTER_WORTH))
        return z


def level_gap(seen: float, usual: float) -> tuple[float, float]:
    """(how far a day's count lies off, its variance by chance), on a scale where the relative change counts.

    Anscombe's root, over the root of what is usual: about half the relative change.

    >>> gap, chance = level_gap(150.0, 100.0)
    >>> round(gap, 2), round(chance, 3)
    (0.45, 0.015)
    """
    root = sqrt(usual + 0.375)
    return 2.0 * (sqrt(seen + 0.375) - root) / root, 1.5 / (usual + 0.375)


def tone_gap(negatives: float, mentions: float, share: float) -> tuple[float, float]:
    """(how far a day's negative share lies off, its variance by chance), on the angular scale.

    >>> gap, chance = tone_gap(60.0, 100.0, 0.4)
    >>> round(gap, 2), chance
    (0.4, 0.015)
    """
    shown = min(1.0, max(0.0, negatives / mentions))
    return 2.0 * (asin(sqrt(shown)) - asin(sqrt(share))), 1.5 / mentions
