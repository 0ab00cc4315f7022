"""Opening the file: who may write, how hard a commit is, what is refused. Knows no table by name.

Promises: one writing process (a lock beside the file), one writing connection, our own BEGIN IMMEDIATE, WAL with
synchronous=FULL (an acknowledged commit survives a power cut), foreign keys on, erased bytes overwritten.
SQLite before 3.51.3 can corrupt a WAL file that two connections write (pysqlite3 brings a newer one along).
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3 as sqlite3  # type: ignore[attr-defined]  # pysqlite3, where it is installed

from monitor.errors import MonitorError, StoreBusy, StoreError, StoreFull, StoreNewer
from monitor.store.migrations import migrations
from monitor.store.scrub import scrub

SAFE_SQLITE = (3, 51, 3)
_PRAGMAS = (
    "pragma busy_timeout = 5000",
    "pragma foreign_keys = on",
    "pragma synchronous = full",
    "pragma secure_delete = on",
    "pragma cache_size = -4096",  # KiB: full after some minutes, so memory is flat; 64 MiB made nothing faster
    "pragma temp_store = memory",
)


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite that is in use."""
    return tuple(int(part) for part in sqlite3.sqlite_version.split("."))


class Connection:
    """One open database: statements one at a time, transactions one at a time, across threads."""

    def __init__(self, path: Path, *, write: bool = True, beside: bool = False) -> None:
        """Open it to read, to write, or to write a person's word `beside` a program that runs: then without the lock,
        in short transactions, for which the other waits; where nobody runs, the lock is taken as ever.
        """
        self.path = path
        self._guard = threading.RLock()
        self._lock_file: int | None = None
        if write:
            self._lock_file = _lock_or_beside(path) if beside else _take_lock(path)
        self._raw: int | None = None  # the file itself; closing it early would drop SQLite's own locks on it
        try:
            self.db = _open(path, write=write, alone=self._lock_file is not None)
        except BaseException:
            self._release()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it is committed, durably, or nothing of it; inside another transaction it is a part of that one."""
        with self._guard, _in_words(self.path):
            if self.db.conn.in_transaction:
                with self.db.atomic():
                    yield
                return
            with _immediate(self.db):
                yield

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._guard, _in_words(self.path):
            return self.db.conn.execute(sql, values).fetchall()

    def stream(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a long query, a thousand at a time, so that memory stays flat and writers can go between."""
        with self._guard, _in_words(self.path):
            cursor = self.db.conn.execute(sql, values)
        while True:
            with self._guard, _in_words(self.path):
                batch = cursor.fetchmany(1000)
            if not batch:
                return
            yield from batch

    def one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def execute(self, sql: str, *values: Any) -> int:
        """Run one statement; return how many rows it touched."""
        with self._guard, _in_words(self.path):
            return int(self.db.conn.execute(sql, values).rowcount)

    def insert(self, sql: str, *values: Any) -> int:
        """Run one insert; return the new row's id."""
        with self._guard, _in_words(self.path):
            return int(self.db.conn.execute(sql, values).lastrowid or 0)

    def many(self, sql: str, values: list[tuple[Any, ...]]) -> None:
        """Run one statement for many rows of values."""
        if values:
            with self._guard, _in_words(self.path):
                self.db.conn.executemany(sql, values)

    def owe(self) -> None:
        """Note, in the transaction that erases words, that the next fold must overwrite what SQLite left of them."""
        self.execute("pragma user_version = 1")

    def fold(self) -> bool:
        """Bring the log into the file and empty it, so that what was erased is gone from both; True when it is.

        A reader that holds on, or another thread that writes, puts it off: nobody is made to wait for it.
        """
        with self._guard:
            try:
                with _in_words(self.path):
                    self.db.conn.execute("pragma busy_timeout = 500")
                    return self._folded() and (not self._owes() or (self._scrubbed() and self._folded()))
            except (StoreBusy, OSError):
                return False
            finally:
                self.db.conn.execute("pragma busy_timeout = 5000")

    def close(self) -> None:
        """Fold the log into the file, and give the lock back."""
        with self._guard:
            try:
                if self._lock_file is not None and not self.db.conn.in_transaction:
                    self.fold()
                with _in_words(self.path):
                    self.db.conn.close()
            finally:
                self._release()

    def _folded(self) -> bool:
        return bool(self.db.conn.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0)

    def _owes(self) -> bool:
        return bool(self.db.conn.execute("pragma user_version").fetchone()[0])

    def _scrubbed(self) -> bool:
        """Overwrite the room that no row owns, while nothing is in the log and nobody else may write."""
        with _immediate(self.db):
            log = Path(f"{self.path}-wal")
            if log.exists() and log.stat().st_size:
                return False
            if self._raw is None:
                self._raw = os.open(self.path, os.O_RDWR)
            scrub(self._raw)
        self.db.conn.execute("pragma shrink_memory")  # pages that it remembers are as they were before
        self.db.conn.execute("pragma user_version = 0")
        return True

    def _release(self) -> None:
        for handle in (self._raw, self._lock_file):
            if handle is not None:
                os.close(handle)
        self._raw = self._lock_file = None


