"""Gaps: ranges of publication that a source could not read, and when they were read after all.

Knows ranges and reasons; nothing of why a platform kept something back. A range that was read in part is split.
"""

from dataclasses import dataclass
from datetime import datetime

from monitor.clock import from_ms, to_ms
from monitor.store import writable
from monitor.store.database import Connection

BLIND = "blind"  # nothing was read: the source failed, or the program was off
CAPPED = "capped"  # nothing was asked: the money for it is used up
THINNED = "thinned: "  # begins the reason where only a part of the words was asked for
SILENT = (BLIND, CAPPED)  # the next poll that reads to the end brings what lies in them
_KEPT = (
    "insert into gaps (source, since, until, reason, found_at, closed_at) values (?, ?, ?, ?, ?, ?) on conflict do"
    " update set until = max(until, excluded.until), filled_at = null"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGap:
    """One range, as it is shown."""

    source: str
    since: datetime
    until: datetime | None  # None: open still
    reason: str
    found_at: datetime
    filled_at: datetime | None  # None: still missing


class Gaps:
    """The ranges of every source."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def add(self, source: str, since: datetime, until: datetime, reason: str, *, now: datetime) -> None:
        """Remember a range; the same range once, and one that goes on as one. A range without length is none."""
        if since >= until:
            return
        words = writable.text(reason)[:200]
        grown = self._c.execute(
            "update gaps set until = ?, found_at = ? where source = ? and reason = ? and until = ?"
            " and filled_at is null",
            to_ms(until), to_ms(now), source, words, to_ms(since),
        )  # fmt: skip
        if grown:
            return
        self._c.execute(_KEPT, source, to_ms(since), to_ms(until), words, to_ms(now), to_ms(now))

    def begin(self, source: str, since: datetime, reason: str, *, now: datetime) -> None:
        """Remember a range that is not over; the next poll that succeeds ends it. One at a time for each reason."""
        self._c.execute(
            "insert into gaps (source, since, until, reason, found_at) select ?1, ?2, null, ?3, ?4 where not exists"
            " (select 1 from gaps where source = ?1 and reason = ?3 and until is null)"
            " on conflict do update set until = null, closed_at = null, filled_at = null",
            source, to_ms(since), reason, to_ms(now),
        )  # fmt: skip

    def fill(self, source: str, since: datetime, until: datetime, *, now: datetime) -> None:
        """A range was read after all: what lies in it is filled, what lies beside it stays missing."""
        low, high, at = to_ms(since), to_ms(until), to_ms(now)
        with self._c.transaction():
            rows = self._c.rows(
                "select id, since, until, reason, found_at from gaps where source = ? and filled_at is null"
                " and until is not null and since < ? and until > ? order by since",
                source, high, low,
            )  # fmt: skip
            for number, first, last, reason, found in rows:
                self._split(source, number, (first, last, reason, found), (max(first, low), min(last, high)), at)

    def _split(self, source: str, number: int, row: tuple[int, int, str, int], read: tuple[int, int], now: int) -> None:
        first, last, reason, found = row
        begin, end = read
        if begin == first:
            self._c.execute("update gaps set until = ?, filled_at = ? where id = ?", end, now, number)
        else:
            self._c.execute("update gaps set until = ? where id = ?", begin, number)
            self._c.execute(
                "insert or ignore into gaps (source, since, until, reason, found_at, closed_at, filled_at)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                source, begin, end, reason, found, now, now,
            )  # fmt: skip
        if end < last:
            self._c.execute(_KEPT, source, end, last, reason, found, now)

    def read_up(self, source: str, *, now: datetime) -> None:
        """A poll read on from where the last one stood, to the end: what was not asked for meanwhile is here."""
        self._c.execute(
            "update gaps set filled_at = ? where source = ? and reason in (?, ?) and until is not null"
            " and filled_at is null",
            to_ms(now), source, *SILENT,
        )  # fmt: skip

    def of(self, source: str | None = None) -> list[KnownGap]:
        """Every range of a source, or of all, oldest first."""
        rows = self._c.rows(
            "select source, since, until, reason, found_at, filled_at from gaps where (? is null or source = ?)"
            " and since is not null order by since, id",
            source, source,
        )  # fmt: skip
        return [
            KnownGap(
                source=row[0], since=from_ms(row[1]), until=None if row[2] is None else from_ms(row[2]),
                reason=row[3], found_at=from_ms(row[4]), filled_at=None if row[5] is None else from_ms(row[5]),
            )
            for row in rows
        ]  # fmt: skip
