"""The lag: planted ones are recovered within their interval as often as it says; where there is none, none is told."""

import random
from collections import Counter
from datetime import timedelta
from math import exp, sin

import pytest

from monitor.analysis.lag import Lag, Pair, lag
from monitor.clock import parse

START = parse("2026-01-05T00:00Z")
DAYS = 56


def poisson(chance: random.Random, mean: float) -> int:
    left, product, count = exp(-mean), chance.random(), 0
    while product > left:
        product *= chance.random()
        count += 1
    return count


def crises(chance: random.Random, number: int) -> list[float]:
    """When unhappy people wrote, in hours: some crises that rise at once and fade over hours."""
    return [
        begin + chance.expovariate(1.0 / length)
        for begin, length in ((chance.uniform(0, DAYS * 24 - 30), chance.uniform(1.5, 6.0)) for _ in range(number))
        for _ in range(poisson(chance, 35.0 * length))
    ]


def series(chance: random.Random, extra: list[float], rate: float, *, start: int = 0) -> list[float | None]:
    """Counts by the hour: what is usual by day and night, and what comes on top."""
    held = Counter(int(at) for at in extra)
    return [
        float(poisson(chance, rate * (0.4 + 0.6 * sin((hour % 24 - 6) / 24 * 6.2832) ** 2)) + held[hour])
        for hour in range(start, DAYS * 24)
    ]


def pair(seed: int, *, behind: float | None, number: int = 12) -> Pair:
    """A brand whose complaints come so many hours behind; None: from crises of their own."""
    chance = random.Random(seed)
    posts = crises(chance, number)
    if behind is None:
        complained = [at for at in crises(chance, number) if chance.random() < 0.3]
    else:
        complained = [at + behind + chance.uniform(-1, 1) for at in posts if chance.random() < 0.3]
    return Pair(
        start=START, timezone="Europe/Berlin", negatives=series(chance, posts, 6.0),
        complaints=series(chance, complained, 2.0),
    )  # fmt: skip


def holds(found: Lag, truth: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= truth <= found.high


def test_a_planted_lag_lies_in_its_interval_as_often_as_it_says() -> None:
    truths = [1.0 + 0.37 * seed for seed in range(24)]
    found = [lag([pair(seed, behind=truth)], seed=7) for seed, truth in enumerate(truths)]
    assert sum(each.hours is not None for each in found) == 24
    held = sum(holds(each, truth) for each, truth in zip(found, truths, strict=True))
    assert held >= 20  # 23 are to be expected


def test_where_there_is_none_none_is_told() -> None:
    found = [lag([pair(seed, behind=None)], seed=7) for seed in range(20)]
    assert [each.hours for each in found] == [None] * 20
    assert all(each.reason for each in found)


def test_two_series_that_only_share_their_day_are_not_related() -> None:
    chance = random.Random(3)
    both = Pair(
        start=START, timezone="UTC", negatives=series(chance, [], 9.0), complaints=series(chance, [], 5.0)
    )  # fmt: skip
    found = lag([both], seed=1)
    assert (found.hours, found.reason) == (None, "they do not go together more than chance makes them")


def test_complaints_that_come_first_have_a_lag_below_zero() -> None:
    found = lag([pair(5, behind=-6.0)], seed=1)
    assert found.hours == pytest.approx(-6.0, abs=1.0)


def test_brands_are_taken_together_and_hours_without_data_say_nothing() -> None:
    several = [pair(seed, behind=5.0, number=3) for seed in range(60, 64)]
    holes = [None if 200 <= hour < 260 else count for hour, count in enumerate(several[0].negatives)]
    several[0] = Pair(
        start=several[0].start, timezone="UTC", negatives=holes, complaints=several[0].complaints
    )  # fmt: skip
    found = lag(several, seed=1)
    assert holds(found, 5.0)


def test_one_crisis_alone_says_nothing_clear() -> None:
    found = [lag([pair(seed, behind=5.0, number=1)], seed=1) for seed in range(8)]
    assert sum(each.hours is None for each in found) >= 7


def test_the_same_seed_gives_the_same_interval() -> None:
    held = [pair(9, behind=3.0)]
    assert lag(held, seed=4) == lag(held, seed=4)
    assert lag(held, seed=4) != lag(held, seed=5)


def test_too_short_a_record_and_one_that_never_changes_say_why() -> None:
    short = Pair(start=START, timezone="UTC", negatives=[1.0] * 300, complaints=[1.0] * 300)
    assert lag([short], seed=1).reason == "fewer than two weeks in which both were counted"
    still = Pair(
        start=START, timezone="UTC", negatives=[1.0] * 24 * 20,
        complaints=[float(START.hour + hour % 5) for hour in range(24 * 20)],
    )  # fmt: skip
    assert lag([still], seed=1).reason == "one of the two never changes"
    assert lag([], seed=1).hours is None


def test_a_clock_change_moves_no_hour() -> None:
    """Across it the brand's own hours are those that are usual; both series stay in step."""
    held = pair(11, behind=4.0)
    moved = Pair(
        start=parse("2026-03-01T00:00Z") + timedelta(hours=0), timezone="Europe/Berlin", negatives=held.negatives,
        complaints=held.complaints,
    )  # fmt: skip
    assert holds(lag([moved], seed=1), 4.0)
