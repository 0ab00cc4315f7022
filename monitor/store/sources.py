"""Sources: where each resumes, whether it is read, what was set aside; beside them its polls, its gaps, its states.

Knows nothing of platforms; a cursor's text means something only to its collector.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import Coverage, Cursor, Reject
from monitor.store import writable
from monitor.store.database import Connection
from monitor.store.gaps import BLIND, Gaps
from monitor.store.polls import Polls
from monitor.store.states import States


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How a source is doing."""

    name: str
    last_poll: datetime | None
    last_success: datetime | None
    failures: int  # consecutive
    last_error: str | None
    blind_since: datetime | None  # reading fails since then; None: it is read
    not_before: datetime | None  # the platform asked us to wait until then


class Sources:
    """What is known of each configured source."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection
        self.polls = Polls(connection)
        self.ranges = Gaps(connection)
        self.states = States(connection)

    def cursor(self, source: str) -> Cursor | None:
        """Where to resume reading; None: from the beginning."""
        found = self._c.one("select cursor from sources where name = ?", source)
        return Cursor(found[0]) if found and found[0] is not None else None

    def advance(self, source: str, cursor: Cursor, *, now: datetime) -> None:
        """Move the cursor; call it in the transaction that stores the page."""
        self._c.execute(
            "insert into sources (name, cursor, cursor_at) values (?, ?, ?)"
            " on conflict do update set cursor = excluded.cursor, cursor_at = excluded.cursor_at",
            source, cursor.value, to_ms(now),
        )  # fmt: skip

    def record(self, source: str, coverage: Coverage, *, added: int, rejected: int, now: datetime) -> None:
        """Keep what one page said of completeness."""
        self.polls.record(source, coverage, added=added, rejected=rejected, now=now)

    def reject(self, source: str, rejects: Iterable[Reject], *, now: datetime) -> None:
        """Set rows aside; the same row of the same source once."""
        self._c.many(
            "insert or ignore into rejects (source, digest, line, reason, raw, seen_at) values (?, ?, ?, ?, ?, ?)",
            [
                (
                    source,
                    _digest(item),
                    item.line,
                    writable.text(item.reason),
                    writable.text(item.raw),
                    to_ms(now),
                )
                for item in rejects
            ],
        )

    def unseen(self, source: str, rejects: Iterable[Reject]) -> int:
        """How many of these rows were not set aside before, wherever in an answer they stood then."""
        raws = {writable.text(item.raw) for item in rejects}
        known = self._c.rows(
            "select distinct raw from rejects where source = ? and raw in (select value from json_each(?))",
            source, json.dumps(list(raws)),
        )  # fmt: skip
        return len(raws) - len(known)

    def rejects(self, source: str | None = None, *, limit: int = 100) -> list[tuple[str, Reject]]:
        """What was set aside, newest first, with its source."""
        rows = self._c.rows(
            "select source, line, reason, raw from rejects where ? is null or source = ?"
            " order by seen_at desc, line limit ?",
            source, source, limit,
        )  # fmt: skip
        return [(row[0], Reject(line=row[1], reason=row[2], raw=row[3])) for row in rows]

    def reject_count(self, source: str | None = None) -> int:
        """How many rows were set aside."""
        return int(self._c.rows("select count(*) from rejects where ? is null or source = ?", source, source)[0][0])

    def succeeded(self, source: str, *, now: datetime, patience: timedelta | None = None, whole: bool = False) -> None:
        """A poll came to its end: the source is read, and a hole that was open ends here.

        Where the last one is longer ago than `patience`, nobody listened meanwhile: that is a hole as well. A poll that
        is `whole`, with nothing left behind, has read what was published in those holes.
        """
        moment = to_ms(now)
        with self._c.transaction():
            if patience is not None:
                self._c.execute(
                    "insert or ignore into gaps (source, since, until, reason, found_at, closed_at)"
                    " select name, last_success, ?1, 'blind', ?1, ?1 from sources"
                    " where name = ?2 and blind_since is null and last_success < ?3",
                    moment, source, to_ms(now - patience),
                )  # fmt: skip
            self._c.execute(
                "insert into sources (name, last_poll, last_success) values (?, ?, ?) on conflict do update set"
                " last_poll = excluded.last_poll, last_success = excluded.last_success, failures = 0,"
                " last_error = null, blind_since = null, not_before = null",
                source, moment, moment,
            )  # fmt: skip
            self._c.execute(
                "update gaps set until = max(since, ?), closed_at = ? where source = ? and until is null",
                moment, moment, source,
            )  # fmt: skip
            if whole:
                self.ranges.read_up(source, now=now)

    def failed(self, source: str, reason: str, *, now: datetime, wait: timedelta | None = None) -> None:
        """A poll broke off: count it, remember why, and call the source blind since its last success."""
        moment = to_ms(now)
        with self._c.transaction():
            self._c.execute(
                "insert into sources (name, last_poll, failures, last_error, blind_since, not_before)"
                " values (?, ?, 1, ?, ?, ?)"
                " on conflict do update set last_poll = excluded.last_poll, failures = failures + 1,"
                " last_error = excluded.last_error, not_before = excluded.not_before,"
                " blind_since = coalesce(blind_since, last_success, excluded.blind_since)",
                source, moment, reason, moment, None if wait is None else to_ms(now + wait),
            )  # fmt: skip
            # A hole that began at the same moment and was closed is the same hole, open again.
            self._c.execute(
                "insert into gaps (source, since, until, reason, found_at)"
                " select name, blind_since, null, ?, ? from sources where name = ?"
                " on conflict do update set until = null, closed_at = null, filled_at = null",
                BLIND, moment, source,
            )  # fmt: skip

    def gap(self, source: str, since: datetime, until: datetime, reason: str, *, now: datetime) -> None:
        """Remember a range that could not be read."""
        self.ranges.add(source, since, until, reason, now=now)

    def gaps(self, source: str) -> list[tuple[datetime, datetime | None, str]]:
        """The known holes of a source as (since, until, reason), filled or not; until None: open still."""
        return [(each.since, each.until, each.reason) for each in self.ranges.of(source)]

    def health(self) -> dict[str, SourceHealth]:
        """Each source's state, by name."""
        rows = self._c.rows(
            "select name, last_poll, last_success, failures, last_error, blind_since, not_before"
            " from sources order by name"
        )
        return {row[0]: _health(row) for row in rows}


def _health(row: tuple[Any, ...]) -> SourceHealth:
    def time(place: int) -> datetime | None:
        return None if row[place] is None else from_ms(row[place])

    return SourceHealth(
        name=row[0], last_poll=time(1), last_success=time(2), failures=row[3], last_error=row[4],
        blind_since=time(5), not_before=time(6),
    )  # fmt: skip


def _digest(item: Reject) -> str:
    text = f"{item.line}\0{item.reason}\0{item.raw}"
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
