"""Migrations: all of one or nothing of it, also when the program is killed in the middle."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.errors import StoreError
from monitor.store import Store
from monitor.store import migrations as numbered
from monitor.store.database import connect
from tests.store.test_database import keep, refusal
from tests.support import processes


@contextmanager
def _one_more_migration(*statements: str) -> Iterator[None]:
    def more(db: Database) -> None:
        for statement in statements:
            db.execute(statement)

    known = list(numbered.migrations._migrations)
    numbered.migrations(name="9999_more")(more)
    try:
        yield
    finally:
        numbered.migrations._migrations[:] = known


def test_a_database_of_an_earlier_version_is_brought_up_to_date_by_a_writer_only(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        keep(store, 1)
    with _one_more_migration("create table extra (a)"):
        assert "older version" in refusal(StoreError, path, write=False)
        with Store(path) as store:
            assert store.mentions.count() == 1
            assert store._connection.rows("select count(*) from extra") == [(0,)]


def test_a_migration_that_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        keep(store, 1, 2)
    statements = ("create table extra (a)", "delete from targets", "insert into nowhere values (1)")
    with _one_more_migration(*statements):
        refusal(StoreError, path)
    with Store(path) as store:
        assert store.scores.pending_count() == 2
        assert store._connection.rows("select name from sqlite_master where name = 'extra'") == []


@pytest.mark.parametrize("step", [0, 1, 2, 3, 12, 30])
def test_a_first_start_that_is_killed_during_the_migrations_can_be_repeated(tmp_path: Path, step: int) -> None:
    code = f"""
import os, signal, sys
from pathlib import Path
from sqlite_utils import Database
from monitor.store import Store
left = [{step}]
execute = Database.execute
def killing(self, sql, *rest):
    if sql.lstrip().lower().startswith(("create", "insert", "drop")):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    return execute(self, sql, *rest)
Database.execute = killing
Store(Path(sys.argv[1])).close()
"""
    assert processes.python(code, tmp_path / "monitor.db").returncode == -9
    with Store(tmp_path / "monitor.db") as store:
        keep(store, 1)
        assert store.maintenance.info(check=True).intact
        assert store.maintenance.info().migrations == ("0001_first_tables",)


def test_a_first_start_that_ended_before_its_first_table_is_no_foreign_database(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "monitor.db", "rwc")) as connection:
        numbered.migrations.ensure_migrations_table(Database(connection))
    Store(tmp_path / "monitor.db").close()
