"""The changepoint detector: steps and drifts within days, nothing of a day's crisis, a holiday, a weekend or a gap."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import nan
from random import Random

import pytest

from monitor.detectors.changepoint import Changepoint, Options
from monitor.domain import Bucket, Inspection, Phase, Series, Spike

START, HOUR = datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1)
CHANGE = 40  # day


def poisson(random: Random, mean: float) -> int:
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + random.expovariate(1.0)
    return count


def lived(
    days: int,
    negatives: Callable[[float], float],
    others: Callable[[float], float] = lambda day: 4.0,
    seed: int = 5,
) -> list[Bucket]:
    """Hourly counts at so many an hour, a third less at the weekend; each day a little different."""
    random = Random(seed)
    found = []
    for hour in range(days * 24):
        if hour % 24 == 0:
            mood = random.gauss(1.0, 0.08) * (0.67 if hour // 24 % 7 >= 5 else 1.0)
        bad, rest = poisson(random, mood * negatives(hour / 24)), poisson(random, mood * others(hour / 24))
        found.append(Bucket(start=START + hour * HOUR, mentions=bad + rest, negatives=bad))
    return found


def inspect(given: list[Bucket], state: bytes | None = None, options: Options | None = None) -> Inspection:
    series = Series(brand="Acme", step=HOUR, timezone="America/New_York", buckets=tuple(given))
    return Changepoint("moved", options or Options()).inspect(series, state)


def opened(found: Inspection) -> list[Spike]:
    return [spike for spike in found.spikes if spike.phase is Phase.OPENED]


def days_after(spike: Spike) -> float:
    return (spike.fired_at - START) / timedelta(days=1) - CHANGE


def test_it_is_no_alarm() -> None:
    assert Changepoint.alarm is False


@pytest.mark.parametrize("times", [2.0, 0.5])
def test_a_step_is_found_within_the_week_once_with_its_direction(times: float) -> None:
    def moved(day: float) -> float:
        return 3.0 * (times if day >= CHANGE else 1.0)

    found = inspect(lived(80, moved, moved))
    (spike,) = opened(found)
    assert 2 < days_after(spike) < 8
    assert (spike.observed > spike.expected) == (times > 1)
    assert spike.observed / spike.expected == pytest.approx(times, rel=0.25)
    assert spike.severity == "low"
    assert abs((spike.onset - START) / timedelta(days=1) - CHANGE) < 2
    assert [each.phase for each in found.spikes] == [Phase.OPENED, Phase.CLOSED]
    assert found.spikes[1].fired_at - spike.fired_at == timedelta(days=7)


def test_a_drift_is_found_while_it_lasts_or_soon_after() -> None:
    found = inspect(lived(80, lambda day: 3.0 * (1.0 + min(1.0, max(0.0, (day - CHANGE) / 14)))))
    assert 4 < days_after(opened(found)[0]) < 18
    assert all(spike.observed > spike.expected for spike in opened(found))


def test_a_tone_that_turned_is_found_at_the_same_number_of_mentions() -> None:
    share = [lambda day: 3.0 + (3.0 if day >= CHANGE else 0.0), lambda day: 9.0 - (3.0 if day >= CHANGE else 0.0)]
    (spike,) = opened(inspect(lived(80, share[0], share[1])))
    assert 2 < days_after(spike) < 8
    assert spike.observed > 1.5 * spike.expected


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_crisis_is_no_lasting_change(seed: int) -> None:
    given = lived(70, lambda day: 3.0 * (10.0 if CHANGE <= day < CHANGE + 1 else 1.0), seed=seed)
    assert inspect(given).spikes == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_holiday_is_no_lasting_change(seed: int) -> None:
    quiet = [lambda day: 3.0 * (0.3 if 40 <= day < 41 else 1.0), lambda day: 4.0 * (0.3 if 40 <= day < 41 else 1.0)]
    assert inspect(lived(70, quiet[0], quiet[1], seed=seed)).spikes == ()


def test_days_without_data_and_runs_of_zeros_say_nothing() -> None:
    whole = lived(70, lambda day: 3.0)
    gap = [bucket for bucket in whole if not 40 <= (bucket.start - START) / timedelta(days=1) < 47]
    assert inspect(gap).spikes == ()
    zeros = [
        Bucket(start=each.start, mentions=0.0, negatives=0.0)
        if 40 <= (each.start - START) / timedelta(days=1) < 47
        else each
        for each in whole
    ]
    assert inspect(zeros).spikes == ()


def test_calm_brands_are_seldom_told_of() -> None:
    told = [len(opened(inspect(lived(84, lambda day: 2.0, seed=seed)))) for seed in range(10)]
    assert sum(told) <= 5  # in 120 brand-weeks, where one in fifty is asked for


def test_unknown_mentions_leave_the_level() -> None:
    given = lived(80, lambda day: 3.0 * (2.0 if day >= CHANGE else 1.0))
    blind = [Bucket(start=each.start, mentions=nan, negatives=each.negatives) for each in given]
    (spike,) = opened(inspect(blind))
    assert spike.mentions is None
    assert spike.observed > spike.expected


def test_the_answers_are_the_same_for_any_split_and_the_memory_is_small() -> None:
    given = lived(60, lambda day: 3.0 * (2.0 if day >= CHANGE else 1.0))
    given.insert(1000, Bucket(start=given[990].start, mentions=3.0, negatives=2.0))
    whole = inspect(given)
    spikes: list[Spike] = []
    state: bytes | None = None
    for begin, end in pairwise([0, 7, 400, 401, 1003, len(given)]):
        part = inspect(given[begin:end], state)
        spikes, state = [*spikes, *part.spikes], part.state
    assert (tuple(spikes), state) == (whole.spikes, whole.state)
    assert len(whole.state) < 10_000


def test_what_comes_late_counts_while_its_day_is_open() -> None:
    given = lived(30, lambda day: 3.0)
    late = Bucket(start=given[-2].start, mentions=50.0, negatives=50.0)
    old = Bucket(start=given[100].start, mentions=50.0, negatives=50.0)
    assert inspect([*given, late]).state != inspect(given).state
    assert inspect([*given, old]).state == inspect(given).state
    assert len(inspect([*given, late, old]).readings) == len(given)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"false_alarms_per_week": 2.0}, "between 0.0001 and 1"),
        ({"least_times": 0.9}, "at least 1"),
        ({"settled_after": timedelta(hours=1)}, "a day at least"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options(**options)  # type: ignore[arg-type]