def _take_lock(path: Path) -> int:
    """A lock that the system drops with the process, however it ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}). Choose another [store] path.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StoreBusy(
            f"{path}: another run of the program is using it. Stop that one, or name another --db."
        ) from error
    return handle


def _lock_or_beside(path: Path) -> int | None:
    """The lock; None where a running program has it and this SQLite is one that two may safely write with."""
    try:
        return _take_lock(path)
    except StoreBusy:
        if sqlite_version() < SAFE_SQLITE or not path.is_file():
            raise
        return None


def connect(path: Path, mode: str) -> Any:
    """A bare connection; `mode` is "rwc" (made where it is missing) or "ro"."""
    address = f"file:{str(path).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?mode={mode}"
    return sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)


def _open(path: Path, *, write: bool, alone: bool) -> Database:
    if not write and not path.is_file():
        raise StoreError(f"{path}: there is no database yet. `run_monitor.py ingest` or `run` makes one.")
    if write and path.exists() and not os.access(path, os.W_OK):
        # SQLite would open it for reading, and fail in the middle of the work.
        raise StoreError(f"{path}: cannot be written. Give write permission, or choose another [store] path.")
    fresh = write and not path.exists()
    with _in_words(path):
        connection = connect(path, "rwc" if write else "ro")
        try:
            if fresh:
                path.chmod(0o600)  # it will hold people's names and words
            return _prepared(Database(connection), path, update=write and alone)
        except BaseException:
            connection.close()
            raise


def _prepared(db: Database, path: Path, *, update: bool) -> Database:
    for pragma in _PRAGMAS:
        db.execute(pragma)
    _refuse_newer(db, path)
    if update:
        db.enable_wal()
        if migrations.pending(db):
            with _immediate(db):
                migrations.apply(db)
    elif migrations.pending(db):
        raise StoreError(
            f"{path}: an older version of the program wrote it. Run `run_monitor.py db vacuum` once, which updates it."
        )
    return db


def _refuse_newer(db: Database, path: Path) -> None:
    applied = {migration.name for migration in migrations.applied(db)}
    ours = {migration.name for migration in migrations._migrations}
    if applied - ours:
        raise StoreNewer(
            f"{path}: a later version of the program wrote it ({', '.join(sorted(applied - ours))} is unknown here)."
            " Install that version, or name another --db."
        )
    if not applied and set(db.table_names()) - {migrations.migrations_table}:
        raise StoreError(f"{path}: is a database of another program. Name another --db.")


@contextmanager
def _immediate(db: Database) -> Iterator[None]:
    """One transaction that holds the right to write from its first statement on."""
    db.conn.execute("begin immediate")
    try:
        yield
        db.conn.execute("commit")
    except BaseException:
        if db.conn.in_transaction:
            db.conn.execute("rollback")
        raise


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """SQLite's errors as one sentence each."""
    try:
        yield
    except MonitorError:
        raise
    except sqlite3.Error as error:
        raise _translated(path, error) from error


def _translated(path: Path, error: Exception) -> StoreError:
    text = str(error).lower()
    if "full" in text:
        return StoreFull(f"{path}: the disk is full; nothing of this step was kept. Make room and run it again.")
    if "readonly" in text or "unable to open" in text:
        return StoreError(
            f"{path}: cannot be written ({error}). Give write permission, or choose another [store] path."
        )
    if "not a database" in text or "malformed" in text:
        return StoreError(f"{path}: is not a whole SQLite database ({error}). Restore a backup, or name another --db.")
    if "locked" in text or "busy" in text:
        return StoreBusy(f"{path}: another program holds it ({error}). Close that program and run this again.")
    if "disk i/o" in text:
        return StoreFull(f"{path}: the disk failed or is full ({error}); nothing of this step was kept.")
    return StoreError(f"{path}: {error}.")
