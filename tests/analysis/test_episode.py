"""One episode: opens once, worsens when clearly worse, closes when calm, then rests."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.episode import Episode, anomaly_score, onset_age, severity
from monitor.domain import Phase

STEP = 0.25  # hours


def told(evidence: Iterable[float], cooldown: float = 12.0) -> list[tuple[int, Phase]]:
    """What is told at which step."""
    episode = Episode()
    phases = [(at, episode.step(value, STEP, at * STEP, cooldown)) for at, value in enumerate(evidence)]
    return [(at, phase) for at, phase in phases if phase is not None]


def test_it_opens_at_the_threshold_and_closes_after_a_calm_hour() -> None:
    assert told([0.9, 1.0, 1.2, 0.4, 0.4, 0.4, 0.4, 0.4]) == [(1, Phase.OPENED), (6, Phase.CLOSED)]


def test_half_evidence_keeps_it_open() -> None:
    assert told([1.0, *[0.5] * 40]) == [(0, Phase.OPENED)]


def test_calm_must_last_an_hour_in_one_piece() -> None:
    assert told([1.0, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.6]) == [(0, Phase.OPENED)]


def test_twice_what_was_last_told_is_worse_however_slowly_it_grew() -> None:
    assert told([1.0, 1.5, 1.9, 2.1, 2.9, 4.3]) == [(0, Phase.OPENED), (3, Phase.WORSENED), (5, Phase.WORSENED)]


def test_what_becomes_grave_is_told_at_half_as_much_again() -> None:
    assert told([1.9, 2.9, 3.0]) == [(0, Phase.OPENED), (2, Phase.WORSENED)]
    assert told([2.9, 3.1, 4.4]) == [(0, Phase.OPENED), (2, Phase.WORSENED)]
    assert told([3.1, 4.4, 6.1, 6.3]) == [(0, Phase.OPENED), (3, Phase.WORSENED)]


def test_an_episode_is_told_as_worse_three_times_at_most() -> None:
    doubling = [2.0**power for power in range(20)]
    assert [phase for _, phase in told(doubling)] == [Phase.OPENED, *[Phase.WORSENED] * 3]


def test_it_stays_open_while_the_last_hours_are_not_as_usual() -> None:
    episode = Episode()
    episode.step(1.0, STEP, 0.0, 12.0)
    assert not any(episode.step(0.1, STEP, at * STEP, 12.0, usual=False) for at in range(1, 50))
    assert [episode.step(0.1, STEP, at * STEP, 12.0) for at in range(50, 54)][-1] is Phase.CLOSED


def test_after_it_closed_the_bar_is_that_of_its_peak_not_of_what_was_told() -> None:
    calm = [0.0] * 5
    assert told([1.0, 1.9, *calm, 3.7]) == [(0, Phase.OPENED), (5, Phase.CLOSED)]
    assert told([1.0, 1.9, *calm, 3.9])[-1] == (7, Phase.OPENED)


def test_a_second_wave_in_the_cooldown_is_told_only_when_it_is_twice_as_bad() -> None:
    calm = [0.0] * 5
    assert told([1.0, *calm, 1.9, *calm]) == [(0, Phase.OPENED), (4, Phase.CLOSED)]
    assert told([1.0, *calm, 2.1])[-1] == (6, Phase.OPENED)


def test_after_the_cooldown_it_opens_again() -> None:
    assert told([1.0, *[0.0] * 60, 1.0]) == [(0, Phase.OPENED), (4, Phase.CLOSED), (61, Phase.OPENED)]


@given(st.lists(st.floats(0, 50), max_size=200))
def test_messages_come_in_order_and_agree_with_the_score(evidence: list[float]) -> None:
    episode, is_open = Episode(), False
    for at, value in enumerate(evidence):
        bar = episode.bar(at * STEP, 12.0)
        phase = episode.step(value, STEP, at * STEP, 12.0)
        assert (anomaly_score(value, bar) >= 0.5) == (phase in {Phase.OPENED, Phase.WORSENED})
        assert phase is None or (phase is Phase.OPENED) != is_open
        is_open = episode.open


def test_the_score_rises_stays_within_one_and_leaves_a_gap_between_told_and_nearly_told() -> None:
    assert anomaly_score(2.0, 3.0) < anomaly_score(2.999, 3.0) < 0.5
    assert anomaly_score(3.0, 3.0) == 0.75
    assert 0.75 < anomaly_score(4.0, 3.0) < anomaly_score(1e12, 3.0) <= 1.0


def test_onset_is_where_the_rise_began() -> None:
    rising = [(9.0, 2.0)] * 6 + [(2.0, 2.0)] * 20
    assert onset_age(rising, lambda seen, usual: (seen - usual) / usual**0.5) == 5


def test_onset_of_a_single_bucket_is_that_bucket() -> None:
    assert onset_age([(30.0, 2.0)] + [(2.0, 2.0)] * 20, lambda seen, usual: (seen - usual) / usual**0.5) == 0


@pytest.mark.parametrize(
    ("evidence", "ratio", "grade"),
    [(1.0, 9.0, "low"), (9.0, 1.5, "low"), (1.5, 2.0, "medium"), (9.0, 2.9, "medium"), (3.0, 3.0, "high")],
)
def test_severity_needs_both_evidence_and_ratio(evidence: float, ratio: float, grade: str) -> None:
    assert severity(evidence, ratio) == grade
