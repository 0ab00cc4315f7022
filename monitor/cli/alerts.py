"""Look at incidents and act on them: list, show, explain, acknowledge, assign, note, verdict, resolve, budget.

Knows how they are shown; what an act does is in the pipeline. Acts also work while `run` uses the database.
"""

import getpass
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.alerting.message import Templates
from monitor.analysis import slices
from monitor.analysis.explanation import from_json
from monitor.cli import harmless
from monitor.cli._alerts_budget import register as register_budget
from monitor.cli._alerts_routes import register as register_routes
from monitor.cli._alerts_test import register as register_test
from monitor.cli._alerts_words import event_row, explain_rows, verdict_words
from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    beside,
    emit_json,
    moment,
    new_app,
    readable,
    settings_of,
    table,
    talk,
)
from monitor.clock import SystemClock, iso
from monitor.domain import Alert, Incident, IncidentStatus, Phase
from monitor.errors import InputError, StoreError
from monitor.pipeline import explain as explaining
from monitor.pipeline import people
from monitor.pipeline.program import Program, build
from monitor.store import Store
from monitor.store.incidents import StoredAlert

app = new_app(no_args_is_help=True)
COLUMNS = ("incident", "brand", "part", "rule", "severity", "status", "owner", "opened", "over", "verdict")
HISTORY = ("when", "who", "what", "detail")
PARTS = ("of", "value", "unhappy posts", "negatives seen", "usual", "more than usual")
Number = Annotated[int, typer.Argument(metavar="ID", help="The incident's number.", show_default=False)]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who acts; your user name if left out.")]


class Judged(StrEnum):
    """What a person may call an incident."""

    REAL = "real"
    FALSE_ALARM = "false-alarm"


@app.callback()
def main() -> None:
    """Look at incidents and act on them: list, show, explain, acknowledge, assign, note, verdict, resolve, budget."""


