"""Spikes in tone: the negative share of a brand leaves what is usual for it, while its volume may stay as it is.

Expected are the usual share's negatives of as many mentions as there were; a beta-binomial says how unlikely more are.
Where the counts do not tell the mentions there is no share, and nothing is ever told. Streaming; knows no posts, no
store, no clock.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from monitor.analysis.episode import anomaly_score, severity
from monitor.analysis.shares import deviance, tail_probability, usual_range
from monitor.detectors._bytes import freeze
from monitor.detectors._numbers import counts_of, hours, judged, step_of, time_of
from monitor.detectors._share_memory import Memory, Window, thaw, threshold
from monitor.domain import Bucket, Inspection, Phase, Reading, Series, Spike

VERSION = 2
_HOUR = timedelta(hours=1)
_EARLY = 2.0  # orders of magnitude of evidence asked for on top in the first days
_EARLY_HOURS = 72.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """How readily it speaks."""

    false_alarms_per_week: float = field(
        default=0.10, metadata={"help": "False alarms that you accept per brand and week; fewer makes it slower."}
    )
    cooldown: timedelta = field(
        default=timedelta(hours=12), metadata={"help": "After a spike opens, only a clearly worse one is told so long."}
    )
    min_mentions: float = field(default=20.0, metadata={"help": "Fewest mentions in a window that say something."})
    least_times: float = field(
        default=1.25, metadata={"help": "How many times its usual value the negative share must be at least."}
    )
    windows: tuple[timedelta, ...] = field(
        default=(timedelta(hours=1), timedelta(hours=6)), metadata={"help": "Lengths of the windows looked at."}
    )
    grace: timedelta = field(
        default=timedelta(hours=24), metadata={"help": "A brand's first buckets, in which nothing is ever told."}
    )

    def __post_init__(self) -> None:
        if not 0.001 <= self.false_alarms_per_week <= 50.0:
            raise ValueError("false_alarms_per_week must lie between 0.001 and 50, as in 0.10.")
        if not self.windows or min(self.windows) <= timedelta(0):
            raise ValueError("windows must name at least one length above zero.")
        if self.min_mentions < 1 or self.least_times < 1.0:
            raise ValueError("min_mentions and least_times must be at least 1.")
        if self.cooldown < timedelta(0) or self.grace < timedelta(0):
            raise ValueError("cooldown and grace cannot be below zero.")


Settings = Options  # inside the class, the name belongs to the port


class Share:
    """Tells when a larger share of a brand's mentions is negative than is usual for it."""

    kind: ClassVar[str] = "share"
    alarm: ClassVar[bool] = True
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
        lengths = sorted({max(1, round(window / series.step)) for window in options.windows})
        self.tag = f"share {VERSION}, step {self.step!r} h, windows {lengths}"
        self.memory = thaw(self.tag, state) if state is not None else Memory.fresh(self.step, lengths)
        self.theta = threshold(options.false_alarms_per_week)
        self.grace = max(options.grace / _HOUR, 8 * self.step)
        self.cooldown = options.cooldown / _HOUR

    def reading(self, bucket: Bucket, spikes: list[Spike]) -> Reading | None:
        """Take in one bucket; None when it is late. What is to be told goes into `spikes`."""
        memory, at = self.memory, hours(bucket.start)
        negatives, others = counts_of(bucket)
        mentions = None if others is None else negatives + others
        if memory.newest is not None and at < memory.newest + self.step / 2:
            memory.take_late(at, negatives, mentions)
            return None
        memory.take(at, negatives, mentions)
        usual, told = memory.usual, mentions or 0.0
        score = self._judge(at + self.step, spikes) if mentions is not None else 0.0
        if memory.seen <= self.grace:
            return Reading(start=bucket.start, anomaly_score=score, expected=None)
        low, high = usual_range(told, usual.share, usual.rho + usual.doubt)
        expected = memory.expected()
        low, high = min(low, expected), max(high, expected)
        return Reading(start=bucket.start, anomaly_score=score, expected=expected, low=low, high=high)

    def _judge(self, end: float, spikes: list[Spike]) -> float:
        memory = self.memory
        found = memory.judge(end, self.options.min_mentions, self.options.least_times)
        if memory.seen <= self.grace:
            return 0.0
        early = _EARLY if memory.seen <= _EARLY_HOURS else 0.0
        evidence = sum(window.rarity for window in found) / (self.theta + early)
        bar = memory.episode.bar(end, self.cooldown)
        best = max(found, key=lambda window: window.rarity)
        if evidence >= bar or (memory.episode.open and evidence > memory.episode.peak):
            memory.episode.ratio = best.times
        if evidence >= bar and not memory.episode.open:
            memory.opening(end)
        phase = memory.episode.step(evidence, self.step, end, self.cooldown, found[0].rarity == 0.0)
        if phase is not None:
            spikes.append(self._spike(phase, end, evidence, found[0] if phase is Phase.CLOSED else best))
        return anomaly_score(evidence, bar)

    def _spike(self, phase: Phase, end: float, evidence: float, window: Window) -> Spike:
        memory = self.memory
        usual = memory.usual
        if phase is Phase.OPENED:
            age = memory.onset_age(lambda seen, of: deviance(seen, of, usual.share, usual.rho))
            memory.episode.onset = end - (1 + age) * self.step
        return Spike(
            brand=self.series.brand,
            rule=self.rule,
            phase=phase,
            fired_at=time_of(end),
            onset=time_of(memory.episode.onset),
            window=self.series.step * window.length,
            observed=window.negatives,
            expected=window.mentions * usual.share,
            mentions=window.mentions,
            probability=tail_probability(window.negatives, window.mentions, usual.share, usual.rho + usual.doubt),
            score=evidence,
            severity=severity(max(evidence, memory.episode.peak), memory.episode.ratio),
            slice=self.series.slice,
        )
