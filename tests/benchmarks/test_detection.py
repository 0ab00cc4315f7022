"""The detection benchmark: its scoring rules against sums done by hand, its methods, and a small run of it all."""

import json
from collections.abc import Callable
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from benchmarks import detection
from benchmarks._count_series import CountSeries, normalised, points, probation, quiet_weeks, raw_score, read_folder
from benchmarks._harsh import simulate_harsh
from benchmarks._judging import weigh
from benchmarks._lasting import CHANGES, NOTHING, TURN_HOURS, TURNS, brand_of
from benchmarks._method import Method, cooled, solve, sums
from benchmarks._methods import EVERY
from benchmarks._methods_tail import rarity
from benchmarks._short_history import simulate_short
from benchmarks._simulator import DAY, HOUR, WEEK, Brand, Crisis, simulate
from benchmarks._worlds import WORLDS

ROWS = 2000
SERIES = CountSeries("x", [""] * ROWS, [0.0] * ROWS, [(500, 599), (1000, 1199)])


def earned(*rows: int) -> float:
    return normalised(points(SERIES, rows)[0], len(SERIES.windows))


def curve(position: float) -> float:
    return 2.0 / (1.0 + exp(5.0 * position)) - 1.0


# The published scoring


def test_silence_earns_nothing_and_first_rows_earn_everything() -> None:
    assert earned() == 0.0
    assert earned(500, 1000) == pytest.approx(100.0)


def test_a_detection_earns_by_its_place_in_the_window() -> None:
    # Row 550 is 50 of 100 rows before the end: 2 / (1 + e^-2.5) - 1 = 0.84828, over the 0.98661 of a first row.
    assert points(SERIES, [549])[0] == pytest.approx(-1.0 + curve(-0.51) / curve(-1.0))
    assert points(SERIES, [550])[0] == pytest.approx(-1.0 + 0.84828 / 0.98661, abs=1e-3)
    assert points(SERIES, [500])[0] == pytest.approx(0.0)


def test_of_several_detections_in_a_window_the_best_counts_once() -> None:
    assert points(SERIES, [550, 500, 599]) == points(SERIES, [500])


def test_a_row_outside_costs_the_more_the_further_behind_a_window_it_is() -> None:
    # Half a window's length behind the first one: 0.11 * (2 / (1 + e^2.5) - 1); far away, the whole 0.11.
    half = points(SERIES, [599 + 49])[0]
    assert half == pytest.approx(-2.0 + 0.11 * curve(49 / 99))
    assert points(SERIES, [980])[0] == pytest.approx(-2.0 - 0.11)
    assert points(SERIES, [400])[0] == pytest.approx(-2.0 - 0.11)
    assert points(SERIES, [400, 800, 1500])[1] == 3


def test_the_whole_on_its_scale_by_hand() -> None:
    # The second window's first row, and one false row far from any: (1 + -1 - 0.11) of -2 … 2.
    assert earned(1000, 400) == pytest.approx(100 * (-0.11 + 2) / 4)


def test_the_first_rows_are_on_probation() -> None:
    assert (probation(ROWS), probation(15_831)) == (300, 750)
    assert earned(10, 299) == 0.0
    assert points(SERIES, [10, 299]) == (-2.0, 0)


def test_a_window_within_the_probation_counts_neither_way() -> None:
    early = CountSeries("x", [""] * ROWS, [0.0] * ROWS, [(100, 200), (500, 599)])
    assert points(early, [500])[0] == pytest.approx(1.0)
    assert points(early, [])[0] == -1.0


def test_quiet_weeks_are_those_in_which_a_row_would_be_false() -> None:
    assert quiet_weeks(SERIES) == pytest.approx((2000 - 300 - 100 - 200) / WEEK)


def test_a_threshold_makes_rows_of_scores() -> None:
    scores = [0.9 if at in (500, 1000) else 0.1 for at in range(ROWS)]
    assert raw_score(SERIES, scores, 0.5) == points(SERIES, [500, 1000])


def test_a_folder_is_read_with_its_windows(tmp_path: Path) -> None:
    rows = "".join(f"2015-03-02 00:{minute:02}:53,{minute}\n" for minute in range(0, 60, 5))
    (tmp_path / "A.csv").write_text("timestamp,value\n" + rows)
    (tmp_path / "windows.json").write_text('{"A": [["2015-03-02 00:10:53.000000", "2015-03-02 00:20:53.000000"]]}')
    (series,) = read_folder(tmp_path)
    assert (series.values[1], series.windows) == (5.0, [(2, 4)])
    (tmp_path / "windows.json").write_text('{"A": [["2016-01-01 00:00:00", "2016-01-02 00:00:00"]]}')
    with pytest.raises(ValueError, match="no row lies in the labelled window"):
        read_folder(tmp_path)


# What is counted on invented brands


def flat(value: float = 1.0, weeks: int = 3) -> Brand:
    count = np.full(weeks * WEEK, value)
    return Brand("flat", "UTC", value * HOUR, count, 2 * count, count.copy())


