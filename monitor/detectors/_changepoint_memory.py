"""What the detector `changepoint` knows of one brand: its open days, its last weeks, what is usual; and that as bytes.

A day is judged six hours after its end, when late posts have come in. One of which hours are missing is not judged, nor
one without any mention where some were usual: no data is never zero. Knows no clock and no message.
"""

from dataclasses import dataclass, field
from typing import Any

from monitor.analysis.lasting import CAP, KNOWN, Cusum, Level, Weekdays, level_gap, tone_gap
from monitor.detectors import _bytes

WAIT = 6.0  # hours after its end at which a day is judged
FULL = 20.0  # hours of data that make a day
OUTAGE = 12.0  # usual negatives of a day on which nobody says anything
DOUBT = 1.5  # a sum from which on the days no longer teach what is usual: they may be others
KEPT = 42  # days that are remembered
_LEAST_MENTIONS = 5.0  # of a day whose tone says something


@dataclass(slots=True)
class Day:
    """One day in the brand's own time; `number` counts from 1 January 1970."""

    number: int
    negatives: float = 0.0
    mentions: float | None = 0.0  # None: not known in some bucket
    hours: float = 0.0
    factor: float = 1.0  # of its weekday, when it was judged

    @property
    def weekday(self) -> int:
        """0 is Monday: 1 January 1970 was a Thursday."""
        return (self.number + 3) % 7


@dataclass(slots=True)
class Memory:
    """Everything known of one brand; survives as the detector's state."""

    level: Level = field(default_factory=Level)
    tone: Level = field(default_factory=lambda: Level(scatter=0.01))
    weekdays: Weekdays = field(default_factory=Weekdays)
    open: list[Day] = field(default_factory=list)  # not yet judged, oldest first
    past: list[Day] = field(default_factory=list)  # judged, oldest first
    newest: float | None = None  # start of the newest bucket, hours since 1970
    now: float = 0.0  # end of the newest bucket on the brand's own clock, hours since 1970
    told_at: float | None = None  # when a change was told that has not yet become the usual
    onset: float = 0.0

    def take(self, local: float, negatives: float, mentions: float | None, hours: float) -> None:
        """Counts of a bucket that begins at `local`; without `hours` they are late."""
        number = int(local // 24.0)
        self.now = max(self.now, local + hours)
        day = next((day for day in self.open if day.number == number), None)
        if day is None:
            if hours == 0.0:
                return  # so late that its day was judged
            day = Day(number)
            self.open.append(day)
        day.negatives += negatives
        day.mentions = None if mentions is None or day.mentions is None else day.mentions + mentions
        day.hours += hours

    def finished(self, local_end: float) -> list[Day]:
        """The days that can be judged now."""
        found = []
        while self.open and (self.open[0].number + 1) * 24.0 + WAIT <= local_end:
            found.append(self.open.pop(0))
        return found

    def judge(self, day: Day) -> None:
        """Let one day say whether it is as usual, and learn from it what is."""
        if day.hours < FULL or self._outage(day):
            return
        day.factor = self.weekdays.factor(day.weekday)
        scale = 24.0 / day.hours
        day.negatives, day.hours = day.negatives * scale, 24.0
        day.mentions = None if day.mentions is None else day.mentions * scale
        self.past = [*self.past[1 - KEPT :], day]
        self._see_level(day)
        if day.mentions is not None and day.mentions >= _LEAST_MENTIONS:
            self._see_tone(day, day.mentions)

    def _outage(self, day: Day) -> bool:
        said = day.negatives if day.mentions is None else day.mentions
        return said == 0.0 and self.level.usual >= OUTAGE

    def _see_level(self, day: Day) -> None:
        level, seen = self.level, day.negatives / day.factor
        if level.days >= KNOWN and level.usual > 0.0:
            gap, chance = level_gap(seen, level.usual)
            level.see(gap, chance)
            most = CAP * (chance + level.scatter) ** 0.5
            seen = min(max(seen, level.usual * max(0.0, 1.0 - most)), level.usual * (1.0 + most) + 1.0)
        if level.cusum.largest >= DOUBT:
            return
        if level.usual > 0.0:
            self.weekdays.learn(day.weekday, seen * day.factor / level.usual)
        level.learn(seen, 1.0)

    def _see_tone(self, day: Day, mentions: float) -> None:
        tone = self.tone
        if tone.days >= KNOWN and 0.0 < tone.usual < 1.0:
            tone.see(*tone_gap(day.negatives, mentions, tone.usual))
        if tone.cusum.largest < DOUBT:
            tone.learn(day.negatives, mentions)

    def largest(self) -> float:
        """The larger sum of the two."""
        return max(self.level.cusum.largest, self.tone.cusum.largest)

    def expected(self, local: float) -> float:
        """Usual negatives of the day that holds `local`."""
        return self.level.usual * self.weekdays.factor((int(local // 24.0) + 3) % 7)

    def newest_days(self, days: int) -> list[Day]:
        """The newest so many judged days, at least one if there is one."""
        return self.past[-max(1, days) :]

    def changed(self, which: Level) -> list[Day]:
        """The days since the change: of those in its sum, the newest ones that differ most clearly from the usual."""
        days = self.newest_days(which.cusum.days())
        total, best, at = 0.0, -1.0, 1
        for back, day in enumerate(reversed(days), 1):
            total += self._gap(which, day)
            if total * total / back > best:
                best, at = total * total / back, back
        return days[-at:]

    def _gap(self, which: Level, day: Day) -> float:
        if which is self.level:
            return level_gap(day.negatives / day.factor, which.usual)[0]
        return tone_gap(day.negatives, day.mentions, which.usual)[0] if day.mentions else 0.0

    def counted(self, which: Level, days: list[Day]) -> tuple[float, float]:
        """(negatives in these days, those that were usual for them)."""
        observed = sum(day.negatives for day in days)
        if which is self.level:
            return observed, which.usual * sum(day.factor for day in days)
        return observed, which.usual * sum(day.mentions or 0.0 for day in days)

    def times(self, which: Level, days: list[Day]) -> float:
        """How many times the usual these days have shown."""
        observed, expected = self.counted(which, days)
        return observed / expected if expected > 0.0 else 1.0

    def anew(self, days: list[Day]) -> None:
        """What these days have shown is the usual from now on, of that which was in doubt."""
        told = [day for day in days if day.mentions]
        mentions = sum(day.mentions or 0.0 for day in told)
        if self.level.cusum.largest >= DOUBT:
            self.level.anew(sum(day.negatives / day.factor for day in days), float(len(days)), KNOWN)
        if self.tone.cusum.largest >= DOUBT and mentions > 0.0:
            self.tone.anew(sum(day.negatives for day in told), mentions, KNOWN)
        self.level.cusum, self.tone.cusum = Cusum(), Cusum()


def thaw(tag: str, state: bytes) -> Memory:
    """The memory that was frozen. Raises ValueError for bytes of another version or step."""
    return _bytes.thaw(tag, state, _memory)


def _memory(*parts: Any) -> Memory:
    level, tone, weekdays, days, past, *rest = parts
    return Memory(
        _level(*level),
        _level(*tone),
        Weekdays(*weekdays),
        [Day(*day) for day in days],
        [Day(*day) for day in past],
        *rest,
    )


def _level(*parts: Any) -> Level:
    level = Level(*parts[:-1])
    level.cusum = Cusum(*parts[-1])
    return level
