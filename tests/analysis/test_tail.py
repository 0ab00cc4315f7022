"""The negative-binomial tail against direct sums, and what is learned of scatter."""

from math import exp, lgamma, log
from random import Random

import pytest

from monitor.analysis.tail import PHI, Scatter, deviance_z, tail_probability, usual_range


def summed(count: int, mean: float, size: float) -> float:
    """P(X >= count), term by term."""
    p = mean / (mean + size)
    terms = (
        exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + size * log(1 - p) + k * log(p)) for k in range(count)
    )
    return 1.0 - sum(terms)


@pytest.mark.parametrize("mean", [0.05, 1.0, 12.0, 300.0])
@pytest.mark.parametrize("size", [0.3, 2.0, 40.0])
@pytest.mark.parametrize("times", [0.5, 1.0, 2.0, 3.0])
def test_the_tail_is_the_sum_of_its_terms(mean: float, size: float, times: float) -> None:
    count = max(1, round(mean * times))
    assert tail_probability(count, mean, size) == pytest.approx(summed(count, mean, size), rel=1e-6, abs=1e-9)


def test_the_tail_falls_as_the_count_rises_also_between_whole_numbers() -> None:
    tails = [tail_probability(count / 4, 5.0, 3.0) for count in range(80)]
    assert tails == sorted(tails, reverse=True)
    assert tails[0] == 1.0


def test_nothing_is_expected_where_the_mean_is_zero() -> None:
    assert tail_probability(1, 0.0, 1.0) == 0.0


def test_an_extreme_count_has_a_tail_of_zero_and_no_error() -> None:
    assert tail_probability(1e9, 3.0, 10.0) == pytest.approx(0.0, abs=1e-12)
    assert deviance_z(1e9, 3.0, 10.0) > 10


def test_more_scatter_makes_the_same_count_less_striking() -> None:
    assert deviance_z(30, 10, 100.0) > deviance_z(30, 10, 10.0) > deviance_z(30, 10, 1.0) > 0


def poisson(random: Random, mean: float) -> int:
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + random.expovariate(1.0)
    return count


def learned(relative: float) -> Scatter:
    """What is learned from counts round 40 whose rate itself wanders by so much."""
    random, scatter = Random(3), Scatter()
    for _ in range(600):
        mean = 40.0 * random.choice([0.5, 1.0, 1.5])
        scatter.learn(poisson(random, mean * random.choice([1 - relative, 1 + relative])), mean)
    return believed(scatter)


def believed(scatter: Scatter) -> Scatter:
    """The same once everything it saw counts."""
    scatter.settle(1.0)
    scatter.settle(1.0)
    return scatter


def test_calm_counts_teach_little_scatter_and_restless_ones_much() -> None:
    calm, restless = learned(0.0), learned(0.4)
    assert calm.phi < PHI / 2
    assert 0.08 < restless.phi < 0.25
    assert calm.size(40.0) > restless.size(40.0)


def test_one_outlier_teaches_no_more_than_a_large_deviation() -> None:
    scatter, same = learned(0.2), learned(0.2)
    scatter.learn(1e6, 40.0)
    same.learn(200, 40.0)
    assert believed(scatter) == believed(same) != learned(0.2)


def test_what_is_new_counts_only_after_a_while_and_can_be_forgotten() -> None:
    scatter, same = learned(0.0), learned(0.0)
    for _ in range(300):
        scatter.learn(120, 40.0)
    scatter.settle(1.0)
    assert scatter.size(40.0) == same.size(40.0)
    scatter.forget()
    assert believed(scatter) == same


def test_a_mean_of_zero_teaches_nothing() -> None:
    scatter = Scatter()
    scatter.learn(5, 0.0)
    assert believed(scatter) == Scatter()


@pytest.mark.parametrize("mean", [0.02, 0.7, 6.0, 29.0, 31.0, 400.0])
@pytest.mark.parametrize("size", [0.4, 5.0, 1e6])
def test_so_many_usual_counts_lie_in_the_usual_range(mean: float, size: float) -> None:
    low, high = usual_range(mean, size)
    below = 1.0 - tail_probability(max(low, 1e-9), mean, size) if low > 0 else 0.0
    above = tail_probability(high + 1.0, mean, size)
    assert 0.0 <= low <= mean + 1.0
    assert below <= 0.035
    assert above <= 0.035
