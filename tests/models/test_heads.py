"""From an encoder's outputs to a prediction."""

import math

import pytest

from models import ModelUnusable
from models.heads import ANSWERS, Head, Heads

SENTIMENT = Head(name="sentiment", labels=("negative", "neutral", "positive"), temperature=1.0, toward=2.0)
IRONY = Head(name="irony", labels=("no", "yes"), temperature=2.0)
EMOTION = Head(name="emotion", labels=("anger", "joy", "optimism", "sadness"), temperature=1.0)
LOGITS = [0.0, 0.0, math.log(2), 0.0, math.log(9), math.log(7), 0.0, 0.0, 0.0]


def test_each_answer_reads_its_own_outputs_at_its_own_temperature() -> None:
    found = Heads("m", [SENTIMENT, IRONY, EMOTION]).prediction(LOGITS, toward=False)
    assert found.sentiment.positive == pytest.approx(0.5)
    assert found.irony == pytest.approx(0.75)
    assert found.emotion == pytest.approx({"anger": 0.7, "joy": 0.1, "optimism": 0.1, "sadness": 0.1})


def test_what_is_not_answered_is_none_and_never_zero() -> None:
    found = Heads("m", [SENTIMENT]).prediction(LOGITS[:3], toward=False)
    assert (found.complaint, found.emotion, found.irony, found.offensive, found.touchpoints) == (None,) * 5


def test_sentiment_toward_a_target_has_a_temperature_of_its_own() -> None:
    heads = Heads("m", [SENTIMENT, IRONY])
    plain, toward = (heads.prediction(LOGITS[:5], toward=named) for named in (False, True))
    assert toward.sentiment.positive < plain.sentiment.positive
    assert toward.irony == plain.irony


def test_only_a_model_that_was_fitted_for_targets_reads_them() -> None:
    assert Heads("m", [SENTIMENT]).reads_targets
    assert not Heads("m", [Head(name="sentiment", labels=SENTIMENT.labels, temperature=1.0)]).reads_targets


def test_a_head_is_the_same_after_a_round_trip() -> None:
    assert [Head.read(head.row()) for head in (SENTIMENT, IRONY)] == [SENTIMENT, IRONY]


def test_a_model_without_sentiment_is_refused() -> None:
    with pytest.raises(ModelUnusable, match="answers irony; expected sentiment"):
        Heads("m", [IRONY])


def test_touchpoints_have_a_probability_each_whatever_the_others_say() -> None:
    touchpoints = ANSWERS["touchpoints"]
    heads = Heads(
        "m",
        [
            Head(name="sentiment", labels=ANSWERS["sentiment"], temperature=1.0),
            Head(name="touchpoints", labels=touchpoints, temperature=2.0),
        ],
    )
    said = heads.prediction([0.0, 0.0, 0.0, 4.0, 4.0, *[-1e9] * (len(touchpoints) - 2)], toward=False).touchpoints
    assert said is not None
    assert list(said) == list(touchpoints)
    assert [round(share, 3) for share in list(said.values())[:3]] == [0.881, 0.881, 0.0]
