"""The commands for silences, and who would be told: alone, and beside a program that runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import _alerts_routes
from monitor.cli._common import new_app, opened
from tests.cli.conftest import Run
from tests.support.alerts import Desk
from tests.support.detection import count

NOW = datetime.now(UTC).replace(microsecond=0)
MORE = """
[[receiver]]
name = "duty"
kind = "console"
[[route]]
severity = "high"
receivers = ["duty"]
[[calendar]]
name = "always"
hours = ["daily 00:00-24:00"]
[[silence]]
brands = ["Globex"]
since = "2020-01-01"
until = "2120-01-01"
by = "Bo"
why = "not ours any more"
"""


@pytest.fixture
def alerts(folder: Path) -> Path:
    path = folder / "config" / "alerts.toml"
    text = path.read_text().replace(
        'receivers = ["console"]', 'receivers = ["console"]\nquiet = "always"\ncontinue = true'
    )
    path.write_text(text + MORE)
    return path


def fired(*brands: str) -> None:
    """An alert for each, in the store of the folder."""
    with opened(None) as program:
        for hours, brand in enumerate(brands, 1):
            Desk(program).fire(brand, at=NOW - timedelta(hours=hours))


def test_a_silence_is_added_shown_and_ended(run: Run, folder: Path) -> None:
    fired("Acme", "Other")
    said = run("silences", "add", "--brand", "acme", "--for", "4h", "--why", "shop moves", "--by", "Ada")
    assert said.code == 0
    assert "Silence 1 mutes brand acme, until " in said.err
    assert "In the last 30 days it would have muted 1 of 2 alerts." in said.err
    (shown,) = json.loads(run("silences", "list", "--json").out)
    assert (shown["silence"], shown["mutes"], shown["by"], shown["state"]) == (1, {"brands": ["acme"]}, "Ada", "on")
    assert "shop moves" in run("silences", "list").out
    assert run("silences", "end", 1, "--by", "Bo").code == 0
    assert json.loads(run("silences", "list", "--json").out) == []
    (over,) = json.loads(run("silences", "list", "--all", "--json").out)
    assert over["state"] == "ended by Bo"


def test_those_of_the_file_are_shown_too(run: Run, alerts: Path) -> None:
    (shown,) = json.loads(run("silences", "list", "--json").out)
    assert (shown["silence"], shown["by"], shown["state"]) == (None, "Bo", "on")
    assert "alerts.toml" in run("silences", "list").out


def test_the_preview_shows_what_would_have_been_muted_and_changes_nothing(run: Run, folder: Path) -> None:
    fired("Acme", "Other", "Another")
    said = json.loads(run("silences", "preview", "--brand", "*other", "--json").out)
    assert (said["alerts"], [each["brand"] for each in said["muted"]]) == (3, ["Other", "Another"])
    shown = run("silences", "preview", "--brand", "*other", "--days", 7)
    assert "Another" in shown.out
    assert "2 of 3 alerts in the last 7 days." in shown.err
    assert json.loads(run("silences", "list", "--all", "--json").out) == []


def test_a_silence_can_be_added_while_the_program_runs(run: Run, folder: Path) -> None:
    with opened(None) as program:
        assert run("silences", "add", "--for", "1h", "--why", "x", "--json").code == 0
        assert len(program.store.silences.active(datetime.now(UTC) + timedelta(minutes=1))) == 1


def test_a_drill_is_no_brand_of_its_own(run: Run, folder: Path) -> None:
    with opened(None) as program:
        count(program, (0, 0, 1.0, 0.0), brand="Acme (drill 1)")
    said = run("silences", "add", "--brand", "Acmee", "--for", "1h", "--why", "x")
    assert 'No brand fits "Acmee" so far; there are: Acme.' in said.err


def test_a_name_that_is_not_known_is_said(run: Run, folder: Path) -> None:
    said = run("silences", "add", "--brand", "Acmee", "--rule", "sp*", "--for", "1h", "--why", "x")
    assert 'No brand fits "Acmee" so far; there are: Acme.' in said.err
    assert 'No rule fits "sp*" so far; there are: negative-spike.' in said.err
    assert said.code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--for", "4h"], "--why is missing"),
        (["--why", "x"], "Say how long it lasts"),
        (["--why", "x", "--for", "4h", "--until", "2120-01-01"], "Say how long it lasts"),
        (["--why", "x", "--for", "soon"], '--for "soon" is not a duration'),
        (["--why", "x", "--until", "soon"], '--until "soon" is not a time'),
        (["--why", "x", "--until", "2020-01-01"], "It would be over before it begins"),
        (["--why", "x", "--from", "9999-12-31T00:00Z", "--for", "2d"], "No calendar goes as far"),
        (["--why", "x", "--for", "800d"], "A silence lasts at most a year"),
        (["--why", "x", "--for", "1h", "--severity", "urgent"], "there are: low, medium, high"),
        (["--why", "x", "--for", "1h", "--by", " "], "Say who you are, with --by"),
        (["--why", "x", "--for", "1h", "--brand", " "], "--brand must not be empty"),
        (["--why", "x", "--for", "1h", "--incident", "7"], "There is no incident 7"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_in_one_sentence(run: Run, words: list[str], told: str) -> None:
    run("silences", "add", *words).refuses(3, told)


def test_ending_what_is_not_there_is_refused(run: Run, folder: Path) -> None:
    run("silences", "end", 7).refuses(3, "There is no silence 7.")


def routes(*words: str) -> object:
    """`alerts route-test`, by itself."""
    app = new_app()
    app.callback()(lambda: None)
    _alerts_routes.register(app)
    done = CliRunner().invoke(app, ["route-test", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout) if "--json" in words else done.output


def test_the_route_test_says_who_would_be_told_and_who_not_and_why(alerts: Path) -> None:
    said = routes("--brand", "Acme", "--severity", "low", "--at", "2026-03-02T12:00Z", "--json")
    assert isinstance(said, dict)
    console, duty = said["receivers"]
    assert (console["receiver"], console["told"], console["held"]["by"]) == ("console", False, "quiet hours")
    assert (duty["receiver"], duty["told"]) == ("duty", False)
    assert duty["reason"] == "route 2: severity low is milder than high"
    assert [route["fits"] for route in said["routes"]] == [True, False]


def test_the_route_test_reads_as_a_table(alerts: Path) -> None:
    said = str(routes("--brand", "Acme", "--severity", "high"))
    assert "at once" in said
    assert 'route 1 fits: brand "*", severity low or graver' in said
    assert "silence of alerts.toml" in str(routes("--brand", "Globex"))
    assert 'No card in brands.toml has the name "Globex"' in str(routes("--brand", "Globex"))


def test_the_route_test_says_what_an_open_incident_makes_of_another_alert(alerts: Path) -> None:
    assert "is open" not in str(routes("--brand", "Acme"))
    fired("Acme")
    milder, graver = (" ".join(str(routes("--brand", "Acme", "--severity", each)).split()) for each in ("low", "high"))
    assert "Incident 1 of Acme is open, low: another alert is added to it, and nobody hears of one" in milder
    assert "as this one is graver, people hear of it" in graver
    said = routes("--brand", "Acme", "--json")
    assert isinstance(said, dict)
    assert (said["joins"], said["watched"]) == (1, True)


def test_the_route_test_of_a_competitor_tells_nobody(alerts: Path) -> None:
    brands = alerts.parent / "brands.toml"
    brands.write_text(brands.read_text("utf-8") + '\n[[brand]]\nname = "Rival"\ncompetitor = true\n', "utf-8")
    said = str(routes("--brand", "Rival"))
    assert "Rival is a competitor" in said
    assert "at once" not in said


def test_who_was_told_and_who_was_not_can_be_asked(alerts: Path, folder: Path) -> None:
    fired("Acme")
    app = new_app()
    app.callback()(lambda: None)
    _alerts_routes.register(app)
    (one,) = json.loads(CliRunner().invoke(app, ["told", "1", "--json"]).stdout)
    assert (one["receiver"], one["state"], one["phase"]) == ("console", "held", "opened")
    assert one["why"].startswith('quiet hours "always"')
    assert "held" in CliRunner().invoke(app, ["told", "1"]).stdout
    assert "no incident 7" in str(CliRunner().invoke(app, ["told", "7"]).exception)


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--severity", "x"], "there are: low, medium, high"), (["--rule", "x"], "no"), (["--at", "x"], "not a time")],
)
def test_a_route_test_that_cannot_be_is_refused(alerts: Path, words: list[str], told: str) -> None:
    with pytest.raises(Exception, match=told):
        routes("--brand", "Acme", *words)
