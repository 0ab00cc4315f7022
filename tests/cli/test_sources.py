"""`sources`, `sources cost`, `sources gaps`, and what `doctor` says of sources: states, limits, addresses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import doctor
from monitor.clock import SystemClock, iso
from monitor.domain import Coverage
from monitor.pipeline.program import Source, build
from monitor.settings import load
from monitor.store import Store
from monitor.store.polls import RECHECK
from tests.support.fakes import plain_kind

Runs = Callable[..., Any]
NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW)


def add(folder: Path, text: str) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write(f"\n{text}\n")


def sources(folder: Path, store: Store) -> dict[str, Source]:
    settings = load(folder / "config", environ={})
    return {source.name: source for source in build(settings, store, SystemClock()).sources}


def rows(run: Runs, *words: str) -> dict[str, dict[str, Any]]:
    said = run("sources", *words, "--json")
    assert said.code == 0, said.err
    return {row["source"]: row for row in json.loads(said.out)}


# States


def test_every_state_that_lasts_is_shown_with_its_start_and_reason(run: Runs, folder: Path) -> None:
    with Store(folder / "monitor.db") as store:
        store.sources.succeeded("inbox", now=NOW - HOUR)
        store.sources.states.open("inbox", "quiet", NOW - HOUR, "0 new posts where about 40 are usual for the hour")
        store.sources.states.open("inbox", "new fields", NOW, "mood")
        store.sources.states.open("inbox", "partial", NOW - DAY, "gone by now")
        store.sources.states.close("inbox", "partial", now=NOW)
    inbox = rows(run)["inbox"]
    assert inbox["states"] == [
        {"state": "quiet", "since": iso(NOW - HOUR), "detail": "0 new posts where about 40 are usual for the hour"},
        {"state": "new fields", "since": iso(NOW), "detail": "mood"},
    ]
    assert inbox["state"].startswith("quiet since 2026-03-11 11:00 UTC (0 new posts where")
    said = run("sources").out
    assert "new fields since 2026-03-11 12:00 UTC (mood)" in said
    assert "partial" not in said


def test_a_blind_source_says_so_first(run: Runs, folder: Path) -> None:
    with Store(folder / "monitor.db") as store:
        store.sources.failed("inbox", "inbox: no answer.", now=NOW)
        store.sources.states.open("inbox", "quiet", NOW - HOUR, "")
    inbox = rows(run)["inbox"]
    assert inbox["state"] == "blind since 2026-03-11 12:00 UTC; quiet since 2026-03-11 11:00 UTC"
    assert inbox["states"][0] == {"state": "blind", "since": iso(NOW), "detail": "inbox: no answer."}


# Cost

PAID = '[[source]]\nname = "paid"\nkind = "jsonl"\npath = "paid"\nevery = "5m"\ndaily_cap = 2.0\nmonthly_cap = 40'


def spend(store: Store, name: str, at: datetime, cost: float | None, units: float | None = None) -> None:
    store.sources.record(name, Coverage(returned=1, cost=cost, units=units), added=0, rejected=0, now=at)


def test_costs_are_summed_by_day_and_month_and_the_month_is_forecast(run: Runs, folder: Path) -> None:
    add(folder, PAID)
    with Store(folder / "monitor.db") as store:
        for day in range(1, 10):
            spend(store, "paid", NOW - DAY * day, 0.5 if day <= 7 else 99.0, units=3)
        spend(store, "paid", NOW - HOUR, 0.01, units=100)
        spend(store, "paid" + RECHECK, NOW - HOUR, 0.03)
    told = rows(run, "cost")
    paid = told["paid"]
    assert paid["spent today"] == pytest.approx(0.04)
    assert paid["spent this month"] == pytest.approx(0.04 + 3.5 + 2 * 99.0)
    assert paid["forecast for the month"] == pytest.approx(paid["spent this month"] + 0.5 * 20.5)
    assert paid["based on"] == "the mean of 7 days with polls"
    assert (paid["daily cap"], paid["monthly cap"], paid["units today"]) == (2.0, 40.0, 100)
    assert paid["plan"].startswith("nothing until the cap resets: not read: $201.54 of the month's $40.00 is spent")
    assert {key: told["inbox"][key] for key in ("spent today", "forecast for the month", "based on", "plan")} == {
        "spent today": None, "forecast for the month": None, "based on": None, "plan": "full",
    }  # fmt: skip
    table = run("sources", "cost").out
    assert "$0.04" in table
    assert "$211.79" in table


def test_a_first_day_is_forecast_from_what_it_cost_so_far(run: Runs, folder: Path) -> None:
    add(folder, PAID)
    with Store(folder / "monitor.db") as store:
        spend(store, "paid", NOW - HOUR, 0.5)
    paid = rows(run, "cost")["paid"]
    assert paid["based on"] == "today so far"
    assert paid["forecast for the month"] == pytest.approx(0.5 + 1.0 * 20.5)


def test_before_anything_was_read_nothing_is_known_of_costs_and_gaps(run: Runs, folder: Path) -> None:
    assert rows(run, "cost")["inbox"]["spent this month"] is None
    assert json.loads(run("sources", "gaps", "--json").out) == []
    assert run("sources", "cost").code == run("sources", "gaps").code == 0
    assert not (folder / "monitor.db").exists()


@pytest.mark.parametrize("value", ["-1", '"much"', "2000000"])
def test_a_cap_that_is_no_amount_is_refused(run: Runs, folder: Path, value: str) -> None:
    add(folder, f'[[source]]\nname = "paid"\nkind = "jsonl"\npath = "x"\ndaily_cap = {value}')
    run("sources").refuses(2, "daily_cap")


# Gaps


def test_gaps_are_shown_missing_or_filled(run: Runs, folder: Path) -> None:
    with Store(folder / "monitor.db") as store:
        store.sources.gap("inbox", NOW - 4 * HOUR, NOW - 2 * HOUR, "the stream was cut", now=NOW)
        store.sources.ranges.fill("inbox", NOW - 3 * HOUR, NOW, now=NOW)
        store.sources.failed("inbox", "down", now=NOW)
    found = json.loads(run("sources", "gaps", "--json").out)
    assert [(gap["since"], gap["until"], gap["missing"], gap["reason"]) for gap in found] == [
        (iso(NOW - 4 * HOUR), iso(NOW - 3 * HOUR), True, "the stream was cut"),
        (iso(NOW - 3 * HOUR), iso(NOW - 2 * HOUR), False, "the stream was cut"),
        (iso(NOW), None, True, "blind"),
    ]
    assert found[1]["filled at"] == iso(NOW)
    assert len(json.loads(run("sources", "gaps", "--missing", "--json").out)) == 2
    assert "open" in run("sources", "gaps").out


# Doctor


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests look at the model, which takes its time."""
    monkeypatch.setattr("monitor.cli.doctor._model", lambda settings: iter(()))


