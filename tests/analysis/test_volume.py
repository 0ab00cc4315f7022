"""Expected volume: silence is told soon where much is expected, and never where little is."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import exp, sin, tau

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.volume import Level, Sample, chance_of_so_few, heard_again, level_of, silence, usual_rate
from tests.support.fakes import START

FIVE, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
POLLS_A_DAY = 288


def samples(counts: Sequence[int], every: timedelta = FIVE) -> list[Sample]:
    return [Sample(START + every * n, count, every / HOUR) for n, count in enumerate(counts, 1)]


def poisson(chance: random.Random, mean: float) -> int:
    """Knuth's product of uniforms; the means here are small."""
    count, left = 0, chance.random()
    while left > exp(-mean):
        count, left = count + 1, left * chance.random()
    return count


def told_after(counts: Sequence[int], every: timedelta = FIVE) -> int | None:
    """After how many empty polls the silence is told."""
    for empty in range(1, 30):
        if silence(samples([*counts, *[0] * empty], every)) is not None:
            return empty
    return None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mean", [15, 20, 40])
@pytest.mark.parametrize("history", [5, 12, 36, 288])
def test_a_source_that_brings_tens_of_posts_is_called_quiet_within_two_polls(
    seed: int, mean: int, history: int
) -> None:
    chance = random.Random(seed)
    found = told_after([poisson(chance, mean) for _ in range(history)])
    assert found in (1, 2)


@pytest.mark.parametrize("every", [timedelta(minutes=1), FIVE, HOUR])
def test_the_interval_does_not_matter(every: timedelta) -> None:
    chance = random.Random(1)
    found = told_after([poisson(chance, 25) for _ in range(30)], every)
    assert found in (1, 2)


def test_a_silence_begins_at_the_last_poll_that_brought_posts() -> None:
    found = silence(samples([20] * 20 + [0, 0]))
    assert found is not None
    assert (found.since, found.posts) == (START + FIVE * 20, 0)


def test_a_trickle_of_what_was_a_stream_is_a_silence_as_well() -> None:
    found = silence(samples([60] * 20 + [3]))
    assert found is not None
    assert (found.since, found.posts) == (START + FIVE * 20, 3)
    assert silence(samples([60] * 20 + [30, 30])) is None


@given(st.lists(st.integers(0, 10), max_size=300).map(lambda gaps: [1 if gap == 0 else 0 for gap in gaps]), st.data())
def test_few_posts_in_many_polls_are_never_a_silence(counts: list[int], data: st.DataObject) -> None:
    """At most one post a poll, and long stretches of none."""
    assert silence(samples([*counts, *[0] * data.draw(st.integers(0, 20))])) is None or sum(counts) >= 8


@pytest.mark.parametrize("seed", range(3))
def test_a_source_that_brings_one_a_day_is_never_quiet(seed: int) -> None:
    chance = random.Random(seed)
    counts = [poisson(chance, 1 / POLLS_A_DAY) for _ in range(20 * POLLS_A_DAY)] + [0] * 2 * POLLS_A_DAY
    known = samples(counts)
    assert all(silence(known[max(0, n - 600) : n]) is None for n in range(100, len(known), 37))


def test_too_few_polls_say_nothing() -> None:
    assert silence(samples([50] * 3 + [0])) is None
    assert level_of(samples([50] * 3)) is None


def test_polls_that_come_unevenly_need_a_longer_silence() -> None:
    even, uneven = [20] * 24, [0, 5, 60, 0, 15, 40] * 4
    assert told_after(even) == 1
    late = told_after(uneven)
    assert late is None or late > 2


def day_shape(n: int) -> float:
    return 20 * (1 + 0.9 * sin(tau * n / POLLS_A_DAY))


def office_hours(n: int) -> float:
    return 40.0 if 9 / 24 <= n / POLLS_A_DAY % 1 < 18 / 24 else 0.0


@pytest.mark.parametrize("shape", [day_shape, office_hours])
def test_a_night_is_no_silence_once_a_day_is_known(shape: Callable[[int], float]) -> None:
    chance = random.Random(7)
    counts = [poisson(chance, shape(n)) for n in range(3 * POLLS_A_DAY)]
    known = samples(counts)

    def usual(since: datetime, until: datetime) -> float:
        """The day before, and the hour after, where that brought less."""
        first, last = (round((moment - START) / FIVE) - POLLS_A_DAY for moment in (since, until))
        first = min(first, last - 12)
        rate = sum(counts[first:last]) / ((last - first) / 12)
        return min(rate, float(sum(counts[last : last + 12])))

    false = [n for n in range(POLLS_A_DAY + 20, len(known)) if silence(known[max(0, n - 600) : n], usual)]
    assert false == []


def test_the_end_of_a_wave_is_no_silence() -> None:
    assert silence(samples([6] * 60 + [200] * 24 + [6] * 3)) is None


def test_other_days_that_bring_nothing_at_this_hour_make_no_silence() -> None:
    assert silence(samples([20] * 40 + [0] * 3), lambda since, until: 0.0) is None
    assert silence(samples([20] * 40 + [0] * 3), lambda since, until: 500.0) is not None


def test_posts_end_a_silence_where_they_are_a_good_part_of_what_is_expected() -> None:
    level = Level(rate=240.0, unevenness=1.0, seen=400)
    one = Sample(START, 1, 1 / 12)
    assert not heard_again(one, level, None)
    assert heard_again(one, level, usual=12.0)
    assert heard_again(one, None, None)
    assert heard_again(Sample(START, 6, 1 / 12), level, None)
    assert not heard_again(Sample(START, 0, 1 / 12), None, None)


@given(st.integers(0, 40), st.floats(0.1, 48), st.floats(0.1, 500), st.floats(1.0, 20.0), st.integers(0, 5000))
def test_a_chance_is_a_chance_and_grows_with_the_posts(
    posts: int, hours: float, rate: float, uneven: float, seen: int
) -> None:
    level = Level(rate, uneven, seen)
    one, more = chance_of_so_few(posts, hours, level), chance_of_so_few(posts + 1, hours, level)
    assert 0.0 <= one <= more <= 1.0
    assert chance_of_so_few(posts, 2 * hours, level) <= one + 1e-9


def test_the_usual_of_an_hour_is_the_middle_of_days_or_of_weekdays_where_that_is_less() -> None:
    assert usual_rate([10, 12, 400], []) == 12
    assert usual_rate([10, 12, 400], [0.0, 1.0]) == 0.5
    assert usual_rate([3, 4], [30]) == 3.5
