"""Times on an axis: round hours of the reader's own clock, with their dates. Knows no chart."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from monitor.clock import to_ms

MOST_TICKS = 9
_CHANGE = timedelta(hours=2)  # no clock is put back by more
_STEPS = (15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)  # minutes
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ticks(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Round times of a place in [start, end], at most nine of them; an hour that the clock skips has none, and one that
    comes twice has its own each time.

    >>> from monitor.clock import iso, parse
    >>> [iso(t) for t in ticks(parse("2026-03-29T00:10Z"), parse("2026-03-29T02:40Z"), ZoneInfo("Europe/Berlin"))]
    ['2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z', '2026-03-29T02:00:00Z', \
'2026-03-29T02:30:00Z']
    """
    fitting = (step for step in _STEPS if (end - start) / timedelta(minutes=step) <= MOST_TICKS - 1)
    step = next(fitting, _STEPS[-1])
    found = [at for at in _rounds(start, end, zone, timedelta(minutes=step)) if start <= at <= end]
    return sorted(set(found))[:MOST_TICKS]


def _rounds(start: datetime, end: datetime, zone: ZoneInfo, step: timedelta) -> Iterator[datetime]:
    wall = datetime.combine(start.astimezone(zone).date(), time())  # as a clock on the wall shows it: no zone
    last = max(each.astimezone(zone).replace(tzinfo=None) for each in (start, end)) + _CHANGE
    while wall <= last:
        for fold in (0, 1):
            at = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if at.astimezone(zone).replace(tzinfo=None) == wall:
                yield at
        wall += step


def labels(at: Sequence[datetime], zone: ZoneInfo) -> list[list[str]]:
    """What stands below each tick: the time of day, and below it the date where a day begins.

    >>> from monitor.clock import parse
    >>> labels([parse("2026-03-11T22:00Z"), parse("2026-03-11T23:00Z")], ZoneInfo("Europe/Berlin"))
    [['23:00', 'Wed 11 Mar'], ['00:00', 'Thu 12 Mar']]
    """
    local = [moment.astimezone(zone) for moment in at]
    first = [True, *(before.date() != after.date() for before, after in pairwise(local))]
    return [[f"{each:%H:%M}", *([_date(each)] if new else [])] for each, new in zip(local, first, strict=True)]


def label_words(at: Sequence[datetime], zone: ZoneInfo) -> str:
    """The labels as an expression of Vega: it is asked for each tick, which is a number of milliseconds."""
    places = json.dumps([to_ms(moment) for moment in at])
    return f"{json.dumps(labels(at, zone))}[indexof({places}, datum.value)]"


def _date(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"
