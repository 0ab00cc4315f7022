"""What a value of a row becomes in a file, the same in every format. Knows no format."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from enum import Enum

from monitor.clock import iso
from monitor.out_file import guarded

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


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
