"""Replay a file of posts through the whole program in event time, and write the alerts that would have fired.

Knows the stages and the file format. Nobody is told: receivers are left out.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import _alerts_file, harmless
from monitor.cli._common import (
    ConfigOption,
    count_lines,
    counted,
    new_app,
    progress,
    readable,
    say_rejects,
    settings_of,
    talk,
)
from monitor.clock import SystemClock, iso
from monitor.errors import InputError
from monitor.pipeline import replay
from monitor.pipeline.program import Program, build
from monitor.posts import read_posts
from monitor.settings import Settings
from monitor.store import Store

app = new_app()


@app.command()
def main(
    stream: Annotated[Path, typer.Argument(metavar="STREAM.jsonl", help="JSONL or CSV of posts with created_at.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="ALERTS.jsonl or .csv; standard output if left out.")
    ] = None,
    db: Annotated[
        Path | None, typer.Option("--db", help="Keep the database here; a temporary one if left out.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Replay a file of posts through the whole program in event time, and write the alerts that would have fired."""
    settings = quiet(settings_of(config))
    with _store(db) as store:
        program = build(settings, store, SystemClock())
        done = _run(program, stream)
        _tell(program, stream, done, out)


def _tell(program: Program, stream: Path, done: replay.Progress, out: Path | None) -> None:
    """Write the alerts, and say what was read."""
    store = program.store
    rejects = store.sources.rejects(readable(stream.name), limit=5)
    say_rejects([item for _, item in rejects], done.rejected, str(stream))
    if done.rejected == done.rows and done.rows:
        raise InputError(f"{stream}: no row could be replayed. Each line needs a field `text`.")
    with replay.as_if_over(program, done):
        alerts = _alerts_file.write(store, out)
        until = f" up to {iso(done.at)}" if done.at else ""
        talk.print(f"{counted(done.rows, 'row')} replayed{until}: {counted(alerts, 'alert')}.", markup=False)
        for row in _alerts_file.rows(store):
            talk.print(_sentence(row), markup=False)


def quiet(settings: Settings) -> Settings:
    """The settings without anything that reaches out: no source, no receiver, no waiting for late posts."""
    return replace(settings, sources=(), receivers=(), routes=())


def _run(program: Program, stream: Path) -> replay.Progress:
    rows = read_posts(stream, now=program.clock.now(), event_time=True)
    lines = count_lines(stream)
    with progress("storing and scoring", None if lines is None else 2 * lines) as shown:
        return replay.run(
            program, rows, name=readable(stream.name), shown=lambda done: shown(done.rows + done.scored), more=True
        )


@contextmanager
def _store(db: Path | None) -> Iterator[Store]:
    if db is not None:
        with Store(db) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="sentiment-monitor-") as folder, Store(Path(folder) / "replay.db") as store:
        yield store


def _sentence(row: dict[str, object]) -> str:
    return (
        f"  {harmless(str(row['brand']))}: {row['fired_at']} ({row['severity']}), {row['observed']} negatives"
        f" where {row['expected']} would be usual, since {row['onset']},"
        f" until {row['resolved_at'] or 'the end of the file'}"
    )
