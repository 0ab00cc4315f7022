"""What the verbs share: options, talk on stderr, progress on a terminal, opening the settings and the store.

Knows how a command begins and ends; nothing of what it does between.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from monitor.cli import harmless
from monitor.clock import SystemClock, iso, parse, parse_duration
from monitor.domain import Reject
from monitor.errors import InputError
from monitor.pipeline.program import Program, build
from monitor.settings import Settings, find_folder, load
from monitor.settings_words import LONGEST
from monitor.store import Store

talk = Console(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FOLDER", help="The folder of monitor.toml, brands.toml, alerts.toml."),
]
DbOption = Annotated[Path | None, typer.Option("--db", metavar="FILE", help="The database, instead of store.path.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
SHOWN_REJECTS = 5
WIDE = 400  # columns of a table that no terminal limits


def new_app(**options: Any) -> typer.Typer:
    """A Typer as every verb uses it."""
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich", **options)


def settings_of(config: Path | None, db: Path | None = None) -> Settings:
    """The settings, whole, or SettingsError."""
    folder = find_folder(config)
    return load(folder, only={"store.path": db} if db else None)


@contextmanager
def opened(config: Path | None, db: Path | None = None) -> Iterator[Program]:
    """The whole program on its database, for a verb that writes."""
    settings = settings_of(config, db)
    with Store(settings.store.path) as store:
        yield build(settings, store, SystemClock())


@contextmanager
def beside(config: Path | None, db: Path | None = None) -> Iterator[Program]:
    """The whole program for a verb that writes a person's word, also while another run works on the database."""
    settings = settings_of(config, db)
    with Store(settings.store.path, beside=True) as store:
        yield build(settings, store, SystemClock())


@contextmanager
def reading(config: Path | None, db: Path | None = None) -> Iterator[Store]:
    """The database for a verb that only reads; another run may be writing it."""
    with Store(settings_of(config, db).store.path, write=False) as store:
        yield store


def logs(*, verbose: bool) -> None:
    """`event key=value` on stderr: warnings always, the rest when asked for."""
    level = logging.DEBUG if verbose else logging.WARNING
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # our scheduler hears the same events, and counts them
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere; call it with how many are done."""
    if not talk.is_terminal:
        yield lambda done: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=talk, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def emit_json(value: object) -> None:
    """One JSON value on stdout."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: object) -> Any:
    """A value of ours as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def table(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """A table for people on stdout; None shows as a dash, because unknown is not zero."""
    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, overflow="fold")  # on a narrow terminal too, every letter is there
    for row in rows:
        shown.add_row(*("—" if cell is None else _escaped(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(shown)


def _escaped(cell: object) -> str:
    text = iso(cell) if isinstance(cell, datetime) else harmless(str(cell))
    return text.replace("[", r"\[")


def say_rejects(rejects: list[Reject], total: int, where: str) -> None:
    """Tell how many rows were set aside, and the first few, with line and reason."""
    if not total:
        return
    talk.print(f"{harmless(where)}: {counted(total, 'row')} {'was' if total == 1 else 'were'} set aside:", markup=False)
    for item in rejects[:SHOWN_REJECTS]:
        talk.print(f"  line {item.line}: {harmless(item.reason)}", markup=False)
    if total > SHOWN_REJECTS:
        talk.print(f"  … and {total - SHOWN_REJECTS} more", markup=False)


def counted(number: int, what: str) -> str:
    """A number and what is counted, in the plural where there is not just one.

    >>> counted(1, "row"), counted(0, "post"), counted(2, "brand")
    ('1 row', '0 posts', '2 brands')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def readable(name: str) -> str:
    """A name as it can be stored and shown: bytes that are not UTF-8 become question marks.

    >>> readable("post" + chr(0xDCFF) + ".jsonl")
    'post?.jsonl'
    """
    return name.encode("utf-8", "replace").decode()


def named(path: Path | None, option: str) -> Path | None:
    """A path that can be a file's, or InputError; None stays None."""
    if path is not None and not path.name:
        raise InputError(f'{option} "{path}" is not the name of a file.')
    return path


def moment(text: str | None, option: str) -> datetime | None:
    """A time from an option, or InputError."""
    try:
        return parse(text) if text else None
    except ValueError as error:
        raise InputError(f'{option} "{text}" is not a time; write one such as 2026-03-11T13:00Z.') from error


def duration(text: str, option: str) -> timedelta:
    """A duration from an option, or InputError."""
    try:
        length = parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise InputError(f'{option} "{text}" is not a duration; write one such as 1h.') from error
    if not timedelta(0) < length <= LONGEST:
        raise InputError(f'{option} "{text}" must be longer than nothing, and at most ten years.')
    return length


def count_lines(path: Path) -> int | None:
    """How many lines a file has, for a progress bar; None where it cannot be read twice."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    except OSError:
        return None
