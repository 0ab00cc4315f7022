"""Look after the database: info, backup, vacuum, erase, prove-deletions.

Knows the store's care of its file and of what must go from it; nothing of what the rows mean.
"""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli._common import (
    ConfigOption,
    DbOption,
    JsonOption,
    counted,
    emit_json,
    new_app,
    readable,
    reading,
    settings_of,
    table,
    talk,
)
from monitor.clock import SystemClock
from monitor.errors import InputError, MonitorError, StoreError
from monitor.pipeline import prove
from monitor.pipeline.prove import Proof
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
    path = _existing(config, db)
    before = path.stat().st_size
    with Store(path) as store:
        store.maintenance.vacuum()
    talk.print(f"{path}: {before / 1e6:.1f} MB before, {path.stat().st_size / 1e6:.1f} MB now.", markup=False)


@app.command()
def erase(
    author: Annotated[
        list[str] | None, typer.Option(metavar="PLATFORM:WHO", help="An author, by id or handle: every post of theirs.")
    ] = None,
    post: Annotated[list[str] | None, typer.Option(metavar="PLATFORM:ID", help="One post, by its id.")] = None,
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """Erase an author's posts, or single posts, because a person asks for it; counts stay, nothing brings it back."""
    wanted = [("author", *_named(name, "--author")) for name in author or ()]
    wanted += [("native_id", *_named(name, "--post")) for name in post or ()]
    if not wanted:
        raise InputError("Nothing to erase was named. Name an --author or a --post, as in --post x:1234567890.")
    with Store(_existing(config, db)) as store:
        for what, platform, name in wanted:
            with store.transaction():
                gone = store.mentions.forget(platform, **{what: name}, now=SystemClock().now())
            talk.print(f"{platform}:{name}: {counted(gone, 'post')} erased.", markup=False)
    talk.print("Backups and exports that were made before still hold them.")


@app.command("prove-deletions")
def prove_deletions(config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Look for what is left of deleted posts, and try deleting on a copy, byte by byte; exit 1 if anything is found."""
    path = _existing(config, db)
    proof = prove.run(path, token=secrets.token_hex(16), now=SystemClock().now())
    if as_json:
        emit_json(proof)
    else:
        table("Deletions", ("what", "found"), _proof_rows(proof))
    if proof.problems:
        found = "; ".join(proof.problems)
        raise MonitorError(f"{path}: {found}. `db vacuum` writes the file anew; what it leaves, please report.")


def _proof_rows(proof: Proof) -> list[tuple[object, ...]]:
    left, trial, speed = proof.leftovers, proof.trial, proof.speed
    return [
        ("deleted posts that are kept as tombstones", proof.tombstones),
        ("of these, with words, an address or an author", left.posts),
        ("of these, waiting for a model", left.waiting),
        ("alerts that quote one", left.alerts),
        ("messages that quote one", left.messages),
        ("reasons that speak of one", left.reasons),
        ("freed pages", proof.freed.pages),
        ("of these, not overwritten", proof.freed.dirty),
        ("bytes in the log", "another run is writing it" if proof.log is None else proof.log),
        ("words of the trial in a copy, before", f"{trial.seen} of {trial.words}"),
        ("places of these words, after deleting", trial.left),
        ("search index agrees with the posts", "yes" if trial.index_whole else "NO"),
        ("erased after a platform told when", speed.told),
        ("time from the platform's word to erasure, median", speed.median),
        ("the slowest", speed.slowest),
        (f"longer than {prove.DUE.days * 24} hours", speed.late),
    ]


def _named(text: str, option: str) -> tuple[str, str]:
    """A platform and what is named on it."""
    platform, _, name = readable(text).partition(":")
    if not platform or not name:
        raise InputError(f'{option} "{text}" names no platform; write one such as x:1234567890.')
    return platform, name


def _existing(config: Path | None, db: Path | None) -> Path:
    path = settings_of(config, db).store.path
    if not path.is_file():
        raise StoreError(f"{path}: there is no database yet. `run_monitor.py ingest` or `run` makes one.")
    return path
