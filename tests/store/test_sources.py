"""What is known of each source: its cursor, its health, its holes, its rejects."""

from datetime import timedelta

import pytest

from monitor.domain import Coverage, Cursor, Reject
from monitor.errors import StoreError
from monitor.store import Store, sources
from tests.support.fakes import START

HOUR = timedelta(hours=1)


def test_a_cursor_is_kept_and_moved(store: Store) -> None:
    assert store.sources.cursor("x") is None
    store.sources.advance("x", Cursor("10"), now=START)
    store.sources.advance("x", Cursor(""), now=START)
    assert store.sources.cursor("x") == Cursor("")


def test_a_row_that_is_set_aside_again_and_again_is_kept_once_for_each_source(store: Store) -> None:
    bad = Reject(line=3, reason="no text", raw="\ud800{")
    for _ in range(3):
        store.sources.reject("x", [bad, bad], now=START)
    store.sources.reject("y", [bad, Reject(line=4, reason="no text", raw="{")], now=START)
    assert (store.sources.reject_count("x"), store.sources.reject_count()) == (1, 3)
    assert store.sources.rejects("x") == [("x", Reject(line=3, reason="no text", raw="?{"))]


def test_a_source_that_fails_is_blind_since_it_was_last_read(store: Store) -> None:
    store.sources.succeeded("x", now=START)
    store.sources.failed("x", "down", now=START + HOUR)
    store.sources.failed("x", "still down", now=START + 2 * HOUR)
    health = store.sources.health()["x"]
    assert (health.failures, health.blind_since, health.last_error) == (2, START, "still down")
    assert health.last_success == START
    assert store.sources.gaps("x") == [(START, None, "blind")]


def test_a_source_that_answers_again_is_well_and_its_hole_has_an_end(store: Store) -> None:
    store.sources.failed("x", "down", now=START, wait=HOUR)
    assert store.sources.health()["x"].not_before == START + HOUR
    store.sources.succeeded("x", now=START + 2 * HOUR)
    health = store.sources.health()["x"]
    assert (health.failures, health.blind_since, health.last_error, health.not_before) == (0, None, None, None)
    assert store.sources.gaps("x") == [(START, START + 2 * HOUR, "blind")]


def test_a_hole_never_ends_before_it_began_though_the_clock_was_set_back(store: Store) -> None:
    store.sources.failed("x", "down", now=START)
    store.sources.succeeded("x", now=START - HOUR)
    assert store.sources.gaps("x") == [(START, START, "blind")]


def test_a_poll_that_comes_much_later_than_the_last_one_leaves_a_hole(store: Store) -> None:
    for hours in (0, 1, 2, 9, 10):
        store.sources.succeeded("x", now=START + hours * HOUR, patience=2 * HOUR)
    assert store.sources.gaps("x") == [(START + 2 * HOUR, START + 9 * HOUR, "blind")]


def test_a_hole_that_was_known_already_is_not_told_twice(store: Store) -> None:
    store.sources.succeeded("x", now=START)
    store.sources.failed("x", "down", now=START + HOUR)
    store.sources.succeeded("x", now=START + 9 * HOUR, patience=2 * HOUR)
    assert store.sources.gaps("x") == [(START, START + 9 * HOUR, "blind")]


def test_a_second_hole_that_begins_where_the_first_did_is_open_again(store: Store) -> None:
    store.sources.succeeded("x", now=START)
    store.sources.failed("x", "down", now=START + HOUR)
    store.sources.succeeded("x", now=START)  # the clock was set back
    store.sources.failed("x", "down", now=START + HOUR)
    assert store.sources.gaps("x") == [(START, None, "blind")]


def test_a_failure_and_its_hole_are_one_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.sources.succeeded("x", now=START)
    execute = store._connection.execute

    def breaks(sql: str, *values: object) -> int:
        if "gaps" in sql:
            raise StoreError("gone")
        return execute(sql, *values)

    monkeypatch.setattr(store._connection, "execute", breaks)
    with pytest.raises(StoreError):
        store.sources.failed("x", "down", now=START + HOUR)
    assert store.sources.health()["x"].blind_since is None
    with pytest.raises(StoreError):
        store.sources.succeeded("x", now=START + HOUR)
    assert store.sources.health()["x"].last_success == START


def test_a_range_that_could_not_be_read_is_kept_once(store: Store) -> None:
    for _ in range(2):
        store.sources.gap("x", START, START + HOUR, "more than the platform gives", now=START)
    assert store.sources.gaps("x") == [(START, START + HOUR, "more than the platform gives")]


def test_every_page_says_what_it_asked_and_got(store: Store) -> None:
    coverage = Coverage(asked=100, returned=100, more_available=True, total=250, since=START, cost=0.5)
    store.sources.record("x", coverage, added=90, rejected=3, now=START + HOUR)
    found = store._connection.rows("select asked, returned, added, rejected, more_available, total, cost from polls")
    assert found == [(100, 100, 90, 3, 1, 250, 0.5)]


def test_the_health_of_a_source_is_its_own(store: Store) -> None:
    store.sources.succeeded("x", now=START)
    store.sources.failed("y", "down", now=START)
    assert [(name, each.failures) for name, each in store.sources.health().items()] == [("x", 0), ("y", 1)]
    assert isinstance(store.sources.health()["x"], sources.SourceHealth)
