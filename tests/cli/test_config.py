"""`config`, `sources` and `doctor`: what is set, how it is doing, and what is missing, in words."""

import json
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import plugins
from monitor.clock import SystemClock

Runs = Callable[..., Any]
CLEAR = "xoxb-4711-very-secret"


def add(folder: Path, name: str, text: str) -> None:
    with (folder / "config" / f"{name}.toml").open("a") as file:
        file.write(f"\n{text}\n")


def test_settings_in_order_are_summed_up(run: Runs) -> None:
    said = run("config", "check")
    assert (said.code, said.out) == (0, "")
    assert said.err == "config: in order. 1 source (1 on), 1 brand, 1 rule, 1 receiver.\n"


def test_every_problem_has_a_line(run: Runs, folder: Path) -> None:
    add(folder, "brands", 'timezone = "Mars"')
    (folder / "config" / "monitor.toml").write_text("[store]\npth = 1\n[model]\ndevise = 2\n")
    said = run("config", "check")
    assert said.code == 2
    assert [line.split(": ")[2] for line in said.err.splitlines()] == [
        "there is no key pth. Take it out, or look for its spelling in docs/config.md.",
        "there is no key devise. Take it out, or look for its spelling in docs/config.md.",
        'timezone = "Mars"',
    ]


def test_show_tells_where_each_value_came_from(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_SCHEDULE__WORKERS", "7")
    rows = {row["key"]: row for row in json.loads(run("config", "show", "--json").out)}
    assert rows["schedule.workers"] == {
        "key": "schedule.workers", "value": "7", "from": "environment, MONITOR_SCHEDULE__WORKERS",
    }  # fmt: skip
    assert rows["store.path"]["from"] == "config/monitor.toml"
    assert rows["model.name"]["from"] == "default"
    table = run("config", "show").out
    assert all(key in table for key in rows)  # nothing is cut off where there is no terminal


def test_show_keeps_secrets(run: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_URL", CLEAR)
    add(folder, "alerts", '[[receiver]]\nname = "team"\nkind = "apprise"\nurl = "env:ALERT_URL"')
    for words in (["config", "show"], ["config", "show", "--json"], ["doctor"], ["doctor", "--json"], ["sources"]):
        said = run(*words)
        assert said.code == 0, said.err
        assert CLEAR not in said.out + said.err
    assert "env:ALERT_URL" in run("config", "show").out


def test_a_secret_in_clear_is_refused_and_not_repeated(run: Runs, folder: Path) -> None:
    add(folder, "alerts", f'[[receiver]]\nname = "team"\nkind = "apprise"\nurl = "{CLEAR}"')
    said = run("config", "check")
    said.refuses(2, '[[receiver]] "team": url: a secret is not written into a file')
    assert CLEAR not in said.err


# Sources


def test_sources_are_listed_before_anything_was_read(run: Runs, folder: Path) -> None:
    add(folder, "monitor", '[[source]]\nname = "later"\nkind = "jsonl"\npath = "x"\nenabled = false')
    rows = {row["source"]: row for row in json.loads(run("sources", "--json").out)}
    assert {name: row["state"] for name, row in rows.items()} == {"inbox": "never read", "later": "switched off"}
    assert rows["inbox"]["last success"] is None
    assert not (folder / "monitor.db").exists()
    assert "never read" in run("sources").out


def test_sources_tell_what_was_read_and_what_was_set_aside(run: Runs, folder: Path) -> None:
    (folder / "inbox" / "a.jsonl").write_text('{"text": "Acme"}\n{broken\n')
    run("collect")
    (inbox,) = json.loads(run("sources", "--json").out)
    assert (inbox["state"], inbox["set aside"], inbox["failures"]) == ("read", 1, 0)
    assert inbox["last success"].endswith("Z")


# Doctor


def findings(run: Runs, code: int) -> dict[str, tuple[bool | None, str]]:
    said = run("doctor", "--json")
    assert said.code == code, said.out + said.err
    return {row["what"]: (row["well"], row["words"]) for row in json.loads(said.out)}


def test_doctor_finds_nothing_wrong(run: Runs) -> None:
    found = findings(run, 0)
    for what in (*plugins.PORTS, "program", "settings", "model", "model in use", "network", "database", "clock"):
        assert found[what][0] is True, found[what]
    for port in plugins.PORTS:
        assert found[port][1] == ", ".join(plugins.kinds(port))
    assert {"disk", "SQLite"} <= set(found)
    said = run("doctor")
    assert said.out == ""
    assert all(line.startswith(("ok  ", "note  ")) for line in said.err.splitlines())


def test_doctor_names_a_credential_that_is_missing(run: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERT_URL", raising=False)
    add(folder, "alerts", '[[receiver]]\nname = "team"\nkind = "apprise"\nurl = "env:ALERT_URL"')
    found = findings(run, 1)
    assert found["credential of team"] == (False, "env:ALERT_URL is not set; looked in the environment.")
    said = run("doctor")
    assert said.code == 1
    assert "FAIL  credential of team: env:ALERT_URL is not set" in said.err


def test_doctor_names_a_file_of_a_secret_that_is_missing(run: Runs, folder: Path) -> None:
    add(folder, "alerts", '[[receiver]]\nname = "team"\nkind = "apprise"\nurl = "file:nowhere.txt"')
    assert findings(run, 1)["credential of team"][1].startswith("file:nowhere.txt: cannot read the file")


def test_doctor_does_not_repeat_a_secret_that_it_cannot_read(run: Runs, folder: Path) -> None:
    (folder / "secret").write_bytes(CLEAR.encode() + b"\xff")
    add(folder, "alerts", '[[receiver]]\nname = "team"\nkind = "apprise"\nurl = "file:secret"')
    said = run("doctor", "--json")
    assert said.code == 1
    assert "cannot" in {row["what"]: row["words"] for row in json.loads(said.out)}["credential of team"]
    assert CLEAR not in said.out + said.err


def test_doctor_tells_broken_settings(run: Runs, folder: Path) -> None:
    add(folder, "monitor", "zap = 1")
    well, words = findings(run, 1)["settings"]
    assert well is False
    assert '[[source]] "inbox": there is no key zap.' in words


def test_doctor_tells_a_model_that_cannot_score(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_MODEL__NAME", "/nonexistent/model")
    well, words = findings(run, 1)["model in use"]
    assert well is False
    assert "/nonexistent/model" in words


def test_doctor_says_which_model_reads_which_language(run: Runs, folder: Path) -> None:
    assert findings(run, 0)["languages"] == (True, "a post in any other language is unsure, with the reason")
    add(folder, "monitor", '[model]\nmeasured = ["en", "fr"]\n[model.languages]\nde = "bundled"\n"*" = "/none"')
    found = findings(run, 1)
    assert found["model in use"][0] is True
    assert found["model in use"][1].endswith("; measured on: en, fr")
    assert found["model for de"][0] is None
    assert found["model for de"][1].endswith("; so a post in de is unsure")
    assert found["model for all other languages"][0] is False
    assert "[model.languages] *: " in found["model for all other languages"][1]
    assert "languages" not in found


def test_show_tells_the_model_of_each_language(run: Runs, folder: Path) -> None:
    add(folder, "monitor", '[model]\nmeasured = ["en", "fr"]\n[model.languages]\nde = "a/b"\n"*" = "c/d"')
    rows = {row["key"]: (row["value"], row["from"]) for row in json.loads(run("config", "show", "--json").out)}
    assert rows["model.measured"] == ("en, fr", "config/monitor.toml")
    assert rows["model.languages.de"] == ("a/b", "config/monitor.toml")
    assert rows["model.languages.*"] == ("c/d", "config/monitor.toml")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://nowhere.invalid/rss", "nowhere.invalid has no address ("),
        ("https://a..b/rss", "a..b has no address (it is not the name of a host)"),
    ],
)
def test_doctor_tells_a_host_without_an_address(run: Runs, folder: Path, url: str, words: str) -> None:
    add(folder, "monitor", f'[[source]]\nname = "news"\nkind = "rss"\nurl = "{url}"')
    well, said = findings(run, 1)["network for news"]
    assert well is False
    assert said.startswith(words)


def test_doctor_waits_for_no_name_server(run: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder, "monitor", '[[source]]\nname = "news"\nkind = "rss"\nurl = "https://nowhere.invalid/rss"')
    gate = threading.Event()
    monkeypatch.setattr("monitor.cli.doctor.DNS_PATIENCE", 0.05)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: gate.wait(60))
    assert "nowhere.invalid has no address (no answer in" in findings(run, 1)["network for news"][1]
    gate.set()


def test_doctor_tells_a_database_that_cannot_be_used(run: Runs, folder: Path) -> None:
    (folder / "monitor.db").write_text("not a database, but long enough to look like one. " * 9)
    well, words = findings(run, 1)["database"]
    assert well is False
    assert words.startswith("monitor.db: is not a whole SQLite database")


def test_doctor_counts_what_the_database_holds(run: Runs, folder: Path) -> None:
    (folder / "inbox" / "a.jsonl").write_text('{"text": "Acme"}\n')
    run("collect")
    assert findings(run, 0)["database"] == (True, "monitor.db holds 1 post")


def test_doctor_tells_a_clock_that_has_jumped(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last poll lies in the future, as after a clock that was set back."""
    real = SystemClock.now
    with monkeypatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda self: real(self) + timedelta(days=1))
        assert run("collect").code == 0
    well, words = findings(run, 1)["clock"]
    assert well is False
    assert "Set the clock." in words


@pytest.mark.parametrize("words", [["config", "check"], ["run"], ["tick"], ["ingest", "posts.jsonl"]])
def test_a_mistake_in_a_template_shows_at_the_start_and_not_in_a_crisis(
    run: Runs, folder: Path, words: list[str]
) -> None:
    templates = folder / "config" / "templates"
    shipped = templates.resolve()
    templates.unlink()
    shutil.copytree(shipped, templates)
    (templates / "opened.j2").write_text("{{ brnd }}: unhappy\nbody")
    run(*words).refuses(2, "opened.j2: 'brnd' is undefined")
    (templates / "opened.j2").unlink()
    run(*words).refuses(2, "opened.j2 cannot be read")
