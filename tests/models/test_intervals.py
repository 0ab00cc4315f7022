"""How far figures may be off by chance: the drawn-again intervals hold the truth, and the figures are the same."""

import math

import numpy as np
import pytest

from models import evaluate, intervals
from models.heads import ANSWERS
from models.labelled import Labelled

CLASSES = ANSWERS["sentiment"]
RATES = np.array([[0.8, 0.15, 0.05], [0.2, 0.6, 0.2], [0.05, 0.2, 0.75]])


def judged(texts: int, chance: np.random.Generator) -> evaluate.Judged:
    true = chance.choice(3, texts, p=[0.2, 0.5, 0.3])
    said = [chance.choice(3, p=RATES[row]) for row in true]
    given = [[0.8 if column == each else 0.1 for column in range(3)] for each in said]
    return evaluate.Judged("sentiment", [Labelled("x", CLASSES[row]) for row in true], given)


def test_the_figures_are_those_that_evaluate_gives() -> None:
    one = judged(300, np.random.default_rng(1))
    found, named = intervals.of_means(one, seed=1), evaluate.means(evaluate.measured(one))
    assert set(named) - set(found) == {"calibration error"}
    for name, interval in found.items():
        assert interval.value == pytest.approx(named[name])
        assert interval.low < interval.value < interval.high


def test_the_figures_of_several_labels_are_those_too() -> None:
    chance = np.random.default_rng(2)
    names = ANSWERS["touchpoints"]
    rows, given = [], []
    for _ in range(200):
        held = tuple(name for name in names[:6] if chance.random() < 0.3)
        rows.append(Labelled("x", "", labels=held))
        given.append([0.9 if (name in held) is (chance.random() < 0.8) else 0.2 for name in names])
    one = evaluate.Judged("touchpoints", rows, given)
    found, named = intervals.of_means(one, seed=1), evaluate.means(evaluate.measured(one))
    assert set(named) - set(found) == {"calibration error"}
    assert all(interval.value == pytest.approx(named[name]) for name, interval in found.items())


def test_the_interval_holds_the_true_figure_as_often_as_it_says() -> None:
    chance = np.random.default_rng(3)
    truth = float(RATES.diagonal().mean())
    held = []
    for _ in range(150):
        found = intervals.of_means(judged(200, chance), seed=1, level=0.9)["macro-averaged recall"]
        held.append(found.low <= truth <= found.high)
    assert 0.83 <= np.mean(held) <= 0.97


def test_four_times_the_texts_halve_the_interval() -> None:
    chance = np.random.default_rng(4)
    widths = []
    for texts in (400, 1_600):
        found = intervals.of_means(judged(texts, chance), seed=1)["accuracy"]
        widths.append(found.high - found.low)
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.25)


def test_a_class_that_does_not_occur_counts_in_no_mean() -> None:
    rows = [Labelled("x", "negative"), Labelled("y", "positive")]
    one = evaluate.Judged("sentiment", rows, [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
    found = intervals.of_means(one, seed=1)
    assert found["macro-averaged recall"].low == 1.0
    assert not math.isnan(found["macro F1"].low)


def test_the_same_seed_gives_the_same_interval() -> None:
    one = judged(100, np.random.default_rng(5))
    assert intervals.of_means(one, seed=1) == intervals.of_means(one, seed=1)
    assert intervals.of_means(one, seed=1) != intervals.of_means(one, seed=2)


def test_a_large_file_is_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    one = judged(100, np.random.default_rng(6))
    whole = intervals.of_means(one, seed=1)["accuracy"]
    monkeypatch.setattr(intervals, "_AT_ONCE", 150)
    parted = intervals.of_means(one, seed=1)["accuracy"]
    assert parted.value == whole.value
    assert parted.high - parted.low == pytest.approx(whole.high - whole.low, rel=0.2)
