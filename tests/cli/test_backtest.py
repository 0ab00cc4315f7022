"""`backtest` and `complaints` at the command line: what people read, what programs are given, what is refused."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import FakeClock, iso, parse
from monitor.domain import BUCKET
from monitor.pipeline import alert, detect
from monitor.pipeline.program import build
from monitor.settings import find_folder, load
from monitor.store import Store
from monitor.store.scores import Tally

Runs = Callable[..., Any]
START = parse("2026-03-02T00:00Z")
DAYS = 16
FIRES = (9, 11, 14)  # days on which posts turn bad at nine


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after two weeks of one brand: three fires, of which the last was called false."""
    folder = tmp_path_factory.mktemp("watched")
    config = folder / "config"
    config.mkdir()
    (config / "monitor.toml").write_text(f'[store]\npath = "{folder}/monitor.db"\n')
    (config / "brands.toml").write_text('[[brand]]\nname = "Acme"\n')
    rules = '[[rule]]\nname = "{}"\nkind = "counts"\nfalse_alarms_per_week = {}\n'
    (config / "alerts.toml").write_text(
        rules.format("spike", 0.1)
        + '[[rule]]\nname = "lasting"\nkind = "changepoint"\n'
        + '[[receiver]]\nname = "console"\nkind = "console"\n[[route]]\nreceivers = ["console"]\n'
    )
    (config / "templates").symlink_to(find_folder().resolve() / "templates")
    with Store(folder / "monitor.db") as store:
        program = build(load(config, environ={}), store, FakeClock(START))
        program.routes = ()  # as in a replay: what people would have been told is computed
        store.scores.count(_tallies())
        now = START + timedelta(days=DAYS)
        detect.run(program, now=now)
        alert.run(program, now=now, stale=None)
        last = store.incidents.all()[-1]
        store.incidents.judge(last.id, False, now, by="ana")
    return folder


def _tallies() -> list[Tally]:
    found = []
    for number in range(DAYS * 288):
        slot = START + number * BUCKET
        burning = any(108 <= number - day * 288 < 130 for day in FIRES)
        if burning or number % 4 == 0:
            found.append(
                Tally("Acme", slot, slot, 6.0 if burning else 1.0, 4.0 if burning else (number % 20 == 0) * 0.9)
            )
    return found


def complaints(folder: Path) -> Path:
    path = folder / "complaints.csv"
    rows = [f"{iso(START + timedelta(hours=6 * place))},acme" for place in range(DAYS * 4)]
    for day in FIRES[:2]:
        rows += [f"{iso(START + timedelta(days=day, hours=13, minutes=5 * place))},Acme" for place in range(15)]
    path.write_text("created_at,brand\n" + "\n".join([*rows, "soon,Acme"]) + "\n")
    return path


def test_the_table_says_what_fired_how_often_falsely_and_how_soon(run: Runs, watched: Path) -> None:
    said = run("backtest", "--config", watched / "config")
    assert said.code == 0, said.err
    for words in ("spike", "Acme", "2.3", "false alarm", "console", "asked", "0.44 (0.01 to 2.4"):
        assert words in said.out


def test_programs_are_given_the_same_as_json(run: Runs, watched: Path) -> None:
    said = run("backtest", "--config", watched / "config", "--json")
    document = json.loads(said.out)
    (line,) = document["rules"]
    assert (line["fires"], line["false"], line["not_judged"], line["asked"]) == (3, 1, 2, 0.1)
    assert [row["fired_live"] for row in document["incidents"]] == [True] * 3
    assert [row["verdict"] for row in document["incidents"]] == ["not judged", "not judged", "false alarm"]
    assert "lead" not in document


