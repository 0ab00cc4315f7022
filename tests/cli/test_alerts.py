"""Incidents from the command line: what is shown, what an act says, and that it works beside a program that runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import FakeClock
from monitor.domain import Phase, Reading, shadow_of
from monitor.pipeline import alert
from monitor.pipeline.program import build
from monitor.pipeline.tick import score_pending
from monitor.store import Store
from tests.cli.conftest import ROOT, Run
from tests.pipeline.test_alert import spike
from tests.support.fakes import START, post, read_config, small_program

HOUR = timedelta(hours=1)


@pytest.fixture
def fired(folder: Path) -> Iterator[Store]:
    """A database that a program has open, with an incident of Acme's delivery and one of a drill."""
    with Store(folder / "monitor.db") as store:
        settings, clock = read_config(folder / "config"), FakeClock(START + HOUR)
        program = small_program(settings, store, clock)
        program.rules = build(settings, store, clock).rules
        posts = [post(n, f"Acme bad parcel lost number{n}", at=START + n * timedelta(minutes=4)) for n in range(9)]
        with store.transaction():
            store.mentions.upsert(posts, [("Acme",)] * 9, source="inbox", now=START + HOUR / 2)
        score_pending(program, now=START + HOUR / 2)
        acme = replace(spike(brand="Acme"), rule="negative-spike")
        store.detection.add_spikes([acme, replace(acme, brand=shadow_of("Acme", 1), fired_at=START + 2 * HOUR)])
        alert.run(program, now=START + 2 * HOUR)
        yield store


def rows(run: Run, *words: object) -> Any:
    said = run("alerts", *words, "--json")
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


@pytest.mark.usefixtures("fired")
def test_incidents_are_listed_and_narrowed(run: Run) -> None:
    assert [each["id"] for each in rows(run, "list")] == [2, 1]
    assert [each["id"] for each in rows(run, "list", "--brand", "Acme", "--status", "firing")] == [1]
    assert rows(run, "list", "--status", "resolved") == []
    assert [each["id"] for each in rows(run, "list", "--since", "2026-03-03T00:00Z")] == [2, 1], "open still"
    said = run("alerts", "list")
    assert "Acme" in said.out
    assert "firing" in said.out


def test_an_empty_database_has_no_incident_and_none_is_told_in_one_sentence(run: Run, folder: Path) -> None:
    run("alerts", "acknowledge", "1").refuses(4, "there is no database yet")
    assert not (folder / "monitor.db").exists()
    Store(folder / "monitor.db").close()
    assert "No incident." in run("alerts", "list").err
    run("alerts", "show", "7").refuses(3, "There is no incident 7. `alerts list` shows which there are.")
    run("alerts", "explain", "7").refuses(3, "There is no incident 7.")
    run("alerts", "acknowledge", "7").refuses(3, "There is no incident 7.")


@pytest.mark.usefixtures("fired")
def test_an_incident_is_shown_in_a_sentence_with_its_reason_and_its_history(run: Run) -> None:
    run("alerts", "note", "1", "called the depot", "--by", "ana")
    said = run("alerts", "show", "1").out
    assert said.startswith("Incident 1: Acme, low, opened 2026-03-02T01:00:00Z")
    assert "nobody has it" in said
    assert "Words that stand out" in said or "Most seen:" in said
    assert "called the depot" in said
    told = rows(run, "show", "1")
    assert [each["kind"] for each in told["history"]] == ["opened", "noted"]
    assert told["parts"] == [{"rule": "negative-spike", "slice": "", "since": "2026-03-02T01:00:00Z", "until": None}]
    assert run("alerts", "show", "2").out.startswith("Drill 2: Acme (drill 1), low")


@pytest.mark.usefixtures("fired")
def test_an_explanation_is_computed_again_to_the_same_numbers(run: Run) -> None:
    said = run("alerts", "explain", "1").out
    assert "Alert 1 (opened, 2026-03-02T01:00:00Z): computed again, every number is the same." in said
    assert "What makes up the excess" in said
    (told,) = rows(run, "explain", "1")
    assert (told["same"], told["differs"]) == (True, [])
    assert told["stored"] == told["now"]


def test_what_differs_since_is_named(run: Run, fired: Store) -> None:
    with fired.transaction():
        fired.mentions.forget("x", native_id="8", now=START + 9 * HOUR)
    said = run("alerts", "explain", "1").out
    assert "these differ: " in said
    assert "Why they may: 1 post was deleted since (of the window)" in said


def ended(child: subprocess.Popen[str], *, within: float) -> bool:
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_people_act_while_another_process_works_on_the_database(fired: Store, folder: Path) -> None:
    """The program holds the lock and writes all the while; each act is a process of its own."""
    acts = (
        ("acknowledge", "1", "--by", "ana"), ("acknowledge", "1", "--by", "ben"), ("resolve", "1", "--why", "found"),
    )  # fmt: skip
    children = []
    for number, words in enumerate(acts):
        command = [sys.executable, str(ROOT / "run_monitor.py"), "alerts", *words, "--json"]
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not ended(child, within=0.05):
            kept = Reading(start=START, anomaly_score=number / 10, expected=1.0)
            with fired.transaction():
                fired.detection.save_readings("negative-spike", "Acme", "", [kept])
        out, err = child.communicate()
        assert (child.returncode, err) == (0, "")
        children.append(json.loads(out)["said"])
    assert children[0] == "Incident 1 (Acme) is acknowledged by ana; ana has it."
    assert "was already acknowledged by ana" in children[1]
    incident = fired.incidents.get(1)
    assert incident is not None
    assert (incident.status.value, incident.owner) == ("resolved", "ana")
    assert [each.kind for each in fired.incidents.history(1)] == ["opened", "acknowledged", "resolved"]


@pytest.mark.usefixtures("fired")
def test_whoever_sits_there_acts_where_nobody_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "zoe")
    assert run("alerts", "acknowledge", "1").out == "Incident 1 (Acme) is acknowledged by zoe; zoe has it.\n"


@pytest.mark.usefixtures("fired")
def test_the_budget_says_what_was_asked_used_and_judged(run: Run) -> None:
    run("alerts", "verdict", "1", "false-alarm")
    (told,) = rows(run, "budget")
    assert told["rule"] == "negative-spike"
    assert told["asked"] == pytest.approx(0.1)
    assert "Budget of the last four weeks" in run("alerts", "budget", "--rule", "negative-spike").out
    run("alerts", "budget", "--rule", "nothing").refuses(3, 'There is no rule "nothing". There are: negative-spike.')


def test_an_export_says_where_incidents_stand_and_leaves_rehearsals_out(run: Run, fired: Store) -> None:
    fired.incidents.judge(1, True, START + 3 * HOUR, by="ana")
    header, *lines = run("export", "alerts").out.splitlines()
    assert header == (
        "brand,fired_at,onset,observed,expected,score,severity,resolved_at,"
        "incident,rule,slice,status,owner,acknowledged_at,verdict,drill"
    )
    assert [line.split(",")[8:] for line in lines] == [["1", "negative-spike", "", "firing", "", "", "real", "false"]]
    everything = run("export", "alerts", "--drills", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["drill"] for line in everything] == [False, True]


def test_a_closed_incident_is_shown_by_what_it_was(run: Run, fired: Store) -> None:
    end = replace(spike(Phase.CLOSED, 5, brand="Acme"), rule="negative-spike")
    fired.incidents.leave(1, "", end.fired_at, rule="negative-spike")
    fired.incidents.resolve(1, end.fired_at)
    said = run("alerts", "show", "1").out
    assert "over since 2026-03-02T05:00:00Z" in said
