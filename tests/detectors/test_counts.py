"""The counts detector beyond the contract: seasons, campaigns, first days, outages, severity, speed of thought."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import cos, inf, nan, pi
from random import Random
from zoneinfo import ZoneInfo

import pytest

from monitor.detectors.counts import Counts, Options
from monitor.domain import Bucket, Inspection, Phase, Series

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
DAY = 288


def poisson(random: Random, mean: float) -> int:
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + random.expovariate(1.0)
    return count


def daily(at: int) -> float:
    """Busy at three in the afternoon, nearly silent twelve hours away."""
    return 1.0 + 0.9 * cos(2 * pi * (at / DAY - 15 / 24))


def lived(
    days: int,
    negatives: Callable[[int], float],
    others: Callable[[int], float] = lambda at: 2.0 * daily(at),
    seed: int = 7,
) -> list[Bucket]:
    random = Random(seed)
    found = []
    for at in range(days * DAY):
        unhappy = poisson(random, negatives(at))
        found.append(Bucket(start=START + at * STEP, mentions=unhappy + poisson(random, others(at)), negatives=unhappy))
    return found


def inspect(given: list[Bucket], zone: str = "UTC", options: Options | None = None) -> Inspection:
    detector = Counts("counts", options or Options())
    return detector.inspect(Series(brand="Acme", step=STEP, timezone=zone, buckets=tuple(given)), None)


def opened(found: Inspection) -> list[datetime]:
    return [spike.fired_at for spike in found.spikes if spike.phase is Phase.OPENED]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("rate", [0.02, 0.3, 5.0])
def test_mornings_are_no_spike_in_any_time_zone(zone: str, rate: float) -> None:
    told = [opened(inspect(lived(9, lambda at: rate * daily(at), seed=seed), zone)) for seed in range(4)]
    assert sum(len(of) for of in told) <= 1  # in five brand-weeks, where one in ten is asked for


def test_a_spike_at_night_is_seen_although_days_are_busier() -> None:
    begin = 10 * DAY + 24  # two in the morning
    found = inspect(lived(12, lambda at: 2.0 if begin <= at < begin + 36 else daily(at)))
    assert len(opened(found)) == 1
    assert START + begin * STEP < opened(found)[0] <= START + (begin + 18) * STEP


def test_a_campaign_that_lifts_everything_is_no_spike() -> None:
    def times(at: int) -> float:
        return 2.5 if 10 * DAY + 120 <= at < 10 * DAY + 168 else 1.0

    found = inspect(lived(12, lambda at: 0.5 * daily(at) * times(at), lambda at: 2.0 * daily(at) * times(at)))
    assert opened(found) == []


def test_a_crisis_within_a_campaign_is_still_seen() -> None:
    def within(at: int) -> bool:
        return 10 * DAY + 120 <= at < 10 * DAY + 168

    found = inspect(
        lived(
            12,
            lambda at: daily(at) * (12.0 if within(at) else 0.5),
            lambda at: daily(at) * (5.0 if within(at) else 2.0),
        )
    )
    assert len(opened(found)) == 1


def test_past_spikes_are_forgotten() -> None:
    crises = [8 * DAY, 12 * DAY, 16 * DAY]
    found = inspect(lived(18, lambda at: 8.0 if any(begin <= at < begin + 96 for begin in crises) else daily(at)))
    assert len(opened(found)) == len(crises)


def test_what_lasts_becomes_usual() -> None:
    found = inspect(lived(40, lambda at: daily(at) * (3.0 if at >= 10 * DAY else 1.0), lambda at: daily(at)))
    assert found.spikes[0].phase is Phase.OPENED
    assert found.spikes[-1].phase is Phase.CLOSED
    assert found.spikes[-1].fired_at < START + 15 * DAY * STEP
    assert len(opened(found)) <= 3


def test_a_crisis_that_everybody_talks_about_is_seen() -> None:
    """People ask and explain too when things go wrong: others rise with the negatives."""

    def times(at: int) -> float:
        return 4.0 if at >= 10 * DAY + 120 else 1.0

    found = inspect(lived(11, lambda at: daily(at) * times(at), lambda at: 0.7 * daily(at) * times(at)))
    assert len(opened(found)) == 1
    assert START + (10 * DAY + 120) * STEP < opened(found)[0] <= START + (10 * DAY + 120 + 36) * STEP


def test_a_crisis_that_comes_slowly_does_not_teach_that_it_is_usual() -> None:
    begin, hours = 7 * DAY, 12.0

    def rate(at: int) -> float:
        return 0.3 * (1.0 + 2.5 * min(1.0, max(0, at - begin) / (hours * 12)))

    told = [opened(inspect(lived(9, rate, lambda _: 0.3, seed=seed))) for seed in range(4)]
    assert all(len(of) == 1 for of in told)
    assert max(of[0] for of in told) <= START + (begin + 20 * 12) * STEP


def growing() -> Inspection:
    """Ten quiet days, then hours in which it grows for a quarter of a day and fades for another."""
    hours = [8, 16, 30, 50, 40, 30, 30, 20, 12, 6, 3]
    begin = 10 * DAY + 156
    return inspect(
        lived(
            12,
            lambda at: hours[(at - begin) // 12] / 12 if 0 <= at - begin < 12 * len(hours) else 0.1,
            lambda at: hours[(at - begin) // 12] / 12 if 0 <= at - begin < 12 * len(hours) else 0.3,
        )
    )


def test_growth_after_the_alert_is_told_and_the_severity_follows() -> None:
    spikes = growing().spikes
    assert spikes[0].phase is Phase.OPENED
    assert 1 <= sum(spike.phase is Phase.WORSENED for spike in spikes) <= 3
    assert [spike.severity for spike in spikes][-2:] == ["high", "high"]


def test_it_is_over_only_when_the_last_hour_looks_usual_and_says_so_of_that_hour() -> None:
    closing = growing().spikes[-1]
    assert closing.phase is Phase.CLOSED
    assert closing.fired_at > START + (10 * DAY + 156 + 10 * 12) * STEP
    assert closing.window == timedelta(hours=1)
    assert closing.observed <= max(3.0, 2.5 * closing.expected)


def test_a_brand_without_posts_for_weeks_is_neither_spike_nor_error() -> None:
    found = inspect(lived(30, lambda at: daily(at) if at < 5 * DAY or at > 25 * DAY else 0.0, lambda _: 0.0))
    assert opened(found) == []


def test_a_year_of_silence_is_stepped_over_in_a_moment() -> None:
    """Work, not time, is counted: a missing year may cost no more steps than the longest window has."""
    week = lived(7, lambda _: 1.0)
    detector, steps = Counts("counts", Options()), 0
    state = detector.inspect(Series(brand="Acme", step=STEP, timezone="UTC", buckets=tuple(week)), None).state
    again = Bucket(start=week[-1].start + timedelta(days=365), mentions=9.0, negatives=9.0)

    def counted(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(counted)
    try:
        found = detector.inspect(Series(brand="Acme", step=STEP, timezone="UTC", buckets=(again,)), state)
    finally:
        sys.setprofile(None)
    assert found.spikes == ()
    assert steps < 20_000


def test_empty_buckets_cost_less_than_busy_ones() -> None:
    def calls(rate: float) -> int:
        steps = 0

        def counted(frame: object, event: str, arg: object) -> None:
            nonlocal steps
            steps += event == "call"

        given = [
            Bucket(start=START + at * STEP, mentions=round(3 * rate), negatives=round(rate * (1 + at % 3)))
            for at in range(10 * DAY)
        ]
        sys.setprofile(counted)
        try:
            inspect(given)
        finally:
            sys.setprofile(None)
        return steps

    assert calls(0.0) < 0.6 * calls(9.0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_night_in_which_clocks_change_is_no_spike(zone: str) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)  # both zones change their clocks within the month
    here = ZoneInfo(zone)
    random = Random(3)
    given = []
    for at in range(38 * DAY):
        local = (begin + at * STEP).astimezone(here)
        unhappy = poisson(random, 2.0 * daily(12 * local.hour + local.minute // 5))
        given.append(Bucket(start=begin + at * STEP, mentions=3 * unhappy, negatives=unhappy))
    assert opened(inspect(given, zone)) == []


def test_the_first_two_weeks_of_small_brands_are_quiet() -> None:
    told = [opened(inspect(lived(14, lambda at: 0.25 * daily(at), seed=seed))) for seed in range(8)]
    assert sum(len(of) for of in told) <= 2  # in sixteen brand-weeks


def test_a_crisis_in_the_first_week_is_still_told() -> None:
    begin = 5 * DAY + 160
    told = opened(inspect(lived(6, lambda at: daily(at) * (6.0 if at >= begin else 0.5))))
    assert len(told) == 1
    assert START + begin * STEP < told[0] <= START + (begin + 24) * STEP


def test_slots_that_arrive_twice_or_out_of_order_count_as_what_came_late() -> None:
    whole = lived(12, daily)
    again = [*whole[: 11 * DAY], *whole[11 * DAY - 3 : 11 * DAY], *whole[11 * DAY :]]
    swapped = [*whole[: 11 * DAY], whole[11 * DAY + 1], whole[11 * DAY], *whole[11 * DAY + 2 :]]
    for given in (again, swapped):
        found = inspect(given)
        assert opened(found) == []
        starts = [reading.start for reading in found.readings]
        assert starts == sorted(set(starts))


def test_two_votes_are_never_enough() -> None:
    quiet = [Bucket(start=START + at * STEP, mentions=0.0, negatives=0.0) for at in range(10 * DAY)]
    pair = Bucket(start=START + 10 * DAY * STEP, mentions=2.0, negatives=2.0)
    assert inspect([*quiet, pair]).spikes == ()
    crowd = Bucket(start=pair.start, mentions=12.0, negatives=12.0)
    assert len(opened(inspect([*quiet, crowd]))) == 1


def test_an_old_post_first_does_not_end_the_grace_period() -> None:
    old = Bucket(start=START - timedelta(days=3650), mentions=1.0, negatives=1.0)
    found = inspect([old, *lived(1, lambda at: 40.0 if at > 200 else 0.5)])
    assert found.spikes == ()


def test_lower_sensitivity_tells_less() -> None:
    given = lived(20, lambda at: 0.5 * daily(at) * (2.2 if at // 144 % 9 == 8 else 1.0))
    asked = [0.01, 0.1, 1.0, 10.0]
    told = [len(opened(inspect(given, options=Options(false_alarms_per_week=rate)))) for rate in asked]
    assert told == sorted(told)
    assert told[0] < told[-1]


def test_a_clearly_worse_turn_is_told() -> None:
    begin = 10 * DAY + 150

    def rate(at: int) -> float:
        if begin + 36 <= at < begin + 48:
            return 60.0
        return 1.2 * daily(at) if begin <= at < begin + 36 else 0.5 * daily(at)

    found = inspect(lived(12, rate))
    assert [spike.phase for spike in found.spikes][:2] == [Phase.OPENED, Phase.WORSENED]
    assert found.spikes[-1].phase is Phase.CLOSED
    assert len(found.spikes) <= 4
    assert found.spikes[1].severity == "high"
    assert found.spikes[1].score > 2 * found.spikes[0].score


def test_counts_without_mentions_are_judged_as_they_are() -> None:
    whole = lived(12, lambda at: 9.0 if 10 * DAY <= at < 10 * DAY + 60 else 1.0)
    blind = [Bucket(start=b.start, mentions=nan, negatives=b.negatives) for b in whole]
    found = inspect(blind)
    assert len(opened(found)) == 1
    assert found.spikes[0].mentions is None


def test_fractions_of_votes_count() -> None:
    whole = lived(12, lambda at: 9.0 if 10 * DAY <= at < 10 * DAY + 60 else 1.0)
    soft = [Bucket(start=b.start, mentions=b.mentions, negatives=0.83 * b.negatives) for b in whole]
    assert len(opened(inspect(soft))) == 1


@pytest.mark.parametrize(
    ("mentions", "negatives"), [(1, -1), (1, nan), (1, inf), (-1, 0), (inf, 1), (1, 1e30), (1e30, 1)]
)
def test_impossible_counts_are_refused_in_words(mentions: float, negatives: float) -> None:
    with pytest.raises(ValueError, match="impossible counts"):
        inspect([Bucket(start=START, mentions=mentions, negatives=negatives)])


def test_buckets_under_a_minute_are_refused_in_words() -> None:
    series = Series(brand="Acme", step=timedelta(seconds=10), timezone="UTC", buckets=())
    with pytest.raises(ValueError, match="too short"):
        Counts("counts", Options()).inspect(series, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"false_alarms_per_week": 0.0},
        {"false_alarms_per_week": nan},
        {"windows": ()},
        {"windows": (timedelta(0),)},
        {"min_negatives": -1.0},
        {"cooldown": timedelta(-1)},
    ],
)
def test_senseless_options_are_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|cannot"):
        Options(**wrong)  # type: ignore[arg-type]


def test_one_post_of_years_ago_is_no_history() -> None:
    """Fourteen days of silence after it, and then years of nothing, teach what is usual for nobody."""
    long_ago = START - timedelta(days=3650)
    old = [Bucket(start=long_ago + at * STEP, mentions=float(at == 0), negatives=0.0) for at in range(14 * DAY)]
    first_day = [Bucket(start=START + at * STEP, mentions=6.0, negatives=2.0) for at in range(DAY - 12)]
    assert opened(inspect([*old, *first_day])) == []
