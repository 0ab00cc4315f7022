"""One list that a platform shows newest first, read from its top down to where the last reading ended.

Pure: knows no platform, no network and no store. All of it can be written into a cursor and read back, so a reading
that broke off goes on. Times are milliseconds since 1970.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.domain import Coverage, Gap, Page

OUT_OF_REACH = "more than the platform gives"


@dataclass(slots=True)
class Reading:
    """Where the reading of one list stands. `done` never moves before a reading came to its end."""

    done: int | None = None  # the newest row of the last reading that came to its end
    low: int | None = None  # the reading under way goes down to here; None: none is under way
    newest: int | None = None  # of the reading under way
    oldest: int | None = None
    rows: int | None = None  # that the reading under way has seen
    place: str | None = None  # where the platform goes on; None: at the top
    restarts: int | None = None  # of the reading under way

    @classmethod
    def read(cls, told: object) -> "Reading":
        """The reading that a cursor tells of; a new one where it tells none, or nonsense."""
        known = told if isinstance(told, dict) else {}
        usable: dict[str, Any] = {
            item.name: known[item.name]
            for item in fields(cls)
            if type(known.get(item.name)) is (str if item.name == "place" else int)
        }
        return cls(**usable)

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def running(self) -> bool:
        """Whether it was begun and has not come to its end."""
        return self.low is not None

    def begin(self, now: datetime, *, lookback: timedelta, overlap: timedelta) -> None:
        """Start at the top, unless a reading is under way."""
        if self.running:
            return
        known = None if self.done is None else self.done - overlap // clock.MILLISECOND
        self.low = clock.to_ms(now - lookback) if known is None else known
        self.newest = self.oldest = self.place = None
        self.rows = self.restarts = 0

    def take(self, times: Iterable[int], rows: int, place: str | None, *, now: datetime) -> bool:
        """Note one page and where the next is; whether all that it holds is older than what is wanted.

        A time that lies in the future says nothing about where the list was read to.
        """
        latest = clock.to_ms(now)
        known = [moment for moment in times if moment <= latest]
        if known:
            self.newest = max(known if self.newest is None else [self.newest, *known])
            self.oldest = min(known if self.oldest is None else [self.oldest, *known])
        self.rows = (self.rows or 0) + rows
        self.place = place
        return bool(known) and self.low is not None and max(known) < self.low

    def restart(self) -> None:
        """Go back to the top: the place is no longer known to the platform."""
        self.place = None
        self.restarts = (self.restarts or 0) + 1

    def finish(self) -> None:
        """The end was reached; only now its newest row counts."""
        ends = [moment for moment in (self.done, self.newest) if moment is not None]
        self.done = max(ends, default=None)
        self.low = self.newest = self.oldest = self.rows = self.place = self.restarts = None

    @property
    def since(self) -> datetime | None:
        """The oldest time that is wanted."""
        return None if self.low is None else clock.from_ms(self.low)

    @property
    def seen_down_to(self) -> datetime | None:
        """The oldest row of the reading under way."""
        return None if self.oldest is None else clock.from_ms(self.oldest)


def gap(since: datetime | None, until: datetime | None) -> Page:
    """A page that says only that a stretch of time was not read."""
    found = (Gap(since=since, until=until, reason=OUT_OF_REACH),) if since and until and since < until else ()
    return Page(gaps=found, coverage=Coverage(more_available=True, since=since, until=until))
