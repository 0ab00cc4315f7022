"""`sources maintain`: say that a source is worked on, so that nobody is alarmed by its silence.

Knows the settings' sources and the store's maintenances. What was said also holds for a program that runs already.
"""

import getpass
from typing import Annotated

import typer

from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    beside,
    duration,
    emit_json,
    settings_of,
    table,
    talk,
)
from monitor.clock import SystemClock, iso
from monitor.errors import InputError
from monitor.store import Store
from monitor.store.maintenances import Maintenance

COLUMNS = ("number", "source", "since", "until", "by", "why", "ended at")
LONGEST = 300  # letters of a reason


def maintain(
    name: Annotated[str | None, typer.Argument(help="The source.", show_default=False)] = None,
    length: Annotated[str, typer.Option("--for", metavar="DURATION", help="For how long, from now on.")] = "2h",
    why: Annotated[str | None, typer.Option("--why", help="Why, for whoever wonders.", show_default=False)] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who you are; without it, your account.")] = None,
    end: Annotated[bool, typer.Option("--end", help="The work is done: it is watched again.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show what was worked on, newest first.")] = False,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a source is worked on: nobody is alarmed while it is silent, and `sources` says so."""
    settings = settings_of(config, db)
    if listed:
        rows = []
        if settings.store.path.is_file():
            with Store(settings.store.path, write=False) as store:
                rows = [_row(each) for each in store.maintenances.all() if name in (None, each.source)]
        _show(rows, as_json=as_json)
        return
    known = [source.name for source in settings.sources]
    if name is None or name not in known:
        told = "Name a source" if name is None else f'There is no source "{name}"'
        raise InputError(f"{told}; there are: {', '.join(known) or 'none'}.")
    if not end and not (why or "").strip():
        raise InputError('Nobody can ask later why it was silent. Say why, as in --why "the key is changed".')
    now, until_length = SystemClock().now(), duration(length, "--for")
    with beside(config, db) as program:
        if end:
            ended = program.store.maintenances.end(name, now=now)
            talk.print(f"{name} is watched again." if ended else f"{name} was not in maintenance.", markup=False)
            return
        until = now + until_length
        words = " ".join((why or "").split())[:LONGEST]
        program.store.maintenances.add(name, since=now, until=until, by=_person(by), why=words, now=now)
    talk.print(f"{name} is in maintenance until {iso(until.replace(microsecond=0))}; nobody is alarmed.", markup=False)


def _person(by: str | None) -> str:
    """The name that was given, or that of the account."""
    if by is not None and by.strip():
        return " ".join(by.split())[:100]
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise InputError("This account has no name. Say who you are with --by NAME.") from None


def _row(each: Maintenance) -> tuple[object, ...]:
    return (each.id, each.source, each.since, each.until, each.by, each.why, each.ended_at)


def _show(rows: list[tuple[object, ...]], *, as_json: bool) -> None:
    if as_json:
        emit_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    else:
        table("Maintenance", COLUMNS, rows)
