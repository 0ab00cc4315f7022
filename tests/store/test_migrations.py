"""Migrations: all of one or nothing of it, also when the program is killed in the middle."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.clock import to_ms
from monitor.errors import StoreError
from monitor.store import Store
from monitor.store import migrations as numbered
from monitor.store.database import connect
from monitor.store.scores import Judgement
from tests.store.test_database import keep, refusal
from tests.support import processes
from tests.support.fakes import START

ALL = tuple(migration.name for migration in numbered.migrations._migrations)


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


@contextmanager
def _only_the_first_migration() -> Iterator[None]:
    known = list(numbered.migrations._migrations)
    numbered.migrations._migrations[:] = known[:1]
    try:
        yield
    finally:
        numbered.migrations._migrations[:] = known


START_MS = to_ms(START)
_POST_OF_VERSION_1 = (
    "insert into mentions (id, platform, native_id, source, text, extra, published_at, collected_at)"
    " values (?1, 'x', ?2, 'test', ?3, '{}', ?4, ?4)"
)
_TARGET_OF_VERSION_1 = (
    "insert into targets (mention_id, brand, published_at, collected_at) values (?1, 'Nimbus', ?2, ?2)"
)


def _scored_by_version_1(path: Path) -> None:
    """A database as the first version left it: a post with its score, one that is unsure, one that waits."""
    with _only_the_first_migration(), Store(path) as store:
        connection = store._connection
        for number in (1, 2, 3):
            connection.execute(_POST_OF_VERSION_1, number, str(number), f"Nimbus {number}", START_MS)
            connection.execute(_TARGET_OF_VERSION_1, number, START_MS)
        for number, label, negative in ((1, "negative", 0.75), (2, "unsure", 0.25)):
            connection.execute(
                "update targets set pending = 0, model = 'm1', negative = ?, neutral = ?, positive = 0.0, label = ?,"
                " vote = 1 where mention_id = ?", negative, 1 - negative, label, number,
            )  # fmt: skip
            connection.execute(
                "insert into scores (mention_id, target, model, negative, neutral, positive, label, scored_at)"
                " select mention_id, brand, model, negative, neutral, positive, label, 0 from targets"
                " where mention_id = ?", number,
            )  # fmt: skip
        connection.execute(
            "insert into rollups select brand, published_at / 300000 * 300000, 'x', 2, 1, 0, 0, 1, 1.0 from targets"
            " where mention_id = 1"
        )


def test_a_database_of_version_1_keeps_its_scores_and_counts_and_says_of_no_old_label_why(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    _scored_by_version_1(path)
    with Store(path) as store:
        assert store.maintenance.info(check=True).migrations == ALL
        found = list(store.reports.mentions(brand=None, since=None, until=None))
        assert [(row["label"], row["negative"], row["model"], row["reason"]) for row in found] == [
            ("negative", 0.75, "m1", None), ("unsure", 0.25, "m1", None), (None, None, None, None),
        ]  # fmt: skip
        (trend,) = store.reports.trends(brand=None, since=None, until=None, bucket=timedelta(minutes=5))
        assert (trend["mentions"], trend["unsure"], trend["unmeasured"], trend["negative_share"]) == (2, 1, 0, 0.5)
        assert [item.mention_id for item in store.scores.pending(limit=9)] == [3]
        assert store._connection.rows("select label, reason from readable where label = 'unsure'") == [("unsure", None)]


def test_a_database_of_version_1_can_be_scored_again(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    _scored_by_version_1(path)
    with Store(path) as store:
        store.scores.rescore_all()
        items = store.scores.pending(limit=9)
        with store.transaction():
            store.scores.save(
                [Judgement(item, "m1", None, "it reads as German") for item in items], [False] * len(items), now=START
            )
        assert (
            store._connection.rows("select label, negative, reason from targets")
            == [("unsure", None, "it reads as German")] * 3
        )
        assert store._connection.rows("select count(*) from scores") == [(0,)]


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


@pytest.mark.parametrize("step", [0, 1, 3, 12, 33, 36, 40, 48, 56])
def test_a_first_start_that_is_killed_during_the_migrations_can_be_repeated(tmp_path: Path, step: int) -> None:
    code = f"""
import os, signal, sys
from pathlib import Path
from sqlite_utils import Database
from monitor.store import Store
left = [{step}]
execute = Database.execute
def killing(self, sql, *rest):
    if sql.lstrip().lower().startswith(("create", "insert", "drop", "alter")):
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
        assert store.maintenance.info().migrations == ALL


def test_a_first_start_that_ended_before_its_first_table_is_no_foreign_database(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "monitor.db", "rwc")) as connection:
        numbered.migrations.ensure_migrations_table(Database(connection))
    Store(tmp_path / "monitor.db").close()
