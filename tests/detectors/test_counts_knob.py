"""One knob, made true by a brand's own history: what the counts detector learns of its threshold, and says of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from monitor.detectors.counts import Counts, Options
from monitor.domain import Bucket, Inspection, Phase, Series, Spike, Verdict
from monitor.ports import Tuned

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=15)
DAY = 96


def lived(days: int, bursts: float, seed: int = 11, rate: float = 4.0) -> list[Bucket]:
    """A brand with so many short bursts a day, of every size."""
    random, found, left, size = Random(seed), [], 0, 1.0
    for at in range(days * DAY):
        if left == 0 and random.random() < bursts / DAY:
            left, size = random.randrange(2, 8), min(40.0, 3.0 * random.paretovariate(0.8))
        left = max(0, left - 1)
        negatives = float(sum(random.random() < rate / 40 for _ in range(40)))
        negatives = round(negatives * (size if left else 1.0))
        found.append(Bucket(start=START + at * STEP, mentions=3.0 * negatives, negatives=negatives))
    return found


def series(of: list[Bucket], *verdicts: Verdict) -> Series:
    return Series(brand="Acme", step=STEP, timezone="UTC", buckets=tuple(of), verdicts=verdicts)


def inspect(of: list[Bucket], *verdicts: Verdict, options: Options | None = None) -> Inspection:
    return Counts("counts", options or Options()).inspect(series(of, *verdicts), None)


def opened(found: Inspection) -> list[datetime]:
    return [spike.fired_at for spike in found.spikes if spike.phase is Phase.OPENED]


def test_it_is_tuned_and_says_where_its_threshold_comes_from() -> None:
    detector = Counts("counts", Options(false_alarms_per_week=0.25))
    assert isinstance(detector, Tuned)
    fresh = detector.knob(None)
    assert (fresh.asked, fresh.weeks, fresh.counted, fresh.real, fresh.false_alarms) == (0.25, 0, 0, 0, 0)
    assert fresh.own == fresh.prior < Counts("counts", Options(false_alarms_per_week=0.05)).knob(None).prior
    assert fresh.threshold == fresh.own + fresh.early > fresh.own
    later = detector.knob(inspect(lived(30, 0.0)).state)
    assert later.prior == fresh.prior
    assert 3.0 < later.weeks < 4.3
    assert later.promised > 3.0
    assert later.early == 0.0


def test_a_brand_that_bursts_every_day_needs_more_than_a_calm_one() -> None:
    detector = Counts("counts", Options())
    calm, wild = (detector.knob(inspect(lived(40, bursts)).state) for bursts in (0.0, 0.6))
    assert calm.own < calm.prior < wild.own
    assert calm.counted < calm.promised < wild.counted


def test_what_was_seen_long_ago_is_forgotten() -> None:
    detector = Counts("counts", Options())
    wild = lived(30, 0.6)
    calm = [replace(bucket, start=bucket.start + timedelta(days=30)) for bucket in lived(120, 0.0)]
    then, now = (detector.knob(inspect(of).state) for of in (wild, wild + calm))
    assert now.own < then.own


def test_verdicts_move_the_threshold_and_only_from_when_they_were_said() -> None:
    of = lived(40, 0.7)
    told = opened(inspect(of, options=Options(false_alarms_per_week=2.0)))
    assert len(told) >= 3
    said_at = told[2] + timedelta(hours=3)
    detector = Counts("counts", Options(false_alarms_per_week=2.0))
    knobs = {}
    for real in (True, False):
        words = [Verdict(fired_at=at, real=real, said_at=said_at) for at in told[:3]]
        found = detector.inspect(series(of, *words), None)
        knobs[real] = detector.knob(found.state)
        before = [spike for spike in found.spikes if spike.fired_at <= said_at]
        silent = detector.inspect(series(of), None)
        assert before == [spike for spike in silent.spikes if spike.fired_at <= said_at]
    silent_knob = detector.knob(detector.inspect(series(of), None).state)
    assert knobs[True].own < silent_knob.own < knobs[False].own
    assert (knobs[True].real, knobs[False].false_alarms) == (3, 3)


@pytest.mark.parametrize("every", [1, 7, 400])
def test_the_answers_are_the_same_for_any_split_with_verdicts_in_between(every: int) -> None:
    of = lived(12, 1.0)
    detector = Counts("counts", Options(false_alarms_per_week=2.0))
    told = opened(detector.inspect(series(of), None))
    words = [
        Verdict(fired_at=at, real=place % 2 == 0, said_at=at + timedelta(hours=2)) for place, at in enumerate(told)
    ]
    assert words
    whole = detector.inspect(series(of, *words), None)
    spikes: list[Spike] = []
    state, left = None, list(words)
    for begin in range(0, len(of), every):
        part = of[begin : begin + every]
        end = part[-1].start + STEP
        said = [word for word in left if word.said_at < end]
        left = [word for word in left if word.said_at >= end]
        found = detector.inspect(series(part, *said), state)
        spikes, state = [*spikes, *found.spikes], found.state
    assert (tuple(spikes), state) == (whole.spikes, whole.state)


def test_a_reading_says_in_which_range_usual_buckets_lie() -> None:
    found = inspect(lived(20, 0.0))
    late = [reading for reading in found.readings if reading.start >= START + timedelta(days=10)]
    assert all(reading.low is None and reading.high is None for reading in found.readings[:DAY])
    counts = {bucket.start: bucket.negatives for bucket in lived(20, 0.0)}
    inside = sum((reading.low or 0.0) <= counts[reading.start] <= (reading.high or 0.0) for reading in late)
    assert inside / len(late) > 0.9
    assert all((reading.low or 0.0) <= (reading.expected or 0.0) <= (reading.high or 0.0) + 1.0 for reading in late)


def test_the_state_stays_small_after_a_year_of_bursts() -> None:
    found = inspect(lived(200, 3.0))
    assert len(found.state) < 20_000
