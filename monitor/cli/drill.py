"""Rehearse an alert: invented unhappy posts through the real path, and how long it took to be told and heard.

Knows the stages and the store. A drill is marked wherever it is shown, and is in no statistic.
"""

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import harmless
from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    VerboseOption,
    beside,
    counted,
    duration,
    emit_json,
    logs,
    new_app,
    opened,
    readable,
    reading,
    table,
    talk,
)
from monitor.errors import InputError, StoreBusy
from monitor.pipeline import drill, drill_wait
from monitor.pipeline.program import Program
from monitor.store.drills import Drill

app = new_app(no_args_is_help=True)
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who rehearses; your user name if left out.")
]


@app.callback()
def main() -> None:
    """Rehearse an alert: invented unhappy posts through the real path, and how long it took to be told and heard."""


@app.command()
def start(
    brand: Annotated[str, typer.Option("--brand", metavar="B", help="Whose alert is rehearsed, by its card's name.")],
    posts: Annotated[int, typer.Option("--posts", help="How many invented posts.")] = 40,
    by: ByOption = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until somebody is told; does the work if none runs.")
    ] = False,
    limit: Annotated[str, typer.Option("--limit", help="How long --wait waits.")] = "30m",
    seed: Annotated[int, typer.Option("--seed", help="Which of the invented texts are taken.")] = 1,
    config: ConfigOption = None,
    db: DbOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Begin a drill. The people whom the brand's routes name are really told; the message says DRILL."""
    logs(verbose=verbose)
    longest = duration(limit, "--limit")
    with _program(config, db) as (program, alone):
        now = program.clock.now()
        begun = drill.start(program, readable(brand), posts=posts, by=by or _user(), seed=seed, now=now)
        _say_begun(program, begun, alone=alone, wait=wait)
        if not wait:
            return
        if alone:
            program.store.outbox.recover()
        done = drill_wait.wait(program, begun.id, limit=longest, sleep=time.sleep, alone=alone)
        _say_times(done)
        if done.notified_at is None and done.ended_at is None:
            raise InputError(f"drill {done.id}: nobody was told within {limit}. It goes on; drill show {done.id}.")


@app.command(name="list")
def show_all(config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Every drill with its times, the newest first."""
    with reading(config, db) as store:
        drills = store.drills.all()
    if as_json:
        emit_json([_row(each) for each in drills])
        return
    columns = ("drill", "brand", "started", "posts", "detected after", "told after", "acknowledged after", "outcome")
    rows: list[tuple[object, ...]] = [
        (each.id, each.brand, each.started_at, each.posts, *_steps(each), each.outcome or "under way")
        for each in drills
    ]
    table("Drills", columns, rows)


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="The drill's number, as `drill list` shows it.")],
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """One drill: when it was detected, told and acknowledged, and what the times contain."""
    with reading(config, db) as store:
        found = store.drills.get(number)
    if found is None:
        raise InputError(f"There is no drill {number}. `drill list` shows which there are.")
    if as_json:
        emit_json(_row(found))
    else:
        _say_times(found)


@app.command()
def end(
    number: Annotated[int, typer.Argument(metavar="ID", help="The drill's number, as `drill list` shows it.")],
    by: ByOption = None,
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """End a drill: its incident is closed, its times are kept, and all that was counted of it goes."""
    with beside(config, db) as program:
        done = drill.end(program, number, by=by or _user(), now=program.clock.now())
    talk.print(f"Drill {done.id} is over: {done.outcome}.", markup=False)


@contextmanager
def _program(config: Path | None, db: Path | None) -> Iterator[tuple[Program, bool]]:
    """The program, and whether no other run works on the database."""
    try:
        with opened(config, db) as program:
            yield program, True
            return
    except StoreBusy:
        pass
    with beside(config, db) as program:
        yield program, False


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # nobody has that number, as in a container
        return "somebody"


def _say_begun(program: Program, begun: Drill, *, alone: bool, wait: bool) -> None:
    need = drill.expected(program, now=begun.started_at)
    talk.print(
        f"Drill {begun.id} of {harmless(begun.brand)} has begun: {counted(begun.posts, 'invented post')} as"
        f' "{harmless(begun.shadow)}". To be told, they wait {_length(need.bucket)} for their five minutes to end,'
        f" {_length(need.settle)} for sources that are read late, and for scoring: about {_length(need.total)}.",
        markup=False,
    )
    if alone and not wait:
        talk.print("No program is running on this database: start one with `run`, or use --wait.", markup=False)


def _say_times(done: Drill) -> None:
    detected, told, heard = _steps(done)
    state = "is over" if done.ended_at else "is under way"
    incident = f"incident {done.incident_id}" if done.incident_id else "no incident yet"
    talk.print(f"Drill {done.id} of {harmless(done.brand)} {state} ({incident}), counted from its start:", markup=False)
    talk.print(f"  detected      {detected or '—'}   the end of the posts' bucket, settled", markup=False)
    talk.print(f"  told          {told or '—'}   the first message was delivered", markup=False)
    talk.print(f"  acknowledged  {heard or '—'}   a person said that they have it", markup=False)
    if done.ended_at is None:
        talk.print(f"End it with: drill end {done.id}", markup=False)


def _steps(each: Drill) -> tuple[str | None, str | None, str | None]:
    moments = (each.detected_at, each.notified_at, each.acknowledged_at)
    detected, told, heard = (None if moment is None else _since(each, moment) for moment in moments)
    return detected, told, heard


def _since(each: Drill, moment: datetime) -> str:
    return _length(moment - each.started_at)


def _length(length: timedelta) -> str:
    """Minutes and seconds.

    >>> _length(timedelta(seconds=425)), _length(timedelta(hours=2, seconds=1))
    ('7 min 5 s', '120 min 1 s')
    """
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _row(each: Drill) -> dict[str, object]:
    times = {"detected": each.detected_at, "told": each.notified_at, "acknowledged": each.acknowledged_at}
    after = {
        f"{name}_after_s": None if at is None else (at - each.started_at).total_seconds() for name, at in times.items()
    }
    return {
        "drill": each.id, "brand": each.brand, "rules": each.rules, "by": each.by, "started_at": each.started_at,
        "posts": each.posts, "incident": each.incident_id, **{f"{name}_at": at for name, at in times.items()}, **after,
        "ended_at": each.ended_at, "outcome": each.outcome or "under way",
    }  # fmt: skip