@app.command("list")
def list_(
    brand: Annotated[str | None, typer.Option(help="Only this brand.")] = None,
    status: Annotated[IncidentStatus | None, typer.Option(help="Only incidents of this status.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only what was open at or after this time.")] = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show incidents, the newest first."""
    asked = moment(since, "--since")
    with _reader(config, db) as store:
        found = store.incidents.find(brand=brand and readable(brand), status=status, since=asked)
    if as_json:
        emit_json(found)
    elif found:
        table("Incidents", COLUMNS, [_row(each) for each in found])
    else:
        talk.print("No incident.")


def _row(incident: Incident) -> tuple[object, ...]:
    return (
        incident.id, incident.brand, slices.label(incident.slice) or None, incident.rule, incident.severity,
        incident.status.value, incident.owner, incident.opened_at, incident.resolved_at, verdict_words(incident),
    )  # fmt: skip


@app.command()
def show(incident_id: Number, config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Show one incident: what it is, its newest explanation in words, and its history."""
    settings = settings_of(config, db)
    with _reader(config, db) as store:
        incident = _found(store, incident_id)
        alerts, history = store.incidents.alerts_of(incident_id), store.incidents.history(incident_id)
        taking_part = store.incidents.slices(incident_id)
    if as_json:
        parts = [dict(zip(("rule", "slice", "since", "until"), each, strict=True)) for each in taking_part]
        told = [{"id": each.id, "phase": each.phase.value, "at": iso(each.at)} for each in alerts]
        emit_json({"incident": incident, "parts": parts, "alerts": told, "history": history})
        return
    _say(_sentence(incident))
    templates, zone = Templates(settings.folder / "templates"), settings.timezone_of(incident.brand)
    if words := _words(alerts, incident, templates, zone):
        _say("\n" + words)
    _say("")
    table("History", HISTORY, [event_row(each) for each in history])


def _sentence(incident: Incident) -> str:
    about = f", {slices.label(incident.slice)}" if incident.slice else ""
    had = f"{incident.owner} has it" if incident.owner else "nobody has it"
    judged = verdict_words(incident)
    over = f"over since {iso(incident.resolved_at)}" if incident.resolved_at else incident.status.value
    return (
        f"{'Drill' if incident.drill else 'Incident'} {incident.id}: {incident.brand}{about}, {incident.severity},"
        f" opened {iso(incident.opened_at)}, began about {iso(incident.onset)}, {over}; {had}"
        f"{f'; called {judged}' if judged else ''}."
    )


def _words(alerts: list[StoredAlert], incident: Incident, templates: Templates, zone: str) -> str | None:
    """What the newest alert said that was not an end."""
    told = [each for each in alerts if each.phase is not Phase.CLOSED]
    if not told:
        return None
    explanation = from_json(told[-1].explanation)
    alert = Alert(id=told[-1].id, incident_id=incident.id, phase=told[-1].phase, at=told[-1].at,
                  explanation=explanation)  # fmt: skip
    part = slices.label(explanation.spike.slice) or None
    return templates.message(alert, incident, receiver="", zone=zone, part=part).body


@app.command()
def explain(incident_id: Number, config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Compute an incident's explanations again from what is stored now, and say whether they come out the same."""
    settings = settings_of(config, db)
    with _reader(config, db) as store:
        _found(store, incident_id)
        program = build(settings, store, SystemClock())
        alerts = store.incidents.alerts_of(incident_id)
        told = [(each, (stored := from_json(each.explanation)), explaining.again(program, stored)) for each in alerts]
    if as_json:
        emit_json([
            {"alert": each.id, "phase": each.phase.value, "at": each.at, "same": again.same, "differs": again.differs,
             "because": again.because, "stored": stored, "now": again.now}
            for each, stored, again in told
        ])  # fmt: skip
        return
    for each, stored, again in told:
        _say(_compared(each, again))
        if each is alerts[0] and stored.parts:
            table("What makes up the excess", PARTS, explain_rows(stored))


def _compared(alert: StoredAlert, again: explaining.Again) -> str:
    said = f"Alert {alert.id} ({alert.phase.value}, {iso(alert.at)})"
    if again.same:
        return f"{said}: computed again, every number is the same."
    because = "; ".join(again.because) or "nothing in the store says why: please report it"
    return f"{said}: computed again, these differ: {', '.join(again.differs)}. Why they may: {because}."


@app.command()
def acknowledge(incident_id: Number, by: ByOption = None, config: ConfigOption = None, db: DbOption = None,
                as_json: JsonOption = False) -> None:  # fmt: skip
    """Say that you have it: no reminder comes any more."""
    _act(config, db, as_json, by, lambda store, who, now: people.acknowledge(store, incident_id, by=who, now=now))


@app.command()
def assign(
    incident_id: Number,
    owner: Annotated[str, typer.Argument(metavar="NAME", help="Who is to have it.")],
    by: ByOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give it to a person."""
    name = readable(owner)
    _act(
        config, db, as_json, by, lambda store, who, now: people.assign(store, incident_id, by=who, now=now, owner=name)
    )


@app.command()
def note(
    incident_id: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be remembered.")],
    by: ByOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a note with it."""
    words = readable(text)
    _act(config, db, as_json, by, lambda store, who, now: people.note(store, incident_id, by=who, now=now, text=words))


@app.command()
def verdict(
    incident_id: Number,
    word: Annotated[Judged, typer.Argument(metavar="real|false-alarm", help="What it was.")],
    by: ByOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether it was real; the rule hears of it, and the last word holds."""
    real = word is Judged.REAL
    _act(config, db, as_json, by, lambda store, who, now: people.judge(store, incident_id, by=who, now=now, real=real))


@app.command()
def resolve(
    incident_id: Number,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why it is over.")],
    by: ByOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Call it over; it opens again if it gets worse."""
    words = readable(why)
    _act(
        config, db, as_json, by, lambda store, who, now: people.resolve(store, incident_id, by=who, now=now, why=words)
    )


Act = Callable[[Store, str, datetime], str]


def _act(config: Path | None, db: Path | None, as_json: bool, by: str | None, act: Act) -> None:
    """Do something in a person's name, also beside a program that runs, and print the sentence that says what."""
    if not settings_of(config, db).store.path.is_file():
        raise StoreError(f"{settings_of(config, db).store.path}: there is no database yet, and so no incident.")
    with beside(config, db) as program:
        said = act(program.store, by or _me(), _now(program))
    emit_json({"said": said}) if as_json else _say(said)


def _now(program: Program) -> datetime:
    return program.clock.now()


def _me() -> str:
    """The name of whoever sits at the terminal."""
    try:
        return readable(getpass.getuser())
    except (KeyError, OSError, ImportError):
        raise InputError("Your user name is not known here. Say who you are with --by NAME.") from None


def _reader(config: Path | None, db: Path | None) -> Store:
    return Store(settings_of(config, db).store.path, write=False)


def _found(store: Store, incident_id: int) -> Incident:
    incident = store.incidents.get(incident_id) if 0 < incident_id < 1 << 63 else None
    if incident is None:
        raise InputError(f"There is no incident {incident_id}. `alerts list` shows which there are.")
    return incident


def _say(text: str) -> None:
    for line in text.split("\n"):
        typer.echo(harmless(line))


register_budget(app)
register_routes(app)
register_test(app)
