"""When something that comes by the calendar is due, by the clock of a place. Pure; knows not what comes.

A time of day that a change of the clocks leaves out is taken by the clock before the change; one that comes twice, the
first time.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)


def last_due(now: datetime, at: str, zone: str, *, day: str | None = None) -> datetime:
    """The newest moment at or before `now` at which it was due: each day `at` (as "09:00"), or on one day of the week.

    >>> from monitor.clock import iso, parse
    >>> iso(last_due(parse("2026-03-11T07:30:00Z"), "09:00", "Europe/Berlin"))
    '2026-03-10T08:00:00Z'
    >>> iso(last_due(parse("2026-03-11T08:00:00Z"), "09:00", "Europe/Berlin", day="monday"))
    '2026-03-09T08:00:00Z'
    """
    place, clock = ZoneInfo(zone), time.fromisoformat(at)
    today = now.astimezone(place).date() + _DAY
    while not (_fits(today, day) and _moment(today, clock, place) <= now):
        today -= _DAY
    return _moment(today, clock, place)


def next_due(now: datetime, at: str, zone: str, *, day: str | None = None) -> datetime:
    """The first moment after `now` at which it is due.

    >>> from monitor.clock import iso, parse
    >>> iso(next_due(parse("2026-03-11T08:00:00Z"), "09:00", "Europe/Berlin"))
    '2026-03-12T08:00:00Z'
    """
    place, clock = ZoneInfo(zone), time.fromisoformat(at)
    today = now.astimezone(place).date() - _DAY
    while not (_fits(today, day) and _moment(today, clock, place) > now):
        today += _DAY
    return _moment(today, clock, place)


def _fits(today: date, day: str | None) -> bool:
    return day is None or DAYS[today.weekday()] == day


def _moment(today: date, clock: time, place: ZoneInfo) -> datetime:
    return datetime.combine(today, clock, place).astimezone(UTC)
