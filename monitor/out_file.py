"""Files out: a file that appears only when it is whole, or standard output; and cells that no spreadsheet runs.

Knows no format and no rows.
"""

import io
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from monitor.errors import InputError

# The first letters that make a spreadsheet run a cell, also in their full-width forms (OWASP ASVS 5, 1.2.10).
_FORMULA = re.compile(r"[\s\x00\ufeff\u200b]*[=+\-@＝＋－＠]|[\t\r\n\x00]")
_GUARDED = re.compile(rf"'+(?:{_FORMULA.pattern})")


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


def guarded(text: str) -> str:
    """A text with an apostrophe before it where a spreadsheet would run it; `unguarded` takes it off again.

    >>> guarded(' =HYPERLINK("http://e.vil")'), guarded("'=1"), guarded("5 = 5")
    ('\\' =HYPERLINK("http://e.vil")', "''=1", '5 = 5')
    """
    return f"'{text}" if _FORMULA.match(text) or _GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given.

    >>> unguarded(guarded("@joe")), unguarded("'tis")
    ('@joe', "'tis")
    """
    return text[1:] if _GUARDED.match(text) else text
