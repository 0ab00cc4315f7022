"""Spikes in counts of negative mentions: negative-binomial windows over an hour-of-week baseline that forgets spikes.

Streaming: each bucket costs the same, whatever came before; nothing looks ahead. Knows no posts, no store, no clock.
How well it does is measured by benchmarks/detection.py.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from monitor.analysis.calibration import threshold
from monitor.analysis.episode import anomaly_score, onset_age, severity
from monitor.analysis.tail import deviance_z, tail_probability
from monitor.clock import EPOCH
from monitor.detectors._state import freeze, thaw
from monitor.detectors._tracker import Chunk, Tracker
from monitor.domain import Bucket, Inspection, Phase, Reading, Series, Spike

VERSION = 2
_HOUR = timedelta(hours=1)
_SHORTEST = timedelta(minutes=1)
_EARLY = 2.0  # orders of magnitude of evidence asked for on top in the first days
_MOST = 1e9  # counts above it are a mistake
_FIRST_WEEK = 168.0  # hours
_GRACE_BUCKETS = 8  # where a bucket is long, grace lasts so many at least


@dataclass(frozen=True, kw_only=True)
class Options:
    """How readily it speaks."""

    false_alarms_per_week: float = field(
        default=0.10, metadata={"help": "False alarms that you accept per brand and week; fewer makes it slower."}
    )
    cooldown: timedelta = field(
        default=timedelta(hours=12), metadata={"help": "After a spike opens, only a clearly worse one is told so long."}
    )
    min_negatives: float = field(
        default=3.0, metadata={"help": "Fewest negative votes (authors with a story of their own) in a window."}
    )
    windows: tuple[timedelta, ...] = field(
        default=(timedelta(minutes=5), timedelta(hours=1), timedelta(hours=3), timedelta(hours=6)),
        metadata={"help": "Lengths of the windows that are looked at; the shortest also sets how sudden is told."},
    )
    grace: timedelta = field(
        default=timedelta(hours=24), metadata={"help": "A brand's first buckets, in which nothing is ever told."}
    )
    early: timedelta = field(
        default=timedelta(hours=48), metadata={"help": "So long after its first bucket, a brand needs more evidence."}
    )

    def __post_init__(self) -> None:
        if not 0.001 <= self.false_alarms_per_week <= 50.0:
            raise ValueError("false_alarms_per_week must lie between 0.001 and 50, as in 0.10.")
        if not self.windows or min(self.windows) <= timedelta(0):
            raise ValueError("windows must name at least one length above zero.")
        if self.min_negatives < 0 or self.cooldown < timedelta(0) or self.grace < timedelta(0):
            raise ValueError("min_negatives, cooldown and grace cannot be below zero.")


Settings = Options  # inside the class, the name belongs to the port


class Counts:
    """Tells when a brand's negatives leave what is usual for the hour of its week."""

    kind: ClassVar[str] = "counts"
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, name: str, options: Settings) -> None:
        self.name = name
        self.options = options

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        """Judge the buckets in order; see the port for what is promised. Raises ValueError for an unusable state,
        a step under a minute or counts that are not finite and at least zero."""
        run = _Run(self.name, self.options, series, state)
        spikes: list[Spike] = []
        readings: list[Reading] = []
        for bucket in series.buckets:
            reading = run.reading(bucket, spikes)
            if reading is not None:
                readings.append(reading)
        return Inspection(spikes=tuple(spikes), readings=tuple(readings), state=freeze(run.tag, run.tracker))


