"""Maintenances: while people work on a source its silence means nothing, and nobody is told of it. Knows no source.

Nothing is ever taken out: one that was ended early keeps when it was to end.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.store import writable
from monitor.store.database import Connection

_READ = "select id, source, since, until, by, why, made_at, ended_at from maintenances"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A stretch of time in which a source is worked on."""

    id: int
    source: str
    since: datetime
    until: datetime
    by: str
    why: str
    made_at: datetime
    ended_at: datetime | None = None

    @property
    def over(self) -> datetime:
        """When it is over, or was."""
        return self.until if self.ended_at is None else min(self.until, max(self.ended_at, self.since))


class Maintenances:
    """What people said they work on."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def add(self, source: str, *, since: datetime, until: datetime, by: str, why: str, now: datetime) -> int:
        """Write one down; return its number."""
        return self._c.insert(
            "insert into maintenances (source, since, until, by, why, made_at) values (?, ?, ?, ?, ?, ?)",
            source, to_ms(since), to_ms(until), writable.text(by), writable.text(why), to_ms(now),
        )  # fmt: skip

    def end(self, source: str, *, now: datetime) -> int:
        """End those of a source that are not over; return how many there were."""
        return self._c.execute(
            "update maintenances set ended_at = ?1 where source = ?2 and until > ?1 and ended_at is null",
            to_ms(now), source,
        )  # fmt: skip

    def active(self, now: datetime) -> dict[str, Maintenance]:
        """What is worked on at a moment, by source; of several the one that lasts longest."""
        rows = self._c.rows(
            f"{_READ} where since <= ?1 and until > ?1 and (ended_at is null or ended_at > ?1) order by until, id",
            to_ms(now),
        )
        return {row[1]: _maintenance(row) for row in rows}

    def newest_end(self, since: datetime, now: datetime) -> dict[str, datetime]:
        """When the last one of each source was over, for those that were over in (since, now]."""
        ended: dict[str, datetime] = {}
        for each in self._ending(since):
            if since < each.over <= now:
                ended[each.source] = max(each.over, ended.get(each.source, each.over))
        return ended

    def all(self, *, limit: int = 200) -> list[Maintenance]:
        """Every one, the newest first."""
        return [_maintenance(row) for row in self._c.rows(f"{_READ} order by id desc limit ?", limit)]

    def _ending(self, since: datetime) -> list[Maintenance]:
        rows = self._c.rows(f"{_READ} where until > ?1 or ended_at > ?1", to_ms(since))
        return [_maintenance(row) for row in rows]


def _maintenance(row: tuple[Any, ...]) -> Maintenance:
    return Maintenance(
        id=row[0], source=row[1], since=from_ms(row[2]), until=from_ms(row[3]), by=row[4], why=row[5],
        made_at=from_ms(row[6]), ended_at=None if row[7] is None else from_ms(row[7]),
    )  # fmt: skip
