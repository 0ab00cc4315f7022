"""What a value of a row becomes in a file, the same in every format. Knows no format."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from enum import Enum

from monitor.clock import iso

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

# The first letters that make a spreadsheet run a cell, also in their full-width forms (OWASP ASVS 5, 1.2.10).
_FORMULA = re.compile(r"[\s\x00\ufeff\u200b]*[=+\-@＝＋－＠]|[\t\r\n\x00]")
_GUARDED = re.compile(rf"'+(?:{_FORMULA.pattern})")


def plain(value: object) -> Plain:
    """A value as JSON knows it: times are ISO 8601 with a Z, lengths are seconds, what is no number is unknown.

    >>> plain(timedelta(minutes=1)), plain(float("nan")), plain((1, None))
    (60.0, None, [1, None])
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (datetime, timedelta)):
        return iso(value) if isinstance(value, datetime) else value.total_seconds()
    return _nested(value)


def _nested(value: object) -> Plain:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return str(value)


def cell(value: object) -> str | int | float:
    """A value as a cell of a table: unknown is empty, a number stays a number, and no text runs as a formula.

    >>> cell(None), cell(-5), cell("-5+1"), cell(["a"]), cell(True)
    ('', -5, "'-5+1", '["a"]', 'true')
    """
    known = plain(value)
    if known is None:
        return ""
    if isinstance(known, str):
        return guarded(known)
    if isinstance(known, (bool, list, dict)):
        return json.dumps(known, ensure_ascii=False)
    return known


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
