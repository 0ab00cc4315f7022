"""Lasting changes: the level of a brand's negatives, or their share, has moved for good; for the digest, no alarm.

Days of the brand's own time are summed up, corrected for their weekday, and put into a two-sided CUSUM
(analysis/lasting.py). A spike says which way: up where `observed` is above `expected`, down where it is below; of the
days since the change. It opens when the change is sure and closes when the new level has become the usual one.
Streaming; knows no posts, no store, no clock.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from math import erfc, log10, sqrt
from typing import ClassVar
from zoneinfo import ZoneInfo

from monitor.analysis.lasting import ALLOWANCE, Level
from monitor.clock import EPOCH
from monitor.detectors._bytes import freeze
from monitor.detectors._changepoint_memory import Day, Memory, thaw
from monitor.detectors._numbers import counts_of, hours, judged, step_of, time_of
from monitor.domain import Bucket, Inspection, Phase, Reading, Series, Spike

VERSION = 2
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_PATIENCE = 21  # days after which a change that is not large enough to tell becomes the usual without a word
# The sum at which a change is told: solved on invented brands, for one false word in so many weeks.
_SUM_AT_TENTH, _SUM_PER_DECADE = 3.6, 2.86


@dataclass(frozen=True, kw_only=True)
class Options:
    """What counts as lasting."""

    false_alarms_per_week: float = field(
        default=0.02, metadata={"help": "Changes told without one that you accept per brand and week."}
    )
    least_times: float = field(
        default=1.25, metadata={"help": "By how many times a level or a share must have risen or fallen."}
    )
    settled_after: timedelta = field(
        default=timedelta(days=7), metadata={"help": "So long after it was told, what has changed is the usual."}
    )

    def __post_init__(self) -> None:
        if not 0.0001 <= self.false_alarms_per_week <= 1.0:
            raise ValueError("false_alarms_per_week must lie between 0.0001 and 1, as in 0.02.")
        if self.least_times < 1.0:
            raise ValueError("least_times must be at least 1, as in 1.25.")
        if self.settled_after < _DAY:
            raise ValueError("settled_after must be a day at least.")


Settings = Options  # inside the class, the name belongs to the port


class Changepoint:
    """Tells when a brand's days have become others for good."""

    kind: ClassVar[str] = "changepoint"
    alarm: ClassVar[bool] = False
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, name: str, options: Settings) -> None:
        self.name = name
        self.options = options

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        """Judge the buckets in order; see the port for what is promised. Raises ValueError for an unusable state,
        a step under a minute or counts that are not finite and at least zero."""
        run = _Run(self.name, self.options, series, state)
        spikes, readings = judged(series, run.reading)
        return Inspection(spikes=spikes, readings=readings, state=freeze(run.tag, run.memory))


class _Run:
    """One call: the memory brought to life, with everything that stays the same during the call."""

    def __init__(self, name: str, options: Settings, series: Series, state: bytes | None) -> None:
        self.rule, self.options, self.series = name, options, series
        self.step = step_of(series)
        self.zone = ZoneInfo(series.timezone)
        self.tag = f"changepoint {VERSION}, step {self.step!r} h"
        self.memory = thaw(self.tag, state) if state is not None else Memory()
        self.bar = max(2.0, _SUM_AT_TENTH - _SUM_PER_DECADE * (log10(options.false_alarms_per_week) + 1.0))
        self.settled = options.settled_after / _HOUR
        self.offset_key, self.offset = -1, 0.0

    def reading(self, bucket: Bucket, spikes: list[Spike]) -> Reading | None:
        """Take in one bucket; None when it is late. What is to be told goes into `spikes`."""
        memory, at = self.memory, hours(bucket.start)
        negatives, others = counts_of(bucket)
        mentions = None if others is None else negatives + others
        late = memory.newest is not None and at < memory.newest + self.step / 2
        local = at + self._offset(at)
        memory.take(local, negatives, mentions, 0.0 if late else self.step)
        if late:
            return None
        memory.newest, end = at, at + self.step
        for day in memory.finished(local + self.step):
            memory.judge(day)
            self._tell(end, spikes)
        if memory.told_at is not None and end - memory.told_at >= self.settled:
            spikes.append(self._spike(Phase.CLOSED, end, memory.level, 0.0))
            memory.told_at = None
        score = memory.largest() / self.bar
        usual = memory.expected(local) * self.step / 24.0
        return Reading(
            start=bucket.start, anomaly_score=score / (score + 1.0), expected=usual if memory.level.days > 0 else None
        )

    def _tell(self, end: float, spikes: list[Spike]) -> None:
        """Open a spike where a sum has reached the bar and the change is large enough; the usual begins anew."""
        memory = self.memory
        changed = [which for which in (memory.level, memory.tone) if which.cusum.largest >= self.bar]
        if not changed:
            return
        large = [which for which in changed if self._large(memory.times(which, memory.changed(which)))]
        most = max(large or changed, key=lambda which: which.cusum.largest)
        days = memory.changed(most)
        if not large and most.cusum.days() < _PATIENCE:
            return  # it may be a drift that is still small
        if large and memory.told_at is None:
            memory.told_at, memory.onset = end, end - _age(memory, days)
            spikes.append(self._spike(Phase.OPENED, end, most, most.cusum.largest / self.bar))
        memory.anew(days)

    def _large(self, times: float) -> bool:
        return times >= self.options.least_times or times <= 1.0 / self.options.least_times

    def _spike(self, phase: Phase, end: float, which: Level, score: float) -> Spike:
        memory = self.memory
        days = memory.changed(which) if phase is Phase.OPENED else memory.newest_days(round(self.settled / 24.0))
        observed, expected = memory.counted(which, days)
        known = [day.mentions for day in days if day.mentions is not None]
        return Spike(
            brand=self.series.brand,
            rule=self.rule,
            phase=phase,
            fired_at=time_of(end),
            onset=time_of(memory.onset),
            window=max(1, len(days)) * _DAY,
            observed=observed,
            expected=expected,
            mentions=sum(known) if len(known) == len(days) else None,
            probability=_probability(which, len(days)) if phase is Phase.OPENED else 1.0,
            score=score,
            severity="low",
            slice=self.series.slice,
        )

    def _offset(self, at: float) -> float:
        """Hours that the brand's own time is ahead of UTC; asked once a quarter of an hour."""
        key = int(at * 4.0)
        if key != self.offset_key:
            ahead = (EPOCH + timedelta(hours=at)).astimezone(self.zone).utcoffset()
            self.offset_key, self.offset = key, (ahead or timedelta(0)) / _HOUR
        return self.offset


def _age(memory: Memory, days: list[Day]) -> float:
    """Hours since the first of these days began, on the brand's own clock as it stands now."""
    return memory.now - days[0].number * 24.0 if days else 0.0


def _probability(which: Level, days: int) -> float:
    """Of days as far off in that direction, had nothing changed; by the normal law."""
    total = which.cusum.largest + ALLOWANCE * days
    return 0.5 * erfc(total / sqrt(2.0 * max(1, days)))
