"""Looking after the file: what is in it, copies of it, its size. Knows no row by meaning."""

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.clock import floor, to_ms
from monitor.errors import StoreError
from monitor.store.database import Connection, connect, sqlite3, sqlite_version
from monitor.store.erasure import ASKED
from monitor.store.migrations import migrations
from monitor.store.stories import Stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What `db info` shows."""

    path: str
    bytes: int
    sqlite: str
    migrations: tuple[str, ...]
    rows: dict[str, int]
    intact: bool | None  # None: not asked


DAY = timedelta(days=1)
VOTES_KEPT = timedelta(days=30)  # far longer than any vote is asked for again
SLICES_KEPT = timedelta(days=400)  # a year of parts of brands can be asked again; of whole brands, all that there is
READINGS_KEPT = timedelta(days=120)  # what charts look back on
RECORDS_KEPT = timedelta(days=90)  # of attempts to deliver
POLLS_KEPT = timedelta(days=400)  # a year of costs and coverage, and of states that are over
REJECTS_KEPT = timedelta(days=30)  # they are strangers' words that no deletion can find
# Of posts that were deleted before they came. No platform's search reaches back more than 7 days (X; a Jetstream 36
# hours), so that after 8 days no reading of ours can bring such a post any more.
TOMBSTONES_KEPT = timedelta(days=8)
OWNERS_KEPT = timedelta(days=30)  # so long an account that closed may come back, and its posts with it
_OLD = (
    ("delete from votes where published_at < ?", VOTES_KEPT),
    ("delete from polls where at < ?", POLLS_KEPT),
    ("delete from rejects where seen_at < ?", REJECTS_KEPT),
    ("delete from attempts where finished_at < ?", RECORDS_KEPT),
    (f"delete from tombstones where told_at < ? and reason <> '{ASKED}'", TOMBSTONES_KEPT),
    ("delete from source_states where until < ?", POLLS_KEPT),
    ("delete from waits where not_before < ?", timedelta(days=1)),
    ("delete from readings where slot < ?", READINGS_KEPT),
)


class Maintenance:
    """Copies and care."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def info(self, *, check: bool = False) -> Info:
        """Sizes and counts; with `check`, SQLite reads the whole file for damage."""
        tables = (
            "mentions", "targets", "scores", "quarantine", "rejects", "spikes", "incidents", "alerts", "outbox", "gaps",
            "tombstones",
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
        """Forget what only grows, each kind after its time; return how many rows went. Posts stay."""
        with self._c.transaction():
            gone = sum(self._c.execute(sql, to_ms(now - kept)) for sql, kept in _OLD)
            self._c.execute(
                "update mentions set gone_author = null where gone_author is not null and erased_at < ?",
                to_ms(now - OWNERS_KEPT),
            )
            return gone + self._prune_slices(floor(now - SLICES_KEPT, DAY)) + Stories(self._c).prune(now=now)

    def _prune_slices(self, before: datetime) -> int:
        """Forget what parts of brands were counted before a midnight, by the hour and by the day alike: then no slice
        is watched there, when the past is gone through again, as if nothing were said in it."""
        old = self._c.rows("select distinct brand, slice from slice_days where day < ? and slice > ''", to_ms(before))
        one = "delete from tallies where brand = ? and slice = ? and known_slot < ?"
        gone = sum(self._c.execute(one, brand, part, to_ms(before)) for brand, part in old)
        return gone + self._c.execute("delete from slice_days where day < ? and slice > ''", to_ms(before))

    def fold(self) -> bool:
        """Bring the log into the file and empty it, so that what was erased is gone from both; True when it is.

        A reader that holds on, or another thread that writes, puts it off: nobody is made to wait for it.
        """
        return self._c.fold()

    def vacuum(self) -> None:
        """Give unused room back to the disk and fold the log into the file."""
        self._c.rows("pragma wal_checkpoint(truncate)")
        self._c.execute("vacuum")
        self._c.rows("pragma wal_checkpoint(truncate)")
