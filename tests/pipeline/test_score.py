"""Scoring: everything that waits gets its score, one poisonous post stops nobody, votes and charts follow."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

import models
from models import Prediction, Sentiment
from monitor.domain import Deletion, Mention
from monitor.errors import ModelUnavailable
from monitor.pipeline import score
from monitor.pipeline.score import ScoreReport
from monitor.store import Store
from tests.support.fakes import START, WordScorer, feeling, post

FIVE = timedelta(minutes=5)


def keep(store: Store, *mentions: Mention, brand: str = "Nimbus", at: timedelta = timedelta(0)) -> None:
    with store.transaction():
        store.mentions.upsert(mentions, [(brand,)] * len(mentions), source="test", now=START + at)


def run(store: Store, model: models.Scorer | models.Router | None = None, *, unsure_below: float = 0.0) -> ScoreReport:
    router = model if isinstance(model, models.Router) else models.Router.of(model or WordScorer())
    return score.run(store, lambda: router, now=START, unsure_below=unsure_below, settle=FIVE)


def labels(store: Store) -> dict[str, str | None]:
    rows = store.reports.mentions(brand=None, since=None, until=None)
    return {row["id"]: row["label"] for row in rows}


def tallied(store: Store, brand: str = "Nimbus") -> list[tuple[int, int, float, float]]:
    """Tallies as (bucket published, bucket known, mentions, negatives), buckets counted from the start."""
    found = store.detection.tallies(brand, START - timedelta(days=9), START + timedelta(days=9))
    return [((t.slot - START) // FIVE, (t.known_slot - START) // FIVE, t.mentions, t.negatives) for t in found]


class Saying(WordScorer):
    """A model that answers what a test wants, for texts that hold a word."""

    def __init__(self, answer: Callable[[str], Prediction], word: str = "odd") -> None:
        super().__init__()
        self._answer, self._word = answer, word

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        usual = super().predict(texts, targets)
        return [
            self._answer(text) if self._word in text else said for text, said in zip(texts, usual, strict=True)
        ]  # fmt: skip


def test_everything_that_waits_is_scored_in_batches_and_nothing_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "BATCH", 100)
    keep(store, *(post(number, f"Nimbus is bad {number}") for number in range(250)))
    model = WordScorer()
    assert run(store, model) == ScoreReport(250, 0)
    assert model.batches == [100, 100, 50]
    assert run(store, model) == ScoreReport(0, 0)
    assert model.batches == [100, 100, 50]


def test_the_model_is_not_loaded_when_nothing_waits(store: Store) -> None:
    def refuse() -> models.Router:
        raise AssertionError("nothing waits")

    score.run(store, refuse, now=START, unsure_below=0.0, settle=FIVE)


def test_poisonous_posts_are_set_aside_with_the_reason_and_all_others_are_scored(store: Store) -> None:
    keep(store, *(post(number, f"Nimbus {'venom' if number % 97 == 5 else 'good'} {number}") for number in range(300)))
    assert run(store, WordScorer(poison="venom")) == ScoreReport(296, 4)
    found = labels(store)
    assert [name for name, label in found.items() if label is None] == ["5", "102", "199", "296"]
    assert store._connection.rows("select distinct reason from quarantine") == [("RuntimeError: cannot read this",)]
    assert store.scores.pending_count() == 0


def test_a_prediction_that_is_no_number_is_set_aside_like_poison(store: Store) -> None:
    keep(store, post(1, "Nimbus is odd"), post(2, "Nimbus is bad"))
    nothing = float("nan")
    model = Saying(lambda text: Prediction(sentiment=Sentiment(nothing, nothing, nothing)))
    assert run(store, model) == ScoreReport(1, 1)
    assert labels(store) == {"1": None, "2": "negative"}


def test_a_model_that_fails_on_every_text_is_told_of_and_no_post_is_blamed(store: Store) -> None:
    keep(store, post(1), post(2))
    with pytest.raises(ModelUnavailable, match="cannot score"):
        run(store, WordScorer(poison=""))
    assert store.scores.pending_count() == 2
    assert run(store) == ScoreReport(2, 0)


def test_a_model_that_forgets_a_text_is_told_of(store: Store) -> None:
    class Forgetful(WordScorer):
        def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
            return super().predict(texts, targets)[1:]

    keep(store, post(1), post(2))
    with pytest.raises(ModelUnavailable):
        run(store, Forgetful())
    assert store.scores.pending_count() == 2


def test_a_model_error_is_one_sentence_for_people(store: Store) -> None:
    def broken(text: str) -> Prediction:
        raise models.ModelError("the weights are gone")

    keep(store, post(1, "odd"))
    with pytest.raises(ModelUnavailable, match="the weights are gone"):
        run(store, Saying(broken))


def test_a_post_that_is_edited_while_the_model_reads_it_is_scored_as_it_is_now(store: Store) -> None:
    keep(store, post(1, "Nimbus is odd"))

    def edit(text: str) -> Prediction:
        keep(store, post(1, "Nimbus is bad"))
        return Prediction(sentiment=feeling("good"))

    assert run(store, Saying(edit)) == ScoreReport(1, 0)
    assert labels(store) == {"1": "negative"}


def test_a_post_that_is_deleted_while_the_model_reads_it_is_not_counted(store: Store) -> None:
    keep(store, post(1, "Nimbus is odd"))

    def delete(text: str) -> Prediction:
        with store.transaction():
            store.mentions.delete([Deletion(platform="x", native_id="1")], now=START)
        return Prediction(sentiment=feeling("bad"))

    assert run(store, Saying(delete)) == ScoreReport(0, 0)
    assert tallied(store) == []


def test_a_label_with_too_much_doubt_is_called_unsure(store: Store) -> None:
    keep(store, post(1, "Nimbus is whatever"), post(2, "Nimbus is bad"))
    run(store, unsure_below=0.8)
    assert labels(store) == {"1": "unsure", "2": "negative"}


def test_a_post_about_nobody_is_scored_and_charted_but_casts_no_vote(store: Store) -> None:
    with store.transaction():
        store.mentions.upsert([post(1, "bad weather")], [()], source="test", now=START)
    assert run(store) == ScoreReport(1, 0)
    assert store.detection.brands() == []
    assert labels(store) == {"1": "negative"}


def test_an_author_is_one_vote_and_a_copied_text_is_one_vote(store: Store) -> None:
    text = "Nimbus is bad and everybody copies these very words"
    keep(
        store,
        post(1, "Nimbus is bad", author="ann"), post(2, "Nimbus is bad again", author="ann"),
        post(3, text, author="bob"), post(4, text, author="cid"), post(5, text, author=None),
    )  # fmt: skip
    run(store)
    assert sum(row[2] for row in tallied(store)) == 2
    assert sum(row[3] for row in tallied(store)) < 2


def test_votes_are_the_same_however_the_posts_came_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    times, words = (3, 0, 7, 1, 3, 12, 0), ("bad", "good", "odd", "bad", "good", "bad", "odd")
    posts = [
        post(number, f"Nimbus is {word} {number}", at=START + FIVE * at, author="ann", known_at=START + FIVE * 20)
        for number, (at, word) in enumerate(zip(times, words, strict=True))
    ]  # fmt: skip
    results = []
    for order in (posts, posts[::-1], sorted(posts, key=lambda each: each.text)):
        with Store(tmp_path_factory.mktemp("votes") / "monitor.db") as store:
            keep(store, *order)
            run(store)
            results.append(tallied(store))
    assert results[0] == results[1] == results[2]


def test_an_edit_changes_the_charts_and_leaves_what_was_voted(store: Store) -> None:
    keep(store, post(1, "Nimbus is bad"), post(2, "Nimbus is bad too"))
    run(store)
    voted = tallied(store)
    keep(store, post(1, "Nimbus is good"))
    assert run(store) == ScoreReport(1, 0)
    assert tallied(store) == voted
    (row,) = store.reports.trends(brand="Nimbus", since=None, until=None, bucket=FIVE)
    assert (row["mentions"], row["negative"], row["positive"]) == (2, 1, 1)
    assert row["expected_negatives"] == pytest.approx(feeling("Nimbus is bad too").negative, abs=1e-4)


def test_scoring_everything_again_changes_no_count_when_the_model_says_the_same(store: Store) -> None:
    keep(store, *(post(number, f"Nimbus is {'bad' if number % 3 else 'good'} {number}") for number in range(40)))
    run(store)
    before = tallied(store), list(store.reports.trends(brand=None, since=None, until=None, bucket=FIVE))
    store.scores.rescore_all()
    assert run(store) == ScoreReport(40, 0)
    assert (tallied(store), list(store.reports.trends(brand=None, since=None, until=None, bucket=FIVE))) == before


# Languages, and why a label is unsure

GERMAN = "Nimbus ist wirklich schlecht, mein Paket ist immer noch nicht angekommen."


class Named(WordScorer):
    """The plain scorer under another name."""

    def __init__(self, name: str, poison: str | None = None) -> None:
        super().__init__(poison)
        self.name = name


def by_language(**routes: models.Scorer) -> models.Router:
    """The plain scorer for English, and others for what they are named after."""
    return models.Router(models.Reader(WordScorer, ["en"]), {code: _reader(scorer) for code, scorer in routes.items()})


def _reader(scorer: models.Scorer) -> models.Reader:
    return models.Reader(lambda: scorer)


def exported(store: Store) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in store.reports.mentions(brand=None, since=None, until=None)}


def test_a_post_whose_language_no_model_was_measured_on_is_unsure_with_a_reason_and_without_numbers(
    store: Store,
) -> None:
    keep(store, post(1, "Nimbus is bad"), post(2, GERMAN), post(3, "ok Nimbus", lang="fr"))
    assert run(store, by_language()) == ScoreReport(scored=1, quarantined=0, unmeasured=2)
    found = exported(store)
    assert [found[name]["label"] for name in "123"] == ["negative", "unsure", "unsure"]
    assert {name: found["2"][name] for name in ("negative", "polarity", "complaint", "model")} == {
        "negative": None, "polarity": None, "complaint": None, "model": "words@1",
    }  # fmt: skip
    assert found["1"]["reason"] is None
    assert found["2"]["reason"] == "it reads as German (de), and the model was measured on English (en)"
    assert found["3"]["reason"] == "it is marked as French (fr), and the model was measured on English (en)"
    assert store.scores.pending_count() == 0


def test_a_post_that_no_model_may_judge_is_in_no_share_and_gives_no_vote(store: Store) -> None:
    keep(store, post(1, "Nimbus is bad"), post(2, GERMAN), post(3, "Nimbus is good"))
    run(store, by_language())
    (row,) = store.reports.trends(brand="Nimbus", since=None, until=None, bucket=FIVE)
    expected = feeling("Nimbus is bad").negative + feeling("Nimbus is good").negative
    assert (row["mentions"], row["negative"], row["positive"], row["unsure"], row["unmeasured"]) == (3, 1, 1, 1, 1)
    assert row["expected_negatives"] == pytest.approx(expected, abs=1e-4)
    assert row["negative_share"] == pytest.approx(expected / 2, abs=1e-4)
    assert row["net_sentiment"] == 0.0
    assert tallied(store) == [(0, 0, 2.0, expected)]
    window = store.detection.evidence("Nimbus", START, START + FIVE, known=START + FIVE, limit=9)
    assert {each.mention.native_id for each in window} == {"1", "3"}


def test_a_bucket_of_which_no_post_could_be_judged_has_no_share(store: Store) -> None:
    keep(store, post(1, GERMAN))
    run(store, by_language())
    (row,) = store.reports.trends(brand="Nimbus", since=None, until=None, bucket=FIVE)
    assert (row["mentions"], row["unsure"], row["expected_negatives"]) == (1, 1, 0.0)
    assert (row["negative_share"], row["net_sentiment"]) == (None, None)
    assert tallied(store) == []


def test_a_score_is_kept_under_the_model_that_gave_it(store: Store) -> None:
    keep(store, post(1, "Nimbus is bad"), post(2, GERMAN), post(3, "Nimbus", lang="fr"))
    german, others = Named("german@1"), Named("others@1")
    assert run(store, by_language(de=german, **{"*": others})) == ScoreReport(scored=3)
    assert {name: row["model"] for name, row in exported(store).items()} == {
        "1": "words@1", "2": "german@1", "3": "others@1",
    }  # fmt: skip


def test_scoring_again_with_a_model_for_the_language_clears_the_reason_and_leaves_the_votes(store: Store) -> None:
    keep(store, post(1, "Nimbus is bad"), post(2, GERMAN))
    run(store, by_language())
    voted = tallied(store)
    store.scores.rescore_all()
    assert run(store, by_language(de=Named("german@1"))) == ScoreReport(scored=2)
    row = exported(store)["2"]
    assert (row["label"], row["reason"], row["model"]) == ("neutral", None, "german@1")
    assert row["negative"] == feeling(GERMAN).negative
    (trend,) = store.reports.trends(brand="Nimbus", since=None, until=None, bucket=FIVE)
    assert (trend["unsure"], trend["unmeasured"], trend["neutral"]) == (0, 0, 1)
    assert tallied(store) == voted


def test_scoring_again_takes_back_what_a_model_should_not_have_said(store: Store) -> None:
    keep(store, post(1, GERMAN))
    run(store)
    assert exported(store)["1"]["label"] == "neutral"
    store.scores.rescore_all()
    run(store, by_language())
    assert (exported(store)["1"]["label"], exported(store)["1"]["negative"]) == ("unsure", None)
    assert store._connection.rows("select count(*) from scores") == [(0,)]
    (trend,) = store.reports.trends(brand="Nimbus", since=None, until=None, bucket=FIVE)
    assert (trend["unsure"], trend["unmeasured"], trend["neutral"], trend["expected_negatives"]) == (1, 1, 0, 0.0)


def test_a_label_that_is_unsure_for_want_of_confidence_says_so_and_keeps_its_numbers(store: Store) -> None:
    keep(store, post(1, "Nimbus is fine"), post(2, "Nimbus is bad"))
    run(store, unsure_below=0.8)
    found = exported(store)
    assert found["1"]["reason"] == "confidence 0.70 is below 0.8"
    assert found["1"]["negative"] == feeling("Nimbus is fine").negative
    assert (found["2"]["label"], found["2"]["reason"]) == ("negative", None)
    (trend,) = store.reports.trends(brand="Nimbus", since=None, until=None, bucket=FIVE)
    assert (trend["unsure"], trend["unmeasured"]) == (1, 0)
    assert store._connection.rows("select reason from scores order by mention_id") == [
        ("confidence 0.70 is below 0.8",), (None,),
    ]  # fmt: skip


def test_a_model_for_a_language_that_cannot_be_loaded_is_told_of_and_no_post_is_lost(store: Store) -> None:
    def missing() -> models.Scorer:
        raise models.ModelMissing('[model.languages] de: Model "x" is not here.')

    router = models.Router(models.Reader(WordScorer, ["en"]), {"de": models.Reader(missing)})
    keep(store, post(1, "Nimbus is bad"), post(2, GERMAN))
    with pytest.raises(ModelUnavailable, match='de: Model "x" is not here'):
        run(store, router)
    assert store.scores.pending_count() == 2


def test_poison_for_one_language_is_set_aside_under_its_model_and_a_model_that_always_fails_is_told_of(
    store: Store,
) -> None:
    keep(store, post(1, "Nimbus is bad"), post(2, GERMAN), post(3, GERMAN + " Gift!"))
    assert run(store, by_language(de=Named("german@1", poison="Gift"))) == ScoreReport(scored=2, quarantined=1)
    assert store._connection.rows("select model from quarantine") == [("german@1",)]
    store.scores.rescore_all()
    with pytest.raises(ModelUnavailable, match="german@1: cannot score"):
        run(store, by_language(de=Named("german@1", poison="")))


# When a post counts as known


def test_a_post_is_known_once_its_bucket_has_settled(store: Store) -> None:
    store.detection.save_state("spike", "Nimbus", START, "", b"")
    keep(store, post(1, at=START), at=timedelta(minutes=2))  # read before its bucket was over
    keep(store, post(2, at=START), at=timedelta(minutes=9))  # read within the time that buckets are given to settle
    keep(store, post(3, at=START), at=timedelta(minutes=31))  # late
    run(store)
    assert [row[:3] for row in tallied(store)] == [(0, 0, 2), (0, 5, 1)]


def test_the_past_of_a_brand_that_was_never_inspected_is_known_as_it_was_lived(store: Store) -> None:
    keep(store, post(1, at=START), post(2, at=START + timedelta(hours=3)), at=timedelta(days=9))
    run(store)
    assert [row[:2] for row in tallied(store)] == [(0, 0), (36, 36)]


def test_what_becomes_known_of_a_bucket_that_was_inspected_is_known_from_where_inspection_stands(store: Store) -> None:
    store.detection.save_state("rule", "Nimbus", START + 10 * FIVE, "settings", b"")
    keep(store, post(1, at=START), at=timedelta(minutes=7))  # a slow poll, a clock that was set back, a late score
    keep(store, post(2, at=START), at=timedelta(minutes=7), brand="Cirrus")
    run(store)
    assert [row[:2] for row in tallied(store)] == [(0, 10)]
    assert [row[:2] for row in tallied(store, "Cirrus")] == [(0, 0)]


def test_stopping_ends_after_the_batch_and_the_rest_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "BATCH", 10)
    keep(store, *(post(number, f"Nimbus {number}") for number in range(30)))
    asked = iter([False, True])
    model = WordScorer()
    router = models.Router.of(model)
    score.run(store, lambda: router, now=START, unsure_below=0.0, settle=FIVE, stop=lambda: next(asked))
    assert store.scores.pending_count() == 20
