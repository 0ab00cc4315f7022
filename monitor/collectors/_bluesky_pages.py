"""What a reading of Bluesky's stream remembers, and how its lines are gathered into pages. Knows no network."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.collectors._bluesky_events import GONE, PLATFORM, Event, Place, Sieve, event_of, mention_of, moment_of
from monitor.collectors._state import read_state, write_state
from monitor.domain import Coverage, Cursor, Deletion, Mention, Page, Reject
from monitor.post_fields import shown

CHUNK = 20_000  # lines after which a page is made even of nothing, so that the cursor moves
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Hole:
    """A range that the stream did not give and the search shall; times are milliseconds since 1970."""

    low: int
    high: int
    left: dict[str, Any] = field(default_factory=dict)  # text → what is left; 0: nothing, -1: nothing readable

    def told(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "left": self.left}


@dataclass(slots=True)
class Memory:
    """Where the reading stands: the time of the last line, its number on that server, and the holes."""

    server: str
    time: int | None = None  # microseconds since 1970
    seq: int | None = None
    holes: list[Hole] = field(default_factory=list)

    @classmethod
    def read(cls, cursor: Cursor | None, server: str) -> "Memory":
        """What a cursor tells. Numbers are good on one server only, times on all."""
        told = read_state(cursor)
        time, seq = told.get("time"), told.get("seq")
        same = told.get("server") == server and type(seq) is int
        holes = [hole for item in told.get("holes") or () if (hole := _hole(item)) is not None]
        return cls(server, time if type(time) is int else None, seq if same else None, holes)

    def cursor(self) -> Cursor:
        """All of it."""
        told = {
            "server": self.server,
            "time": self.time,
            "seq": self.seq,
            "holes": [hole.told() for hole in self.holes],
        }
        return write_state({name: value for name, value in told.items() if value})

    def advance(self, place: Place, now_us: int) -> None:
        """A line was read; a server's clock may be ahead of ours."""
        self.time = max(self.time or 0, min(place.time_us, now_us))
        self.seq = place.seq

    def note_hole(self, since: datetime, until: datetime) -> None:
        """A range to be searched; it is joined to one that it touches and that was not begun."""
        low, high = clock.to_ms(since), clock.to_ms(until)
        if self.holes and not self.holes[-1].left and self.holes[-1].low <= low <= self.holes[-1].high:
            self.holes[-1].high = max(high, self.holes[-1].high)
        elif low < high:
            self.holes.append(Hole(low, high))


def _hole(told: Any) -> Hole | None:
    if not isinstance(told, dict) or type(told.get("low")) is not int or type(told.get("high")) is not int:
        return None
    left = told.get("left")
    return Hole(told["low"], told["high"], left if isinstance(left, dict) else {})


def time_at(micros: int) -> datetime:
    """The time of a number of microseconds since 1970."""
    return clock.EPOCH + micros * _MICROSECOND


@dataclass(slots=True)
class Gatherer:
    """Reads lines one by one into what the next page holds."""

    sieve: Sieve
    now: datetime
    size: int
    skip: Collection[str]
    lines: int = 0
    _place: Place | None = None
    _mentions: dict[str, Mention] = field(default_factory=dict)
    _deletions: dict[str, Deletion] = field(default_factory=dict)  # by post, or by account
    _rejects: list[Reject] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether it is time for a page."""
        rows = len(self._mentions) + len(self._rejects)
        return rows >= self.size or len(self._deletions) >= 10 * self.size or self.lines >= CHUNK

    def take(self, line: str, place: Place | None) -> None:
        """Read one line; one that cannot be read is set aside."""
        self.lines += 1
        self._place = place or self._place
        if place is not None and not self.sieve.must_read(line):
            return
        try:
            self._apply(event_of(line))
        except ValueError as error:
            self._rejects.append(Reject(line=None, reason=str(error), raw=shown(line)))

    def _apply(self, event: Event) -> None:
        if event.place is None:
            return
        witnessed = moment_of(event.place, self.now)
        if event.kind == "account":
            self._account(event, witnessed)
        elif event.operation == "delete":
            self._gone(event.uri, witnessed)
        elif event.operation in ("create", "update") and event.did not in self.skip:
            self._post(event, witnessed)

    def _post(self, event: Event, witnessed: datetime) -> None:
        found = mention_of(event.uri, event.record, witnessed=witnessed, edited=event.operation == "update")
        if found is None or not self.sieve.may_match(found.text):
            return
        self._deletions.pop(event.uri, None)  # the page is kept as a whole: the last word on a post counts
        self._mentions[event.uri] = found

    def _account(self, event: Event, at: datetime) -> None:
        """The last word on an account counts: closed, with all that it wrote, or open (again)."""
        if event.did and (event.status is None or event.status in GONE):
            self._deletions.pop(event.did, None)
            self._deletions[event.did] = Deletion(
                platform=PLATFORM,
                author_id=event.did,
                deleted_at=at,
                reason="suspended" if event.status == "takendown" else event.status or "active",
                restored=event.status is None,
            )

    def _gone(self, uri: str, at: datetime) -> None:
        self._mentions.pop(uri, None)
        self._deletions[uri] = Deletion(platform=PLATFORM, native_id=uri, deleted_at=at)

    def page(self, memory: Memory, *, more: bool) -> Page:
        """What was gathered, with a cursor behind it; begins anew."""
        before = memory.time
        if self._place is not None:
            memory.advance(self._place, (self.now - clock.EPOCH) // _MICROSECOND)
        coverage = Coverage(
            returned=len(self._mentions),
            more_available=more,
            since=None if before is None else time_at(before),
            until=None if memory.time is None else time_at(memory.time),
        )
        page = Page(
            mentions=tuple(self._mentions.values()),
            deletions=tuple(self._deletions.values()),
            rejects=tuple(self._rejects),
            cursor=None if memory.time is None and not memory.holes else memory.cursor(),
            coverage=coverage,
        )
        self._mentions, self._deletions, self._rejects, self.lines = {}, {}, [], 0
        return page