class _Run:
    """One call: the tracker brought to life, with everything that stays the same during the call."""

    def __init__(self, name: str, options: Settings, series: Series, state: bytes | None) -> None:
        if series.step < _SHORTEST:
            raise ValueError(f"{series.brand}: buckets of {series.step} are too short; use at least a minute.")
        self.rule, self.options, self.series = name, options, series
        self.step = series.step / _HOUR
        self.zone = ZoneInfo(series.timezone)
        self.windows = sorted({max(1, round(window / series.step)) for window in options.windows})
        # The window nearest to an hour says whether the rate is usual again.
        self.hour = min(range(len(self.windows)), key=lambda at: abs(self.windows[at] * self.step - 1.0))
        self.tag = f"counts {VERSION}, step {series.step / _HOUR!r} h, windows {self.windows}"
        self.tracker = thaw(self.tag, state) if state is not None else Tracker.fresh(self.step, self.windows)
        self.theta = threshold(options.false_alarms_per_week, len(self.windows))
        longest = _GRACE_BUCKETS * self.step
        self.grace = max(options.grace / _HOUR, longest)
        self.early = max(options.early / _HOUR, 2 * longest)
        self.cooldown = options.cooldown / _HOUR
        self.offset_key, self.offset = -1, 0.0

    def reading(self, bucket: Bucket, spikes: list[Spike]) -> Reading | None:
        """Take in one bucket; None when it is late. What is to be told goes into `spikes`."""
        tracker, at = self.tracker, (bucket.start - EPOCH) / _HOUR
        negatives, others = _counts(bucket)
        if tracker.newest is not None:
            if at < tracker.newest + self.step / 2:
                tracker.take_late(at, negatives, others)
                return None
            self._pass_over(at, tracker.newest)
        chunk = self._enter(at)
        judged = tracker.take(chunk, negatives, others)
        tracker.newest, age, usual = at, tracker.seen, tracker.usual(chunk)
        score = self._judge(at, age, others is not None, spikes) if judged else 0.0
        return Reading(start=bucket.start, anomaly_score=score, expected=None if age <= self.grace else usual)

    def _enter(self, at: float) -> Chunk:
        """The slot of the day that begins or goes on; in the first week, what is known of the day changes quickly."""
        tracker, before = self.tracker, self.tracker.chunks[-1].key if self.tracker.chunks else -1
        local = at + self._offset(at)
        chunk = tracker.enter(at, local)
        if tracker.seen <= _FIRST_WEEK and chunk.key != before:
            tracker.revise(local - self.step)
        return chunk

    def _pass_over(self, at: float, newest: float) -> None:
        """Give every slot between the newest bucket and this one its place: no data."""
        tracker = self.tracker
        missing = round((at - newest) / self.step) - 1
        for back in range(min(missing, self.windows[-1]), 0, -1):
            hour = at - back * self.step
            tracker.skip(tracker.share(tracker.enter(hour, hour + self._offset(hour))))
        if missing > 0 and self.step <= 1.0:
            tracker.after_gap = True

    def _offset(self, at: float) -> float:
        """Hours that the brand's own time is ahead of UTC; asked once a quarter of an hour."""
        key = int(at * 4.0)
        if key != self.offset_key:
            ahead = (EPOCH + timedelta(hours=at)).astimezone(self.zone).utcoffset()
            self.offset_key, self.offset = key, (ahead or timedelta(0)) / _HOUR
        return self.offset

    def _judge(self, at: float, age: float, known: bool, spikes: list[Spike]) -> float:
        tracker, end = self.tracker, at + self.step
        found = tracker.judge(end, self.options.min_negatives)
        tracker.measure_scatter(end)
        if age <= self.grace:
            return 0.0
        evidence = sum(rarity for rarity, _, _ in found) / (self.theta + (_EARLY if age <= self.early else 0.0))
        bar = tracker.episode.bar(end, self.cooldown)
        if tracker.episode.open and evidence > tracker.episode.peak:
            tracker.episode.ratio = self._ratio(found)
        usual = found[self.hour][0] == 0.0  # long windows forget slowly, but a rate is over when its last hour is
        phase = tracker.episode.step(evidence, self.step, end, self.cooldown, usual)
        if phase is not None:
            spikes.append(self._spike(phase, end, evidence, found, known))
        return anomaly_score(evidence, bar)

    def _spike(
        self, phase: Phase, end: float, evidence: float, found: list[tuple[float, float, float]], known: bool
    ) -> Spike:
        tracker = self.tracker
        best = self.hour if phase is Phase.CLOSED else self._clearest(found)
        _, expected, size = found[best]
        observed = tracker.recent.sum_negatives[best]
        if phase is Phase.OPENED:
            tracker.episode.ratio = self._ratio(found)
            tracker.episode.onset = end - (1 + self._onset_age(expected, best)) * self.step
        return Spike(
            brand=self.series.brand,
            rule=self.rule,
            phase=phase,
            fired_at=_time(end),
            onset=_time(tracker.episode.onset),
            window=self.series.step * self.windows[best],
            observed=observed,
            expected=expected,
            mentions=observed + tracker.recent.sum_others[best] if known else None,
            probability=tail_probability(observed, expected, size),
            score=evidence,
            severity=severity(max(evidence, tracker.episode.peak), tracker.episode.ratio),
        )

    def _clearest(self, found: list[tuple[float, float, float]]) -> int:
        """The window in which the rise shows most clearly."""
        return max(range(len(found)), key=lambda window: found[window][0])

    def _ratio(self, found: list[tuple[float, float, float]]) -> float:
        """How many times the expected was seen there."""
        best = self._clearest(found)
        expected = found[best][1]
        return self.tracker.recent.sum_negatives[best] / expected if expected > 0.0 else 1.0

    def _onset_age(self, expected: float, best: int) -> int:
        tracker = self.tracker
        used = tracker.recent.sum_used[best]
        scale = expected / used if used > 0.0 else 1.0
        scatter = tracker.scatters[best]
        return onset_age(
            tracker.recent.newest_first(),
            lambda seen, usual: deviance_z(seen, usual * scale, scatter.size(usual * scale)) if usual > 0.0 else 0.0,
        )


def _time(hours: float) -> datetime:
    """Hours since 1970 as a time, to the millisecond."""
    return EPOCH + timedelta(milliseconds=round(hours * 3_600_000))


def _counts(bucket: Bucket) -> tuple[float, float | None]:
    """(negatives, other mentions); the latter None where the mentions are not known (NaN)."""
    negatives, mentions = bucket.negatives, bucket.mentions
    known = mentions == mentions
    if not 0.0 <= negatives <= _MOST or (known and not 0.0 <= mentions <= _MOST):
        raise ValueError(f"The bucket of {bucket.start} has impossible counts: {negatives} of {mentions}.")
    return negatives, max(0.0, mentions - negatives) if known else None
