"""The true share of each class: intervals hold the truth as often as they say, and correcting beats counting."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from models.prevalence import Correction, Share, shares_from_probabilities

Numbers = npt.NDArray[np.float64]
RATES = np.array([[0.79, 0.16, 0.05], [0.19, 0.63, 0.18], [0.04, 0.18, 0.78]])  # P(said | true)
ROWS = (400, 1_000, 850)  # labelled texts of each class in one set
SHARES = (0.05, 0.2, 0.5, 0.8)
SIZES = (30, 300, 5_000)


def drifted(spread: float, chance: np.random.Generator) -> Numbers:
    """The rates in another set, whose log odds differ with this standard deviation."""
    moved = RATES * np.exp(spread * np.sqrt(2 / 3) * chance.standard_normal(RATES.shape))
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


def confusion(rates: Numbers, chance: np.random.Generator) -> list[list[int]]:
    return [chance.multinomial(size, row).tolist() for size, row in zip(ROWS, rates, strict=True)]


def trials(
    sets: int, spread: float, drift: float, repeats: int, sizes: Sequence[int] = SIZES
) -> tuple[Numbers, Numbers, Numbers]:
    """For many known shares: whether the interval held them, and the squared errors, corrected and counted."""
    chance = np.random.default_rng(7)
    held, corrected, counted = [], [], []
    for _ in range(repeats):
        measured = [confusion(drifted(spread, chance), chance) for _ in range(sets)]
        correction = Correction(measured, seed=1, drift=drift, draws=500)
        here = drifted(spread, chance)
        for size in sizes:
            for share in SHARES:
                truth = np.array([share, 0.55 * (1 - share), 0.45 * (1 - share)])
                said = chance.multinomial(size, truth @ here)
                found = correction.shares(said.tolist())
                assert found is not None
                held.append([each.low <= true <= each.high for each, true in zip(found, truth, strict=True)])
                corrected.append([(each.estimate - true) ** 2 for each, true in zip(found, truth, strict=True)])
                counted.append((said / size - truth) ** 2)
    return np.array(held, dtype=float), np.array(corrected), np.array(counted)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held, _, _ = trials(sets=1, spread=0.0, drift=0.0, repeats=200)
    assert 0.88 <= held.mean() <= 0.96  # asked: 0.9
    per_case = held.reshape(200, len(SIZES) * len(SHARES), 3).mean(axis=0)
    assert per_case.min() >= 0.84  # of 200 repeats, three standard errors below 0.9


def test_the_corrected_share_of_negatives_beats_the_counted_one_where_there_are_posts_enough() -> None:
    _, corrected, counted = trials(sets=1, spread=0.0, drift=0.0, repeats=20, sizes=(300, 5_000))
    assert corrected[:, 0].mean() < counted[:, 0].mean() / 3
    assert corrected.mean() < counted.mean() / 2


@pytest.mark.parametrize("sets", [1, 2, 4])
def test_sets_that_drift_apart_are_still_covered(sets: int) -> None:
    held, corrected, counted = trials(sets=sets, spread=0.25, drift=0.25, repeats=100)
    assert 0.88 <= held.mean() <= 0.97
    assert corrected[:, 0].mean() < counted[:, 0].mean()


def test_leaving_the_drift_out_covers_too_little_where_sets_drift() -> None:
    held, _, _ = trials(sets=2, spread=0.25, drift=0.0, repeats=30, sizes=(5_000,))
    assert held.mean() < 0.7


def test_sets_that_disagree_more_than_foreseen_overrule_it() -> None:
    held, _, _ = trials(sets=4, spread=0.75, drift=0.25, repeats=60, sizes=(5_000,))
    assert held.mean() >= 0.86


def test_a_small_set_says_less_than_a_large_one() -> None:
    large, small = [[8_000, 1_500, 500], [1_900, 6_300, 1_800], [400, 1_800, 7_800]], [[4, 4, 2], [3, 4, 3], [2, 4, 4]]
    alone, both = (Correction(sets, seed=1, drift=0).shares([500, 300, 200]) for sets in ([large], [large, small]))
    assert alone is not None
    assert both is not None
    assert both[0].estimate == pytest.approx(alone[0].estimate, abs=0.01)
    assert width(both) == pytest.approx(width(alone), rel=0.1)


def width(found: list[Share] | None) -> float:
    assert found is not None
    return found[0].high - found[0].low


def test_sets_that_disagree_widen_the_interval_and_sets_that_agree_narrow_it() -> None:
    one = [[800, 150, 50], [190, 630, 180], [40, 180, 780]]
    near = [[790, 160, 50], [185, 640, 175], [45, 170, 785]]
    far = [[550, 350, 100], [60, 790, 150], [100, 350, 550]]
    said = [500, 300, 200]
    alone, agreeing, disagreeing = (
        width(Correction(sets, seed=3).shares(said)) for sets in ([one], [one, near], [one, far])
    )
    assert agreeing < alone < disagreeing


def test_no_posts_have_no_share() -> None:
    assert Correction([RATES_COUNTED], seed=1).shares([0, 0, 0]) is None
    assert shares_from_probabilities([], [0.3, 0.3, 0.4], seed=1) is None


RATES_COUNTED = [[790, 160, 50], [190, 630, 180], [40, 180, 780]]


@pytest.mark.parametrize("said", [[1, 0, 0], [0, 0, 1], [1, 1, 1], [0, 0, 4_000], [4_000, 0, 0], [10**9, 1, 0]])
def test_any_counts_give_shares_within_their_intervals(said: list[int]) -> None:
    found = Correction([RATES_COUNTED], seed=1).shares(said)
    assert found is not None
    assert sum(each.estimate for each in found) == pytest.approx(1, abs=0.02)
    for each in found:
        assert 0 <= each.low <= each.estimate <= each.high <= 1
        assert each.high > each.low


def test_one_post_says_almost_nothing() -> None:
    found = Correction([RATES_COUNTED], seed=1).shares([1, 0, 0])
    assert found is not None
    assert width(found) > 0.8


def test_posts_that_contradict_the_rates_are_put_at_the_end_and_doubted() -> None:
    found = Correction([RATES_COUNTED], seed=1).shares([0, 0, 4_000])
    assert found is not None
    assert found[2].estimate > 0.9
    assert found[0].low == 0
    assert found[0].high > 0.1


@pytest.mark.parametrize("row", [[100, 100, 100], [0, 0, 900], [1, 1, 1]])
def test_a_classifier_that_tells_nothing_leaves_everything_possible(row: list[int]) -> None:
    found = Correction([[row, row, row]], seed=1, drift=0).shares([50, 20, 10])
    assert found is not None
    assert all(each.low < 0.05 and each.high > 0.95 for each in found)


def test_without_errors_and_drift_counting_is_right() -> None:
    sure = [[100_000, 0, 0], [0, 100_000, 0], [0, 0, 100_000]]
    found = Correction([sure], seed=1, drift=0).shares([2_500, 5_000, 2_500])
    assert found is not None
    assert [each.estimate for each in found] == pytest.approx([0.25, 0.5, 0.25], abs=0.003)
    assert width(found) == pytest.approx(2 * 1.645 * (0.25 * 0.75 / 10_000) ** 0.5, rel=0.1)


def test_two_classes_agree_with_rogan_and_gladen() -> None:
    found = Correction([[[9_000, 1_000], [2_000, 8_000]]], seed=1, drift=0).shares([4_100, 5_900])
    assert found is not None
    assert found[0].estimate == pytest.approx((0.41 - 0.2) / (0.9 - 0.2), abs=0.01)


def test_the_same_counts_get_the_same_shares_whatever_was_asked_before() -> None:
    correction = Correction([RATES_COUNTED], seed=5)
    rows = [[10, 20, 30], [0, 0, 0], [5, 5, 5]]
    assert correction.many(rows) == [correction.shares(row) for row in rows]
    assert Correction([RATES_COUNTED], seed=5).shares([10, 20, 30]) == correction.shares([10, 20, 30])
    assert Correction([RATES_COUNTED], seed=6).shares([10, 20, 30]) != correction.shares([10, 20, 30])


def test_a_higher_level_is_a_wider_interval() -> None:
    correction = Correction([RATES_COUNTED], seed=1)
    assert width(correction.shares([50, 30, 20], 0.5)) < width(correction.shares([50, 30, 20], 0.99))


@pytest.mark.parametrize(
    "confusions",
    [
        [], [[]], [[[1, 2]]], [[[5]]], [[[1, 2], [3]]], [[[0, 0], [0, 0]]], [[[1, -1], [0, 2]]],
        [RATES_COUNTED, [[1, 0], [0, 1]]],
    ],
)  # fmt: skip
def test_confusions_that_cannot_be_are_refused(confusions: list[list[list[int]]]) -> None:
    with pytest.raises(ValueError, match=r"confusion matri"):
        Correction(confusions, seed=1)


def test_counts_and_levels_that_cannot_be_are_refused() -> None:
    correction = Correction([RATES_COUNTED], seed=1)
    with pytest.raises(ValueError, match="2 counts for 3 classes"):
        correction.shares([1, 2])
    with pytest.raises(ValueError, match="from 0"):
        correction.shares([1, 2, -1])
    with pytest.raises(ValueError, match="level is 90"):
        correction.shares([1, 2, 3], 90)
    with pytest.raises(ValueError, match="drift is -1"):
        Correction([RATES_COUNTED], seed=1, drift=-1)


def posterior(truth: Numbers, reference: Numbers, size: int, chance: np.random.Generator) -> list[list[float]]:
    """What a calibrated classifier says of posts with these shares: one clue in five, of which one is misleading."""
    clues = np.array([[0.5, 0.2, 0.15, 0.1, 0.05], [0.1, 0.2, 0.4, 0.2, 0.1], [0.05, 0.1, 0.15, 0.2, 0.5]])
    seen = chance.choice(5, size, p=truth @ clues)
    joint = reference[:, None] * clues
    given: list[list[float]] = (joint / joint.sum(axis=0))[:, seen].T.tolist()
    return given


def test_probabilities_give_the_share_although_other_posts_were_calibrated_on() -> None:
    chance, reference = np.random.default_rng(2), np.array([0.2, 0.5, 0.3])
    truth = np.array([0.6, 0.2, 0.2])
    held, errors, raw = [], [], []
    for _ in range(60):
        given = posterior(truth, reference, 400, chance)
        found = shares_from_probabilities(given, reference.tolist(), seed=1)
        assert found is not None
        held.append([each.low <= true <= each.high for each, true in zip(found, truth, strict=True)])
        errors.append((found[0].estimate - truth[0]) ** 2)
        raw.append((np.mean(given, axis=0)[0] - truth[0]) ** 2)
    assert np.mean(held) >= 0.85  # asked: 0.9
    assert np.mean(errors) < np.mean(raw) / 4


def test_one_probability_says_almost_nothing() -> None:
    found = shares_from_probabilities([[0.9, 0.05, 0.05]], [0.3, 0.4, 0.3], seed=1)
    assert found is not None
    assert width(found) > 0.6


@pytest.mark.parametrize(
    ("rows", "reference"),
    [([[0.5, 0.5]], [0.3, 0.3, 0.4]), ([[0.5, -0.5]], [0.5, 0.5]), ([[float("nan"), 0.5]], [0.5, 0.5]),
     ([[0.5, 0.5]], [1.0, 0.0])],
)  # fmt: skip
def test_probabilities_that_cannot_be_are_refused(rows: list[list[float]], reference: list[float]) -> None:
    with pytest.raises(ValueError, match=r"robabilit"):
        shares_from_probabilities(rows, reference, seed=1)
