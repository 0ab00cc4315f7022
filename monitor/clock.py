"""Time: the only place that asks what time it is. Aware UTC everywhere; knows nothing of mentions.

Other rooms take `now` as an argument, so that every run can be replayed. Milliseconds since 1970 are the
form in which the store keeps a time: exact, short, comparable.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Something that can be asked for the time."""

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        return datetime.now(UTC)


class FakeClock:
    """A clock that stands still until it is moved; for tests, drills and replay."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move it."""
        self.at += by


def parse(text: str) -> datetime:
    """Read an ISO 8601 time; one without a zone is taken as UTC. Raises ValueError for anything else.

    >>> parse("2026-03-11T13:10:00+01:00").isoformat()
    '2026-03-11T12:10:00+00:00'
    >>> parse("2026-03-11 13:10").isoformat()
    '2026-03-11T13:10:00+00:00'
    """
    moment = datetime.fromisoformat(text.strip())
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"time out of range: {text!r}") from error


def iso(moment: datetime) -> str:
    """Write a time as ISO 8601 with a Z, to the second, or to the millisecond where there is a fraction.

    >>> iso(parse("2026-03-11T13:10:00+01:00"))
    '2026-03-11T12:10:00Z'
    """
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970.

    >>> to_ms(parse("1970-01-01T00:00:01.5Z"))
    1500
    """
    return (moment - EPOCH) // MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The time of a number of milliseconds since 1970.

    >>> iso(from_ms(1500))
    '1970-01-01T00:00:01.500Z'
    """
    return EPOCH + timedelta(milliseconds=milliseconds)


def floor(moment: datetime, step: timedelta) -> datetime:
    """The start of the fixed UTC slot that a time lies in.

    >>> iso(floor(parse("2026-03-11T13:13:59Z"), timedelta(minutes=5)))
    '2026-03-11T13:10:00Z'
    """
    return moment - (moment - EPOCH) % step


def parse_duration(text: str) -> timedelta:
    """Read a number and a unit: s, m, h or d. Raises ValueError for anything else.

    >>> parse_duration("5m")
    datetime.timedelta(seconds=300)
    """
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    number, unit = text.strip()[:-1], text.strip()[-1:]
    if unit not in units or not number.replace(".", "", 1).isdigit():
        raise ValueError(f'"{text}" is not a duration; write a number and s, m, h or d, as in "5m"')
    return timedelta(**{units[unit]: float(number)})
