"""Where nothing was listened to: the ranges in which every source of a brand was blind. Pure.

Knows ranges of time only. A range without an end is open still.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

Range = tuple[datetime, datetime | None]
FOREVER = datetime.max.replace(tzinfo=UTC)


def blind(sources: Sequence[Sequence[Range]]) -> list[tuple[datetime, datetime]]:
    """The ranges that lie in a hole of every source; none where there is no source.

    >>> from monitor.clock import iso, parse
    >>> a = [(parse("2026-03-01T00:00Z"), parse("2026-03-01T06:00Z"))]
    >>> b = [(parse("2026-03-01T05:00Z"), None)]
    >>> [(iso(since), iso(until)) for since, until in blind([a, b])]
    [('2026-03-01T05:00:00Z', '2026-03-01T06:00:00Z')]
    >>> blind([a, []])
    []
    """
    if not sources:
        return []
    common = _joined(sources[0])
    for other in sources[1:]:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in _joined(other) if max(a, c) < min(b, d)]
    return sorted(common)


def _joined(ranges: Sequence[Range]) -> list[tuple[datetime, datetime]]:
    """Each stretch as one range, however many holes it was found in: a bucket may lie across two of them."""
    joined: list[tuple[datetime, datetime]] = []
    for since, until in sorted((since, until or FOREVER) for since, until in ranges):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined
