"""`drill` at the command line: begun, seen, ended; beside a running program as well; refused in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock, floor
from monitor.domain import BUCKET
from monitor.pipeline import detect
from monitor.pipeline.program import build
from monitor.settings import load
from monitor.store import Store
from monitor.store.scores import Tally

Runs = Callable[..., Any]


@pytest.fixture
def watched(folder: Path) -> Path:
    """A brand that was watched for some hours, up to now."""
    now = SystemClock().now()
    with Store(folder / "monitor.db") as store:
        program = build(load(folder / "config", environ={}), store, SystemClock())
        slots = [floor(now, BUCKET) - number * BUCKET for number in range(1, 61)]
        store.scores.count(Tally("Acme", slot, slot, 2.0, 0.1) for slot in slots)
        detect.run(program, now=now)
    return folder


def test_a_drill_is_begun_shown_and_ended(run: Runs, watched: Path) -> None:
    said = run("drill", "start", "--brand", "Acme", "--posts", 12, "--by", "ana")
    assert (said.code, said.out) == (0, "")
    assert 'Drill 1 of Acme has begun: 12 invented posts as "Acme (drill 1)".' in said.err
    assert "No program is running" in said.err
    (row,) = json.loads(run("drill", "list", "--json").out)
    assert (row["by"], row["posts"], row["told_at"], row["outcome"]) == ("ana", 12, None, "under way")
    assert "under way" in run("drill", "list").out
    assert "detected      —" in run("drill", "show", 1).err
    assert run("export", "mentions").out.count("\n") == 1, "only the header"
    assert run("drill", "end", 1).err == "Drill 1 is over: not detected.\n"
    assert json.loads(run("drill", "show", 1, "--json").out)["outcome"] == "not detected"


def test_it_is_begun_beside_a_running_program(run: Runs, watched: Path) -> None:
    with Store(watched / "monitor.db"):
        said = run("drill", "start", "--brand", "Acme")
    assert said.code == 0, said.err
    assert "No program is running" not in said.err


def test_waiting_in_vain_says_so(run: Runs, watched: Path) -> None:
    said = run("drill", "start", "--brand", "Acme", "--posts", 1, "--wait", "--limit", "1s")
    assert said.code == 3
    assert "drill 1: nobody was told within 1s." in said.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("start", "--brand", "Nobody"), 'nothing is known of a brand "Nobody"; cards are there for: Acme.'),
        (("start", "--brand", "Acme", "--posts", "0"), "--posts 0 must lie between 1 and 500."),
        (("start", "--brand", "Acme", "--limit", "soon"), "is not a duration"),
        (("show", "7"), "There is no drill 7."),
        (("end", "7"), "There is no drill 7."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run: Runs, watched: Path, words: tuple[str, ...], reason: str) -> None:
    run("drill", *words).refuses(3, reason)
