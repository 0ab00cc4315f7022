"""What is left of deleted posts is found, wherever it is: each finding can be provoked."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import Deletion
from monitor.store import Store
from monitor.store.proof import Freed, Leftovers, freed, places
from tests.store.test_mentions import forget, keep
from tests.store.test_outbox import message, spike
from tests.support.fakes import START, post

NOTHING = Leftovers(posts=0, waiting=0, alerts=0, messages=0, reasons=0)
HOUR = timedelta(hours=1)


def quote(store: Store, text: str, body: str) -> None:
    """An alert and a message that quote post 1."""
    store.detection.add_spikes([spike()])
    ((number, fired),) = store.detection.pending_spikes()
    mention = {
        "platform": "x", "native_id": "1", "text": text, "url": None, "author": {"handle": None}, "extra": {},
        "conversation_id": None, "in_reply_to": None,
    }  # fmt: skip
    told = json.dumps({"top_posts": [{"mention": mention}]}, separators=(",", ":"))
    alert = store.incidents.add_alert(store.incidents.open(fired), number, fired, told)
    store.outbox.put(alert, "console", message(top_posts=[{"platform": "x", "id": "1"}]), due=START)
    store._connection.execute("update outbox set message = json_set(message, '$.body', ?)", body)


@pytest.mark.parametrize("others", [0, 20])
def test_nothing_is_left_of_posts_that_were_deleted_as_they_should_be(store: Store, others: int) -> None:
    keep(store, *(post(number) for number in range(others + 2)))
    quote(store, "Nimbus is fine", "as quoted")
    assert (store.proof.tombstones(), store.proof.leftovers()) == (0, NOTHING)
    forget(store, *(str(number) for number in range(1, others + 2)))
    assert (store.proof.tombstones(), store.proof.leftovers()) == (others + 1, NOTHING)
    ((text, told),) = store._connection.rows("select explanation, message from alerts, outbox")
    assert "Nimbus is fine" not in text + told
    assert "withdrawn" in told
    assert store.proof.index_is_whole()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("update mentions set author = 'ann' where native_id = '1'", Leftovers(
            posts=1, waiting=0, alerts=0, messages=0, reasons=0)),
        ("update mentions set quoted = '9' where native_id = '1'", Leftovers(
            posts=1, waiting=0, alerts=0, messages=0, reasons=0)),
        ("update targets set pending = 1", Leftovers(posts=0, waiting=1, alerts=0, messages=0, reasons=0)),
        ("insert into quarantine select mention_id, brand, 'm', 'cannot read “Nimbus is fine”', 0 from targets",
         Leftovers(posts=0, waiting=0, alerts=0, messages=0, reasons=1)),
        ("update alerts set explanation = json_set(explanation, '$.top_posts[0].mention.text', 'again')", Leftovers(
            posts=0, waiting=0, alerts=1, messages=0, reasons=0)),
        ("update outbox set message = json_set(message, '$.body', 'again')", Leftovers(
            posts=0, waiting=0, alerts=0, messages=1, reasons=0)),
    ],
)  # fmt: skip
def test_whatever_is_left_in_a_row_is_found(store: Store, damage: str, found: Leftovers) -> None:
    keep(store, post(1))
    quote(store, "Nimbus is fine", "as quoted")
    forget(store, "1")
    store._connection.execute(damage)
    assert store.proof.leftovers() == found
    assert found.total == 1


def test_words_that_only_the_index_holds_are_found(store: Store) -> None:
    keep(store, post(1), post(2))
    store._connection.execute("drop trigger mentions_au")
    forget(store, "1")
    assert not store.proof.index_is_whole()


def test_how_long_erasing_took_is_counted_from_the_platforms_word_or_from_when_the_post_came(store: Store) -> None:
    keep(store, *(post(number) for number in range(3)), now=START + HOUR)
    told = {"0": START + 2 * HOUR, "1": START, "2": None}
    with store.transaction():
        store.mentions.delete(
            [Deletion(platform="x", native_id=name, deleted_at=at) for name, at in told.items()], now=START + 5 * HOUR
        )
    assert sorted(store.proof.lags()) == [3 * HOUR, 4 * HOUR]


@pytest.mark.parametrize(("secure", "dirty"), [("on", False), ("off", True)])
def test_a_freed_page_that_was_not_overwritten_is_found(tmp_path: Path, secure: str, dirty: bool) -> None:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        store._connection.execute(f"pragma secure_delete = {secure}")
        keep(store, *(post(number, f"Nimbus {number} " * 400) for number in range(100)))
        forget(store, *(str(number) for number in range(100)))
    found = freed(path)
    assert found.pages > 50
    assert (found.dirty > 0) is dirty


def test_a_file_without_freed_pages_has_none(tmp_path: Path) -> None:
    Store(tmp_path / "monitor.db").close()
    with Store(tmp_path / "monitor.db") as store:
        store.maintenance.vacuum()
    assert freed(tmp_path / "monitor.db") == Freed(pages=0, dirty=0)


def test_words_are_counted_in_every_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one two one")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"xxone")
    assert places(tmp_path.iterdir(), [b"one", b"three"]) == {b"one": 3, b"three": 0}
