"""Spikes in counts of negative mentions: negative-binomial windows over an hour-of-week baseline that forgets spikes.

Streaming: each bucket costs the same, whatever came before; nothing looks ahead. Knows no posts, no store, no clock.
How well it does is measured by benchmarks/detection.py.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from monitor.analysis.calibration import together
from monitor.analysis.episode import anomaly_score, onset_age, severity
from monitor.analysis.ladder import Said
from monitor.analysis.tail import deviance_z, tail_probability, usual_range
from monitor.clock import EPOCH
from monitor.detectors._numbers import counts_of, hours, judged, step_of, time_of
from monitor.detectors._state import freeze, thaw
from monitor.detectors._threshold import GRACE_BUCKETS, early_hours, extra, knob, thresholds
from monitor.detectors._tracker import SETTLED, Chunk, Tracker
from monitor.domain import Bucket, Inspection, Phase, Reading, Series, Spike
from monitor.ports import Knob

_HOUR = timedelta(hours=1)
_FIRST_WEEK = 168.0  # hours


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
        default=(timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)),
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

    def knob(self, state: bytes | None) -> Knob:
        """The threshold in force after `state`, and its reasons. Raises ValueError for a state of another version."""
        options = self.options
        tracker = None if state is None else thaw(state)
        return knob(options.false_alarms_per_week, options.early, len(set(options.windows)), tracker)

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        """Judge the buckets in order; see the port for what is promised. Raises ValueError for an unusable state,
        a step under a minute or counts that are not finite and at least zero."""
        run = _Run(self.name, self.options, series, state)
        run.tracker.ladder.hear([Said(hours(v.said_at), hours(v.fired_at), v.real) for v in series.verdicts])
        spikes, readings = judged(series, run.reading)
        return Inspection(spikes=spikes, readings=readings, state=freeze(run.tracker))


class _Run:
    """One call: the tracker brought to life, with everything that stays the same during the call."""

    def __init__(self, name: str, options: Settings, series: Series, state: bytes | None) -> None:
        self.rule, self.options, self.series = name, options, series
        self.step = step_of(series)
        self.zone = ZoneInfo(series.timezone)
        self.windows = sorted({max(1, round(window / series.step)) for window in options.windows})
        # The window nearest to an hour says whether the rate is usual again.
        self.hour = min(range(len(self.windows)), key=lambda at: abs(self.windows[at] * self.step - 1.0))
        self.tracker = Tracker.fresh(self.step, self.windows) if state is None else thaw(state)
        if (self.tracker.step, self.tracker.recent.lengths) != (self.step, self.windows):
            raise ValueError(
                f"{series.brand}: the state is of another step or other windows. Start again from history."
            )
        self.table = thresholds(options.false_alarms_per_week, len(self.windows))
        self.range_of, self.range = (0.0, 0.0), (0.0, 0.0)
        self.grace = max(options.grace / _HOUR, GRACE_BUCKETS * self.step)
        self.early = early_hours(options.early, self.step)
        self.cooldown = options.cooldown / _HOUR
        self.offset_key, self.offset = -1, 0.0

    def reading(self, bucket: Bucket, spikes: list[Spike]) -> Reading | None:
        """Take in one bucket; None when it is late. What is to be told goes into `spikes`."""
        tracker, at = self.tracker, hours(bucket.start)
        negatives, others = counts_of(bucket)
        if tracker.newest is not None:
            if at < tracker.newest + self.step / 2:
                tracker.take_late(at, negatives, others)
                return None
            self._pass_over(at, tracker.newest)
        chunk = self._enter(at)
        judged = tracker.take(chunk, negatives, others)
        tracker.newest, age, usual = at, tracker.seen, tracker.usual(chunk)
        score = self._judge(at, age, others is not None, spikes) if judged else 0.0
        if age <= self.grace:
            return Reading(start=bucket.start, anomaly_score=score, expected=None)
        low, high = self._range(usual)
        return Reading(start=bucket.start, anomaly_score=score, expected=usual, low=low, high=high)

    def _range(self, usual: float) -> tuple[float, float]:
        """In which 95 % of usual buckets lie; drawn anew only when what is usual changes, about every half hour."""
        key = (usual, self.tracker.scatters[0].size(usual))
        if key != self.range_of:
            self.range_of, self.range = key, usual_range(*key)
        return self.range

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
        if missing > 0:
            tracker.missed(missing * self.step)

    def _offset(self, at: float) -> float:
        """Hours that the brand's own time is ahead of UTC; asked once a quarter of an hour."""
        key = int(at * 4.0)
        if key != self.offset_key:
            ahead = (EPOCH + timedelta(hours=at)).astimezone(self.zone).utcoffset()
            self.offset_key, self.offset = key, (ahead or timedelta(0)) / _HOUR
        return self.offset

    def _judge(self, at: float, age: float, known: bool, spikes: list[Spike]) -> float:
        tracker, end = self.tracker, at + self.step
        told = age > self.grace
        quiet = tracker.rest(end, self.options.min_negatives)
        found = tracker.judge(end, self.options.min_negatives) if not quiet and (told or age >= SETTLED) else []
        tracker.measure_scatter(end)
        if not told:
            return 0.0
        if quiet:
            self._count(0.0, 0.0, age, end, True)
            return 0.0
        rarity = together([rarity for rarity, _, _ in found])
        usual = found[self.hour][0] == 0.0  # long windows forget slowly, but a rate is over when its last hour is
        more = extra(age, self.early)
        self._count(rarity, more, age, end, usual)
        evidence = rarity / (tracker.ladder.threshold(self.table.asked, self.table.foot) + more)
        bar = tracker.episode.bar(end, self.cooldown)
        if tracker.episode.open and evidence > tracker.episode.peak:
            tracker.episode.ratio = self._ratio(found)
        phase = tracker.episode.step(evidence, self.step, end, self.cooldown, usual)
        if phase is not None:
            spikes.append(self._spike(phase, end, evidence, found, known))
        return anomaly_score(evidence, bar)

    def _count(self, rarity: float, more: float, age: float, end: float, usual: bool) -> None:
        """Let the lower thresholds see the bucket, after what people said before it ended."""
        ladder = self.tracker.ladder
        if ladder.waiting:
            ladder.settle(end)
        ladder.turn(end)
        if age > SETTLED:
            rungs = self.table.rungs
            levels = [rung + more for rung in rungs] if more else rungs
            ladder.count(rarity, levels, self.step, end, usual)

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
            fired_at=time_of(end),
            onset=time_of(tracker.episode.onset),
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
