"""Look after the database: info, backup, vacuum.

Knows the store's care of its file; nothing of what the rows mean.
"""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    emit_json,
    new_app,
    reading,
    settings_of,
    table,
    talk,
)
from monitor.errors import StoreError
from monitor.store import Store

app = new_app(no_args_is_help=True)


@app.command()
def info(
    config: ConfigOption = None,
    db: DbOption = None,
    check: Annotated[bool, typer.Option("--check", help="Read the whole file and look for damage.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what the database holds."""
    with reading(config, db) as store:
        facts = store.maintenance.info(check=check)
    if as_json:
        emit_json(facts)
    else:
        intact = {None: "not checked (--check)", True: "whole", False: "DAMAGED: restore a backup"}[facts.intact]
        rows: list[tuple[object, ...]] = [
            ("file", facts.path), ("size", f"{facts.bytes / 1e6:.1f} MB"), ("SQLite", facts.sqlite),
            ("migrations", ", ".join(facts.migrations)), ("state", intact), *facts.rows.items(),
        ]  # fmt: skip
        table("Database", ("what", "value"), rows)
    if facts.intact is False:
        raise StoreError(f"{facts.path}: is damaged. Restore a backup.")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """Copy the database as it is at this moment, also while `run` is writing it."""
    with reading(config, db) as store:
        store.maintenance.backup(target)
    talk.print(f"{target}: written, {target.stat().st_size / 1e6:.1f} MB.", markup=False)


@app.command()
def vacuum(config: ConfigOption = None, db: DbOption = None) -> None:
    """Give unused room back to the disk; no other run may use the database meanwhile."""
    path = settings_of(config, db).store.path
    if not path.is_file():
        raise StoreError(f"{path}: there is no database yet. `run_monitor.py ingest` or `run` makes one.")
    before = path.stat().st_size
    with Store(path) as store:
        store.maintenance.vacuum()
    talk.print(f"{path}: {before / 1e6:.1f} MB before, {path.stat().st_size / 1e6:.1f} MB now.", markup=False)
