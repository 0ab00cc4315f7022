"""Where reading of a Mastodon timeline stands, and what to ask for next. Knows ids; no network, no posts.

Ids are texts that order by length, then by letter. Mastodon's own carry the time (milliseconds since 1970, shifted by
16 bits): from these an id that is so much earlier can be reckoned, so that posts that were federated late, and edits,
are read by the overlap. Other ids have no overlap.

A timeline (`Walk`) is first read from the newest post back, then always forward from the newest post that was seen. A
search (`Sweep`) has no order that can be paged forward: its `min_id` is a lower bound in time, the newest come first
(app/services/statuses_search_service.rb), so it is read by offset down to that bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from monitor import clock

_FIRST_TIMED = 1 << 50  # smaller numbers are no times: they were counted
_LAP = 2  # rows by which full pages by offset lap over: a post that is deleted meanwhile moves the rest up


def order(ident: str) -> tuple[int, str]:
    """Sorts ids as Mastodon's guidelines say.

    >>> max("9", "10", "08", key=order)
    '10'
    """
    return len(ident), ident


def id_at(at: datetime) -> str:
    """The smallest id that Mastodon would give out at a time."""
    return str(clock.to_ms(at) << 16)


def earlier(ident: str, by: timedelta) -> str:
    """The id that would have been given out so much earlier; the same where ids carry no time.

    >>> earlier("117020593741189701", timedelta(seconds=1)), earlier("21", timedelta(hours=1))
    ('117020593675653701', '21')
    """
    return str(int(ident) - ((by // clock.MILLISECOND) << 16)) if _is_timed(ident) else ident


def time_of(ident: str) -> datetime | None:
    """When an id was given out; None where ids carry no time."""
    return clock.from_ms(int(ident) >> 16) if _is_timed(ident) else None


def _is_timed(ident: str) -> bool:
    return ident.isascii() and ident.isdigit() and int(ident) > _FIRST_TIMED


def _newest(ids: Sequence[str | None], now: datetime) -> str | None:
    """The newest id, but none that claims to be of the future: reading on from there would pass over what comes."""
    top = max((ident for ident in ids if ident), key=order, default=None)
    return id_at(now) if top and _is_timed(top) and int(top) > int(id_at(now)) else top


class Paging(Protocol):
    """What both ways of reading have in common."""

    @property
    def first(self) -> bool:
        """Whether nothing was read before: then posts are wanted back to a time, not to an id."""
        ...

    def parameters(self) -> dict[str, str]:
        """What the next page is asked for by."""
        ...

    def advance(self, ids: Sequence[str], *, old: bool, now: datetime) -> bool:
        """Take in a page's ids (`old`: all of it is from before the time that is wanted); whether there may be more."""
        ...

    def told(self) -> dict[str, Any]:
        """What the cursor must hold."""
        ...


@dataclass(slots=True)
class Walk:
    """A timeline that can be paged by id."""

    overlap: timedelta
    seen: str | None = None  # everything up to here was read, and the overlap before it
    at: str | None = None  # the reading under way stands here, going forward
    down: str | None = None  # the first reading stands here, going back
    newest: str | None = None  # of the first reading
    resumed: bool = False  # the first reading began in an earlier poll: newer posts may be there by now

    @classmethod
    def read(cls, told: Any, overlap: timedelta) -> Self:
        """From what the cursor holds."""
        known = {name: told[name] for name in _names(told) if name in ("seen", "at", "down", "newest")}
        walk = cls(overlap, **known, resumed="down" in known)
        walk._begin()
        return walk

    def _begin(self) -> None:
        if self.seen and not self.at:
            self.at = earlier(self.seen, self.overlap)

    @property
    def first(self) -> bool:
        """Whether it still goes back."""
        return self.seen is None

    def parameters(self) -> dict[str, str]:
        """`min_id` pages forward, `max_id` back."""
        if self.seen:
            return {"min_id": self.at or self.seen}
        return {"max_id": self.down} if self.down else {}

    def advance(self, ids: Sequence[str], *, old: bool, now: datetime) -> bool:
        """Move on."""
        return self._back(ids, old, now) if self.seen is None else self._forward(ids, now)

    def _forward(self, ids: Sequence[str], now: datetime) -> bool:
        top = _newest(ids, now)
        if top is None or order(top) <= order(self.at or ""):
            self.at = None
            return False
        self.at, self.seen = top, _newest([self.seen, top], now)
        return True

    def _back(self, ids: Sequence[str], old: bool, now: datetime) -> bool:
        self.newest = _newest([self.newest, *ids], now)
        lowest = min(ids, key=order, default=None)
        if lowest and not old and (self.down is None or order(lowest) < order(self.down)):
            self.down = lowest
            return True
        self.seen, self.newest, self.down = self.newest, None, None
        if self.resumed:
            self._begin()
        return self.resumed and self.seen is not None

    def told(self) -> dict[str, Any]:
        """Without what is None."""
        return _present(seen=self.seen, at=self.at, down=self.down, newest=self.newest)


@dataclass(slots=True)
class Sweep:
    """A search: newest first, by offset, down to a bound."""

    overlap: timedelta
    start: datetime  # how far back the first one goes
    size: int
    seen: str | None = None
    newest: str | None = None
    offset: int = 0
    page: tuple[str, ...] = ()  # the last one: a server that knows no offset gives it again and again
    cut: bool = False  # it did, and there may be more than that page

    @classmethod
    def read(cls, told: Any, overlap: timedelta, start: datetime, size: int) -> Self:
        """From what the cursor holds."""
        known = {name: told[name] for name in _names(told) if name in ("seen", "newest")}
        offset = told.get("offset") if isinstance(told, dict) else None
        return cls(overlap, start, size, **known, offset=offset if type(offset) is int and offset > 0 else 0)

    @property
    def first(self) -> bool:
        """Whether none was ever finished."""
        return self.seen is None

    @property
    def floor(self) -> str:
        """The bound."""
        return earlier(self.seen, self.overlap) if self.seen else id_at(self.start)

    def parameters(self) -> dict[str, str]:
        """The bound, and where on the way to it."""
        return {"min_id": self.floor} | ({"offset": str(self.offset)} if self.offset else {})

    def advance(self, ids: Sequence[str], *, old: bool, now: datetime) -> bool:
        """Move on; an empty page is the end, a short one is not: some servers give fewer than asked."""
        self.newest = _newest([self.newest, *ids], now)
        again, self.page = tuple(ids) == self.page, tuple(ids)
        self.cut = again and not old and len(ids) >= self.size
        if ids and not old and not again:
            self.offset += max(1, len(set(ids)) - (_LAP if len(ids) >= self.size else 0))
            return True
        self.seen, self.newest, self.offset = _newest([self.seen, self.newest], now), None, 0
        return False

    def told(self) -> dict[str, Any]:
        """Without what is None."""
        return _present(seen=self.seen, newest=self.newest, offset=self.offset or None)


def _names(told: Any) -> list[str]:
    """The names in a cursor under which an id stands."""
    return [name for name, value in told.items() if value and isinstance(value, str)] if isinstance(told, dict) else []


def _present(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
