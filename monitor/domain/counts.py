"""Counts and what a detector says of them: buckets, series, spikes. Knows no post and no message.

A value that is unknown is None, never 0. All times are aware and UTC.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

BUCKET = timedelta(minutes=5)  # the slot in which posts are counted; rules add slots up to longer ones
WHOLE = ""  # the slice that holds every post of a brand; others are "platform=x", "touchpoint=delivery", …


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Counts of a brand, or a slice of it, in one fixed slot. One without data has no bucket: no data is never zero.

    Counts are votes: one for each author and each story, so that a person who repeats themselves and a text
    that is copied count once. `negatives` is the expected number, the sum of probabilities.
    """

    start: datetime
    mentions: float
    negatives: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a person said of an incident: that it was real, or a false alarm. The last one said holds."""

    fired_at: datetime  # of the spike that opened it
    real: bool
    said_at: datetime  # a detector hears of it with the first bucket that ends later


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What became known of one brand, in the order in which it became known.

    `buckets` come in order of knowledge. One that starts at or before a bucket already inspected is late: its counts
    are what was added to that slot since. A slot that is passed over has no data.
    """

    brand: str
    step: timedelta
    timezone: str  # IANA name: the brand's day and week
    buckets: tuple[Bucket, ...]
    slice: str = WHOLE
    verdicts: tuple[Verdict, ...] = ()  # what people said since the last call, in the order in which they said it


class Phase(StrEnum):
    """What a spike is saying."""

    OPENED = "opened"
    WORSENED = "worsened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """An out-of-range run of buckets, told when it opens, when it worsens and when it closes."""

    brand: str
    rule: str
    phase: Phase
    fired_at: datetime  # the end of the newest bucket that was used: the first moment it could be known
    onset: datetime  # estimated start of the run
    window: timedelta  # the window in which it shows most clearly
    observed: float  # negatives in that window
    expected: float  # usual negatives for that window
    mentions: float | None  # all mentions in that window; None where the counts have none
    probability: float  # of at least so many, had nothing changed
    score: float  # evidence over threshold: 1 is just enough to fire
    severity: str  # "low", "medium", "high"
    slice: str = WHOLE  # the part of the brand's posts that it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a detector says of one bucket, without having looked ahead."""

    start: datetime
    anomaly_score: float  # 0 … 1; while an episode is open, only what would worsen it
    expected: float | None  # usual negatives of this one bucket; None in the grace period
    low: float | None = None  # of the range in which 95 % of usual buckets lie; None in the grace period
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a detector found in a series, and what it must be given next time."""

    spikes: tuple[Spike, ...]
    readings: tuple[Reading, ...]
    state: bytes