def test_messages_are_weighed_by_hand() -> None:
    brand = flat()
    brand.crises = [Crisis("ramp", 4.0, 4000, 4120, 4060, confirmed=4010)]
    tally = weigh([100, 4015, 4125, 5000], brand)
    assert (tally.crises, tally.found, tally.early, tally.big_early, tally.before_peak) == (1, 1, 1, 1, 1)
    assert tally.delays == (75.0,)
    assert tally.false == 2  # 4125 lies in the hours after the crisis
    assert tally.weeks == pytest.approx(3 - (120 + 144) / WEEK)
    late = weigh([4030], brand)
    assert (late.found, late.early) == (1, 0)  # twice the test's own ten buckets are over
    brand.crises = [Crisis("step", 2.0, 4000, 4120, 4000, confirmed=None)]
    assert weigh([4015], brand).crises == 0


@pytest.mark.parametrize("world", list(WORLDS))
def test_the_same_seed_invents_the_same_brand(world: str) -> None:
    one, other, third = WORLDS[world](5, 3), WORLDS[world](5, 3), WORLDS[world](6, 3)
    assert np.array_equal(one.negatives, other.negatives, equal_nan=True)
    assert one.crises == other.crises
    assert not np.array_equal(one.negatives, third.negatives, equal_nan=True)
    known = np.isfinite(one.negatives)
    assert (one.negatives[known] <= one.mentions[known] + 1e-9).all()
    assert (one.negatives[known] >= 0).all()


def test_the_harsh_world_is_restless_where_nothing_happens() -> None:
    def scatter(world: Callable[..., Brand]) -> float:
        brands = [world(seed, 3, rate=60.0) for seed in range(8)]
        hours = [sums(brand.negatives, HOUR)[: 8 * DAY] / sums(brand.expected, HOUR)[: 8 * DAY] for brand in brands]
        return float(np.median([hour[HOUR:].std() for hour in hours]))

    assert scatter(simulate_harsh) > 1.1 * scatter(simulate)


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


# The methods


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_a_method_sees_a_crisis_and_never_looks_ahead(method: Method) -> None:
    random = np.random.default_rng(3)
    brand = flat()
    at = 17 * DAY
    brand.negatives = random.poisson(2.0, 3 * WEEK).astype(float)
    brand.negatives[at : at + 4 * HOUR] = random.poisson(40.0, 4 * HOUR)
    figures = method.figures(brand)
    before, during = figures[10 * DAY : at], figures[at : at + 4 * HOUR]
    limit = float(before.max()) * 1.5 + 1.0 if not method.adds_up else 30.0
    assert any(at < told <= at + 4 * HOUR for told in method.tell(figures, limit, DAY, WEEK))
    assert during.max() > before.max()
    cut = flat()
    cut.negatives = brand.negatives[: at + HOUR]
    assert method.figures(cut)[-3 * HOUR :] == pytest.approx(figures[at - 2 * HOUR : at + HOUR], rel=0.02, abs=1e-6)


def test_messages_rest_after_one() -> None:
    figures = np.zeros(WEEK + 400)
    figures[[5, WEEK + 10, WEEK + 20, WEEK + 300]] = 9.0
    assert cooled(figures, 5.0) == [WEEK + 11, WEEK + 301]


def test_a_limit_is_the_least_that_keeps_the_asked_rate() -> None:
    figures = np.zeros(3 * WEEK)
    figures[WEEK + np.arange(6) * 200] = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    found = solve(Method("x", lambda brand: figures), [(figures, flat())], weeks=20.0, rate=0.10)
    assert 40.0 < found <= 40.1  # two of the six stay


def test_the_cusum_adds_up_log_likelihoods_and_starts_again() -> None:
    cusum = next(method for method in EVERY if method.name == "NB-CUSUM")
    steps = np.full(WEEK + 900, -0.1)
    steps[WEEK + 100 : WEEK + 104] = log(2.0)
    assert cusum.tell(steps, 2.0, DAY, WEEK) == [WEEK + 103]  # 3 ln 2 = 2.08 after the third
    assert cusum.tell(steps, 2.5, DAY, WEEK) == [WEEK + 104]
    assert cusum.tell(steps, 3.0, DAY, WEEK) == []


def test_ears_is_the_standard_score_of_seven_days_by_hand() -> None:
    brand = flat(0.0)
    for day, count in enumerate((2, 4, 6, 8, 10, 12, 14)):
        brand.negatives[day * DAY + 100] = count
    brand.negatives[9 * DAY + 100] = 20
    by_name = {method.name: method for method in EVERY}
    at = 9 * DAY + 100
    # Mean 8, standard deviation of seven with six in the denominator: sqrt(112 / 6) = 4.32.
    assert by_name["EARS C2"].figures(brand)[at] == pytest.approx(12 / 4.3205, abs=1e-4)
    assert by_name["EARS C3"].figures(brand)[at] == pytest.approx(12 / 4.3205 - 1, abs=1e-4)
    # C1 sees the two silent days before as well: 6, 8, 10, 12, 14, 0, 0.
    days = np.array([6, 8, 10, 12, 14, 0, 0])
    assert by_name["EARS C1"].figures(brand)[at] == pytest.approx((20 - days.mean()) / days.std(ddof=1))


