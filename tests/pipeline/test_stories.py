"""Stories in the running program: votes, what the store keeps, and that batches, orders and brands change nothing."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

import models
from monitor.analysis.duplicates import STORY_KEPT
from monitor.domain import Deletion, Mention
from monitor.pipeline import score
from monitor.store import Store
from monitor.store.stories import KEPT
from tests.pipeline.test_score import FIVE, keep, run, tallied
from tests.support.fakes import START, WordScorer, post

STORY = "Nimbus is bad, the parcel never came again this week and nobody at the depot answers"


def stories(store: Store) -> dict[str, int | None]:
    return dict(store._connection.rows("select native_id, story from mentions"))


def votes(store: Store) -> float:
    return sum(row[2] for row in tallied(store))


def campaign(size: int) -> list[Mention]:
    """Copies with a change each, quotes of the first, and people with words of their own."""
    posts = [post(0, STORY)]
    own = random.Random(7)
    for number in range(1, size):
        text, quoted = [
            (f"{STORY} really{number}", None), (f"RT @author-0: {STORY}", "0"), ("so true", "0"),
            ("Nimbus is bad: " + " ".join(f"w{own.randrange(10**6)}" for _ in range(9)), None),
        ][number % 4]  # fmt: skip
        posts.append(post(number, text, at=START + timedelta(seconds=number), quoted=quoted))
    return posts


def test_copies_and_quotes_are_one_vote_and_own_words_are_votes_of_their_own(store: Store) -> None:
    keep(store, *campaign(40))
    run(store)
    counts = Counter(stories(store).values())
    assert counts.most_common(1)[0][1] == 30
    assert votes(store) == 1 + 10


def test_however_posts_are_split_into_batches_the_stories_and_votes_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for batch in (1, 3, 7, 512):
        monkeypatch.setattr(score, "BATCH", batch)
        with Store(tmp_path_factory.mktemp("batches") / "monitor.db") as store:
            keep(store, *campaign(40))
            run(store)
            tables = [
                store._connection.rows(f"select {columns} order by 1")
                for columns in ("* from story_keys", "* from stories", "voter, negative from votes")
            ]
            found.append((stories(store), tallied(store), tables))
    assert found[0] == found[1] == found[2] == found[3]


def test_a_copy_that_is_read_later_joins_what_was_scored_before(store: Store) -> None:
    for number, text in enumerate((STORY, f"RT @author-0: {STORY}", f"{STORY} today")):
        keep(store, post(number, text, at=START + FIVE * number), at=FIVE * number)
        run(store)
    assert len(set(stories(store).values())) == 1
    assert votes(store) == 1


def test_a_quote_that_is_read_before_its_original_is_joined_by_it(store: Store) -> None:
    keep(store, post(2, "so true", quoted="1"))
    run(store)
    keep(store, post(1, STORY, at=START - FIVE), post(3, f"{STORY} today"))
    run(store)
    assert len(set(stories(store).values())) == 1


def test_a_quote_of_a_post_that_was_deleted_still_belongs_to_its_story(store: Store) -> None:
    keep(store, post(1, STORY), post(2, f"{STORY} today"))
    run(store)
    with store.transaction():
        store.mentions.delete([Deletion(platform="x", native_id="1")], now=START)
    keep(store, post(3, "so true", quoted="1"))
    run(store)
    assert len(set(stories(store).values())) == 1


def test_a_post_about_two_brands_is_in_one_story_whenever_each_is_scored(store: Store) -> None:
    with store.transaction():
        store.mentions.upsert([post(1, STORY)], [("Nimbus", "Cirrus")], source="test", now=START)
    run(store)
    (before,) = stories(store).values()
    with store.transaction():
        store.mentions.upsert([post(1, STORY)], [("Stratus",)], source="test", now=START + FIVE)
    run(store)
    assert list(stories(store).values()) == [before]
    assert [sum(row[2] for row in tallied(store, brand)) for brand in ("Nimbus", "Cirrus", "Stratus")] == [1, 1, 1]


def test_a_post_about_nobody_is_in_no_story_and_leaves_no_trace(store: Store) -> None:
    with store.transaction():
        store.mentions.upsert([post(1, STORY)], [()], source="test", now=START)
    run(store)
    assert list(stories(store).values()) == [None]
    assert store._connection.rows("select count(*) from story_keys") == [(0,)]


def test_an_edit_and_a_second_scoring_leave_a_post_in_its_story(store: Store) -> None:
    keep(store, post(1, STORY), post(2, f"{STORY} today"))
    run(store)
    before = stories(store)
    keep(store, post(2, "Nimbus is good, my parcel came and somebody answered"))
    store.scores.rescore_all()
    run(store)
    assert stories(store) == before
    assert votes(store) == 1


def test_evidence_tells_the_story_of_each_post(store: Store) -> None:
    keep(store, post(1, STORY), post(2, f"{STORY} today"), post(3, "Nimbus is bad"))
    run(store)
    found = store.detection.evidence("Nimbus", START, START + FIVE, known=START + FIVE, limit=9)
    assert {each.mention.native_id: each.story for each in found} == stories(store)


def test_keys_outlive_the_time_in_which_a_text_counts_as_said_before() -> None:
    assert KEPT >= 2 * STORY_KEPT


# Stars


def labels(store: Store) -> dict[str, tuple[str, str | None]]:
    rows = store.reports.mentions(brand=None, since=None, until=None)
    return {row["id"]: (row["label"], row["reason"]) for row in rows}


def test_stars_count_beside_the_text_and_what_the_text_said_is_kept(store: Store) -> None:
    keep(store, post(1, "Nimbus is odd"), post(2, "Nimbus is odd", rating=0.0), post(3, "Nimbus is odd", rating=1.0))
    run(store)
    rows = store._connection.rows(
        "select m.rating, s.negative, s.answers from scores s join mentions m on m.id = s.mention_id order by m.rating"
    )
    (alone, worst, best) = rows
    assert alone[2] is None or "text" not in alone[2]
    assert best[1] < alone[1] < worst[1]
    for row in (worst, best):
        assert f'"text": {{"negative": {round(alone[1], 4)}' in row[2]


def test_a_clear_text_with_the_opposite_stars_is_unsure_and_says_why(store: Store) -> None:
    class Glad(WordScorer):
        def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[models.Prediction]:
            return [models.Prediction(sentiment=models.Sentiment(0.02, 0.03, 0.95)) for _ in texts]

    keep(store, post(1, "Nimbus works great, thanks", rating=0.0), post(2, "Nimbus works great, thanks", rating=1.0))
    run(store, Glad())
    assert labels(store) == {"1": ("unsure", "text and stars disagree"), "2": ("positive", None)}


def test_stars_that_change_while_the_model_reads_wait_for_the_next_round(store: Store) -> None:
    keep(store, post(1, "Nimbus is odd", rating=0.0))
    (item,) = store.scores.pending(limit=9)
    store._connection.execute("update mentions set rating = 1.0")
    assert store.scores.unchanged([item]) == set()
