"""Text and stars as one, in the words of a label."""

import pytest

from models import Sentiment
from monitor.pipeline.feeling import feeling_of

GLAD, TORN = Sentiment(0.02, 0.03, 0.95), Sentiment(0.3, 0.4, 0.3)


def test_without_stars_the_text_is_all_there_is() -> None:
    felt = feeling_of(TORN, None, 0.5)
    assert (felt.sentiment, felt.label, felt.reason, felt.text) == (
        TORN,
        "unsure",
        "confidence 0.40 is below 0.5",
        None,
    )


def test_stars_make_an_unsure_text_sure() -> None:
    felt = feeling_of(TORN, 0.0, 0.5)
    assert (felt.label, felt.reason, felt.text) == ("negative", None, TORN)


def test_a_contradiction_is_unsure_however_sure_the_sum_is_and_its_numbers_stand() -> None:
    felt = feeling_of(GLAD, 0.0, 0.0)
    assert (felt.label, felt.reason, felt.text) == ("unsure", "text and stars disagree", GLAD)
    assert GLAD.negative < felt.sentiment.negative < 0.5


@pytest.mark.parametrize("rating", [0.25, 0.5, 0.75, 1.0])
def test_two_stars_to_five_contradict_no_praise(rating: float) -> None:
    assert feeling_of(GLAD, rating, 0.0).label == "positive"
