"""Print what a day or a week brought of each brand: what rose, what fell, who came back.

The same words as the digest that `run` sends. Knows the settings and the store, which it only reads.
"""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from monitor.cli._common import ConfigOption, DbOption, JsonOption, emit_json, moment, new_app, settings_of
from monitor.clock import SystemClock, floor
from monitor.domain import BUCKET, Message
from monitor.errors import InputError
from monitor.pipeline import digest
from monitor.pipeline.program import Program, build
from monitor.settings import Settings
from monitor.store import Store

app = new_app()


@app.command()
def main(
    config: ConfigOption = None,
    db: DbOption = None,
    brand: Annotated[str | None, typer.Option("--brand", help="Only this brand.")] = None,
    week: Annotated[
        str | None,
        typer.Option("--week", metavar="TIME", help="The seven days that end here; without it, those until now."),
    ] = None,
    day: Annotated[
        str | None, typer.Option("--day", metavar="TIME", help="The same for one day: the 24 hours that end here.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a day or a week brought of each brand: what rose, what fell, who came back."""
    if week and day:
        raise InputError("--week and --day: give one of the two.")
    settings = settings_of(config, db)
    names = _brands(settings, brand)
    now = SystemClock().now()
    # Counts have no finer grain than five minutes.
    until = moment(day, "--day") or moment(week, "--week") or floor(now, BUCKET)
    length = digest.DAY if day else digest.WEEK
    with Store(settings.store.path, write=False) as store:
        program = build(settings, store, SystemClock())
        told = [_digest(program, name, until, length, now) for name in names]
    if as_json:
        emit_json([message.facts for message in told])
    else:
        typer.echo("\n\n".join(f"{message.title}\n{message.body}" for message in told))


def _brands(settings: Settings, wanted: str | None) -> list[str]:
    names = [card.name for card in settings.brands if not card.competitor]
    if wanted is None:
        return names
    found = [name for name in names if name.casefold() == wanted.casefold()]
    if not found:
        raise InputError(f'--brand "{wanted}": there is no such brand; there are: {", ".join(names) or "none"}.')
    return found


def _digest(program: Program, brand: str, until: datetime, length: timedelta, now: datetime) -> Message:
    told = digest.of(program, brand, until=until, length=length, now=now)
    zone = program.settings.routine.timezone
    return program.routine_texts.message(told, key="", zone=zone, at=now)
