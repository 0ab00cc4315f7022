"""One search on X, from the newest post back to where the last one ended: what to ask next, and what is finished.

Pure: knows neither network nor store. Everything here can be written into a cursor and read back.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.collectors._x_posts import earlier_id

REACH = timedelta(days=7)  # of recent search
MARGIN = timedelta(minutes=1)  # two clocks may differ
UNSHOWN = timedelta(seconds=30)  # X's search ends so long before now


@dataclass(slots=True)
class Sweep:
    """Where one search stands; ids are kept as text, as JSON's readers may round numbers."""

    since: str | None = None  # the newest id of the last finished sweep
    until_time: str | None = None  # up to when that one had read, ISO 8601
    start: str | None = None  # this sweep's oldest time, where there is no usable `since`
    end: str | None = None  # this sweep's newest time
    newest: str | None = None  # this sweep's greatest id so far
    lowest: str | None = None  # and its smallest
    token: str | None = None  # the next page
    below: str | None = None  # where the token was refused: only ids under this one are still missing
    running: bool = False
    gap_from: str | None = None  # what the coverage begins with, ISO 8601

    @classmethod
    def read(cls, told: object, text: str) -> "Sweep":
        """The sweep of a search as a cursor tells it; a new one where it tells none, or nonsense."""
        known = told.get(text) if isinstance(told, dict) else None
        if not isinstance(known, dict):
            return cls()
        usable: dict[str, Any] = {
            item.name: known[item.name]
            for item in fields(cls)
            if isinstance(known.get(item.name), bool if item.name == "running" else str)
        }
        return cls(**usable)

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def covers_from(self) -> datetime | None:
        """The oldest time that this sweep asks for."""
        return clock.parse(self.gap_from) if self.gap_from else None

    @property
    def covers_to(self) -> datetime | None:
        """The newest time that it asks for."""
        return clock.parse(self.end) if self.end else None

    def begin(self, now: datetime, lookback: timedelta, overlap: timedelta) -> None:
        """Start from the newest post."""
        self.running = True
        self.end = clock.iso((now - UNSHOWN).replace(microsecond=0))
        self.newest = self.lowest = self.token = self.below = self.start = None
        self.gap_from = self.until_time
        if self.since is None:
            wanted = clock.parse(self.until_time) - overlap if self.until_time else now - lookback
            self._start_at(max(wanted, _oldest(now)))

    def parameters(self, overlap: timedelta) -> dict[str, str]:
        """What to ask for, in X's words."""
        since = str(earlier_id(int(self.since), overlap)) if self.since else None
        told = {"since_id": since, "start_time": self.start, "until_id": self.below, "next_token": self.token}
        return {name: value for name, value in told.items() if value}

    def advance(self, ids: tuple[int, ...], token: str | None, *, cut: bool = False) -> None:
        """A page was read; without a next one the sweep is finished, and only now its newest id counts.

        `cut` says that the platform stopped before the end: what is under the lowest id is still missing.
        """
        if ids:
            self.newest = str(max(*ids, int(self.newest or 0)))
            self.lowest = str(min(*ids, int(self.lowest or ids[0])))
        self.token = token
        if token is None and cut:
            self.below = self.lowest
        elif token is None:
            self._finish()

    def _finish(self) -> None:
        ids = [int(ident) for ident in (self.since, self.newest) if ident]
        self.since = str(max(ids)) if ids else None
        self.until_time = self.end
        self.newest = self.lowest = self.below = self.start = None
        self.running = False

    def mend(self, names: set[str], now: datetime) -> bool:
        """Ask otherwise after X refused the parameters of these names; False where nothing else can be asked."""
        if self.token and names & {"next_token", "pagination_token"}:
            self.token, self.below = None, self.lowest
            return True
        if self.since and "since_id" in names:
            self.since = None
            self._restart(now)
            return True
        if self.start and "start_time" in names and clock.parse(self.start) < _oldest(now):
            self._restart(now)
            return True
        if self.below and "until_id" in names:
            self.below = None
            return True
        return False

    def _restart(self, now: datetime) -> None:
        """Read on from the oldest time that X allows; a token is good for the old question only."""
        reached = clock.parse(self.until_time) if self.until_time else _oldest(now)
        self._start_at(max(reached, _oldest(now)))
        if self.token:
            self.token, self.below = None, self.lowest

    def _start_at(self, moment: datetime) -> None:
        self.start = clock.iso(moment.replace(microsecond=0))
        self.gap_from = self.start


def _oldest(now: datetime) -> datetime:
    return (now - REACH + MARGIN).replace(microsecond=0)
