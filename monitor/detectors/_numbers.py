"""Buckets and moments as the plain numbers that detectors work with, and back; and the way through a series.

Knows nothing of what a detector makes of a bucket."""

from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.clock import EPOCH
from monitor.domain import Bucket, Reading, Series, Spike

_HOUR = timedelta(hours=1)
_SHORTEST = timedelta(minutes=1)
_MOST = 1e9  # counts above it are a mistake
Judge = Callable[[Bucket, list[Spike]], Reading | None]


def hours(moment: datetime) -> float:
    """Hours since 1970."""
    return (moment - EPOCH) / _HOUR


def time_of(since: float) -> datetime:
    """Hours since 1970 as a time, to the millisecond."""
    return EPOCH + timedelta(milliseconds=round(since * 3_600_000))


def counts_of(bucket: Bucket) -> tuple[float, float | None]:
    """(negatives, other mentions); the latter None where the mentions are not known (NaN)."""
    negatives, mentions = bucket.negatives, bucket.mentions
    known = mentions == mentions
    if not 0.0 <= negatives <= _MOST or (known and not 0.0 <= mentions <= _MOST):
        raise ValueError(f"The bucket of {bucket.start} has impossible counts: {negatives} of {mentions}.")
    return negatives, max(0.0, mentions - negatives) if known else None


def step_of(series: Series) -> float:
    """Hours a bucket. Raises ValueError for a step under a minute."""
    if series.step < _SHORTEST:
        raise ValueError(f"{series.brand}: buckets of {series.step} are too short; use at least a minute.")
    return series.step / _HOUR


def judged(series: Series, judge: Judge) -> tuple[tuple[Spike, ...], tuple[Reading, ...]]:
    """What is told, and the readings, of the buckets in their order; a late one (None) has no reading."""
    spikes: list[Spike] = []
    readings = [reading for bucket in series.buckets if (reading := judge(bucket, spikes)) is not None]
    return tuple(spikes), tuple(readings)
