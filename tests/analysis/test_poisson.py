"""Poisson tails and exact intervals, against sums and simulated truth."""

import random
from math import exp, factorial

import pytest

from monitor.analysis.poisson import interval, tail


@pytest.mark.parametrize("mean", [0.01, 0.7, 3.0, 12.5, 40.0])
@pytest.mark.parametrize("count", [1, 2, 5, 17, 60])
def test_the_tail_is_the_sum_of_its_probabilities(count: int, mean: float) -> None:
    below = sum(exp(-mean) * mean**n / factorial(n) for n in range(count))
    assert tail(count, mean) == pytest.approx(1.0 - below, abs=1e-12)


def test_the_tail_of_what_hardly_ever_happens_is_exact_too() -> None:
    assert tail(30, 1.0) == pytest.approx(sum(exp(-1.0) / factorial(n) for n in range(30, 60)), rel=1e-9)
    assert tail(20_000, 10_000.0) < 1e-100 < tail(10_000, 10_000.0) < 0.51


def test_the_interval_is_known_for_small_counts() -> None:
    assert interval(1) == pytest.approx((0.0253, 5.5716), abs=1e-3)
    assert interval(100) == pytest.approx((81.36, 121.63), abs=0.01)


@pytest.mark.parametrize("count", [0, 1, 4, 25])
def test_at_the_ends_of_the_interval_such_a_count_is_a_chance_of_one_in_forty(count: int) -> None:
    low, high = interval(count)
    assert 1.0 - tail(count + 1, high) == pytest.approx(0.025)
    assert count == 0 or tail(count, low) == pytest.approx(0.025)


def test_the_interval_holds_the_truth_at_least_as_often_as_it_says() -> None:
    chance = random.Random(5)
    bounds = {count: interval(count) for count in range(40)}
    for mean in (0.5, 3.0, 9.0):
        drawn = [_poisson(chance, mean) for _ in range(2000)]
        held = sum(bounds[count][0] <= mean <= bounds[count][1] for count in drawn) / len(drawn)
        assert 0.945 <= held <= 1.0


def _poisson(chance: random.Random, mean: float) -> int:
    left, count = exp(-mean), 0
    product = chance.random()
    while product > left:
        product *= chance.random()
        count += 1
    return count
