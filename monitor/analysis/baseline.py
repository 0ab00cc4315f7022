"""What is usual for a brand at an hour of the week: a level, a day shape and a week shape, learned as it goes.

expected negatives an hour = level * season[slot of the day] * weekday. Pure maths on floats and on local time given
as numbers; knows nothing of time zones, windows or alerts. The shapes are learned from all mentions, since there are
more of them, and start from a broad prior: people post by day, and less at the weekend. The prior's own peak follows
what was seen, so that a wrong time zone does little harm.
"""

from dataclasses import dataclass
from math import atan2, cos, pi, sin

DAY_HOURS = 24.0
PEAK_HOUR = 15.0  # of the prior, in local time
_PHASE_PRIOR = 4.0  # mentions that the prior peak hour is worth
_SWING = 0.6  # the prior day goes from 1 - swing to 1 + swing
_SLOT_PRIOR = 6.0  # expected mentions that the prior day shape is worth, per slot
_WEEKEND = 0.8
_SATURDAY = 5
_DAY_PRIOR = 4.0  # mentions that the prior week shape is worth at least, per weekday
_SMOOTHED = 18  # fewer slots a day are not smoothed over
_SPREAD = (1 / 3, 2 / 3, 1.0, 2 / 3, 1 / 3)  # triangular smoothing over two and a half hours


@dataclass(frozen=True, slots=True)
class Counts:
    """What is learned at once: counts of one slot, its exposure, and how far it is trusted (0 … 1)."""

    hours: float
    negatives: float
    others: float
    weight: float


@dataclass(frozen=True, slots=True)
class Keep:
    """What is left of older knowledge: of the level, of the same slot (a day ago), of the same weekday (a week ago)."""

    level: float
    slot: float
    day: float


@dataclass(slots=True)
class Baseline:
    """Decayed sums from which the expected counts of one brand are drawn. Rates are per hour."""

    slot_seen: list[float]  # mentions by slot of the day
    slot_hours: list[float]  # exposure of the slot, weighted by weekday
    day_seen: list[float]  # the same by weekday, Monday first
    day_hours: list[float]
    negatives: float = 0.05  # a prior of one twentieth of a negative in half an hour
    others: float = 0.0
    hours: float = 0.5  # exposure, weighted by season and weekday
    cosine: float = 0.0  # where in the day the mentions lie, as a vector sum
    sine: float = 0.0

    @classmethod
    def fresh(cls, slots: int) -> "Baseline":
        """Nothing seen yet, with so many slots a day."""
        return cls([0.0] * slots, [0.0] * slots, [0.0] * 7, [0.0] * 7)

    @property
    def level(self) -> float:
        """Usual negatives an hour, day and week shape aside."""
        return self.negatives / self.hours

    @property
    def total(self) -> float:
        """Usual mentions of all kinds an hour, day and week shape aside."""
        return (self.negatives + self.others) / self.hours

    @property
    def ratio(self) -> float:
        """Usual other mentions for each negative."""
        return self.others / self.negatives

    def doubt(self) -> float:
        """Squared relative error of the level: one over the negatives it was learned from."""
        return 1.0 / (self.negatives + 1.0)

    def prior_season(self, slot: int) -> float:
        """The broad day shape with its peak where the mentions were so far.

        >>> round(Baseline.fresh(24).prior_season(15), 1), round(Baseline.fresh(24).prior_season(3), 1)
        (1.6, 0.4)
        """
        slots = len(self.slot_seen)
        if slots < 4:
            return 1.0
        peak = 2 * pi * PEAK_HOUR / DAY_HOURS
        east = self.cosine + _PHASE_PRIOR * cos(peak)
        north = self.sine + _PHASE_PRIOR * sin(peak)
        return 1.0 + _SWING * cos(2 * pi * (slot + 0.5) / slots - atan2(north, east))

    def season(self, slot: int) -> float:
        """How much of the level belongs to this slot of the day (1: as much as on average)."""
        seen, hours = self._around(slot)
        return (seen + _SLOT_PRIOR * self.prior_season(slot)) / (self.total * hours + _SLOT_PRIOR)

    def season_doubt(self, slot: int) -> float:
        """Squared relative error of the season: one over the mentions it was learned from."""
        return 1.0 / (self._around(slot)[0] + _SLOT_PRIOR)

    def _around(self, slot: int) -> tuple[float, float]:
        """Mentions seen and hours of exposure in a slot and, with less weight, its neighbours."""
        slots = len(self.slot_seen)
        if slots < _SMOOTHED:
            return self.slot_seen[slot], self.slot_hours[slot]
        reach = 2 if slots >= 2 * _SMOOTHED else 1
        seen = hours = 0.0
        for shift in range(-reach, reach + 1):
            share = _SPREAD[shift + 2]
            at = (slot + shift) % slots
            seen += share * self.slot_seen[at]
            hours += share * self.slot_hours[at]
        return seen, hours

    def weekday(self, day: int) -> float:
        """How much of the level belongs to this day of the week (0: Monday)."""
        total = self.total
        worth = max(_DAY_PRIOR, total * DAY_HOURS)  # about one day
        prior = _WEEKEND if day >= _SATURDAY else 1.0
        return (self.day_seen[day] + worth * prior) / (total * self.day_hours[day] + worth)

    def follow(self, slot: int, day: int, counts: Counts, keep: Keep) -> None:
        """Take in what one slot of one day showed, where the level has changed for good: the shapes stay."""
        before = self.total
        self.learn(slot, day, counts, keep)
        if before > 0.0 and self.total > 0.0:
            times = self.total / before
            self.slot_seen = [seen * times for seen in self.slot_seen]
            self.day_seen = [seen * times for seen in self.day_seen]

    def learn(self, slot: int, day: int, counts: Counts, keep: Keep) -> None:
        """Take in what one slot of one day showed."""
        season, weekday = self.season(slot), self.weekday(day)
        mentions = counts.weight * (counts.negatives + counts.others)
        hours = counts.weight * counts.hours
        self.negatives = self.negatives * keep.level + counts.weight * counts.negatives
        self.others = self.others * keep.level + counts.weight * counts.others
        self.hours = self.hours * keep.level + hours * season * weekday
        self.slot_seen[slot] = self.slot_seen[slot] * keep.slot + mentions
        self.slot_hours[slot] = self.slot_hours[slot] * keep.slot + hours * weekday
        self.day_seen[day] = self.day_seen[day] * keep.day + mentions
        self.day_hours[day] = self.day_hours[day] * keep.day + hours * season
        angle = 2 * pi * (slot + 0.5) / len(self.slot_seen)
        self.cosine = self.cosine * keep.level + mentions * cos(angle)
        self.sine = self.sine * keep.level + mentions * sin(angle)

    def add_late(self, negatives: float, others: float) -> None:
        """Count what came too late to be learned with its slot."""
        self.negatives += negatives
        self.others += others
