"""The share detector beyond the contract: tone turns at steady volume, few mentions, its interval, its rate."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import nan
from random import Random

import pytest

from monitor.detectors.share import Options, Share
from monitor.domain import Bucket, Inspection, Phase, Series

START, STEP, DAY = datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=5), 288


def lived(days: int, share: Callable[[int], float], mentions: float = 5.0, seed: int = 3) -> list[Bucket]:
    """Steady mentions of which a share is negative."""
    random = Random(seed)
    found = []
    for at in range(days * DAY):
        count = sum(random.random() < mentions / 40 for _ in range(40))
        unhappy = sum(random.random() < share(at) for _ in range(count))
        found.append(Bucket(start=START + at * STEP, mentions=count, negatives=unhappy))
    return found


def inspect(given: list[Bucket], options: Options | None = None) -> Inspection:
    series = Series(brand="Acme", step=STEP, timezone="UTC", buckets=tuple(given), slice="platform=x")
    return Share("tone", options or Options()).inspect(series, None)


def turned(at: int) -> float:
    return 0.5 if 10 * DAY <= at < 10 * DAY + 144 else 0.2


def test_a_tone_that_turns_is_told_although_nobody_says_more_than_usual() -> None:
    found = inspect(lived(12, turned))
    assert [spike.phase for spike in found.spikes if spike.phase is not Phase.WORSENED] == [Phase.OPENED, Phase.CLOSED]
    opened = found.spikes[0]
    began = START + 10 * DAY * STEP
    assert began < opened.fired_at <= began + timedelta(hours=2)
    assert opened.mentions is not None
    assert opened.expected == pytest.approx(0.2 * opened.mentions, rel=0.1)
    assert opened.observed > 1.5 * opened.expected
    assert opened.probability < 1e-3
    assert (opened.slice, opened.rule) == ("platform=x", "tone")


@pytest.mark.parametrize("seed", range(4))
def test_more_mentions_of_the_same_tone_are_no_spike(seed: int) -> None:
    calm = lived(10, lambda at: 0.2, seed=seed)
    busy = lived(1, lambda at: 0.2, mentions=30.0, seed=seed + 50)
    moved = [
        Bucket(start=each.start + 10 * DAY * STEP, mentions=each.mentions, negatives=each.negatives) for each in busy
    ]
    assert inspect([*calm, *moved]).spikes == ()


def test_a_happier_tone_is_no_spike() -> None:
    assert inspect(lived(12, lambda at: 0.05 if at >= 10 * DAY else 0.4)).spikes == ()


def test_a_few_mentions_say_nothing() -> None:
    few = lived(12, lambda at: 1.0 if at >= 10 * DAY else 0.1, mentions=0.01)
    assert inspect(few).spikes == ()


def test_a_small_rise_is_not_told_however_sure() -> None:
    found = inspect(lived(12, lambda at: 0.56 if at >= 10 * DAY else 0.5, mentions=20.0))
    assert found.spikes == ()


def test_without_mentions_nothing_is_expected_and_nothing_told() -> None:
    blind = [Bucket(start=each.start, mentions=nan, negatives=each.negatives) for each in lived(4, turned)]
    found = inspect(blind)
    assert found.spikes == ()
    assert {(reading.expected, reading.anomaly_score) for reading in found.readings} == {(None, 0.0)}


def test_what_lasts_becomes_usual() -> None:
    found = inspect(lived(60, lambda at: 0.4 if at >= 10 * DAY else 0.2, mentions=2.0))
    opened = [spike for spike in found.spikes if spike.phase is Phase.OPENED]
    assert 1 <= len(opened) <= 3
    assert max(spike.fired_at for spike in opened) < START + timedelta(days=30)
    last = [reading for reading in found.readings if reading.expected is not None][-1]
    assert last.expected == pytest.approx(0.4 * 2.0, rel=0.3)


def test_the_interval_holds_most_usual_buckets() -> None:
    given = lived(8, lambda at: 0.3, mentions=12.0)
    known = [(each, of) for each, of in zip(given, inspect(given).readings, strict=True) if of.low is not None]
    inside = sum(
        of.low - 0.5 <= each.negatives <= of.high + 0.5 for each, of in known if of.low is not None and of.high
    )
    assert 0.94 <= inside / len(known) <= 1.0


@pytest.mark.parametrize("always", [0.0, 1.0])
def test_a_brand_that_was_never_or_always_blamed_can_still_be_read(always: float) -> None:
    given = lived(14, lambda at: 1.0 - always if 10 * DAY <= at < 10 * DAY + 144 else always)
    found = inspect(given)
    assert [spike.phase for spike in found.spikes if spike.phase is Phase.OPENED] == [Phase.OPENED] * (always == 0.0)
    assert all(of.low <= of.expected <= of.high for of in found.readings if of.low is not None)  # type: ignore[operator]


def test_fewer_false_alarms_asked_for_need_more_evidence() -> None:
    given = lived(12, turned)
    shy, eager = (inspect(given, Options(false_alarms_per_week=rate)).spikes[0] for rate in (0.02, 1.0))
    assert eager.fired_at < shy.fired_at


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"false_alarms_per_week": 0.0}, "between 0.001 and 50"),
        ({"windows": ()}, "at least one length"),
        ({"least_times": 0.5}, "at least 1"),
        ({"cooldown": timedelta(hours=-1)}, "below zero"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("mentions", "negatives"), [(-1.0, 0.0), (5.0, -2.0), (1e12, 3.0), (5.0, nan)])
def test_counts_that_cannot_be_are_refused(mentions: float, negatives: float) -> None:
    with pytest.raises(ValueError, match="impossible counts"):
        inspect([Bucket(start=START, mentions=mentions, negatives=negatives)])
