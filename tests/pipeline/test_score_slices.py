"""Scoring fills the slices of a brand: the same votes, in every part that a post is in, and no more parts than fit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import models
from monitor.domain import Mention
from monitor.pipeline import score
from monitor.store import Store
from tests.support.fakes import START, WordScorer, post

FIVE = timedelta(minutes=5)


def keep(store: Store, *mentions: Mention) -> None:
    with store.transaction():
        store.mentions.upsert(mentions, [("Nimbus",)] * len(mentions), source="test", now=START)


def run(store: Store, model: models.Scorer | None = None) -> None:
    router = models.Router.of(model or WordScorer())
    score.run(store, lambda: router, now=START, unsure_below=0.0, settle=FIVE)


class Touching(WordScorer):
    """Names touchpoints as well."""

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[models.Prediction]:
        found = super().predict(texts, targets)
        about = [{"delivery": 0.9, "price": 0.4} if "parcel" in text else None for text in texts]
        return [replace(each, touchpoints=points) for each, points in zip(found, about, strict=True)]


def slices_of(store: Store, brand: str = "Nimbus") -> dict[str, tuple[float, float]]:
    """Votes and negatives of each slice on the first day."""
    names = {part for _, part, _ in store.scores.days(brand, START, START + timedelta(days=1))}
    found = {}
    for name in names:
        tallies = store.detection.tallies(brand, START, START + timedelta(days=1), slice=name)
        found[name] = (sum(each.mentions for each in tallies), sum(each.negatives for each in tallies))
    return found


def test_a_post_is_counted_for_the_whole_and_in_each_slice_that_it_is_in(store: Store) -> None:
    keep(store, post(1, "the parcel is bad", lang="en", region="DE"), post(2, "Nimbus is fine", platform="rss"))
    run(store, Touching())
    found = slices_of(store)
    assert set(found) == {"", "platform=x", "platform=rss", "touchpoint=delivery", "language=en", "region=de"}
    assert found["touchpoint=delivery"] == found["region=de"] == found["platform=x"]
    assert found[""] == tuple(map(sum, zip(found["platform=x"], found["platform=rss"], strict=True)))
    (about,) = store.detection.evidence(
        "Nimbus", START, START + FIVE, known=START + FIVE, limit=9, slice="touchpoint=delivery"
    )
    assert about.slices == ("platform=x", "touchpoint=delivery", "language=en", "region=de")
    assert about.mention.region == "DE"


def test_who_was_counted_is_counted_in_no_other_slice_again_but_for_being_unhappier(store: Store) -> None:
    keep(
        store, post(1, "Nimbus is fine", author="ann", region="de"),
        post(2, "it is really bad, says ann", author="ann", region="fr", at=START + timedelta(minutes=1)),
    )  # fmt: skip
    run(store)
    found = slices_of(store)
    assert (found["region=de"][0], found["region=fr"][0]) == (1.0, 0.0)
    assert found[""][1] == found["region=de"][1] + found["region=fr"][1]


def test_ten_thousand_regions_in_a_day_are_counted_in_a_few(store: Store) -> None:
    keep(store, *(post(n, f"Nimbus is bad {n}", region=f"place {n}") for n in range(300)))
    run(store)
    assert sum(name.startswith("region=") for name in slices_of(store)) == 20
    assert slices_of(store)[""][0] == 300.0


def test_sums_are_the_same_in_whatever_batches_posts_come(store: Store, tmp_path: Path) -> None:
    posts = [post(n, f"Nimbus number {n * 7919 % 1000} is bad", at=START + timedelta(seconds=n)) for n in range(60)]
    keep(store, *posts)
    run(store)
    with Store(tmp_path / "other.db") as other:
        for each in posts:
            keep(other, each)
            run(other)
        assert slices_of(other) == slices_of(store)


def test_what_a_model_is_known_to_get_wrong_is_taken_out_of_the_votes(store: Store) -> None:
    scorer = WordScorer()
    confusion = ((80, 20, 0), (20, 80, 0), (20, 0, 80))
    router = models.Router(models.Reader(lambda: scorer, None, [confusion]))
    keep(store, post(1, "Nimbus is bad"), post(2, "Nimbus is fine"))
    score.run(store, lambda: router, now=START, unsure_below=0.5, settle=timedelta(0))
    assert slices_of(store)[""] == (2.0, 1.0), "what is surely bad is one, what is calm is none"
