"""The detection benchmark: its scoring rules, its invented brands, and its figures on a small run."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import detection
from benchmarks._count_series import CountSeries, normalised, probation, raw_score
from benchmarks._short_history import simulate_short
from benchmarks._simulator import simulate

ROWS = 2000
SERIES = CountSeries("x", [""] * ROWS, [0.0] * ROWS, [(500, 599), (1000, 1199)])


def scores(*high: int) -> list[float]:
    return [1.0 if at in high else 0.0 for at in range(ROWS)]


def points(*high: int) -> float:
    return normalised(raw_score(SERIES, scores(*high), 0.5)[0], len(SERIES.windows))


def test_silence_earns_nothing_and_first_rows_earn_everything() -> None:
    assert points() == 0.0
    assert points(500, 1000) == pytest.approx(100.0)


def test_an_earlier_detection_earns_more_and_a_second_one_nothing() -> None:
    assert points(510, 1000) > points(580, 1000) > points(1000)
    assert points(500, 550, 1000) == points(500, 1000)


def test_rows_outside_cost_less_just_after_a_window() -> None:
    assert points(500, 1000) > points(500, 610, 1000) > points(500, 800, 1000)
    assert raw_score(SERIES, scores(400, 800, 1500), 0.5)[1] == 3


def test_the_first_rows_are_on_probation() -> None:
    assert probation(ROWS) == 300
    assert probation(15_831) == 750
    assert points(10, 299) == 0.0


def test_the_same_seed_invents_the_same_brand() -> None:
    one, other, third = simulate(5, weeks=3), simulate(5, weeks=3), simulate(6, weeks=3)
    assert np.array_equal(one.negatives, other.negatives, equal_nan=True)
    assert one.crises == other.crises
    assert not np.array_equal(one.negatives, third.negatives, equal_nan=True)


def test_a_brand_with_a_short_history_has_a_crisis_in_which_negatives_rise_or_none() -> None:
    calm = simulate_short(5, crisis=False)
    assert (calm.crises, len(calm.negatives)) == ([], 14 * 288)
    for seed in range(6):
        brand = simulate_short(seed, crisis=True)
        crisis = brand.crises[0]
        assert 4 * 288 < crisis.onset < crisis.end <= len(brand.negatives)
        assert (brand.negatives <= brand.mentions).all()
        assert np.array_equal(brand.negatives, simulate_short(seed, crisis=True).negatives)
    assert brand.negatives[crisis.onset : crisis.end].sum() > brand.expected[crisis.onset : crisis.end].sum()


def test_a_small_run_shows_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    detection.main(["--brands", "1", "--weeks", "3", "--json", str(file)])
    assert "No labelled series were measured" in capsys.readouterr().out
    figures = json.loads(file.read_text("utf-8"))
    assert all(of["within_3_h"] <= of["within_10_h"] <= of["detected"] <= 1 for of in figures["short_history"].values())
    rules = figures["simulation"]
    assert len(rules) >= 5
    assert all(0 <= of["detected"] <= 1 and of["false_alarms_per_brand_week"] >= 0 for of in rules.values())
