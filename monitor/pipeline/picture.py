"""Picture: what a chart of an incident shows, from rows that were known at a moment. Reads, draws nothing.

Knows the store; how a chart looks is a matter of charts/, where it is drawn just before a message is carried.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from monitor.analysis.slices import label
from monitor.clock import floor
from monitor.domain import BUCKET, WHOLE, Chart, Incident, Mark, Point, Reading, real_brand
from monitor.store import Store

BACK = timedelta(days=1)
BEFORE = timedelta(hours=6)  # of the onset
LONGEST = timedelta(days=3)
POINTS = 150  # about so many bars can be told apart
_MERGED = (1, 2, 3, 4, 6, 12, 24, 48)  # buckets that are drawn as one: from five minutes to four hours


def chart(store: Store, incident: Incident, *, at: datetime, zone: str) -> Chart | None:
    """The last day of an incident, or from six hours before its onset (three days at most), as it was known `at`.

    `zone` is the IANA name of the reader's time zone. None where too little is known to draw anything.
    """
    since = max(min(at - BACK, incident.onset - BEFORE), at - LONGEST)
    buckets = _buckets(store, incident, floor(since, BUCKET), floor(at, BUCKET))
    if len(buckets) < 2:
        return None
    size = next((size for size in _MERGED if len(buckets) <= POINTS * size), _MERGED[-1])
    points = tuple(merged(buckets, size))
    if len(points) < 2:
        return None
    return Chart(
        title=_title(incident), unit=f"negative posts in {_length(size * BUCKET)}", timezone=zone, points=points,
        marks=_marks(incident, points[0].start, points[-1].start + size * BUCKET, at),
    )  # fmt: skip


def merged(buckets: Sequence[Point], size: int) -> Iterator[Point]:
    """Neighbouring buckets as one, on round times; one that is mostly unknown is a hole.

    What is expected is summed over the buckets that are known, and the range as if they were independent:
    distances from what is expected add up by their squares.
    """
    groups: dict[datetime, list[Point]] = {}
    for each in buckets:
        groups.setdefault(floor(each.start, size * BUCKET), []).append(each)
    for start, group in groups.items():
        known = [each for each in group if each.observed is not None]
        if 2 * len(known) < len(group):
            known = []
        yield _sum(start, known)


def _sum(start: datetime, known: Sequence[Point]) -> Point:
    if not known:
        return Point(start=start, observed=None)
    observed = math.fsum(each.observed or 0.0 for each in known)
    if any(each.expected is None for each in known):
        return Point(start=start, observed=observed)
    expected = math.fsum(each.expected or 0.0 for each in known)
    ranges = [(each.expected or 0.0, each.low, each.high) for each in known]
    sides = [(e - low, high - e) for e, low, high in ranges if low is not None and high is not None]
    if len(sides) < len(known):
        return Point(start=start, observed=observed, expected=expected)
    below, above = (math.hypot(*side) for side in zip(*sides, strict=True))
    return Point(
        start=start, observed=observed, expected=expected, low=max(0.0, expected - below), high=expected + above
    )


def _buckets(store: Store, incident: Incident, since: datetime, until: datetime) -> list[Point]:
    """Five minutes each, from the first that something is known of to the last.

    A bucket without posts is zero only where a rule read the brand as calm; else nobody knows.
    """
    rule, brand, part = incident.rule, incident.brand, incident.slice
    seen: dict[datetime, float] = {}
    for tally in store.detection.tallies(brand, since, until, part):
        seen[tally.slot] = seen.get(tally.slot, 0.0) + tally.negatives
    read = {each.start: each for each in store.detection.readings(rule, brand, part, since, until)}
    heard = read if part == WHOLE else _heard(store, rule, brand, since, until) | read
    known = [slot for slot in {*seen, *heard} if since <= slot < until]
    if not known:
        return []
    first, last = min(known), max(known)
    slots = (first + number * BUCKET for number in range((last - first) // BUCKET + 1))
    return [_bucket(slot, seen.get(slot, 0.0 if slot in heard else None), read.get(slot)) for slot in slots]


def _heard(store: Store, rule: str, brand: str, since: datetime, until: datetime) -> dict[datetime, Reading]:
    """A slice is read only while it burns; when the brand was heard, the readings of the whole say."""
    return {each.start: each for each in store.detection.readings(rule, brand, WHOLE, since, until)}


def _bucket(slot: datetime, observed: float | None, read: Reading | None) -> Point:
    if read is None:
        return Point(start=slot, observed=observed)
    return Point(start=slot, observed=observed, expected=read.expected, low=read.low, high=read.high)


def _marks(incident: Incident, start: datetime, end: datetime, at: datetime) -> tuple[Mark, ...]:
    moments = [(incident.onset, "onset"), (incident.opened_at, "alert")]
    if incident.resolved_at is not None and incident.resolved_at <= at:
        moments.append((incident.resolved_at, "over"))
    # The alert comes some minutes after the last bucket that it was made of.
    return tuple(Mark(at=min(when, end), word=word) for when, word in moments if start <= when <= end + BEFORE)


def _title(incident: Incident) -> str:
    part = "" if incident.slice == WHOLE else f" {label(incident.slice)}"
    drill = "[drill] " if incident.drill else ""
    return f"{drill}{real_brand(incident.brand)}{part}: negative posts against what is usual"


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes % 60:
        return f"{minutes} minutes"
    return "an hour" if minutes == 60 else f"{minutes // 60} hours"
