"""One search on X, from the newest post back to where the last one ended: what to ask next, and what is finished.

Pure: knows neither network nor store. Everything here can be written into a cursor and read back.

What a server says of its pages is believed as far as it holds: the newest id is the greatest that was seen, and where
its tokens lead in a circle (or to nothing new, again and again) the rest is read by time: the range is halved until
each piece fits into one page. Ids that carry no time of X's kind order nothing, so such a search goes by time as well.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.collectors._x_posts import earlier_id, id_time
from monitor.domain import Gap

REACH = timedelta(days=7)  # of recent search
MARGIN = timedelta(minutes=1)  # two clocks may differ
UNSHOWN = timedelta(seconds=30)  # X's search ends so long before now
PATIENCE = 20  # pages that bring nothing older, one after another, before the tokens are no longer believed
SHORTEST = clock.MILLISECOND  # no range is halved further
_SECOND = timedelta(seconds=1)
TOO_OLD = "older than X's search reaches"
OPEN = ""  # a range without an end goes on to the newest post
_KINDS: dict[str, type] = {"running": bool, "bounded": bool, "rows": int, "stale": int, "ranges": list}  # else str


@dataclass(slots=True)
class Sweep:
    """Where one search stands; ids are kept as text, as JSON's readers may round numbers."""

    since: str | None = None  # the newest id of the last finished sweep, where ids carry their time
    until_time: str | None = None  # up to when that one had read, ISO 8601
    found_time: str | None = None  # and the last one that found anything: an empty answer may be wrong
    start: str | None = None  # this sweep's oldest time, where there is no usable `since`
    end: str | None = None  # this sweep's newest time
    newest: str | None = None  # this sweep's greatest id so far
    lowest: str | None = None  # and its smallest
    token: str | None = None  # the next page
    below: str | None = None  # where the token was refused: only ids under this one are still missing
    running: bool = False
    bounded: bool = False  # nothing after `end` is asked for
    gap_from: str | None = None  # what the coverage begins with, ISO 8601
    rows: int = 0  # that this sweep read
    stale: int = 0  # pages in a row without an older post
    ranges: list[list[str]] = field(default_factory=list)  # what is still to be read by time, newest first
    gaps: list[Gap] = field(default_factory=list)  # found since they were last told; not kept

    @classmethod
    def read(cls, told: object, text: str) -> "Sweep":
        """The sweep of a search as a cursor tells it; a new one where it tells none, or nonsense."""
        known = told.get(text) if isinstance(told, dict) else None
        if not isinstance(known, dict):
            return cls()
        values: dict[str, Any] = {
            item.name: known[item.name]
            for item in fields(cls)
            if item.name != "gaps" and isinstance(known.get(item.name), _KINDS.get(item.name, str))
        }
        sweep = cls(**values)
        times = [
            moment
            for moment in (sweep.until_time, sweep.found_time, sweep.start, sweep.end, sweep.gap_from)
            if moment is not None
        ]
        usable = all(are_moments(part) and len(part) == 2 for part in sweep.ranges) and are_moments(times)
        return sweep if usable else cls()

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        return {name: value for name, value in asdict(self).items() if value and name != "gaps"}

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
        self._clear()
        self.end = clock.iso((now - UNSHOWN).replace(microsecond=0))
        self.gap_from = self.until_time
        if self.since is None:
            wanted = clock.parse(self.found_time) - overlap if self.found_time else now - lookback
            self._start_at(max(wanted, _oldest(now)))
            self._note_lost(now)

    def begin_range(self, since: datetime, until: datetime, now: datetime) -> None:
        """Start to read what was published between two moments, as far as X still shows it."""
        self._clear()
        self.since, self.bounded = None, True
        self.end = clock.iso(until.replace(microsecond=0) + _SECOND)
        oldest = _oldest(now)
        if since < oldest:
            self.gaps.append(Gap(since=since, until=min(until, oldest), reason=TOO_OLD))
        self.running = until > oldest
        self._start_at(max(since, oldest))

    def _clear(self) -> None:
        self.running, self.bounded = True, False
        self.newest = self.lowest = self.token = self.below = self.start = None
        self.rows = self.stale = 0
        self.ranges = []

    def parameters(self, overlap: timedelta) -> dict[str, str]:
        """What to ask for, in X's words."""
        if self.ranges:
            start, end = self.ranges[0]
            return {"start_time": start} | ({"end_time": end} if end else {})
        since = str(earlier_id(int(self.since), overlap)) if self.since else None
        told = {
            "since_id": since, "start_time": self.start, "until_id": self.below, "next_token": self.token,
            "end_time": self.end if self.bounded else None,
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}

    def advance(self, ids: tuple[int, ...], token: str | None, *, rows: int, cut: bool = False) -> None:
        """A page was read; without a next one the sweep is finished, and only now its newest id counts.

        `cut` says that the platform stopped before the end: what is under the lowest id is still missing.
        """
        self.rows += rows
        older = bool(ids) and (self.lowest is None or min(ids) < int(self.lowest))
        if ids:
            self.newest = str(max(*ids, int(self.newest or 0)))
            self.lowest = str(min(*ids, int(self.lowest or ids[0])))
        if self.ranges:
            self._range_read(full=token is not None and bool(ids), cut=cut)
            return
        self.stale = 0 if older else self.stale + 1
        circling = token is not None and (token == self.token or self.stale > PATIENCE)
        self.token = token
        if circling:
            self._go_by_time()
        elif token is None and cut:
            self.below = self.lowest
        elif token is None:
            self._finish()

    def _go_by_time(self) -> None:
        """Read the whole range again, piece by piece."""
        told = id_time(int(self.since)) if self.since else None
        start = clock.parse(self.start) if self.start else (told or self.covers_from or clock.EPOCH) - MARGIN
        end = clock.parse(self.end) if self.end else start
        self.token = self.below = None
        latest = [] if self.bounded else [[clock.iso(end), OPEN]]
        self.ranges = latest + _halves(start, max(end, start + _SECOND))

    def _range_read(self, *, full: bool, cut: bool) -> None:
        if cut:
            return  # it is asked for again
        told = self.ranges.pop(0)
        if full and told[1] != OPEN:  # what is newer than `end` is the next sweep's
            start, end = (clock.parse(moment) for moment in told)
            if end - start > SHORTEST:
                self.ranges[:0] = _halves(start, end)
            else:
                self.gaps.append(Gap(since=start, until=end, reason="more posts in one moment than X gives"))
        if not self.ranges:
            self._finish(by_time=True)

    def _finish(self, *, by_time: bool = False) -> None:
        """All was read up to `end`; by time, not all up to the newest id that was seen."""
        newest = max((int(ident) for ident in (self.since, self.newest) if ident), default=0)
        self.since = str(newest) if id_time(newest) and not by_time and not self.bounded else None
        self.until_time = self.end
        self.found_time = self.end if self.rows else self.found_time
        self.newest = self.lowest = self.below = self.start = None
        self.stale = 0
        self.running = False

    def mend(self, names: set[str], now: datetime) -> bool:
        """Ask otherwise after X refused the parameters of these names; False where nothing else can be asked."""
        if self.ranges and names & {"start_time", "end_time"}:
            return self._leave_out(now)
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
        reached = clock.parse(self.until_time) if self.until_time and not self.bounded else _oldest(now)
        self._start_at(max(reached, _oldest(now)))
        self._note_lost(now)
        if self.token:
            self.token, self.below = None, self.lowest

    def _leave_out(self, now: datetime) -> bool:
        """Drop what is older than X's search reaches; False where that is nothing."""
        oldest = _oldest(now)
        if self.ranges[0][1] == OPEN and len(self.ranges) > 1:
            self.ranges.pop(0)
            return True
        start, end = (clock.parse(moment) for moment in self.ranges[0])
        if start >= oldest:
            return False
        self.gaps.append(Gap(since=start, until=min(end, oldest), reason=TOO_OLD))
        self.ranges[0] = [clock.iso(oldest), clock.iso(max(end, oldest + _SECOND))]
        return True

    def _note_lost(self, now: datetime) -> None:
        """Tell what lies between the last sweep's end and what X still shows."""
        reached = clock.parse(self.until_time) if self.until_time and not self.bounded else None
        if reached and reached < _oldest(now):
            self.gaps.append(Gap(since=reached, until=_oldest(now), reason=TOO_OLD))

    def _start_at(self, moment: datetime) -> None:
        self.start = clock.iso(moment.replace(microsecond=0))
        self.gap_from = self.start


