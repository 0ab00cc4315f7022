"""What labelled posts teach about a model's probabilities: much from many, little from few, nothing from noise."""

import numpy as np
import numpy.typing as npt
import pytest

from models.corrections import NoHelp, TooFew, calibrate
from models.evaluate import Judged
from models.heads import ANSWERS
from models.labelled import Labelled

Numbers = npt.NDArray[np.float64]
CLASSES = ANSWERS["sentiment"]
TOUCHPOINTS = ANSWERS["touchpoints"]


def softmax(scores: Numbers) -> Numbers:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def judged(texts: int, seed: int, *, temperature: float = 1.0, bias: tuple[float, ...] = (0.0, 0.0, 0.0)) -> Judged:
    """A model whose probabilities would be right after this temperature and bias."""
    chance = np.random.default_rng(seed)
    said = softmax(1.5 * chance.standard_normal((texts, 3)))
    right = softmax(np.log(said) / temperature + np.array(bias))
    labels = [CLASSES[chance.choice(3, p=row)] for row in right]
    return Judged("sentiment", [Labelled("x", label) for label in labels], said.tolist())


def test_many_texts_find_the_temperature_and_the_bias() -> None:
    found, worth = calibrate(judged(5_000, 1, temperature=1.6, bias=(0.8, -0.2, -0.6)), seed=1)
    assert found.temperature == pytest.approx(1.6, abs=0.15)
    assert found.bias == pytest.approx((0.8, -0.2, -0.6), abs=0.12)
    assert found.texts == worth.texts == 5_000
    for name in ("log loss", "calibration error"):
        change = worth.figures[name]
        assert change.after < change.before
        assert change.change.high < 0
        assert change.change.value == pytest.approx(change.after - change.before)
    assert worth.figures["calibration error"].after < 0.02


def spread(texts: int, seed: int) -> float:
    """How far apart the learned biases are, where 2.4 is right."""
    bias = calibrate(judged(texts, seed, bias=(1.2, 0.0, -1.2)), seed=1)[0].bias
    return bias[0] - bias[2]


def test_few_texts_change_less_than_many() -> None:
    few = np.mean([spread(120, seed) for seed in range(3, 9)])
    assert 0.5 < few < 2.1
    assert spread(3_000, 3) == pytest.approx(2.4, abs=0.2)


def test_the_confusion_that_comes_with_it_counts_every_text_once() -> None:
    given = judged(400, 1, bias=(1.0, 0.0, -1.0))
    found, _ = calibrate(given, seed=1)
    assert found.confusion is not None
    assert [sum(row) for row in found.confusion] == [sum(row.label == label for row in given.rows) for label in CLASSES]


def test_a_model_that_is_right_already_is_left_alone() -> None:
    with pytest.raises(NoHelp, match=r"Nothing was written"):
        calibrate(judged(1_000, 2), seed=1)


def test_a_gain_that_may_be_chance_is_refused_with_how_many_texts_would_show_it() -> None:
    with pytest.raises(NoHelp, match=r"200 texts do not show .* About (\d+) texts would show it") as refusal:
        calibrate(judged(200, 6, bias=(0.22, 0.0, -0.22)), seed=1)
    assert int(str(refusal.value).split("About ")[1].split()[0]) > 200


def test_with_temperature_alone_no_text_gets_another_label() -> None:
    found, worth = calibrate(judged(2_000, 1, temperature=2.0, bias=(0.8, 0.0, 0.0)), seed=1, biased=False)
    assert found.bias == (0.0, 0.0, 0.0)
    assert found.temperature > 1.4
    assert worth.figures["macro-averaged recall"].change.value == 0


def test_too_few_texts_are_refused_with_how_many_it_takes() -> None:
    with pytest.raises(TooFew, match=r"49 labelled texts are too few to learn from\. Give at least 50"):
        calibrate(judged(49, 1), seed=1)


def test_a_label_that_hardly_occurs_is_refused_by_name() -> None:
    given = judged(200, 1)
    rows = [row if row.label != "positive" else Labelled("x", "neutral") for row in given.rows]
    with pytest.raises(TooFew, match=r"Too few texts are labelled positive\. Give at least 5 of each label"):
        calibrate(Judged("sentiment", rows, given.given), seed=1)


def test_mistakes_alone_are_recognised_and_refused() -> None:
    given = judged(1_500, 1)
    wrong = [at for at, said in enumerate(given.said) if said != given.true[at]]
    only = Judged("sentiment", [given.rows[at] for at in wrong], [given.given[at] for at in wrong])
    with pytest.raises(NoHelp, match="Were only its mistakes labelled"):
        calibrate(only, seed=1)


def test_the_same_seed_gives_the_same_answer() -> None:
    given = judged(300, 1, bias=(1.0, 0.0, -1.0))
    assert calibrate(given, seed=1) == calibrate(given, seed=1)


def test_each_text_is_judged_by_what_the_others_taught() -> None:
    """One text with a label of its own shape: with itself among the teachers, its loss would be smaller."""
    given = judged(60, 8, bias=(1.5, 0.0, -1.5))
    found, worth = calibrate(given, seed=1)
    fitted = [found.single(row) for row in given.given]
    seen = -np.mean([np.log(row[true]) for row, true in zip(fitted, given.true, strict=True)])
    assert worth.figures["log loss"].after > seen + 0.005


def touched(texts: int, seed: int, missing: str) -> Judged:
    """A model that says each touchpoint too seldom; `missing` is in no text."""
    chance = np.random.default_rng(seed)
    odds = 1.5 * chance.standard_normal((texts, len(TOUCHPOINTS))) - 1.5
    truth = chance.random(odds.shape) < 1 / (1 + np.exp(-odds - 1.0))
    rows = [
        Labelled(
            "x", "", labels=tuple(name for name, has in zip(TOUCHPOINTS, row, strict=True) if has and name != missing)
        )
        for row in truth
    ]
    return Judged("touchpoints", rows, (1 / (1 + np.exp(-odds))).tolist())


def test_touchpoints_learn_a_bias_each_and_one_that_never_occurs_keeps_its_own() -> None:
    found, worth = calibrate(touched(1_500, 1, "store"), seed=1)
    biases = dict(zip(TOUCHPOINTS, found.bias, strict=True))
    assert biases.pop("store") == pytest.approx(0, abs=1e-3)
    assert list(biases.values()) == pytest.approx([1.0] * 9, abs=0.3)
    assert worth.figures["macro F1"].after > worth.figures["macro F1"].before
    assert found.confusion is None
