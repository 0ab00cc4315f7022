"""Posts in the store: read again and again they stay one row each; edits update, deletions erase, search holds."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain import Author, Deletion, Engagement, Mention
from monitor.store import Store
from tests.support.dumps import dump
from tests.support.fakes import START, post

BRANDS = ("Nimbus",)
Stored = TypeVar("Stored")
_files = count()

posts = st.builds(
    post,
    st.integers(0, 400),
    st.sampled_from(["Nimbus is bad", "Nimbus is good", "nimbus 🙂 naïve", 'say "nimbus"', "nimbus\u0301"]),
    at=st.integers(0, 5000).map(lambda second: START + timedelta(seconds=second)),
    platform=st.sampled_from(["x", "mastodon"]),
    author=st.sampled_from(["ann", "bob", None]),
    likes=st.none() | st.integers(0, 9),
)
unique_posts = st.lists(posts, min_size=1, max_size=40, unique_by=lambda each: each.key)


def keep(store: Store, *mentions: Mention, now: datetime = START) -> tuple[int, int, int]:
    with store.transaction():
        done = store.mentions.upsert(mentions, [BRANDS] * len(mentions), source="test", now=now)
    return done.added, done.edited, done.repeated


def forget(store: Store, *ids: str, now: datetime = START) -> int:
    with store.transaction():
        return store.mentions.delete([Deletion(platform="x", native_id=each) for each in ids], now=now)


def in_new_store(folder: Path, act: Callable[[Store], None]) -> dict[str, list[str]]:
    path = folder / f"{next(_files)}.db"
    with Store(path) as store:
        act(store)
    return dump(path)


@settings(max_examples=25, deadline=None)
@given(mentions=unique_posts, seed=st.integers(0, 9), size=st.integers(1, 15))
def test_pages_that_are_repeated_shuffled_and_split_leave_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, mentions: list[Mention], seed: int, size: int
) -> None:
    folder = tmp_path_factory.mktemp("upsert")
    many = [*mentions, *mentions, *mentions[: len(mentions) // 2]]
    random.Random(seed).shuffle(many)

    def in_pages(store: Store) -> None:
        for start in range(0, len(many), size):
            keep(store, *many[start : start + size])

    once = in_new_store(folder, lambda store: keep(store, *mentions) and None)
    assert in_new_store(folder, in_pages) == once


def test_a_post_that_is_read_again_is_counted_as_known(store: Store) -> None:
    assert keep(store, post(1), post(2)) == (2, 0, 0)
    assert keep(store, post(2), post(3)) == (1, 0, 1)
    assert store.mentions.count() == 3


def test_ids_are_told_apart_by_platform_and_never_as_numbers(store: Store) -> None:
    keep(store, post("1"), post("01"), post("1.0"), post("1", platform="mastodon"))
    assert store.mentions.count() == 4


def test_the_last_of_two_versions_on_one_page_counts(store: Store) -> None:
    keep(store, post(1, "Nimbus is late"), post(1, "Nimbus is early"))
    assert [found.text for found in store.mentions.search("nimbus")] == ["Nimbus is early"]


def test_an_edit_replaces_the_text_keeps_its_time_and_waits_for_its_score(store: Store) -> None:
    keep(store, post(1, "Nimbus is late"))
    assert keep(store, post(1, "Nimbus is early", edited_at=START + timedelta(hours=1))) == (0, 1, 0)
    (found,) = store.mentions.search("early")
    assert found.edited_at == START + timedelta(hours=1)
    assert store.mentions.search("late") == []
    assert store.scores.pending_count() == 1


def test_an_edit_without_a_time_has_the_time_at_which_it_was_seen(store: Store) -> None:
    keep(store, post(1, "Nimbus is late"))
    keep(store, post(1, "Nimbus is early"), now=START + timedelta(minutes=7))
    assert store.mentions.search("early")[0].edited_at == START + timedelta(minutes=7)


def test_counts_are_brought_up_to_date_and_unknown_never_overwrites_known(store: Store) -> None:
    keep(store, post(1, likes=3))
    keep(store, post(1, engagement=Engagement(likes=5, replies=2)))
    keep(store, post(1, engagement=Engagement(replies=4)))
    assert store.mentions.search("nimbus")[0].engagement == Engagement(likes=5, replies=4)


def test_a_brand_that_is_found_later_is_known_only_from_then_on(store: Store) -> None:
    keep(store, post(1))
    later = START + timedelta(hours=3)
    with store.transaction():
        store.mentions.upsert([post(1)], [("Nimbus", "Cirrus")], source="test", now=later)
    known = {item.target: item.known_at for item in store.scores.pending(limit=9)}
    assert known == {"Nimbus": START, "Cirrus": later}


def test_a_deleted_post_leaves_a_tombstone_that_is_not_resurrected(store: Store) -> None:
    keep(store, post(1, author="ann"))
    assert forget(store, "1", "unknown") == 1
    assert forget(store, "1") == 0
    assert keep(store, post(1, "Nimbus is back", author="ann")) == (0, 0, 1)
    assert store.mentions.count() == 1
    assert store.mentions.search("nimbus") == []
    assert store.mentions.search("ann") == []
    (row,) = store.reports.mentions(brand=None, since=None, until=None)
    assert (row["text"], row["author"], row["deleted_at"]) == ("", None, "2026-03-02T00:00:00Z")


def test_a_deleted_post_that_was_never_scored_never_will_be(store: Store) -> None:
    keep(store, post(1))
    forget(store, "1")
    assert store.scores.pending_count() == 0
    store.scores.rescore_all()
    assert store.scores.pending_count() == 0


CANARY = "zanzibar-canary-7741"


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())


@pytest.mark.parametrize("others", [0, 500])
def test_no_byte_of_a_deleted_post_stays_in_the_files(tmp_path: Path, others: int) -> None:
    with Store(tmp_path / "monitor.db") as store:
        keep(
            store,
            *(post(f"other-{number}", f"Nimbus says {number} " * 9) for number in range(others)),
            post(1, f"Nimbus {CANARY} " * 200, author=Author(handle=f"{CANARY}-a", native_id=f"{CANARY}-b"),
                 url=f"https://example.org/{CANARY}", extra={"note": CANARY}, conversation_id=CANARY),
        )  # fmt: skip
        assert CANARY.encode() in bytes_of(tmp_path)
        forget(store, "1")
    left = bytes_of(tmp_path)
    assert CANARY.encode() not in left
    assert b"zanzibar" not in left


def test_no_byte_of_an_earlier_version_of_a_post_stays_in_the_files(tmp_path: Path) -> None:
    with Store(tmp_path / "monitor.db") as store:
        keep(store, post(1, f"Nimbus {CANARY}"))
        keep(store, post(1, "Nimbus is fine"))
    assert b"zanzibar" not in bytes_of(tmp_path)


# Search


@settings(max_examples=150, deadline=None)
@given(words=st.text(max_size=40) | st.text(alphabet="\"'*()^:-+ ORANDNEAR{}\\\x00\ud800", max_size=12))
def test_search_takes_whatever_people_type(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    with Store(tmp_path_factory.getbasetemp() / "search.db") as store:
        keep(store, post(1, 'Nimbus AND "rain" OR (snow*)'))
        assert len(store.mentions.search(words)) <= 1


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(categories=["L", "Nd", "Zs", "P"]), min_size=1, max_size=30))
def test_a_post_is_found_by_its_own_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    with Store(tmp_path_factory.mktemp("search") / "search.db") as store:
        keep(store, post(1, f"Nimbus {text}"), post(2, "Cirrus"))
        assert "1" in {found.native_id for found in store.mentions.search(f"nimbus {text}")}


def test_search_wants_every_word_and_knows_no_case_and_no_accents(store: Store) -> None:
    keep(store, post(1, "Nimbus café closed"), post(2, "Nimbus open"))
    assert [found.native_id for found in store.mentions.search("CAFE nimbus")] == ["1"]
    assert store.mentions.search("nimbus cafe open") == []
    assert store.mentions.search("  ") == []


def test_search_stops_at_its_limit_with_the_newest(store: Store) -> None:
    keep(store, *(post(number, at=START + timedelta(minutes=number)) for number in range(9)))
    assert [found.native_id for found in store.mentions.search("nimbus", limit=2)] == ["8", "7"]


# What strangers send


def test_text_that_cannot_be_written_as_utf_8_is_mended_and_costs_nothing(store: Store) -> None:
    odd = Author(handle="ann\ud800", native_id="\udfff1")
    keep(store, post("a\ud800", "Nimbus \ud83d is bad", author=odd, url="https://x/\ud800"), post(2))
    assert store.mentions.count() == 2
    assert store.mentions.search("bad")[0].text == "Nimbus ? is bad"
    assert keep(store, post("a\ud800", "Nimbus \ud83d is bad", author=odd)) == (0, 0, 1)


def test_counts_that_are_too_large_to_keep_are_unknown(store: Store) -> None:
    keep(store, post(1, likes=1 << 70), post(2, author=Author(handle="ann", followers=1 << 64)))
    found = {mention.native_id: mention for mention in store.mentions.search("nimbus")}
    assert found["1"].engagement.likes is None
    assert found["2"].author.followers is None


def test_a_post_that_comes_once_for_each_brand_is_about_all_of_them(tmp_path: Path) -> None:
    about = [("Nimbus",), ("Rival",), ("Nimbus",)]
    together, apart = tmp_path / "together.db", tmp_path / "apart.db"
    with Store(together) as store, store.transaction():
        store.mentions.upsert([post(1, "bad")] * 3, about, source="test", now=START)
    with Store(apart) as store:
        for brands in about:
            with store.transaction():
                store.mentions.upsert([post(1, "bad")], [brands], source="test", now=START)
    assert dump(together) == dump(apart)
    with Store(together) as store:
        assert [each.target for each in store.scores.pending(limit=9)] == ["Nimbus", "Rival"]
