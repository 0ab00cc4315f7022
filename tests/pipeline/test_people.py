"""What people do with an incident: each act once, in one sentence, and in a history that nobody can change."""

from collections.abc import Callable

import pytest

from monitor.domain import IncidentStatus, Phase
from monitor.errors import InputError, StoreError
from monitor.pipeline import people
from monitor.pipeline.program import Program
from monitor.store import Store
from tests.pipeline.test_alert import HOUR, fire, spike
from tests.support.fakes import START

NOW = START + 2 * HOUR


@pytest.fixture
def kept(program: Program) -> Store:
    fire(program, spike())
    return program.store


def kinds(kept: Store) -> list[tuple[str, str]]:
    return [(each.kind, each.actor) for each in kept.incidents.history(1)]


def test_who_acknowledges_has_it(kept: Store) -> None:
    assert people.acknowledge(kept, 1, by="ana", now=NOW) == "Incident 1 (Nimbus) is acknowledged by ana; ana has it."
    incident = kept.incidents.get(1)
    assert incident is not None
    assert (incident.status, incident.owner, incident.acknowledged_at) == (IncidentStatus.ACKNOWLEDGED, "ana", NOW)


def test_the_same_click_twice_says_so_and_changes_nothing(kept: Store) -> None:
    people.acknowledge(kept, 1, by="ana", now=NOW)
    said = people.acknowledge(kept, 1, by="ben", now=NOW + HOUR)
    assert said == "Incident 1 (Nimbus) was already acknowledged by ana at 2026-03-02T02:00:00Z."
    people.assign(kept, 1, by="ana", now=NOW, owner="kim")
    assert people.assign(kept, 1, by="ana", now=NOW, owner="kim") == "kim has Incident 1 (Nimbus) already."
    people.note(kept, 1, by="ana", now=NOW, text="called the depot")
    assert "already" in people.note(kept, 1, by="ana", now=NOW, text=" called the depot ")
    people.judge(kept, 1, by="ana", now=NOW, real=True)
    assert "already called real" in people.judge(kept, 1, by="kim", now=NOW, real=True)
    people.resolve(kept, 1, by="ana", now=NOW, why="found")
    assert "is over already" in people.resolve(kept, 1, by="ana", now=NOW, why="found")
    assert "is over already" in people.acknowledge(kept, 1, by="ana", now=NOW)
    assert kinds(kept) == [("opened", "monitor"), *((each, "ana") for each in (
        "acknowledged", "assigned", "noted", "judged", "resolved"))]  # fmt: skip


def test_the_last_verdict_holds_and_all_are_told_to_the_rule(kept: Store) -> None:
    people.judge(kept, 1, by="ana", now=NOW, real=False)
    said = people.judge(kept, 1, by="ben", now=NOW + HOUR, real=True)
    assert said == "Incident 1 (Nimbus) is called real, no longer a false alarm. The rule hears of it."
    told = kept.incidents.verdicts("rule", "Nimbus", START, NOW + 2 * HOUR)
    assert [(each.real, each.said_at, each.fired_at) for each in told] == [
        (False, NOW, START + HOUR), (True, NOW + HOUR, START + HOUR),
    ]  # fmt: skip
    assert kept.incidents.verdicts("rule", "Nimbus", NOW + HOUR, NOW + 2 * HOUR) == told[1:]
    assert kept.incidents.verdicts("other", "Nimbus", START, NOW + 2 * HOUR) == []


def test_what_was_called_over_opens_again_when_it_gets_worse(program: Program, kept: Store) -> None:
    people.resolve(kept, 1, by="ana", now=NOW, why="the courier says so")
    assert fire(program, spike(Phase.WORSENED, 30, severity="high")).reopened == 1
    incident = kept.incidents.get(1)
    assert incident is not None
    assert (incident.status, incident.severity) == (IncidentStatus.FIRING, "high")
    assert kinds(kept)[-2:] == [("resolved", "ana"), ("reopened", "monitor")]


Do = Callable[[Store, int], str]
ACTS: dict[str, Do] = {
    "acknowledge": lambda kept, number: people.acknowledge(kept, number, by="ana", now=NOW),
    "assign": lambda kept, number: people.assign(kept, number, by="ana", now=NOW, owner="kim"),
    "note": lambda kept, number: people.note(kept, number, by="ana", now=NOW, text="x"),
    "judge": lambda kept, number: people.judge(kept, number, by="ana", now=NOW, real=True),
    "resolve": lambda kept, number: people.resolve(kept, number, by="ana", now=NOW, why="x"),
}


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize("number", [0, -1, 2, 1 << 70])
def test_an_incident_that_there_is_not_is_one_sentence(kept: Store, act: str, number: int) -> None:
    with pytest.raises(InputError, match=r"There is no incident -?\d+\. `alerts list` shows which there are\."):
        ACTS[act](kept, number)


def test_nobody_and_nothing_are_refused(kept: Store) -> None:
    with pytest.raises(InputError, match="Nobody is named"):
        people.acknowledge(kept, 1, by=" \n", now=NOW)
    with pytest.raises(InputError, match="The note is empty"):
        people.note(kept, 1, by="ana", now=NOW, text="  ")
    with pytest.raises(InputError, match="Say why"):
        people.resolve(kept, 1, by="ana", now=NOW, why="")


def test_hostile_names_and_notes_are_cut_and_kept_on_one_line(kept: Store) -> None:
    people.assign(kept, 1, by="ana\x1b[2J\nroot", now=NOW, owner="k" * 500)
    people.note(kept, 1, by="b\ud800", now=NOW, text="\ud800" + "n" * 9_000)
    incident, history = kept.incidents.get(1), kept.incidents.history(1)
    assert incident is not None
    assert incident.owner == "k" * people.LONGEST_NAME
    assert history[1].actor == "ana [2J root"
    assert (history[2].actor, len(str(history[2].detail["text"]))) == ("b", people.LONGEST_NOTE)


@pytest.mark.parametrize("change", ["update incident_events set actor = 'eve'", "delete from incident_events"])
def test_the_history_lets_nobody_change_it(kept: Store, change: str) -> None:
    with pytest.raises(StoreError, match="the history of an incident is never changed"):
        kept._connection.execute(change)
    assert kinds(kept) == [("opened", "monitor")]