def test_a_change_says_what_would_be_different_and_how_to_keep_it(run: Runs, watched: Path) -> None:
    options = ("backtest", "--config", watched / "config", "--set")
    said = run(*options, "min_negatives=200")
    assert "With the change: 2 missed, 1 false alarm fewer." in said.err
    assert 'write into [[rule]] "spike" of alerts.toml:\n  min_negatives = 200.0' in said.err
    assert "vanishes" in said.out
    said = run(*options, "false_alarms_per_week=0.001", "--set", "cooldown=36h", "--json")
    change = json.loads(said.out)["change"]
    assert change["toml"] == ["false_alarms_per_week = 0.001", 'cooldown = "36h"']
    assert change["words"] == "nothing changes" or "later" in change["words"]


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (("--set", "sensitivity=3"), 2, "there is no key sensitivity"),
        (("--set", "false_alarms_per_week=90"), 2, "must lie between 0.001 and 50"),
        (("--set", "cooldown=soon"), 2, "it is not a duration"),
        (("--set", "cooldown"), 3, "is not KEY=VALUE"),
        (("--set", "kind=share"), 3, "keeps its kind"),
        (("--set", "cooldown=1h", "--against", "spike"), 3, "Say one of them"),
        (("--rule", "other"), 3, 'there is no rule "other"'),
        (("--brand", "Nobody"), 3, 'nothing to test of "Nobody"'),
        (("--from", "soon"), 3, "is not a time"),
        (("--from", "2026-03-10", "--to", "2026-03-10"), 3, "must lie before 2026-03-10"),
        (("--from", "2999-01-01"), 3, "must lie before now"),
        (("--rule", "lasting"), 3, "alarms nobody: what it finds stands in the digest"),
        (("--rule", "spike", "--against", "lasting"), 3, "alarms nobody"),
        (("--chart", "picture.gif"), 3, "must end in .png or .svg"),
        (("--complaints", "nowhere.csv"), 3, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Runs, watched: Path, said: tuple[str, ...], code: int, words: str
) -> None:
    run("backtest", "--config", watched / "config", *said).refuses(code, words)


def test_complaints_show_how_long_before_they_rose_people_were_told(run: Runs, watched: Path, folder: Path) -> None:
    options = ("--config", watched / "config", "--complaints", complaints(folder))
    said = run("backtest", *options)
    assert "1 row was set aside" in said.err
    assert "before complaints rose (median of 2 incidents, too few for an interval)." in said.err
    assert "Complaints rose 2 times: 0 without an alert before their height; 1 alert without complaints." in said.err
    assert "Lead-time ledger" in said.out
    lead = json.loads(run("backtest", *options, "--json").out)["lead"]
    assert lead["lead"]["incidents"] == 2
    assert 180 <= lead["lead"]["minutes"] <= 240
    assert lead["missed"] == []


def test_a_file_of_incidents_has_a_row_for_each_with_its_lead(run: Runs, watched: Path, folder: Path) -> None:
    options = ("--config", watched / "config", "--complaints", complaints(folder))
    run("backtest", *options, "--out", "fires.csv", "--chart", "fires.svg")
    rows = list(csv.DictReader(io.StringIO(Path("fires.csv").read_text())))
    assert [row["brand"] for row in rows] == ["Acme"] * 3
    assert float(rows[0]["lead_minutes"]) > 0
    assert rows[2]["lead_minutes"] == ""
    assert "complaints rise" in Path("fires.svg").read_text()
    run("backtest", *options, "--out", "fires.json")
    assert json.loads(Path("fires.json").read_text())["lead"]["rises"] == 2


def test_a_lead_below_zero_is_a_number_in_the_file(run: Runs, watched: Path, folder: Path) -> None:
    path = complaints(folder)
    path.write_text(path.read_text().replace("T13:", "T08:"))  # an hour before the fires
    run("backtest", "--config", watched / "config", "--complaints", path, "--out", "fires.csv")
    rows = list(csv.DictReader(io.StringIO(Path("fires.csv").read_text())))
    assert [float(row["lead_minutes"]) < 0 for row in rows[:2]] == [True, True]


def test_complaints_are_kept_once_and_then_read_without_the_file(run: Runs, folder: Path, watched: Path) -> None:
    path = complaints(folder)
    said = run("complaints", "add", path, "--db", "own.db")
    assert said.err.splitlines()[-1] == f"{DAYS * 4 + 30} new, 0 known already.", "acme is Acme"
    assert run("complaints", "add", path, "--db", "own.db").err.splitlines()[-1] == (
        f"0 new, {DAYS * 4 + 30} known already."
    )
    rows = json.loads(run("complaints", "list", "--db", "own.db", "--json").out)
    assert [(row["brand"], row["complaints"]) for row in rows] == [("Acme", 30), ("acme", DAYS * 4)]
    assert "complaints" in run("complaints", "list", "--db", "own.db").out


def test_a_file_of_complaints_in_which_no_row_can_be_used_is_refused(run: Runs, folder: Path) -> None:
    (folder / "bad.csv").write_text("created_at,brand\nsoon,Acme\n")
    run("complaints", "add", "bad.csv").refuses(3, "bad.csv: no row could be used")


def test_a_strangers_brand_is_said(run: Runs, folder: Path) -> None:
    (folder / "other.csv").write_text("created_at,brand\n2026-03-02,Acmee\n")
    assert 'No card in brands.toml has the name "Acmee"' in run("complaints", "add", "other.csv").err
