"""Buckets and moments as the plain numbers that the detector `counts` works with, and back. Knows nothing else."""

from datetime import datetime, timedelta

from monitor.clock import EPOCH
from monitor.domain import Bucket

_HOUR = timedelta(hours=1)
_MOST = 1e9  # counts above it are a mistake


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
