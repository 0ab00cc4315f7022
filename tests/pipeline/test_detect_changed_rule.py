"""A rule whose settings changed: it starts again from history, and keeps silent about the past."""

import json
from dataclasses import replace

import pytest

from monitor.errors import StoreFull
from monitor.pipeline import alert, detect, failpoints, series
from monitor.pipeline.program import Program
from tests.support.detection import FIVE, at, count, pending, recording
from tests.support.fakes import START


def episode(program: Program, first: int, last: int, most: int = 60) -> None:
    count(program, *((n, n, 2, 1.0 if first <= n < last else 0.0) for n in range(most)))


def test_a_changed_rule_starts_anew_and_keeps_silent_about_the_past(program: Program) -> None:
    episode(program, 10, 20)
    recording(program)
    detect.run(program, now=at(40))
    before = pending(program)
    detector = recording(program, most=3.0)
    count(program, *((n, n, 2, 1.0) for n in range(70, 80)))
    detect.run(program, now=at(80))
    assert [bucket[0] for bucket in detector.of()][:60] == list(range(60))
    fresh = pending(program)[len(before) :]
    assert [phase for phase, _ in fresh] == ["opened", "worsened"]
    assert min(moment for _, moment in fresh) > 41


def test_a_changed_rule_that_is_stopped_half_way_still_keeps_silent_about_the_past(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "CHUNK", 10 * FIVE)
    episode(program, 22, 40)
    recording(program)
    detect.run(program, now=at(60))
    for number, _ in program.store.detection.pending_spikes():
        program.store.detection.spike_done(number)
    recording(program, most=3.0)
    left = iter(range(3))

    def fail() -> None:
        if next(left, None) is None:
            raise StoreFull("no room")

    failpoints.arm("detect.inspected", fail)
    with pytest.raises(StoreFull):
        detect.run(program, now=at(60))
    failpoints.disarm()
    detect.run(program, now=at(60))
    assert pending(program) == []
    saved = program.store.detection.state("too-many", "Nimbus")
    assert saved is not None
    assert (saved[0], saved[1]) == (START + 60 * FIVE, program.rules[0].fingerprint)


def test_an_incident_that_the_changed_rule_would_not_have_open_is_ended_so_that_the_next_is_told(
    program: Program,
) -> None:
    count(program, *((n, n, 2, 0.5) for n in range(40)))
    recording(program)
    detect.run(program, now=at(20))
    alert.run(program, now=at(20))
    assert program.store.incidents.open_for("too-many", "Nimbus")
    recording(program, most=9.0)
    detect.run(program, now=at(40))
    alert.run(program, now=at(40))
    assert program.store.incidents.open_for("too-many", "Nimbus") is None
    count(program, *((n, n, 9, 3.0) for n in range(40, 44)))
    detect.run(program, now=at(44))
    told = alert.run(program, now=at(44))
    assert told.opened + told.reopened == 1


def test_a_changed_rule_within_an_episode_closes_the_incident_when_it_is_over(program: Program) -> None:
    episode(program, 10, 30)
    recording(program)
    detect.run(program, now=at(25))
    alert.run(program, now=at(25))
    recording(program, most=3.0)
    detect.run(program, now=at(26))
    assert program.store.incidents.open_for("too-many", "Nimbus")
    detect.run(program, now=at(60))
    alert.run(program, now=at(60))
    assert [incident.status.value for incident in program.store.incidents.all()] == ["resolved"]


def test_a_state_that_the_detector_cannot_read_starts_anew(program: Program) -> None:
    detector = recording(program)
    episode(program, 10, 20)
    detect.run(program, now=at(40))
    done = len(pending(program))
    rule = program.rules[0]
    program.store.detection.save_state(
        rule.name, "Nimbus", START + 40 * FIVE, rule.fingerprint, json.dumps({"version": 0}).encode()
    )
    detector.seen.clear()
    detect.run(program, now=at(50))
    assert len(detector.of()) == 50
    assert len(pending(program)) == done


@pytest.mark.parametrize("gone", ["the rule", "the brand"])
def test_an_incident_of_a_rule_that_is_no_more_is_ended_and_its_return_is_told(program: Program, gone: str) -> None:
    """Else it would be open for ever: reminded of, and in the way of milder ones."""
    count(program, *((n, n, 2, 0.5) for n in range(40)), *((n, n, 2, 0.0) for n in range(40, 60)))
    recording(program)
    before = program.rules
    detect.run(program, now=at(20))
    alert.run(program, now=at(20))
    assert program.store.incidents.open_for("too-many", "Nimbus")
    program.rules = () if gone == "the rule" else tuple(replace(rule, patterns=("Cirrus",)) for rule in before)
    detect.run(program, now=at(30))
    (incident,) = program.store.incidents.all()
    assert incident.resolved_at == at(30)
    program.rules = before
    count(program, *((n, n, 9, 3.0) for n in range(60, 64)))
    for moment in (50, 64):
        detect.run(program, now=at(moment))
        told = alert.run(program, now=at(moment))
    assert told.opened + told.reopened == 1
