"""What detection leaves in the store: readings, states and spikes of slices, without one touching another."""

from dataclasses import replace
from datetime import timedelta

from monitor.domain import BUCKET, WHOLE, Phase, Reading, Spike
from monitor.store import Store
from monitor.store.detection import Head
from monitor.store.maintenance import READINGS_KEPT
from monitor.store.scores import Tally
from tests.support.fakes import START

PART = "platform=x"
DAY = timedelta(days=1)


def reading(bucket: int, expected: float | None = 2.0) -> Reading:
    return Reading(start=START + bucket * BUCKET, anomaly_score=0.25, expected=expected, low=0.5, high=6.0)


def spike() -> Spike:
    return Spike(
        brand="Nimbus", rule="r", phase=Phase.OPENED, fired_at=START, onset=START, window=timedelta(hours=1),
        observed=9.0, expected=1.0, mentions=10.0, probability=0.001, score=2.0, severity="low",
    )  # fmt: skip


def test_readings_come_back_as_they_were_said_in_their_order(store: Store) -> None:
    store.detection.save_readings("r", "Nimbus", WHOLE, [reading(1), reading(0), reading(9)])
    store.detection.save_readings("r", "Nimbus", PART, [reading(0, 1.0)])
    found = store.detection.readings("r", "Nimbus", WHOLE, START, START + 9 * BUCKET)
    assert found == [reading(0), reading(1)]
    assert store.detection.readings("r", "Nimbus", PART, START, START + DAY) == [reading(0, 1.0)]
    assert store.detection.readings("other", "Nimbus", WHOLE, START, START + DAY) == []


def test_a_bucket_that_is_read_again_keeps_what_was_said_last(store: Store) -> None:
    for expected in (2.0, 3.0):
        store.detection.save_readings("r", "Nimbus", WHOLE, [reading(0, expected)])
    assert store.detection.readings("r", "Nimbus", WHOLE, START, START + DAY) == [reading(0, 3.0)]


def test_old_readings_are_pruned(store: Store) -> None:
    store.detection.save_readings("r", "Nimbus", WHOLE, [reading(0), reading(288 * 30)])
    store.maintenance.prune(now=START + READINGS_KEPT + 20 * DAY)
    assert store.detection.readings("r", "Nimbus", WHOLE, START, START + 99 * DAY) == [reading(288 * 30)]


def test_tallies_of_a_slice_are_its_own(store: Store) -> None:
    whole = Tally("Nimbus", START, START, 2.0, 1.0)
    store.scores.count([whole, replace(whole, slice=PART, mentions=1.0), replace(whole, known_slot=START + BUCKET)])
    assert [each.mentions for each in store.detection.tallies("Nimbus", START, START + DAY)] == [2.0, 2.0]
    assert [each.mentions for each in store.detection.tallies("Nimbus", START, START + DAY, slice=PART)] == [1.0]
    assert store.scores.days("Nimbus", START, START + DAY) == [(START, WHOLE, 4.0), (START, PART, 1.0)]
    assert store.detection.last_known("Nimbus", START + DAY) == START + BUCKET
    assert store.detection.next_known("Nimbus", START, PART) == START
    assert store.detection.next_known("Nimbus", START + BUCKET, PART) is None


def test_states_are_kept_for_each_slice_and_forgotten_one_by_one(store: Store) -> None:
    for part, is_open in ((WHOLE, False), (PART, True)):
        store.detection.save_state("r", "Nimbus", START, "s", part.encode(), part, is_open=is_open)
    assert store.detection.heads() == {
        ("r", "Nimbus"): {WHOLE: Head(START, "s", False), PART: Head(START, "s", True)},
    }
    assert store.detection.states("r", "Nimbus") == {WHOLE: b"", PART: PART.encode()}
    assert store.detection.reached() == START
    store.detection.drop_states("r", "Nimbus", [PART])
    assert store.detection.states("r", "Nimbus") == {WHOLE: b""}
    assert store.detection.state("r", "Nimbus", PART) is None


def test_spikes_of_one_moment_come_in_one_order_and_of_a_time_and_rule_when_asked(store: Store) -> None:
    one = spike()
    told = [replace(one, slice=PART), replace(one, brand="Cirrus"), one, replace(one, rule="other")]
    store.detection.add_spikes(told)
    store.detection.add_spikes(told)
    found = [each for _, each in store.detection.pending_spikes()]
    assert found == sorted(told, key=lambda each: (each.brand, each.rule, each.slice))
    asked = store.detection.spikes_of([one.rule], one.fired_at, one.fired_at + BUCKET)
    assert asked == [each for each in found if each.rule == one.rule]
    assert store.detection.spikes_of([one.rule], one.fired_at + BUCKET, one.fired_at + DAY) == []
    assert {each.phase for each in asked} == {Phase.OPENED}
