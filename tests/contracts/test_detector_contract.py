"""What every detector promises, whichever they are: the port's docstring as tests."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Bucket, Inspection, Phase, Reading, Series, Spike, Verdict
from monitor.plugins import kinds, load
from monitor.ports import Detector

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
STEP = timedelta(minutes=5)
DAY = 288  # buckets

Rate = Callable[[int], float]


@pytest.fixture(params=kinds("detectors"))
def detector(request: pytest.FixtureRequest) -> Detector:
    plugin: type[Any] = load("detectors", request.param)
    found: Detector = plugin(request.param, plugin.Options())
    return found


def alarms(kind: str) -> bool:
    """Whether it tells at once; others note what lasts, for the digest."""
    return bool(getattr(load("detectors", kind), "alarm", True))


@pytest.fixture(params=[kind for kind in kinds("detectors") if alarms(kind)])
def alarm(request: pytest.FixtureRequest) -> Detector:
    plugin: type[Any] = load("detectors", request.param)
    found: Detector = plugin(request.param, plugin.Options())
    return found


def poisson(random: Random, mean: float) -> int:
    """Number of arrivals before the time is up."""
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + random.expovariate(1.0)
    return count


def buckets(count: int, rate: Rate, seed: int = 1, step: timedelta = STEP, others_rate: float = 1.0) -> list[Bucket]:
    """So many buckets in which negatives come at `rate(place)` each, and other mentions at `others_rate`."""
    random = Random(seed)
    found = []
    for place in range(count):
        negatives, others = poisson(random, rate(place)), poisson(random, others_rate)
        found.append(Bucket(start=START + place * step, mentions=negatives + others, negatives=negatives))
    return found


def series(of: Iterable[Bucket], step: timedelta = STEP, zone: str = "UTC") -> Series:
    return Series(brand="Acme", step=step, timezone=zone, buckets=tuple(of))


def phases(found: Inspection) -> list[Phase]:
    return [spike.phase for spike in found.spikes]


def step_at(place: int, usual: float = 1.0, crisis: float = 8.0, hours: float = 8) -> Rate:
    return lambda at: crisis if place <= at < place + hours * 12 else usual


def test_a_flat_series_has_no_spike(detector: Detector) -> None:
    found = detector.inspect(series(buckets(14 * DAY, lambda _: 1.0)), None)
    assert found.spikes == ()
    assert max(reading.anomaly_score for reading in found.readings) < 0.5


def test_silence_has_no_spike(detector: Detector) -> None:
    assert detector.inspect(series(buckets(7 * DAY, lambda _: 0.0)), None).spikes == ()


def test_a_step_opens_exactly_one_spike_and_closes_it_once(alarm: Detector) -> None:
    found = alarm.inspect(series(buckets(14 * DAY, step_at(10 * DAY))), None)
    assert phases(found).count(Phase.OPENED) == 1
    assert phases(found).count(Phase.CLOSED) == 1
    assert phases(found)[0] is Phase.OPENED
    assert phases(found)[-1] is Phase.CLOSED


def test_a_step_is_told_within_the_hour_and_dated_near_its_beginning(alarm: Detector) -> None:
    opened = alarm.inspect(series(buckets(14 * DAY, step_at(10 * DAY))), None).spikes[0]
    began = START + 10 * DAY * STEP
    assert began < opened.fired_at <= began + timedelta(hours=1)
    assert abs(opened.onset - began) <= timedelta(minutes=30)
    assert opened.onset <= opened.fired_at


def test_a_spike_says_what_it_saw(alarm: Detector) -> None:
    opened = alarm.inspect(series(buckets(14 * DAY, step_at(10 * DAY))), None).spikes[0]
    assert opened.brand == "Acme"
    assert opened.rule == alarm.name
    assert opened.observed > 1.5 * opened.expected > 0
    assert opened.mentions is not None
    assert opened.mentions >= opened.observed
    assert 0 <= opened.probability < 1e-3
    assert opened.score >= 1
    assert opened.severity in {"low", "medium", "high"}


def test_each_bucket_has_one_verdict_in_order(detector: Detector) -> None:
    given_ = buckets(3 * DAY, step_at(2 * DAY))
    found = detector.inspect(series(given_), None)
    assert [reading.start for reading in found.readings] == [bucket.start for bucket in given_]
    assert all(0 <= reading.anomaly_score <= 1 for reading in found.readings)


def test_a_gap_is_no_silence_and_no_spike(detector: Detector) -> None:
    whole = buckets(14 * DAY, lambda _: 1.0)
    found = detector.inspect(series([*whole[: 8 * DAY], *whole[9 * DAY :]]), None)
    assert found.spikes == ()
    usual = [reading.expected for reading in found.readings if reading.start >= START + 9 * DAY * STEP]
    assert min(expected for expected in usual[:DAY] if expected is not None) > 0.3


def test_everything_missed_at_once_after_a_gap_is_no_spike(detector: Detector) -> None:
    whole = buckets(14 * DAY, lambda _: 1.0)
    dump = Bucket(start=whole[8 * DAY + 24].start, mentions=50.0, negatives=25.0)
    found = detector.inspect(series([*whole[: 8 * DAY], dump, *whole[8 * DAY + 25 :]]), None)
    assert found.spikes == ()


def test_a_run_of_zeros_is_an_outage_and_the_return_no_spike(detector: Detector) -> None:
    whole = buckets(14 * DAY, lambda at: 0.0 if 8 * DAY <= at < 8 * DAY + 144 else 1.0)
    zeroed = [
        Bucket(start=bucket.start, mentions=0.0, negatives=0.0) if 8 * DAY <= at < 8 * DAY + 144 else bucket
        for at, bucket in enumerate(whole)
    ]
    assert detector.inspect(series(zeroed), None).spikes == ()


def test_nothing_is_told_or_expected_in_the_grace_period(detector: Detector) -> None:
    found = detector.inspect(series(buckets(DAY, step_at(DAY // 2, crisis=50.0))), None)
    assert found.spikes == ()
    assert all(reading.expected is None for reading in found.readings)
    assert all(reading.anomaly_score < 0.5 for reading in found.readings)


def test_unknown_mentions_stay_unknown(detector: Detector) -> None:
    blind = [
        Bucket(start=bucket.start, mentions=float("nan"), negatives=bucket.negatives)
        for bucket in buckets(14 * DAY, step_at(10 * DAY))
    ]
    found = detector.inspect(series(blind), None)
    assert phases(found).count(Phase.OPENED) <= 1  # one that cannot judge without them is silent
    assert all(spike.mentions is None for spike in found.spikes)


@pytest.mark.parametrize("minutes", [5, 15, 60, 240])
def test_any_step_works_and_starts_need_not_be_round(alarm: Detector, minutes: int) -> None:
    step, shift = timedelta(minutes=minutes), timedelta(minutes=2, seconds=53)
    day = 24 * 60 // minutes
    began = 20 * day
    rate = 12.0 * minutes / 60
    given_ = buckets(
        24 * day, lambda at: rate * (10 if began <= at < began + max(1, day // 3) else 1), step=step, others_rate=rate
    )
    moved = [
        Bucket(start=bucket.start + shift, mentions=bucket.mentions, negatives=bucket.negatives) for bucket in given_
    ]
    found = alarm.inspect(series(moved, step), None)
    assert phases(found).count(Phase.OPENED) == 1
    assert found.spikes[0].fired_at > moved[began].start


def fed(detector: Detector, given_: Sequence[Bucket], cuts: Iterable[int]) -> tuple[list[Spike], list[Reading], bytes]:
    """Everything that is told when the buckets come in pieces."""
    spikes: list[Spike] = []
    readings: list[Reading] = []
    state: bytes | None = None
    places = [0, *sorted(cuts), len(given_)]
    for begin, end in pairwise(places):
        found = detector.inspect(series(given_[begin:end]), state)
        spikes += found.spikes
        readings += found.readings
        state = found.state
    assert state is not None
    return spikes, readings, state


def with_surprises(random: Random) -> list[Bucket]:
    """Five days with a crisis, a gap, zeros, and late counts."""
    whole = buckets(5 * DAY, step_at(3 * DAY), seed=random.randrange(1_000_000))
    hole = random.randrange(DAY, 4 * DAY)
    given_ = [*whole[:hole], *whole[hole + random.randrange(1, 90) :]]
    for _ in range(20):
        at = random.randrange(1, len(given_))
        late = given_[max(0, at - random.randrange(1, 100))]
        given_.insert(at, Bucket(start=late.start, mentions=2.0, negatives=1.25))
    return given_


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 5 * DAY - 100), max_size=8))
def test_the_answers_are_the_same_for_any_split_into_calls(detector: Detector, seed: int, cuts: list[int]) -> None:
    given_ = with_surprises(Random(seed))
    assert fed(detector, given_, []) == fed(detector, given_, cuts)


def test_the_answers_are_the_same_bucket_by_bucket(detector: Detector) -> None:
    given_ = buckets(4 * DAY, step_at(3 * DAY))
    assert fed(detector, given_, []) == fed(detector, given_, range(1, len(given_)))


def test_a_verdict_is_heard_by_the_first_bucket_that_ends_later_in_whichever_call(detector: Detector) -> None:
    given_ = buckets(5 * DAY, step_at(3 * DAY))
    fired = START + (3 * DAY + 6) * STEP
    words = (Verdict(fired_at=fired, real=False, said_at=fired + 100 * STEP),)
    whole = detector.inspect(replace(series(given_), verdicts=words), None)
    for cut in (3 * DAY + 50, 3 * DAY + 106, 3 * DAY + 107):  # long before, and just before the bucket that hears it
        first = detector.inspect(series(given_[:cut]), None)
        second = detector.inspect(replace(series(given_[cut:]), verdicts=words), first.state)
        assert (first.spikes + second.spikes, second.state) == (whole.spikes, whole.state)


def test_the_state_is_small(detector: Detector) -> None:
    assert len(detector.inspect(series(buckets(9 * DAY, step_at(8 * DAY))), None).state) < 50_000
    minute = timedelta(minutes=1)
    assert len(detector.inspect(series(buckets(4000, lambda _: 0.7, step=minute), minute), None).state) < 50_000


@pytest.mark.parametrize("state", [b"", b"{}", b'["counts 0",[]]', b"\xff\x00", b"[1,2]", b"null", b'["x"]' * 3])
def test_a_state_of_another_version_is_refused(detector: Detector, state: bytes) -> None:
    with pytest.raises(ValueError, match=r"[Ss]tate"):
        detector.inspect(series(buckets(10, lambda _: 1.0)), state)


def test_a_state_of_another_step_is_refused(detector: Detector) -> None:
    state = detector.inspect(series(buckets(50, lambda _: 1.0)), None).state
    hour = timedelta(hours=1)
    with pytest.raises(ValueError, match=r"[Ss]tate"):
        detector.inspect(series(buckets(10, lambda _: 1.0, step=hour), hour), state)


def test_a_late_bucket_has_no_verdict_and_adds_to_its_slot(alarm: Detector) -> None:
    calm = buckets(10 * DAY, lambda _: 1.0)
    late = [Bucket(start=bucket.start, mentions=6.0, negatives=6.0) for bucket in calm[-13:-1]]
    next_ = Bucket(start=START + 10 * DAY * STEP, mentions=2.0, negatives=1.0)
    found = alarm.inspect(series([*calm, *late, next_]), None)
    assert len(found.readings) == len(calm) + 1
    assert phases(found) == [Phase.OPENED]
    assert found.spikes[0].fired_at == next_.start + STEP


def test_counts_that_come_days_late_are_no_spike(detector: Detector) -> None:
    calm = buckets(10 * DAY, lambda _: 1.0)
    old = [Bucket(start=bucket.start, mentions=40.0, negatives=40.0) for bucket in calm[5 * DAY : 5 * DAY + 40]]
    found = detector.inspect(series([*calm[: 9 * DAY], *old, *calm[9 * DAY :]]), None)
    assert found.spikes == ()


def test_nothing_in_an_empty_series(detector: Detector) -> None:
    found = detector.inspect(series([]), None)
    assert (found.spikes, found.readings) == ((), ())
    again = detector.inspect(series(buckets(10, lambda _: 1.0)), found.state)
    assert len(again.readings) == 10


def test_a_spike_does_not_look_ahead(alarm: Detector) -> None:
    given_ = buckets(12 * DAY, step_at(10 * DAY))
    opened = alarm.inspect(series(given_), None).spikes[0]
    known = [bucket for bucket in given_ if bucket.start + STEP <= opened.fired_at]
    assert alarm.inspect(series(known), None).spikes == (opened,)
    assert alarm.inspect(series(known[:-1]), None).spikes == ()
