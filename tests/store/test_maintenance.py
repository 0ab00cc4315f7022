"""Copies of the database and care for it, also while it is written."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import Coverage, Reject
from monitor.errors import StoreError
from monitor.store import Store
from tests.store.test_mentions import forget, keep
from tests.support.dumps import dump
from tests.support.fakes import START, post


def test_a_backup_equals_the_original(tmp_path: Path, store: Store) -> None:
    keep(store, *(post(number) for number in range(300)))
    store.maintenance.backup(tmp_path / "copy.db")
    assert dump(tmp_path / "copy.db") == dump(store.path)
    assert not list(tmp_path.glob("*.part"))
    with Store(tmp_path / "copy.db") as copy:
        assert copy.maintenance.info(check=True).intact


def test_backups_that_are_made_while_rows_come_in_hold_whole_transactions(tmp_path: Path, store: Store) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with store.transaction():
                keep(store, post(2 * number))
                keep(store, post(2 * number + 1))
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with Store(store.path, write=False) as reader:
            for number in range(4):
                (reader if number % 2 else store).maintenance.backup(tmp_path / f"copy-{number}.db")
    finally:
        stop.set()
        thread.join(30)
    counts = []
    for number in range(4):
        with Store(tmp_path / f"copy-{number}.db") as copy:
            assert copy.maintenance.info(check=True).intact
            counts.append(copy.mentions.count())
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)


def test_a_backup_never_overwrites_and_leaves_nothing_half_done(tmp_path: Path, store: Store) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        store.maintenance.backup(tmp_path / "copy.db")
    with pytest.raises(StoreError, match="not written"):
        store.maintenance.backup(tmp_path / "no such folder" / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_vacuum_gives_room_back_and_loses_nothing(store: Store) -> None:
    keep(store, *(post(number, f"Nimbus {number} " * 60) for number in range(400)))
    store.maintenance.vacuum()
    before, size = dump(store.path), store.path.stat().st_size
    forget(store, *(str(number) for number in range(400)))
    store.maintenance.vacuum()
    assert store.path.stat().st_size < size
    assert len(dump(store.path)["mentions"]) == len(before["mentions"])


def test_info_counts_and_checks(store: Store) -> None:
    keep(store, post(1), post(2), now=START + timedelta(hours=1))
    facts = store.maintenance.info()
    assert (facts.rows["mentions"], facts.rows["alerts"], facts.intact) == (2, 0, None)
    assert store.maintenance.info(check=True).intact is True


def finds_damage(path: Path) -> bool:
    """Damage may be met before the check is over: then it is told as an error."""
    try:
        with Store(path, write=False) as store:
            return store.maintenance.info(check=True).intact is False
    except StoreError as error:
        return "not a whole SQLite database" in str(error)


def test_info_tells_damage(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        keep(store, *(post(number) for number in range(300)))
    assert not finds_damage(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = b"\xff" * 5000
    path.write_bytes(data)
    assert finds_damage(path)


def test_what_only_grows_is_forgotten_after_a_while_and_posts_are_not(store: Store) -> None:
    keep(store, post(1))
    store.scores.remember_votes({7: (0.9, START), 8: (0.9, START + timedelta(days=20))})
    store.sources.record("x", Coverage(returned=1), added=1, rejected=0, now=START)
    store.sources.reject("x", [Reject(line=1, reason="no text", raw="{}")], now=START)
    assert store.maintenance.prune(now=START + timedelta(days=25)) == 0
    assert store.maintenance.prune(now=START + timedelta(days=40)) == 2
    assert store.scores.voted([7, 8]) == {8: 0.9}
    assert store.sources.reject_count() == 0
    assert store.maintenance.prune(now=START + timedelta(days=399)) == 1
    assert store.maintenance.prune(now=START + timedelta(days=401)) == 1, "a year of costs is kept"
    assert store.mentions.count() == 1


def test_tombstones_of_posts_that_never_came_are_kept_longer_than_any_search_reaches_back(store: Store) -> None:
    forget(store, "late", now=START)
    store.maintenance.prune(now=START + timedelta(days=7, hours=23))
    assert keep(store, post("late")) == (0, 0, 1)
    assert store.maintenance.prune(now=START + timedelta(days=8, seconds=1)) == 1
    assert keep(store, post("late")) == (1, 0, 0)


def test_what_a_person_asked_to_forget_before_it_came_is_never_kept(store: Store) -> None:
    with store.transaction():
        store.mentions.forget("x", native_id="late", now=START)
    store.maintenance.prune(now=START + timedelta(days=900))
    assert keep(store, post("late")) == (0, 0, 1)


def test_the_log_is_emptied_so_that_what_was_erased_is_in_no_file_while_the_program_goes_on(store: Store) -> None:
    keep(store, post(1, "Nimbus zanzibar-canary"))
    forget(store, "1")
    assert b"zanzibar-canary" in b"".join(file.read_bytes() for file in store.path.parent.glob("monitor.db*"))
    assert store.maintenance.fold()
    assert b"zanzibar-canary" not in b"".join(file.read_bytes() for file in store.path.parent.glob("monitor.db*"))


def test_a_reader_that_holds_on_puts_the_emptying_of_the_log_off(store: Store) -> None:
    keep(store, *(post(number) for number in range(3000)))
    with Store(store.path, write=False) as reader:
        rows = reader.reports.mentions(brand=None, since=None, until=None)
        next(rows)
        forget(store, "1")
        assert not store.maintenance.fold()
        assert len(list(rows)) == 2999
    assert store.maintenance.fold()
