"""Openings at lower thresholds, counted against what the table promises, and what people say of them."""

from random import Random

import pytest

from monitor.analysis.ladder import PRIOR_WEEKS, REAL, RUNGS, Ladder, Said

LEVELS = [1.0, 1.5, 2.0]
DAY, WEEK = 24.0, 168.0


def lived(weeks: int, openings_a_week: float, seed: int = 3) -> Ladder:
    """A brand whose evidence jumps over all rungs so often, an hour each time; buckets of an hour."""
    random, ladder, left = Random(seed), Ladder(), 0
    for hour in range(int(weeks * WEEK)):
        ladder.turn(hour + 1.0)
        left = 1 if random.random() < openings_a_week / WEEK else left - 1
        ladder.count(2.5 if left > 0 else 0.0, LEVELS, 1.0, hour + 1.0, True)
    ladder.turn((weeks + 1) * WEEK)
    return ladder


def test_a_brand_of_which_nothing_is_known_has_the_table_s_threshold() -> None:
    assert Ladder().threshold(3.3, 1.2) == 3.3


def test_a_brand_that_opens_more_than_promised_needs_more_and_a_calm_one_less() -> None:
    wild, calm = lived(8, 5.0), lived(8, 0.05)
    assert wild.threshold(3.3, 1.2) > 3.5
    assert 2.5 < calm.threshold(3.3, 1.2) < 3.2


def test_the_threshold_never_leaves_its_bounds() -> None:
    assert lived(30, 100.0).threshold(3.3, 1.2) <= 3.3 + 2.1
    assert lived(60, 0.0).threshold(3.3, 1.2) >= 3.3 - 0.36 * 2.1
    assert lived(30, 100.0).threshold(1.0, 1.2) == 1.0  # below the foot there is nothing to learn


def test_a_few_days_say_little() -> None:
    days = lived(1, 5.0)
    weeks = lived(12, 5.0)
    assert 0.0 < days.pull < weeks.pull / 2


def test_the_account_says_what_was_counted_and_promised() -> None:
    ladder = lived(4, 1.0)
    counted, promised = ladder.account()
    assert 0 < counted < 3 * 10
    assert promised == pytest.approx(ladder.weeks * (sum(RUNGS) + REAL * len(RUNGS)))
    assert 3.0 < ladder.weeks < 4.1 < PRIOR_WEEKS


def opened_at(hour: float) -> Ladder:
    """One opening of every rung, then a calm week."""
    ladder = Ladder()
    for now in range(1, int(hour + WEEK)):
        ladder.turn(float(now))
        ladder.count(2.5 if now == hour else 0.0, LEVELS, 1.0, float(now), True)
    return ladder


def test_what_was_real_is_no_false_alarm_and_what_was_called_one_weighs_more() -> None:
    silent, real, wrong = (opened_at(100.0) for _ in range(3))
    real.hear([Said(said_at=200.0, fired_at=100.0, real=True)])
    wrong.hear([Said(said_at=200.0, fired_at=100.0, real=False)])
    for ladder in (silent, real, wrong):
        ladder.settle(300.0)
        ladder.turn(400.0)
    assert real.pull < silent.pull < wrong.pull
    assert real.account()[0] == pytest.approx(0.0, abs=1e-6)
    assert (wrong.real, wrong.false_alarms) == (0, 1)


def test_a_verdict_counts_only_when_its_time_has_come() -> None:
    ladder = opened_at(100.0)
    ladder.hear([Said(said_at=500.0, fired_at=100.0, real=False)])
    ladder.settle(500.0)
    assert (ladder.false_alarms, len(ladder.waiting)) == (0, 1)
    ladder.settle(500.1)
    assert (ladder.false_alarms, ladder.waiting) == (1, [])


def test_the_last_word_on_an_incident_holds() -> None:
    changed, real = opened_at(100.0), opened_at(100.0)
    changed.hear([Said(200.0, 100.0, False), Said(210.0, 100.0, True)])
    real.hear([Said(210.0, 100.0, True)])
    for ladder in (changed, real):
        ladder.settle(300.0)
    assert changed.counts == pytest.approx(real.counts)


def test_a_verdict_on_another_day_s_incident_changes_nothing() -> None:
    ladder = opened_at(100.0)
    before = list(ladder.counts)
    ladder.hear([Said(said_at=200.0, fired_at=60.0, real=True)])
    ladder.settle(300.0)
    assert ladder.counts == before


def test_what_a_verdict_can_reach_is_bounded() -> None:
    assert len(lived(60, 100.0).openings) <= 64
