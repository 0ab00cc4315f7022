"""Beats: when something that comes by the calendar, or that lasts, was last told. Knows no calendar and no words.

A restart reads here what an earlier run has told, so that nothing is told twice.
"""

from dataclasses import dataclass
from datetime import datetime

from monitor.clock import from_ms, to_ms
from monitor.store.database import Connection


@dataclass(frozen=True, slots=True)
class Beat:
    """When something was last told, and since when it lasts, where it does."""

    last: datetime
    since: datetime | None = None


class Beats:
    """One row for each kind of thing and each of its subjects."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def last(self, kind: str, subject: str = "") -> datetime | None:
        """When it was last told; None: never."""
        found = self._c.one("select last from beats where kind = ? and subject = ?", kind, subject)
        return None if found is None else from_ms(found[0])

    def of(self, kind: str) -> dict[str, Beat]:
        """Every subject of a kind."""
        rows = self._c.rows("select subject, last, since from beats where kind = ? order by subject", kind)
        return {row[0]: Beat(from_ms(row[1]), None if row[2] is None else from_ms(row[2])) for row in rows}

    def mark(self, kind: str, subject: str = "", *, at: datetime, since: datetime | None = None) -> None:
        """It was told at that moment; call it in the transaction that writes what tells it."""
        self._c.execute(
            "insert into beats (kind, subject, last, since) values (?, ?, ?, ?) on conflict do update set"
            " last = excluded.last, since = coalesce(excluded.since, since)",
            kind, subject, to_ms(at), None if since is None else to_ms(since),
        )  # fmt: skip

    def forget(self, kind: str, subject: str) -> None:
        """It is over."""
        self._c.execute("delete from beats where kind = ? and subject = ?", kind, subject)
