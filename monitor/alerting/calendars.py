"""Calendars: whether a moment lies within the hours of a place, and until when it stays so. Pure.

A moment lies within a span when a clock on the wall of that place shows a time within it. So where clocks jump forward,
a span in the hour that is left out does not happen that day, and one that reaches into it ends (or begins) at the jump;
where an hour comes twice, a span in it happens twice. Knows no alert: one kind of calendar serves all uses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = 24 * 60  # the end of a day, in minutes
_FARTHEST = 400  # days that are looked through for the end of the hours: more than a year of holidays
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes of a day on the wall, [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Hours of the week in one place, and the days that have hours of their own."""

    name: str
    timezone: str = "UTC"  # IANA name
    week: Mapping[int, tuple[Span, ...]]  # weekday, 0 is Monday → spans, earliest first
    holidays: frozenset[str] = frozenset()  # "2026-12-25", or "12-25" for every year
    holiday_hours: tuple[Span, ...] = ()  # instead of that day's own

    def contains(self, at: datetime) -> bool:
        """Whether a moment lies within the hours.

        >>> office = Calendar(name="office", timezone="Europe/Berlin", week={0: (Span(9 * 60, 17 * 60),)})
        >>> office.contains(datetime(2026, 3, 2, 8, tzinfo=UTC)), office.contains(datetime(2026, 3, 2, 16, tzinfo=UTC))
        (True, False)
        """
        local = at.astimezone(ZoneInfo(self.timezone))
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute < span.end for span in self.hours(local.date()))

    def hours(self, day: date) -> tuple[Span, ...]:
        """The spans of one day."""
        holiday = f"{day:%Y-%m-%d}" in self.holidays or f"{day:%m-%d}" in self.holidays
        return self.holiday_hours if holiday else self.week.get(day.weekday(), ())

    def until(self, at: datetime) -> datetime | None:
        """When the hours that `at` lies within (or the time between them) are over; None: not within a year."""
        now = self.contains(at)
        return next((edge for edge in self._edges(at) if self.contains(edge) is not now), None)

    def _edges(self, at: datetime) -> Iterator[datetime]:
        """Every moment after `at` at which the hours may begin or end, in order."""
        zone = ZoneInfo(self.timezone)
        first = at.astimezone(zone).date()
        seen = at
        for number in range(_FARTHEST):
            for edge in sorted(self._edges_of(first + number * _DAY, zone)):
                if edge > seen:
                    seen = edge
                    yield edge

    def _edges_of(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        start = datetime.combine(day, time(), zone)
        for span in (Span(0, MIDNIGHT), *self.hours(day)):  # a day's end is one: the next may be a holiday
            for minutes in (span.start, span.end):
                wall = start + minutes * _MINUTE  # on the wall: the zone's own arithmetic
                for fold in (0, 1):
                    yield wall.replace(fold=fold).astimezone(UTC)
        jump = _jump(start.astimezone(UTC), (start + _DAY).astimezone(UTC), zone)
        if jump is not None:
            yield jump


def _jump(start: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The minute in [start, end] from which clocks show another offset; None where they do not change."""
    before = start.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == before:
        return None
    while end - start > _MINUTE:
        middle = start + (end - start) // (2 * _MINUTE) * _MINUTE
        if middle.astimezone(zone).utcoffset() == before:
            start = middle
        else:
            end = middle
    return end
