"""The book: incidents in memory go the way that the lifecycle decides, as they do in the store."""

from dataclasses import replace
from datetime import timedelta

from monitor.alerting.book import Book
from monitor.alerting.lifecycle import Action
from monitor.clock import parse
from monitor.domain import IncidentStatus, Phase, Spike

START = parse("2026-03-02T00:00Z")
HOUR = timedelta(hours=1)


def spike(phase: Phase, hour: float, *, slice_: str = "", severity: str = "low") -> Spike:
    at = START + hour * HOUR
    return Spike(
        brand="Acme", rule="r", phase=phase, fired_at=at, onset=at - HOUR, window=HOUR, observed=9.0, expected=1.0,
        mentions=9.0, probability=0.001, score=2.0, severity=severity, slice=slice_,
    )  # fmt: skip


def test_an_incident_is_over_when_all_that_spoke_in_it_are() -> None:
    book = Book()
    said = (
        spike(Phase.OPENED, 0), spike(Phase.OPENED, 1, slice_="platform=x", severity="high"),
        spike(Phase.CLOSED, 2), spike(Phase.CLOSED, 3, slice_="platform=x"),
    )  # fmt: skip
    assert [book.take(each).action for each in said] == [
        Action.OPEN, Action.UPDATE, Action.UPDATE, Action.RESOLVE,
    ]  # fmt: skip
    (incident,) = book.incidents
    assert (incident.severity, incident.opened_at, incident.resolved_at) == ("high", START, START + 3 * HOUR)


def test_a_spike_soon_after_belongs_to_the_incident_and_a_later_one_opens_another() -> None:
    for reopen, expected in ((2 * HOUR, 1), (HOUR, 2)):
        book = Book(reopen=reopen)
        for each in (spike(Phase.OPENED, 0), spike(Phase.CLOSED, 1), spike(Phase.OPENED, 2.5)):
            book.take(each)
        assert len(book.incidents) == expected
        assert book.incidents[-1].status is IncidentStatus.FIRING


def test_what_a_person_called_over_is_over_and_its_end_changes_nothing() -> None:
    book = Book()
    book.call_over(START)
    book.take(spike(Phase.OPENED, 0))
    book.call_over(START + HOUR)
    book.call_over(START + 2 * HOUR)
    assert book.take(spike(Phase.CLOSED, 3)).action is Action.UPDATE
    assert [each.resolved_at for each in book.incidents] == [START + HOUR]
    assert replace(book.incidents[0], id=1).status is IncidentStatus.RESOLVED


def test_an_end_without_a_beginning_is_nothing() -> None:
    book = Book()
    assert book.take(spike(Phase.CLOSED, 1)).action is Action.IGNORE
    assert book.incidents == []
