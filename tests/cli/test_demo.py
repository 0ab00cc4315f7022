"""`demo`: the first thing that anybody runs, and `detect` on a file of counts."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.detectors.counts import Counts
from monitor.domain import Inspection, Series

ROOT = Path(__file__).parent.parent.parent
Runs = Callable[..., Any]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that could be reached by a name or a key."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in [name for name in os.environ if "TOKEN" in name or "KEY" in name]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("offline")
def test_the_demo_gives_one_alert_with_its_reason_and_ends_with_what_to_do(run: Runs, folder: Path) -> None:
    said = run("demo", "--config", ROOT / "config", "--db", "demo.db")
    assert said.code == 0
    assert said.out == ""
    for words in (
        "would be usual",
        "Since: ",
        "Unhappy authors: ",
        "Most seen:",
        "Words that stand out: ",
        "What to do: ",
    ):
        assert words in said.err
    assert "1 incident\n" in said.err
    what_next = said.err.partition("What next:\n")[2]
    for words in ("config/brands.toml", "config/monitor.toml", "run_monitor.py doctor", "run_monitor.py run"):
        assert words in what_next

    facts = json.loads(run("db", "info", "--db", "demo.db", "--json").out)["rows"]
    assert facts["scores"] >= facts["mentions"] > 4000
    assert facts["incidents"] == 1
    assert facts["alerts"] >= facts["outbox"] > 0

    run("demo", "--config", ROOT / "config", "--db", "demo.db").refuses(
        4, "demo.db: exists already, and the demo begins with an empty database. Name a new file."
    )


# Detect


def counts(folder: Path) -> Path:
    """Ten days of two negatives an hour for two brands; on the last day one has thirty an hour."""
    rows = ["brand,bucket_start,mentions,negatives"]
    for hour in range(240):
        start = f"2026-03-{2 + hour // 24:02d}T{hour % 24:02d}:00:00Z"
        rows.append(f"Acme,{start},50,{30 if hour >= 230 else 2}")
        rows.append(f"Other,{start},20,2")
    path = folder / "counts.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_detect_finds_the_spike_of_the_brand_that_has_one(run: Runs, folder: Path) -> None:
    said = run("detect", counts(folder), "--scores-out", "scores.csv")
    header, *alerts = said.out.splitlines()
    assert said.code == 0
    assert header == "brand,fired_at,onset,observed,expected,score,severity,resolved_at"
    assert len(alerts) == 1
    assert alerts[0].startswith("Acme,2026-03-11T1")
    assert "480 rows, 2 brands: 1 alert by the rule negative-spike." in said.err
    scores = (folder / "scores.csv").read_text().splitlines()
    assert scores[0] == "brand,bucket_start,anomaly_score"
    assert len(scores) == 481


def test_detect_sets_bad_rows_aside(run: Runs, folder: Path) -> None:
    path = counts(folder)
    path.write_text(path.read_text() + "Acme,soon,1,1\nAcme,2026-03-20T00:00:00Z,1,-1\n")
    said = run("detect", path, "--out", "alerts.csv")
    assert (said.code, said.out) == (0, "")
    assert "counts.csv: 2 rows were set aside:" in said.err
    assert "  line 482: " in said.err
    assert len((folder / "alerts.csv").read_text().splitlines()) == 2


def test_detect_lives_by_the_clock_of_the_brand(run: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = folder / "config" / "brands.toml"
    card.write_text(card.read_text() + 'timezone = "Asia/Tokyo"\n')
    zones: dict[str, str] = {}

    def inspect(_: Counts, series: Series, state: bytes | None) -> Inspection:
        zones[series.brand] = series.timezone
        return Inspection(spikes=(), readings=(), state=b"")

    monkeypatch.setattr(Counts, "inspect", inspect)
    assert run("detect", counts(folder)).code == 0
    assert zones == {"Acme": "Asia/Tokyo", "Other": "UTC"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.csv"], "nowhere.csv"),
        (["config"], "config"),
        (["other.csv"], "other.csv"),
        (["binary.csv"], "binary.csv"),
        (["counts.csv", "--rule", "none"], 'there is no rule "none"; there are: negative-spike.'),
        (["counts.csv", "--cooldown", "5x"], '--cooldown "5x" is not a duration'),
        (["counts.csv", "--false-alarms", "-1"], "false_alarms_per_week must lie between"),
        (["counts.csv", "--out", "nowhere/a.csv"], "nowhere/a.csv cannot be written"),
        (["counts.csv", "--scores-out", "config"], "config cannot be written"),
    ],
)
def test_what_detect_cannot_do_is_refused(run: Runs, folder: Path, words: list[str], told: str) -> None:
    counts(folder)
    (folder / "other.csv").write_text("name,age\nx,3\n")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 9)
    run("detect", *words).refuses(3, told)


def test_a_file_of_counts_in_which_every_row_is_bad_is_refused(run: Runs, folder: Path) -> None:
    (folder / "bad.csv").write_text("brand,bucket_start,negatives\nAcme,yesterday,1\n")
    said = run("detect", "bad.csv", "--out", "alerts.csv")
    assert said.code == 3
    assert "bad.csv: no row could be used." in said.err
