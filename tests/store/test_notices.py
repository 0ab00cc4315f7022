"""Notices and silences as they are kept."""

from datetime import timedelta

import pytest

from monitor.alerting.routing import Route
from monitor.domain import NoticeState, Phase
from monitor.pipeline import tell
from monitor.pipeline.program import Program
from monitor.store import Store
from tests.support.alerts import HOUR, MINUTE, Desk
from tests.support.fakes import START


@pytest.fixture
def desk(program: Program) -> Desk:
    return Desk(program)


def test_an_alert_has_one_notice_for_each_receiver_however_often_it_is_written(desk: Desk) -> None:
    desk.fire()
    (notice,) = desk.program.store.notices.due("console", START)
    desk.program.store.notices.add([notice], {"console": "again"}, {})
    assert desk.reasons() == ['route 1: brand "*", severity low or graver']


def test_what_became_of_a_notice_can_be_read_by_incident(desk: Desk) -> None:
    incident = desk.fire()
    desk.tell(START)
    desk.close(incident, at=START + HOUR)
    first, last = desk.program.store.notices.of_incident(incident.id)
    assert (first.receiver, first.state, first.phase) == ("console", NoticeState.TOLD, Phase.OPENED)
    assert (last.state, last.phase, last.due_at) == (NoticeState.WAITING, Phase.CLOSED, START + HOUR)


def test_the_alerts_of_a_stretch_are_those_that_could_have_been_muted(desk: Desk) -> None:
    incident = desk.fire(at=START - HOUR, slice_="platform=x")
    desk.fire(severity="high", phase=Phase.WORSENED, incident=incident)
    desk.close(incident, at=START + HOUR)
    desk.fire("Nimbus (drill 1)", drill=True)
    found = desk.program.store.notices.alerts_since(START - 2 * HOUR, START + 2 * HOUR, limit=9)
    assert [(each.brand, each.slice, each.phase.value, each.notices) for each in found] == [
        ("Nimbus", "", "worsened", 1), ("Nimbus", "platform=x", "opened", 1),
    ]  # fmt: skip
    assert len(desk.program.store.notices.alerts_since(START, START + HOUR, limit=9)) == 1


def test_what_was_open_at_a_moment_is_told_afterwards_as_well(desk: Desk) -> None:
    incident = desk.fire()
    desk.fire("Cirrus", at=START + HOUR)
    desk.close(incident, at=START + 2 * HOUR)
    open_at = desk.program.store.notices.open_at
    assert [[each.brand for each in open_at(START + n * HOUR)] for n in (-1, 0, 1, 2)] == [
        [], ["Nimbus"], ["Cirrus", "Nimbus"], ["Cirrus"],
    ]  # fmt: skip
    assert [each.brand for each in open_at(START + HOUR, brand="Nimbus")] == ["Nimbus"]


def test_nothing_that_is_told_or_passed_is_due_again(desk: Desk) -> None:
    store = desk.program.store
    desk.program.routes = (Route(receivers=("console",), repeat=4 * HOUR),)
    desk.fire()
    assert store.notices.next_due() == START
    desk.tell(START)
    assert store.notices.next_due() == START + timedelta(hours=4), "the reminder"
    assert store.notices.receivers_due(START + 3 * HOUR) == []


def test_silences_are_kept_with_who_and_why_and_never_taken_out(store: Store) -> None:
    kept = store.silences
    number = kept.add({"brands": ["Acme"]}, since=START, until=START + HOUR, by="Ada", why="known", now=START)
    assert [each.id for each in kept.active(START)] == [number]
    assert kept.active(START - MINUTE) == kept.active(START + HOUR) == []
    assert kept.end(number, by="Bo", now=START + MINUTE)
    assert not kept.end(number, by="Cy", now=START + MINUTE)
    assert not kept.end(99, by="Cy", now=START + MINUTE)
    assert kept.active(START + MINUTE) == []
    found = kept.get(number)
    assert found == kept.all()[0]
    assert found is not None
    assert (found.by, found.why, found.ended_by, found.ended_at) == ("Ada", "known", "Bo", START + MINUTE)
    assert tell.silence_of(found).matchers.brands == ("Acme",)
