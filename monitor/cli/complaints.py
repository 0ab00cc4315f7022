"""Keep what customers complained of to yourselves: what the lead of the alerts is measured against.

Knows the file format and the store. Reading the same file again changes nothing.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import harmless
from monitor.cli._common import (
    SHOWN_REJECTS,
    ConfigOption,
    DbOption,
    JsonOption,
    beside,
    emit_json,
    new_app,
    reading,
    say_rejects,
    table,
    talk,
)
from monitor.complaints_file import Complaints, read_complaints
from monitor.errors import InputError

app = new_app(no_args_is_help=True)


@app.callback()
def main() -> None:
    """Keep what customers complained of to yourselves: what the lead of the alerts is measured against."""


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="created_at,brand[,count][,id]")],
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """Store the complaints of a file, each once; `backtest` reads them from there."""
    with beside(config, db) as program:
        now = program.clock.now()
        read = read_file(file, now=now)
        added = program.store.complaints.add(read.rows, now=now)
        cards = {card.name.casefold() for card in program.settings.brands}
    unknown = {row.brand for row in read.rows if row.brand.casefold() not in cards}
    known = len(read.rows) - added + read.repeated
    talk.print(f"{added} new, {known} known already.", markup=False)
    if unknown:
        names = ", ".join(f'"{harmless(name)}"' for name in sorted(unknown)[:SHOWN_REJECTS])
        talk.print(f"No card in brands.toml has the name {names}: check its spelling.", markup=False)


@app.command(name="list")
def show(config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """How many complaints are stored for each brand, and from when to when."""
    with reading(config, db) as store:
        rows = store.complaints.all()
    found: dict[str, tuple[datetime, datetime]] = {}
    totals: Counter[str] = Counter()
    for row in rows:
        first = found[row.brand][0] if row.brand in found else row.created_at
        found[row.brand] = (first, row.created_at)
        totals[row.brand] += row.count
    if as_json:
        emit_json(
            [{"brand": b, "complaints": totals[b], "first": f, "last": last} for b, (f, last) in sorted(found.items())]
        )
    else:
        table(
            "Complaints", ("brand", "complaints", "first", "last"), [(b, totals[b], *found[b]) for b in sorted(found)]
        )


def read_file(file: Path, *, now: datetime) -> Complaints:
    """The complaints of a file; what was set aside is told. Raises InputError where no row can be used."""
    read = read_complaints(file, now=now)
    say_rejects(list(read.rejects[:SHOWN_REJECTS]), len(read.rejects), str(file))
    if read.rejects and not read.rows:
        raise InputError(f"{file}: no row could be used. Each line needs created_at,brand.")
    return read
