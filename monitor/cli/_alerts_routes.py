"""`alerts route-test`, who would be told of an alert and why, and `alerts told`, who was told of one, and who was not.

Asks the functions that tell, with the settings and the store as they are. Writes nothing.
"""

from typing import Annotated

import typer

from monitor.alerting.routing import About, Asked
from monitor.alerting.severity import SEVERITIES, rank, worst
from monitor.cli._common import ConfigOption, DbOption, JsonOption, beside, emit_json, moment, reading, table, talk
from monitor.clock import iso
from monitor.errors import InputError
from monitor.pipeline import tell
from monitor.pipeline.program import Program
from monitor.pipeline.tell import Outlook
from monitor.store.notices import OpenIncident, Past

COLUMNS = ("receiver", "told", "why")
TOLD_COLUMNS = ("alert at", "phase", "receiver", "state", "why")


def register(app: typer.Typer) -> None:
    """Add the commands to `alerts`."""
    app.command(name="route-test")(route_test)
    app.command()(told)


def route_test(
    brand: Annotated[str, typer.Option("--brand", help="Whose alert it would be.")],
    severity: Annotated[str, typer.Option("--severity", help="low, medium or high.")] = "high",
    rule: Annotated[str | None, typer.Option("--rule", help="By which rule; else the first of alerts.toml.")] = None,
    slice_: Annotated[str, typer.Option("--slice", help='Of which part, as in "touchpoint=delivery".')] = "",
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="When; else now.")] = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who would be told of an alert, when and why, and who not and why. Nobody is told anything."""
    if severity not in SEVERITIES:
        raise InputError(f'--severity "{severity}" is none; there are: {", ".join(SEVERITIES)}.')
    with beside(config, db) as program:
        _check(program, rule)
        first = next((each.name for each in program.rules), "")
        when = moment(at, "--at") or program.clock.now().replace(microsecond=0)
        burning = next(iter(program.store.notices.open_at(when, brand=brand)), None)
        about = About(
            brand=brand, severity=worst(severity, burning.severity) if burning else severity, rule=rule or first,
            slice="" if slice_ == "whole" else slice_, incident=burning.id if burning else None,
        )  # fmt: skip
        found, asked = tell.outlook(program, about, at=when)
        known = any(card.name == brand for card in program.settings.brands)
        watched = program.watched(brand)
    if as_json:
        emit_json({
            "at": when, "watched": watched, "joins": burning and burning.id,
            "receivers": [_plain(each) for each in found], "routes": [_route(one) for one in asked],
        })  # fmt: skip
        return
    if not known:
        talk.print(f'No card in brands.toml has the name "{brand}": check its spelling.', markup=False)
    if not watched:
        talk.print(f"{brand} is a competitor: it is measured, and no alert is made of it.", markup=False)
        return
    if burning is not None:
        talk.print(_joins(burning, severity), markup=False)
    table(f"An alert of {brand}, {about.severity}, at {iso(when)}", COLUMNS, [_row(each) for each in found])
    for one in asked:
        talk.print(f"route {one.number} {'fits' if one.fits else 'does not fit'}: {one.reason}", markup=False)


def told(
    number: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=2**62, help="The incident's number, as `alerts list` shows it.")
    ],
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who was told of an incident, who was not, and why."""
    with reading(config, db) as store:
        if store.incidents.get(number) is None:
            raise InputError(f"There is no incident {number}. `alerts list` shows which there are.")
        found = store.notices.of_incident(number)
    if as_json:
        emit_json([dict(zip(TOLD_COLUMNS, _past(each), strict=True)) for each in found])
        return
    table(f"Incident {number}", TOLD_COLUMNS, [_past(each) for each in found])
    if not found:
        talk.print(
            "No route fitted, or it was replayed, or known more than a day late: nobody was to be told.", markup=False
        )


def _joins(burning: OpenIncident, severity: str) -> str:
    """What an open incident of the brand makes of another alert."""
    this = f"Incident {burning.id} of {burning.brand} is open, {burning.severity}: another alert is added to it"
    if rank(severity) > rank(burning.severity):
        return f"{this}, and as this one is graver, people hear of it, as follows."
    return f"{this}, and nobody hears of one that is no graver. It would be as follows if it made the incident worse."


def _past(each: Past) -> tuple[object, ...]:
    return each.at, each.phase.value, each.receiver, each.state.value, each.reason


def _check(program: Program, rule: str | None) -> None:
    names = [each.name for each in program.rules]
    if rule is not None and rule not in names:
        raise InputError(f'There is no [[rule]] named "{rule}"; there are: {", ".join(names) or "none"}.')


def _row(each: Outlook) -> tuple[object, ...]:
    if each.hold is not None:
        return each.receiver, "later, if it still fires", each.hold.reason
    where = f"route {each.route}: " if each.told else ""
    return each.receiver, "at once" if each.told else "no", where + each.reason


def _plain(each: Outlook) -> dict[str, object]:
    held = None if each.hold is None else {"by": each.hold.by.value, "reason": each.hold.reason}
    return {
        "receiver": each.receiver, "told": each.told, "route": each.route, "reason": each.reason, "held": held,
        "look_again": None if each.hold is None else each.hold.until,
    }  # fmt: skip


def _route(one: Asked) -> dict[str, object]:
    return {"route": one.number, "fits": one.fits, "reason": one.reason}
