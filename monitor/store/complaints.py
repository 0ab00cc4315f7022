"""Complaints: those that a file brought, and the posts that a source marked as complaints. Knows no ledger.

A complaint is in no count of mentions by being here. One that was pushed as a post is a post as well.
"""

from collections.abc import Iterable
from datetime import datetime

from monitor.clock import from_ms, to_ms
from monitor.domain import Complaint
from monitor.store.database import Connection

FILE = "file"  # where those of every file are kept, so that an id counts once whatever its file is called


class Complaints:
    """What customers told the company itself."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def add(self, complaints: Iterable[Complaint], *, now: datetime, source: str = FILE) -> int:
        """Keep complaints, the same one once; return how many are new."""
        rows = [(source, each.native_id, each.brand, to_ms(each.created_at), each.count) for each in complaints]
        with self._c.transaction():
            before = self._count()
            self._c.many(
                "insert or ignore into complaints (source, native_id, brand, created_at, count, known_at)"
                f" values (?, ?, ?, ?, ?, {to_ms(now)})",
                rows,
            )
            return self._count() - before

    def all(self, *, until: datetime | None = None) -> list[Complaint]:
        """Every complaint that was made before a moment, oldest first, those that came as posts among them.

        A post says that it is one by `"complaint": true` beside its fields.
        """
        rows = self._c.rows(
            "select brand, created_at, source || ':' || native_id, count from complaints"
            " where ?1 is null or created_at < ?1"
            " union all"
            " select t.brand, m.published_at, m.platform || ':' || m.native_id, 1 from mentions m"
            " join targets t on t.mention_id = m.id"
            " where json_type(m.extra, '$.complaint') = 'true' and m.drill = 0 and t.brand <> ''"
            " and (?1 is null or m.published_at < ?1)"
            " order by 2, 3, 1",
            None if until is None else to_ms(until),
        )
        return [Complaint(brand=row[0], created_at=from_ms(row[1]), native_id=row[2], count=row[3]) for row in rows]

    def _count(self) -> int:
        return int(self._c.rows("select count(*) from complaints")[0][0])
