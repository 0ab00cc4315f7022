"""The body of a webhook: a message as JSON of a documented shape (docs/webhook.schema.json), and of a bounded size.

Knows no address and no key.
"""

import base64
import json
import math
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from monitor.clock import iso
from monitor.domain import Chart, Message
from monitor.notifiers import _text

VERSION = 1
MOST = 2_000_000  # bytes of a body
_DEEPEST = 12
_TITLE, _BODY = 2_000, 100_000  # letters


def body(message: Message, *, picture: bool) -> bytes:
    """The message as JSON. What is too large goes without its picture, its chart, its facts, in this order."""
    whole = _whole(message, picture=picture)
    for name, empty in (("picture", None), ("chart", None), ("facts", {})):
        packed = _packed(whole)
        if len(packed) <= MOST:
            return packed
        whole[name] = empty
        whole["shortened"] = True
    return _packed(whole)


def _whole(message: Message, *, picture: bool) -> dict[str, Any]:
    return {
        "version": VERSION,
        "key": _text.told(message),
        "kind": message.kind.value,
        "title": _text.title(message)[:_TITLE],
        "body": _text.plain(message.body).strip("\n")[:_BODY],
        "severity": _text.line(message.severity),
        "brand": _text.line(message.brand),
        "repeat": message.repeat,
        "drill": message.drill,
        "instead_of": None if message.instead_of is None else _text.line(message.instead_of),
        "links": [{"action": each.action, "label": _text.line(each.label), "url": each.url}
                  for each in _text.links(message)],
        "facts": _data(dict(message.facts)),
        "chart": _chart(message.chart),
        "picture": _picture(message.picture if picture else None),
        "shortened": False,
    }  # fmt: skip


def _chart(chart: Chart | None) -> object:
    if chart is None:
        return None
    return {
        "title": _text.line(chart.title), "unit": _text.line(chart.unit), "timezone": chart.timezone,
        "points": [
            {"start": iso(point.start), "observed": _data(point.observed), "expected": _data(point.expected),
             "low": _data(point.low), "high": _data(point.high)}
            for point in chart.points
        ],
        "marks": [{"at": iso(mark.at), "word": _text.line(mark.word)} for mark in chart.marks],
    }  # fmt: skip


def _picture(png: bytes | None) -> object:
    return None if png is None else {"type": "image/png", "base64": base64.b64encode(png).decode("ascii")}


def _data(value: object, deep: int = 0) -> Any:
    """A value as JSON can hold it: whole letters, finite numbers, and not deeper than anybody nests them."""
    if deep > _DEEPEST:
        return None
    if isinstance(value, Enum):
        return _data(value.value, deep)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(_data(str(key))): _data(item, deep + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_data(item, deep + 1) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


def _packed(whole: Mapping[str, Any]) -> bytes:
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
