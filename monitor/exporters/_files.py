"""Where an export goes: a file that appears only when it is whole, or standard output. Knows no format."""

import io
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from monitor.errors import InputError


@contextmanager
def opened(target: Path | None) -> Iterator[TextIO]:
    """A UTF-8 text stream for the rows; line ends are the writer's own.

    Written beside the target first and moved over it at the end; after any failure the target is as it was before.
    A device or a pipe is written straight. Raises InputError where the target cannot be written.
    """
    if target is None:
        with _standard_output() as stream:
            yield stream
    elif _is_special(target):
        with _refusing(target), target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
    else:
        with _whole(target) as stream:
            yield stream


def _is_special(target: Path) -> bool:
    return target.exists() and not target.is_file() and not target.is_dir()


@contextmanager
def _whole(target: Path) -> Iterator[TextIO]:
    with _refusing(target):
        place = target.resolve()  # through a link: the link stays
        if place.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        part = place.with_name(f".export-{secrets.token_hex(6)}.part")
    try:
        with _refusing(target), part.open("x", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with _refusing(target):
            part.replace(place)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _refusing(target: Path) -> Iterator[None]:
    """Turns what the system says of the target into one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error}). Name a file elsewhere.") from error


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:  # replaced by something that takes text only
        yield sys.stdout
        return
    sys.stdout.flush()
    stream = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        yield stream
        stream.flush()
    finally:
        stream.detach()