def test_the_tail_of_spot_is_exponential_where_its_peaks_are() -> None:
    # 100 peaks of 5,000 with mean 0.5 and variance 0.25: shape 0, so 1 further up is e^-2 as likely.
    peaks = (100, 50.0, 50.0)
    assert rarity(0.5, peaks, 5000) == pytest.approx(-log(0.02 * exp(-1)) / log(10))
    assert rarity(1.5, peaks, 5000) - rarity(0.5, peaks, 5000) == pytest.approx(2 / log(10))
    heavy = (100, 50.0, 75.0)  # variance 0.5: shape (1 - 0.5) / 2 = 0.25, scale 0.375
    assert rarity(1.5, heavy, 5000) == pytest.approx(-log(0.02 * 2.0 ** (-1 / 0.25)) / log(10))


def test_farrington_sees_nothing_in_a_steady_week_and_its_limit_in_a_loud_hour() -> None:
    farrington = next(method for method in EVERY if method.name == "Farrington-flexible")
    brand = flat(3.0, weeks=5)
    brand.negatives[4 * WEEK + 500 : 4 * WEEK + 500 + HOUR] = 6.0
    figures = farrington.figures(brand)
    # Every hour has 36 and phi is 1; four weeks of seven references and a trend predict week 0 with the relative
    # variance (1/28 + 2.5^2 / (28 * 1.25)) / 36, so the limit is 36 (1 + 2/3 * 2.58 * sqrt(1.2143 / 36))^1.5 = 54.3.
    limit = 36 * (1 + 2 / 3 * 2.58 * (1.2143 / 36) ** 0.5) ** 1.5
    assert figures[4 * WEEK + 500 + HOUR - 1] == pytest.approx(36 / (limit - 36), rel=0.01)
    assert abs(figures[4 * WEEK : 4 * WEEK + 400]).max() < 0.05


# The command


def test_a_small_run_shows_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, picture = tmp_path / "figures.json", tmp_path / "chart.svg"
    asked = ["--brands", "1", "--training", "1", "--weeks", "3", "--world", "harsh", "--json", str(file)]
    detection.main([*asked, "--chart", str(picture)])
    assert "No labelled series were measured" in capsys.readouterr().out
    figures = json.loads(file.read_text("utf-8"))
    assert all(of["within_3_h"] <= of["within_10_h"] <= of["detected"] <= 1 for of in figures["short_history"].values())
    rules = figures["harsh"]
    assert len(rules) >= 5 + 4 + len(EVERY) + 1
    assert all(0 <= of["detected"] <= 1 and of["false_alarms_per_brand_week"] >= 0 for of in rules.values())
    assert set(figures["asked"]["harsh world"]) == {"0.05", "0.1", "0.25", "0.5"}
    assert "Farrington-flexible" in picture.read_text("utf-8")


def test_labelled_series_are_scored_for_every_method() -> None:
    brand = simulate(2, 3, rate=60.0)
    values = np.nan_to_num(brand.negatives)
    values[5000:5100] *= 8
    times = [f"2015-03-{2 + at // DAY:02} {at % DAY // HOUR:02}:{at % HOUR * 5:02}:00" for at in range(len(values))]
    series = CountSeries("x", times, [float(value) for value in values], [(4990, 5100)])
    found = detection.label([series], {"EARS C2": 8.0})
    assert set(found) == {"counts", *(method.name for method in EVERY)}
    assert all(of.optimised >= (of.untuned or 0.0) for of in found.values())
    assert found["EARS C2"].untuned is not None
    assert found["EARS C1"].untuned is None


def test_the_detectors_beside_have_their_own_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    detection.main(["--beside", "--brands", "1", "--weeks", "3", "--markdown", "--json", str(file)])
    shown = capsys.readouterr().out
    assert "| level, 2 times" in shown
    assert "| harsh world" in shown
    figures = json.loads(file.read_text("utf-8"))
    assert figures["changepoint"]["level, 2 times"]["brands"] == 1
    assert set(figures["share_asked"]) == {"plain world", "harsh world"}


@pytest.mark.parametrize("kind", [*NOTHING, *CHANGES, *TURNS])
def test_a_brand_changes_as_its_kind_says(kind: str) -> None:
    brand, at = brand_of(kind, 4)
    usual, _ = brand_of("nothing", 4)
    assert (at is None) == (kind in NOTHING)
    if at is None:
        return
    after = slice(at, at + TURN_HOURS * HOUR) if kind in TURNS else slice(at + 14 * DAY, None)
    times = brand.negatives[after].sum() / usual.negatives[after].sum()
    assert times == pytest.approx(float(kind.split(", ")[1].split(" ")[0]), rel=0.3)
    others = [(each.mentions - each.negatives)[after].sum() for each in (brand, usual)]
    assert (others[0] / others[1] == pytest.approx(1.0, rel=0.15)) == kind.startswith("tone")
