"""Complaints that reached the company itself: what the lead of an alert is measured against. Knows no post and no file.

All times are aware and UTC.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One complaint, or so many that were counted together at one moment; its key is (source, native_id)."""

    brand: str
    created_at: datetime
    native_id: str  # the row's own id, else a digest of the row: the same row is the same complaint
    count: int = 1