def findings(run: Runs, code: int) -> dict[str, tuple[bool | None, str]]:
    said = run("doctor", "--json")
    assert said.code == code, said.out + said.err
    return {row["what"]: (row["well"], row["words"]) for row in json.loads(said.out)}


@pytest.mark.usefixtures("no_model")
def test_doctor_tells_how_each_source_does(run: Runs, folder: Path) -> None:
    with Store(folder / "monitor.db") as store:
        store.sources.succeeded("inbox", now=NOW)
    assert findings(run, 0)["source inbox"] == (True, "read")
    with Store(folder / "monitor.db") as store:
        store.sources.states.open("inbox", "quiet", NOW, "0 where 40 are usual")
        store.sources.failed("inbox", "inbox: no answer.", now=NOW)
    well, words = findings(run, 0)["source inbox"]
    assert well is None
    assert words == f"blind since {iso(NOW)} (inbox: no answer.); quiet since {iso(NOW)} (0 where 40 are usual)"


@pytest.mark.usefixtures("no_model")
def test_doctor_fails_on_a_source_that_fails_often_or_is_unreadable(run: Runs, folder: Path) -> None:
    with Store(folder / "monitor.db") as store:
        for _ in range(3):
            store.sources.failed("inbox", "inbox: no answer.", now=NOW)
    assert findings(run, 1)["source inbox"][0] is False
    with Store(folder / "monitor.db") as store:
        store.sources.succeeded("inbox", now=NOW)
        store.sources.states.open("inbox", "unreadable", NOW, "9 of 9 rows were set aside: no text")
    assert findings(run, 1)["source inbox"][0] is False


@pytest.mark.usefixtures("no_model")
def test_doctor_tells_which_sources_wait_together(run: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.cli.doctor._fault", lambda host: None)
    for name in ("one", "two"):
        add(folder, f'[[source]]\nname = "{name}"\nkind = "{plain_kind()}"')
    with Store(folder / "monitor.db") as store:
        limit = sources(folder, store)["one"].limit
        store.sources.states.wait(limit, NOW + HOUR, "one: rate limited.", now=NOW)
        store.sources.states.wait("of a source that is gone", NOW + HOUR, "gone", now=NOW)
    assert findings(run, 0)["limit"] == (
        None,
        f"one, two: nothing is asked until {iso(NOW + HOUR)}; one: rate limited.",
    )


@dataclass(frozen=True)
class Options:
    url: str = "https://one.example/x"
    more: tuple[str, ...] = ("https://two.example", "no address")
    stream: str = "wss://three.example/subscribe"


def test_doctor_looks_at_every_address_that_an_option_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.cli.doctor._fault", lambda host: None)
    settings = load(folder / "config", environ={})
    settings = replace(settings, sources=(replace(settings.sources[0], options=Options()),))
    words = [finding.words for finding in doctor._network(settings)]
    assert words == [f"{host}.example has an address" for host in ("one", "two", "three")]
