"""What a notifier carries: words ready to be shown, the data behind them, a chart, links that act. Knows no receiver.

A value that is unknown is None, never 0 and never "". All times are aware and UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class MessageKind(StrEnum):
    """What a message is about."""

    ALERT = "alert"
    GROUP = "group"  # several alerts at once
    REMINDER = "reminder"  # an incident that still fires and that nobody has
    DIGEST = "digest"
    HEARTBEAT = "heartbeat"
    HEALTH = "health"  # a source is blind, or a receiver is not reached
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One bucket of a chart. None is a hole, and is drawn as one."""

    start: datetime
    observed: float | None
    expected: float | None = None
    low: float | None = None  # the usual range
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment on a chart, with its word: onset, alert, peak."""

    at: datetime
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A spike as it is drawn: what was seen against what was expected, in one unit, in one time zone."""

    title: str
    unit: str  # what is counted, as in "negative posts in 5 minutes"
    timezone: str  # IANA name
    points: tuple[Point, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a reader can do from a message: a word and a signed address that does it, once confirmed."""

    action: str  # "acknowledge", "silence", "assign", "false_alarm", "real"
    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a notifier carries: text is ready to be shown, `key` lets a receiver drop a repeat."""

    key: str
    title: str
    body: str
    severity: str
    brand: str
    repeat: bool = False  # an earlier try may have arrived
    facts: Mapping[str, object] = field(default_factory=dict)  # the explanation, for receivers that read data
    kind: MessageKind = MessageKind.ALERT
    drill: bool = False  # a rehearsal, and the words say so
    links: tuple[Link, ...] = ()
    chart: Chart | None = None
    picture: bytes | None = None  # the chart as PNG, made just before it is carried; never kept
    instead_of: str | None = None  # the receiver that could not be reached, where this one stands in for it
