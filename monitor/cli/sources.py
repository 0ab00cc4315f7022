"""Show the sources: which there are, how each is doing, what was set aside.

Knows the settings and the store's records of polls; asks no platform.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli._common import ConfigOption, DbOption, JsonOption, emit_json, new_app, settings_of, table, talk
from monitor.settings import SourceSettings, duration_text
from monitor.store import Store
from monitor.store.sources import SourceHealth

app = new_app()
COLUMNS = ("source", "kind", "state", "every", "last success", "failures", "set aside", "last error")
REJECT_COLUMNS = ("source or file", "line", "reason", "row")
MOST_REJECTS = 1000


@app.command()
def main(
    config: ConfigOption = None,
    db: DbOption = None,
    rejects: Annotated[
        bool, typer.Option("--set-aside", help="Show the rows that were set aside, newest first, with the reason.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the sources: which there are, how each is doing, what was set aside."""
    settings = settings_of(config, db)
    if rejects:
        _show_rejects(settings.store.path, as_json=as_json)
        return
    rows = _rows(settings.sources, settings.store.path)
    if as_json:
        emit_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    else:
        table("Sources", COLUMNS, rows)


def _show_rejects(path: Path, *, as_json: bool) -> None:
    """The newest rows that were set aside, of every source and of every file that was given by hand."""
    with Store(path, write=False) as store:
        found = store.sources.rejects(limit=MOST_REJECTS)
        total = store.sources.reject_count()
    rows: list[tuple[object, ...]] = [(source, item.line, item.reason, item.raw) for source, item in found]
    if as_json:
        emit_json([dict(zip(REJECT_COLUMNS, row, strict=True)) for row in rows])
        return
    table("Set aside", REJECT_COLUMNS, rows)
    if total > len(rows):
        talk.print(f"The newest {len(rows)} of {total} rows.", markup=False)


def _rows(sources: Sequence[SourceSettings], path: Path) -> list[tuple[object, ...]]:
    if not path.is_file():
        return [_row(source, None, None) for source in sources]
    with Store(path, write=False) as store:
        health = store.sources.health()
        return [_row(each, health.get(each.name), store.sources.reject_count(each.name)) for each in sources]


def _row(source: SourceSettings, health: SourceHealth | None, rejects: int | None) -> tuple[object, ...]:
    every = duration_text(source.every)
    if health is None:
        return (source.name, source.kind, _state(source, None), every, None, None, rejects, None)
    return (
        source.name, source.kind, _state(source, health), every, health.last_success, health.failures, rejects,
        health.last_error,
    )  # fmt: skip


def _state(source: SourceSettings, health: SourceHealth | None) -> str:
    if not source.enabled:
        return "switched off"
    if health is None or health.last_poll is None:
        return "never read"
    if health.blind_since is not None:
        return f"blind since {health.blind_since:%Y-%m-%d %H:%M} UTC"
    return "read"
