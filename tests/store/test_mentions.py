"""Posts in the store: read again and again they stay one row each; edits update, deletions erase, search holds."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.clock import to_ms
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


def gone(store: Store, *deletions: Deletion, now: datetime = START) -> int:
    with store.transaction():
        return store.mentions.delete(deletions, now=now)


def by_id(number: int | str, **more: object) -> Deletion:
    return Deletion(platform="x", native_id=str(number), **more)  # type: ignore[arg-type]


def by_author(name: str, **more: object) -> Deletion:
    return Deletion(platform="x", author_id=name, **more)  # type: ignore[arg-type]


def row_of(store: Store, number: int | str) -> dict[str, object]:
    """Everything that is kept of a post."""
    names = [row[1] for row in store._connection.rows("pragma table_info(mentions)")]
    (row,) = store._connection.rows("select * from mentions where native_id = ?", str(number))
    return dict(zip(names, row, strict=True))


def living(store: Store) -> list[str]:
    rows = store._connection.rows("select native_id from mentions where deleted_at is null order by native_id")
    return [row[0] for row in rows]


WHOLE: dict[str, Any] = {
    "author": Author(native_id="7", handle="ann", followers=3), "url": "https://example.org/1", "lang": "en",
    "conversation_id": "c", "in_reply_to": "r", "quoted": "q", "rating": 0.25, "extra": {"note": "n"}, "likes": 4,
}  # fmt: skip


def test_a_tombstone_says_when_and_why_and_keeps_counts_and_no_word(store: Store) -> None:
    keep(store, post(1, **WHOLE))
    told, known = START + timedelta(hours=1), START + timedelta(hours=3)
    assert gone(store, by_id(1, deleted_at=told, reason="protected"), now=known) == 1
    row = row_of(store, 1)
    assert (row["deleted_at"], row["erased_at"], row["gone_because"]) == (to_ms(told), to_ms(known), "protected")
    assert (row["text"], row["extra"], row["likes"], row["lang"]) == ("", "{}", 4, "en")
    names = ("url", "author_id", "author", "followers", "conversation_id", "in_reply_to", "quoted", "rating")
    assert {name: row[name] for name in names} == dict.fromkeys(names)


def test_a_deletion_from_the_future_is_as_old_as_its_telling(store: Store) -> None:
    keep(store, post(1))
    gone(store, by_id(1, deleted_at=START + timedelta(days=9)), now=START)
    assert row_of(store, 1)["deleted_at"] == to_ms(START)


def test_an_author_who_is_gone_takes_every_post_along_on_that_platform(store: Store) -> None:
    ann, bob = Author(native_id="7", handle="ann"), Author(native_id="8", handle="ann")
    keep(store, *(post(n, author=ann) for n in range(3)), post(3, author=bob), post(4, platform="mastodon", author=ann))
    assert gone(store, by_author("7", reason="suspended"), by_author("nobody")) == 3
    assert living(store) == ["3", "4"]
    assert keep(store, post(5, author=ann)) == (1, 0, 0), "what comes later is told anew"


def test_a_post_that_comes_after_its_deletion_is_not_kept(store: Store) -> None:
    assert gone(store, by_id(1), by_id("\ud800")) == 0
    assert keep(store, post(1), post(2), post(1, platform="mastodon"), post("\ud800")) == (2, 0, 2)
    assert living(store) == ["1", "2"]


def test_nothing_of_a_post_that_never_came_is_kept_but_a_number_that_says_nothing_elsewhere(tmp_path: Path) -> None:
    digests = []
    for name in ("one.db", "two.db"):
        with Store(tmp_path / name) as store:
            gone(store, by_id("at://did:plc:canary/post/1"))
            (digest,) = store._connection.rows("select digest from tombstones")
            digests.append(digest)
        assert b"canary" not in (tmp_path / name).read_bytes()
    assert digests[0] != digests[1]


def test_a_backup_knows_the_tombstones_of_posts_that_never_came(store: Store, tmp_path: Path) -> None:
    gone(store, by_id(1))
    store.maintenance.backup(tmp_path / "copy.db")
    with Store(tmp_path / "copy.db") as copy:
        assert keep(copy, post(1)) == (0, 0, 1)


def test_a_post_that_may_be_shown_again_comes_back_when_it_is_read_and_not_before(store: Store) -> None:
    keep(store, post(1, **WHOLE))
    before = row_of(store, 1)
    gone(store, by_id(1))
    assert gone(store, by_id(1, restored=True)) == 0
    assert living(store) == []
    assert keep(store, post(1, **WHOLE)) == (0, 1, 0)
    assert row_of(store, 1) == before
    assert store.scores.pending_count() == 1
    assert store.mentions.search("ann")


def test_a_post_that_comes_back_is_scored_like_an_edit(store: Store) -> None:
    keep(store, post(1))
    store._connection.execute("update targets set label = 'neutral', pending = 0")
    gone(store, by_id(1), by_id(1, restored=True))
    keep(store, post(1))
    assert store._connection.rows("select pending from targets") == [(2,)]


def test_a_post_that_was_deleted_again_before_it_was_read_stays_deleted(store: Store) -> None:
    keep(store, post(1))
    gone(store, by_id(1), by_id(1, restored=True), by_id(1))
    assert keep(store, post(1)) == (0, 0, 1)
    assert living(store) == []


def test_a_restored_post_that_never_came_is_kept_when_it_comes(store: Store) -> None:
    gone(store, by_id(1), by_id(1, restored=True))
    assert keep(store, post(1)) == (1, 0, 0)


def test_an_account_that_comes_back_brings_back_what_went_with_it_and_not_what_its_author_deleted(store: Store) -> None:
    ann = Author(native_id="7", handle="ann")
    keep(store, *(post(n, author=ann) for n in range(4)))
    gone(store, by_id(0), by_author("7", reason="suspended"), by_id(1))
    gone(store, by_author("7", restored=True))
    keep(store, *(post(n, author=ann) for n in range(4)))
    assert living(store) == ["2", "3"]


def test_an_account_that_is_gone_again_brings_nothing_back(store: Store) -> None:
    ann = Author(native_id="7", handle="ann")
    keep(store, post(1, author=ann), post(2, author=ann))
    gone(store, by_author("7", reason="suspended"), by_author("7", restored=True))
    assert keep(store, post(2, author=ann)) == (0, 1, 0)
    assert gone(store, by_author("7", reason="suspended")) == 1
    assert keep(store, post(1, author=ann), post(2, author=ann)) == (0, 0, 2)
    assert living(store) == []


def test_an_account_is_forgotten_when_it_does_not_come_back_in_a_month(store: Store) -> None:
    keep(store, post(1, author=Author(native_id="7")))
    gone(store, by_author("7", reason="deactivated"))
    assert row_of(store, 1)["gone_author"] is not None
    store.maintenance.prune(now=START + timedelta(days=31))
    gone(store, by_author("7", restored=True))
    assert keep(store, post(1)) == (0, 0, 1)
    assert row_of(store, 1)["gone_author"] is None


def test_what_a_person_asked_to_forget_no_platform_brings_back(store: Store) -> None:
    ann = Author(native_id="7", handle="Ann")
    keep(store, post(1, author=ann), post(2, author=ann), post(3))
    with store.transaction():
        assert store.mentions.forget("x", author="@ann", now=START) == 2
        assert store.mentions.forget("mastodon", author="7", now=START) == 0
    gone(store, by_id(1), by_id(1, restored=True), by_author("7", restored=True))
    assert keep(store, post(1, author=ann), post(2, author=ann)) == (0, 0, 2)
    assert living(store) == ["3"]


def test_copies_that_grew_too_old_are_erased_oldest_first_and_a_fresh_one_may_come(store: Store) -> None:
    for day in range(4):
        keep(store, post(day, at=START), now=START + timedelta(days=day))
    now = START + timedelta(days=31)
    with store.transaction():
        assert store.mentions.delete_overdue("other", now - timedelta(days=1), now=now) == 0
        assert store.mentions.delete_overdue("test", now - timedelta(days=30), now=now, limit=1) == 1
        assert living(store) == ["1", "2", "3"]
        assert store.mentions.delete_overdue("test", now - timedelta(days=30), now=now) == 1
    assert row_of(store, 1)["gone_because"] == "not refreshed"
    assert keep(store, post(1), now=now) == (0, 1, 0)
    assert living(store) == ["1", "2", "3"]


def test_what_is_only_asked_about_is_brought_up_to_date_and_never_added(store: Store) -> None:
    keep(store, post(1))
    with store.transaction():
        done = store.mentions.upsert(
            [post(1, "Nimbus is new"), post(2)], [()] * 2, source="test", now=START, only_known=True
        )
    assert (done.added, done.edited) == (0, 1)
    assert living(store) == ["1"]


def test_a_later_reading_brings_every_fact_up_to_date_and_what_it_does_not_tell_stays(store: Store) -> None:
    keep(store, post(1, **WHOLE))
    keep(store, post(1, author=Author(native_id="7", handle="anna", followers=9), rating=0.5, extra={"more": 1}))
    row = row_of(store, 1)
    assert (row["author"], row["followers"], row["rating"], row["url"]) == ("anna", 9, 0.5, "https://example.org/1")
    assert json.loads(str(row["extra"])) == {"note": "n", "more": 1}
    assert (row["quoted"], row["lang"], row["edited_at"]) == ("q", "en", None)
    assert [found.author.handle for found in store.mentions.search("anna")] == ["anna"]
    assert store.mentions.search("ann") == []


def test_a_post_that_is_read_again_was_seen_again(store: Store) -> None:
    keep(store, post(1))
    for minutes, seen in ((30, 0), (61, 61), (90, 61)):
        keep(store, post(1), now=START + timedelta(minutes=minutes))
        assert row_of(store, 1)["checked_at"] == to_ms(START + timedelta(minutes=seen))


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


def test_other_stars_with_the_same_words_are_scored_again_and_are_no_edit_of_the_text(store: Store) -> None:
    keep(store, post(1, rating=0.25))
    store._connection.execute("update targets set pending = 0, label = 'negative'")
    assert keep(store, post(1, rating=0.25)) == (0, 0, 1)
    assert store.scores.pending_count() == 0
    assert keep(store, post(1, rating=1.0)) == (0, 1, 0)
    assert [item.mention.rating for item in store.scores.pending(limit=9)] == [1.0]
    assert row_of(store, 1)["edited_at"] is None


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
