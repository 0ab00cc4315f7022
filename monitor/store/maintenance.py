"""Looking after the file: what is in it, copies of it, its size. Knows no row by meaning."""

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.clock import to_ms
from monitor.errors import StoreError
from monitor.store.database import Connection, connect, sqlite3, sqlite_version
from monitor.store.migrations import migrations


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What `db info` shows."""

    path: str
    bytes: int
    sqlite: str
    migrations: tuple[str, ...]
    rows: dict[str, int]
    intact: bool | None  # None: not asked


VOTES_KEPT = timedelta(days=30)  # far longer than any vote is asked for again
RECORDS_KEPT = timedelta(days=90)  # of polls, of rows set aside, of attempts to deliver


class Maintenance:
    """Copies and care."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def info(self, *, check: bool = False) -> Info:
        """Sizes and counts; with `check`, SQLite reads the whole file for damage."""
        tables = (
            "mentions", "targets", "scores", "quarantine", "rejects", "spikes", "incidents", "alerts", "outbox", "gaps",
        )  # fmt: skip
        intact = self._c.rows("pragma integrity_check")[0][0] == "ok" if check else None
        return Info(
            path=str(self._c.path), bytes=self._c.path.stat().st_size,
            sqlite=".".join(str(part) for part in sqlite_version()),
            migrations=tuple(migration.name for migration in migrations.applied(self._c.db)),
            rows={table: self._c.rows(f"select count(*) from {table}")[0][0] for table in tables}, intact=intact,
        )  # fmt: skip

    def backup(self, target: Path) -> None:
        """Copy the database as it is at this moment, while others write; the copy appears only when it is whole.

        It is read through a connection of its own in one snapshot, which no writer waits for.
        """
        if target.exists():
            raise StoreError(f"{target}: exists already. Name a file that does not.")
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        try:
            with closing(connect(self._c.path, "ro")) as here, closing(sqlite3.connect(str(part))) as copy:
                here.backup(copy)
            os.replace(part, target)
        except (OSError, sqlite3.Error) as error:
            part.unlink(missing_ok=True)
            raise StoreError(f"{target}: the backup was not written ({error}).") from error

    def prune(self, *, now: datetime) -> int:
        """Forget what only grows: old votes, polls, rejects and attempts; return how many rows went."""
        votes, records = to_ms(now - VOTES_KEPT), to_ms(now - RECORDS_KEPT)
        with self._c.transaction():
            return (
                self._c.execute("delete from votes where published_at < ?", votes)
                + self._c.execute("delete from polls where at < ?", records)
                + self._c.execute("delete from rejects where seen_at < ?", records)
                + self._c.execute("delete from attempts where finished_at < ?", records)
            )

    def vacuum(self) -> None:
        """Give unused room back to the disk and fold the log into the file."""
        self._c.rows("pragma wal_checkpoint(truncate)")
        self._c.execute("vacuum")
        self._c.rows("pragma wal_checkpoint(truncate)")
