"""What the store remembers of stories, and for how long; that a post's quote and stars come back as they went in."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.store import Store
from monitor.store.stories import KEPT
from tests.store.test_mentions import keep
from tests.support.fakes import START, post

DAY = timedelta(days=1)
keys = st.dictionaries(st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 63) - 1), max_size=20)


def test_a_name_leads_to_the_story_that_was_remembered_last(store: Store) -> None:
    with store.transaction():
        store.stories.remember({1: (7, START), 2: (8, START)}, {})
        store.stories.remember({1: (9, START + DAY)}, {})
    assert store.stories.known([1, 2, 3]) == {1: (9, START + DAY), 2: (8, START)}


def test_a_story_keeps_its_first_signature_and_its_latest_time(store: Store) -> None:
    with store.transaction():
        store.stories.remember({}, {7: (b"first", START + DAY)})
        store.stories.remember({}, {7: (b"other", START)})
        store.stories.remember({}, {7: (None, START + 2 * DAY), 8: (None, START)})
    assert store.stories.signatures([7, 8]) == {7: b"first"}
    store.stories.prune(now=START + DAY + KEPT)
    assert store.stories.signatures([7]) == {7: b"first"}


def test_the_story_of_a_post_is_found_by_its_platform_and_id(store: Store) -> None:
    keep(store, post(1), post("01"), post(1, platform="mastodon"))
    numbers = {item.mention.key: item.mention_id for item in store.scores.pending(limit=9)}
    with store.transaction():
        store.stories.assign({numbers["x", "1"]: 7, numbers["mastodon", "1"]: 8})
    asked = [("x", "1"), ("x", "01"), ("mastodon", "1"), ("x", "unknown"), ("x", "'\"\\")]
    assert store.stories.of_posts(asked) == {("x", "1"): 7, ("mastodon", "1"): 8}
    assert {item.mention.key: item.story for item in store.scores.pending(limit=9)} == {
        ("x", "1"): 7, ("x", "01"): None, ("mastodon", "1"): 8,
    }  # fmt: skip


def test_what_nobody_said_for_days_is_forgotten_and_posts_keep_their_story(store: Store) -> None:
    keep(store, post(1))
    (item,) = store.scores.pending(limit=9)
    with store.transaction():
        store.stories.assign({item.mention_id: 7})
        store.stories.remember(
            {1: (7, START), 2: (8, START + DAY)}, {7: (b"old", START), 8: (b"new", START + DAY)}
        )  # fmt: skip
    assert store.maintenance.prune(now=START + KEPT + timedelta(hours=1)) == 2
    assert set(store.stories.known([1, 2])) == {2}
    assert set(store.stories.signatures([7, 8])) == {8}
    assert store.stories.of_posts([("x", "1")]) == {("x", "1"): 7}


@settings(max_examples=20, deadline=None)
@given(known=keys)
def test_any_number_of_63_bits_is_kept(tmp_path_factory: pytest.TempPathFactory, known: dict[int, int]) -> None:
    with Store(tmp_path_factory.mktemp("stories") / "monitor.db") as store:
        with store.transaction():
            store.stories.remember({key: (story, START) for key, story in known.items()}, {})
        assert store.stories.known(known) == {key: (story, START) for key, story in known.items()}


@settings(max_examples=20, deadline=None)
@given(quoted=st.none() | st.text(max_size=20), rating=st.none() | st.floats(0, 1))
def test_what_a_post_quotes_and_its_stars_come_back_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, quoted: str | None, rating: float | None
) -> None:
    path: Path = tmp_path_factory.mktemp("fields") / "monitor.db"
    with Store(path) as store:
        keep(store, post(1, quoted=quoted, rating=rating))
        (found,) = store.mentions.search("nimbus")
        (item,) = store.scores.pending(limit=9)
    for mention in (found, item.mention):
        assert (mention.quoted, mention.rating) == (quoted, rating)
