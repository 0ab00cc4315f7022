"""How fast a model is: what is asked of it, and what is told."""

from collections.abc import Callable, Sequence

import pytest

from models import Prediction, Sentiment, bench
from models.text import normalise


class Slow:
    """Each text takes one second of a clock of its own."""

    name = "slow@1"

    def __init__(self) -> None:
        self.now = 0.0
        self.seen: list[str] = []

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        self.now += len(texts)
        self.seen += texts
        return [Prediction(sentiment=Sentiment(0.0, 1.0, 0.0)) for _ in texts]


@pytest.fixture
def slow() -> Slow:
    return Slow()


def clock_of(slow: Slow) -> Callable[[], float]:
    return lambda: slow.now


def opened(slow: Slow) -> Slow:
    slow.now += 3
    return slow


def test_the_speed_and_the_first_answer_are_told(slow: Slow) -> None:
    found = bench.measure(lambda: opened(slow), 100, patience=1_000, clock=clock_of(slow))
    assert (found.model, found.texts, found.seconds, found.per_second) == ("slow@1", 100, 100, 1)
    assert found.first_answer_s == 4
    assert found.peak_mb is None or found.peak_mb > 1


def test_a_slow_model_is_asked_less(slow: Slow) -> None:
    assert bench.measure(lambda: slow, 100_000, patience=10, clock=clock_of(slow)).texts == 10
    assert bench.measure(lambda: slow, 100_000, patience=0.1, clock=clock_of(slow)).texts == 1


def test_no_text_is_asked_twice(slow: Slow) -> None:
    bench.measure(lambda: slow, 3_000, patience=1e6, clock=clock_of(slow))
    assert len({normalise(text) for text in slow.seen}) == len(slow.seen) == 3_033


def test_the_texts_are_of_the_usual_length() -> None:
    words = [len(text.split()) for text in bench.made_up(600)]
    assert 5 <= min(words) < max(words) <= 60
    assert bench.made_up(10) == bench.made_up(600)[:10]