def swept(told: object, texts: Iterable[str]) -> dict[str, Sweep]:
    """Where each search stands. A new one goes on where those stood that are not asked for any more, if any."""
    known = told if isinstance(told, dict) else {}
    left = [Sweep.read(known, text) for text in known if text not in texts]
    place = min((found for sweep in left if (found := sweep.found_time or sweep.until_time)), default=None)
    return {
        text: Sweep.read(known, text) if text in known else Sweep(until_time=place, found_time=place) for text in texts
    }


def _oldest(now: datetime) -> datetime:
    return (now - REACH + MARGIN).replace(microsecond=0)


def _halves(start: datetime, end: datetime) -> list[list[str]]:
    """Two pieces of a range, the newer first, cut at a full second where it is longer than two."""
    middle = start + (end - start) / 2
    middle = middle.replace(microsecond=0 if end - start > 2 * _SECOND else middle.microsecond // 1_000 * 1_000)
    return [[clock.iso(middle), clock.iso(end)], [clock.iso(start), clock.iso(middle)]]


def are_moments(part: object) -> bool:
    """Whether what a cursor holds are moments."""
    if not isinstance(part, list):
        return False
    try:
        return all(moment == OPEN or clock.parse(moment) for moment in part)
    except (ValueError, TypeError, AttributeError):
        return False
