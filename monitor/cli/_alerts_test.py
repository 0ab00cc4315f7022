"""`alerts test`: send an invented alert with a chart to one receiver, for real, and say what became of it.

Knows the settings and the receiver's notifier; needs no database, and no incident comes of it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import typer

from monitor import plugins
from monitor.alerting import sample
from monitor.alerting.message import Templates
from monitor.cli import harmless
from monitor.cli._common import ConfigOption, JsonOption, emit_json, settings_of, talk
from monitor.clock import SystemClock, floor, to_ms
from monitor.domain import Chart, Mark, Message, MessageKind, Point
from monitor.errors import InputError, NotifierError
from monitor.pipeline.deliver import with_picture
from monitor.settings import Settings

_STEP = timedelta(minutes=10)
_SHAPE = (3, 4, 2, 5, 4, 3, 6, 4, 3, 5, 4, 2, 3, 4, 5, 3, 9, 14, 22, 31)  # posts, bucket by bucket
_USUAL, _LOW, _HIGH = 4.2, 1.0, 9.0

ReceiverArgument = Annotated[str, typer.Argument(metavar="RECEIVER", help="Its name, as in alerts.toml.")]


def register(app: typer.Typer) -> None:
    """Add the command to `alerts`."""
    app.command(name="test")(try_receiver)


def try_receiver(receiver: ReceiverArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Send an invented alert, marked as a test, to a receiver, and say whether it was delivered.

    It goes the way of every message, chart included, but is tried once, and nothing of it is kept.
    """
    settings = settings_of(config)
    item = next((each for each in settings.receivers if each.name == receiver), None)
    if item is None:
        known = ", ".join(each.name for each in settings.receivers) or "none"
        raise InputError(f'there is no receiver "{receiver}"; there are: {known}.')
    notifier = plugins.load("notifiers", item.kind)(item.name, item.options)
    message = with_picture(notifier, invented(settings, receiver, SystemClock().now()))
    error: NotifierError | None = None
    try:
        notifier.send(message)
    except NotifierError as failed:
        error = failed
    if as_json:
        emit_json({
            "receiver": receiver, "kind": item.kind, "delivered": error is None, "key": message.key,
            "picture": message.picture is not None, "error": None if error is None else str(error),
        })  # fmt: skip
    if error is not None:
        raise error
    shown = "with its chart" if message.picture is not None else "without a chart"
    talk.print(harmless(f"{receiver}: the test was delivered ({item.kind}, {shown})."), markup=False)


def invented(settings: Settings, receiver: str, now: datetime) -> Message:
    """An alert that never was, in the words that a real one would have. It is of no incident."""
    zone = settings.brands[0].timezone if settings.brands else "UTC"
    words = Templates(settings.folder / "templates").message(*sample.alert(), receiver=receiver, zone=zone)
    return replace(
        words, key=f"test-{to_ms(now)}", title=f"[test] {words.title}", kind=MessageKind.TEST, facts={"test": True},
        body=f"This is a test of the receiver. Brand, posts and numbers are invented.\n\n{words.body}",
        chart=_chart(now, zone),
    )  # fmt: skip


def _chart(now: datetime, zone: str) -> Chart:
    start = floor(now, _STEP) - len(_SHAPE) * _STEP
    points = tuple(
        Point(start=start + number * _STEP, observed=float(seen), expected=_USUAL, low=_LOW, high=_HIGH)
        for number, seen in enumerate(_SHAPE)
    )
    marks = (Mark(at=points[16].start, word="onset"), Mark(at=points[18].start, word="alert"))
    return Chart(
        title="Example: negative posts against what is usual (a test)", unit="negative posts in 10 minutes",
        timezone=zone, points=points, marks=marks,
    )  # fmt: skip
