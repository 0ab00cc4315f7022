"""Proving deletions: the trial finds what a broken erasure leaves, and leaves nothing itself."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import Author, Deletion
from monitor.errors import StoreError
from monitor.pipeline import prove
from monitor.pipeline.prove import Proof
from monitor.store import Store, database, erasure
from tests.store.test_mentions import keep
from tests.support.fakes import START, post

HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        keep(store, *(post(number, author=Author(native_id="7")) for number in range(300)))
    return path


def proved(path: Path) -> Proof:
    return prove.run(path, token="a token", now=START)


def test_a_database_that_deletes_as_it_should_is_clean(path: Path) -> None:
    before = path.read_bytes()
    proof = proved(path)
    assert proof.problems == ()
    assert (proof.trial.seen, proof.trial.words, proof.trial.left) == (13, 13, 0)
    assert path.read_bytes() == before, "the trial is made on a copy"
    assert [file.name for file in path.parent.iterdir() if "trial" in file.name] == []


def test_bytes_that_are_not_overwritten_are_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pragmas = tuple(each for each in database._PRAGMAS if "secure_delete" not in each)
    monkeypatch.setattr(database, "_PRAGMAS", (*pragmas, "pragma secure_delete = off"))
    proof = proved(path)
    assert proof.trial.left > 0
    assert any("places still held words of the trial" in problem for problem in proof.problems)


def test_words_that_the_index_keeps_are_found(path: Path) -> None:
    with Store(path) as store:
        store._connection.execute("insert into mentions_fts (mentions_fts, rank) values ('secure-delete', 0)")
    assert proved(path).trial.left > 0


@pytest.mark.parametrize("column", ["author_id = null, ", "extra = '{}',", "quoted = null, "])
def test_a_column_that_is_forgotten_is_found(path: Path, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    assert erasure._ERASE.count(column) == 1
    monkeypatch.setattr(erasure, "_ERASE", erasure._ERASE.replace(column, ""))
    proof = proved(path)
    assert proof.trial.left > 0
    assert proof.leftovers.total == 0, "only the copy was changed"


def test_quotes_that_are_forgotten_are_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "forget_quotes", lambda *_: None)
    assert proved(path).trial.left > 0


def test_a_trial_that_saw_nothing_shows_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "places", lambda _, words: dict.fromkeys(words, 0))
    assert any("13 words of the trial were not found" in problem for problem in proved(path).problems)


def test_how_soon_posts_went_is_told_and_what_took_too_long_is_counted(path: Path) -> None:
    with Store(path) as store, store.transaction():
        for number, hours in enumerate((1, 2, 30)):
            told = Deletion(platform="x", native_id=str(number), deleted_at=START)
            store.mentions.delete([told], now=START + HOUR * hours)
    speed = proved(path).speed
    assert (speed.told, speed.median, speed.slowest, speed.late) == (3, 2 * HOUR, 30 * HOUR, 1)


def test_a_reader_that_holds_the_log_is_told(path: Path) -> None:
    with Store(path) as store:
        keep(store, *(post(f"more {number}") for number in range(2000)))
    with Store(path, write=False) as reader:
        rows = reader.reports.mentions(brand=None, since=None, until=None)
        next(rows)
        with Store(path) as store:
            store.mentions.delete([Deletion(platform="x", native_id="1")], now=START)
        proof = proved(path)
        assert proof.log
        assert any("bytes are left in the log" in problem for problem in proof.problems)
        assert len(list(rows)) == 2299


def test_without_a_database_there_is_nothing_to_prove(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database yet"):
        proved(tmp_path / "nowhere.db")


def test_what_a_killed_trial_left_long_ago_is_removed(path: Path) -> None:
    old = path.parent / f".{path.name}.trial-old"
    old.mkdir()
    prove.run(path, token="t", now=START + timedelta(days=9000))
    assert not old.exists()
