"""See it work: two weeks of demo posts replayed through the real pipeline, with an alert. No key, no network.

Knows the demo's files and the stages; the console is the only receiver. With `--keep` it goes on serving: the demo's
database is kept, and the sources of the settings are listened to.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from monitor import plugins
from monitor.cli._common import ConfigOption, count_lines, logs, new_app, progress, settings_of, talk
from monitor.cli.run import leave, serve
from monitor.clock import SystemClock, iso
from monitor.errors import StoreError
from monitor.pipeline import replay
from monitor.pipeline.program import Program, build
from monitor.posts import read_posts
from monitor.settings import ReceiverSettings, Settings, brand_cards, find_folder
from monitor.settings_alerts import RouteTable
from monitor.store import Store

app = new_app()


@app.command()
def main(
    keep: Annotated[bool, typer.Option("--keep", help="Go on serving afterwards, until Ctrl-C.")] = False,
    db: Annotated[Path | None, typer.Option("--db", help="Where to keep the demo's database (made anew).")] = None,
    config: ConfigOption = None,
) -> None:
    """See it work: two weeks of demo posts replayed through the real pipeline, with an alert. No key, no network."""
    logs(verbose=False)
    posts = find_folder(config) / "demo" / "posts.jsonl"
    began = time.monotonic()
    with _place(db, keep=keep) as path, Store(path) as store:
        program = build(_settings(config, posts.parent / "brands.toml"), store, SystemClock())
        talk.print(f"Replaying {count_lines(posts)} posts of two weeks in March 2026 …", markup=False)
        done = _replay(program, posts)
        _tell(program, done, time.monotonic() - began)
        if keep:
            talk.print(f"\nServing on; the database is {path}. Stop with Ctrl-C.", markup=False)
            serve(program)
    if keep:
        leave()


def _settings(config: Path | None, brands: Path) -> Settings:
    """The settings with the demo's brands, and the console as the only receiver: a demo pages nobody."""
    settings = settings_of(config)
    console = plugins.load("notifiers", "console")
    return replace(
        settings,
        brands=brand_cards(brands),
        receivers=(ReceiverSettings(name="console", kind="console", options=console.Options()),),
        routes=(RouteTable(receivers=("console",), repeat=timedelta(0)),),  # nobody is there to acknowledge
        calendars=(),
        silences=(),
        detection=settings.detection.model_copy(update={"settle": None}),
        sources=tuple(replace(source, brands=()) for source in settings.sources),
    )


def _replay(program: Program, posts: Path) -> replay.Progress:
    """Through the real stages, as if there were no sources to wait for."""
    program.store.outbox.recover()
    rows = read_posts(posts, now=program.clock.now(), event_time=True)
    settle, program.settle = program.settle, program.settle * 0
    try:
        with progress("replaying", count_lines(posts)) as shown:
            return replay.run(
                program, rows, name=posts.name, shown=lambda done: shown(done.rows), chunk=500, in_order=True
            )
    finally:
        program.settle = settle


def _tell(program: Program, done: replay.Progress, seconds: float) -> None:
    incidents = program.store.incidents.all()
    talk.print(
        f"\n{done.added} posts scored by {program.router().name} in {seconds:.0f} s: {len(incidents)}"
        f" incident{'' if len(incidents) == 1 else 's'}"
        + "".join(f"\n  {i.brand}: {iso(i.opened_at)}, {i.severity}, {i.status.value}" for i in incidents)
        + "\n\nWhat next:"
        "\n  config/brands.toml     write your brand's card"
        "\n  config/monitor.toml    switch on the sources that you may read"
        "\n  python run_monitor.py doctor               what is still missing, in words"
        "\n  python run_monitor.py replay POSTS.jsonl   try your own posts"
        "\n  python run_monitor.py run                  listen",
        markup=False,
    )


@contextmanager
def _place(db: Path | None, *, keep: bool) -> Iterator[Path]:
    """Where the demo's database lies: named, kept under data/, or gone when the demo ends."""
    if db is None and not keep:
        folder = Path(tempfile.mkdtemp(prefix="sentiment-monitor-"))
        try:
            yield folder / "demo.db"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    if db is not None and db.exists():
        raise StoreError(f"{db}: exists already, and the demo begins with an empty database. Name a new file.")
    path = db or Path("data/demo.db")
    if db is None and path.exists():
        Store(path).close()  # refused, if another run is using it
        path.unlink()
    yield path
