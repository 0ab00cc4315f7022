"""Deliver: what waits in the outbox is carried, one receiver at a time, so that a dead one delays no other.

Knows the notifier's port and the store. The attempt is committed before the socket is opened; a message that may have
arrived is tried again only with the mark of a repeat. A receiver that fails again and again rests, and then is asked
with one message; what dies, or is grave and waits too long, goes to the receiver that stands in for it, once.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from monitor import plugins
from monitor.alerting.retry import BREAK_AFTER, STAND_IN_AFTER, WITHIN, next_try, rest
from monitor.domain import Message, Phase
from monitor.errors import DeliveryUnknown, NotifierError
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Stop, never
from monitor.ports import Notifier
from monitor.store.outbox import Outgoing

log = structlog.get_logger("deliver")
MOST_SIDE_BY_SIDE = 32  # receivers
GRAVE = "high"
NOBODY = "there is no receiver of this name in alerts.toml any more. Name it again, or send it to another: `outbox`."
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of the messages."""

    sent: int = 0
    again: int = 0
    dead: int = 0
    instead: int = 0  # that were handed to the receiver that stands in
    errors: tuple[str, ...] = field(default=(), compare=False)  # why some were not delivered, one sentence each

    def __add__(self, other: "DeliverReport") -> "DeliverReport":
        return DeliverReport(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))


def run(program: Program, *, now: Now, stop: Stop = never) -> DeliverReport:
    """Carry everything that is due, to all receivers side by side; what a stand-in is given leaves as well."""
    total, names = DeliverReport(), set(program.store.outbox.receivers())
    while names and not stop():
        in_order = sorted(names)
        with ThreadPoolExecutor(min(MOST_SIDE_BY_SIDE, len(names)), "deliver") as pool:
            done = list(pool.map(lambda name: to_receiver(program, name, now=now, stop=stop), in_order))
        total = sum(done, total)
        failed = {name for name, each in zip(in_order, done, strict=True) if each.again}
        names = {program.fallbacks[name] for name, each in zip(in_order, done, strict=True) if each.instead} - failed
    return total


def to_receiver(program: Program, name: str, *, now: Now, stop: Stop = never) -> DeliverReport:
    """Carry what is due to one receiver; after a failure the rest waits for its turn."""
    store = program.store
    store.outbox.recover(name)
    report = _buried(program, now())
    notifier = program.receivers.get(name)
    if notifier is None:
        return report
    while not stop() and not store.receivers.state(name).rests(now()):
        item = _claimed(program, notifier, now)
        if item is None:
            break
        reach("deliver.claimed")
        error = _send(notifier, item)
        reach("deliver.sent")
        done = _delivered(program, item, now()) if error is None else _failed(program, item, error, now())
        reach("deliver.committed")
        report += done
        if done.again:
            break
    return report + _waiting_too_long(program, name, now())


def _claimed(program: Program, notifier: Notifier, now: Now) -> Outgoing | None:
    """The next message, in our hands. Its picture is drawn before: a kill while drawing makes no message a repeat."""
    outbox = program.store.outbox
    waiting = outbox.next(notifier.name, now=now())
    if waiting is None:
        return None
    ready = with_picture(notifier, waiting)
    item = outbox.claim(notifier.name, now=now())
    if item is None or item.message.key != ready.key:  # somebody took it out of the queue meanwhile
        return item
    return replace(item, message=replace(item.message, picture=ready.picture))


def _send(notifier: Notifier, item: Outgoing) -> NotifierError | None:
    try:
        notifier.send(item.message)
    except NotifierError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault in one plugin must not stop the other receivers
        return DeliveryUnknown(f"{item.receiver}: {type(error).__name__} inside the notifier; it may have arrived.")
    return None


def with_picture(notifier: Notifier, message: Message) -> Message:
    """The message with its chart drawn, where the notifier takes pictures; one that cannot be drawn stops nothing."""
    if message.chart is None or not getattr(notifier, "pictures", False):
        return message
    try:
        return replace(message, picture=plugins.drawing("spike")(message.chart))
    except Exception as error:  # noqa: BLE001 - whatever it is, a message is worth more than its picture
        log.warning("not drawn", receiver=notifier.name, error=f"{type(error).__name__}: {error}")
        return message


def _delivered(program: Program, item: Outgoing, now: datetime) -> DeliverReport:
    with program.store.transaction():
        program.store.outbox.sent(item, now=now)
        program.store.receivers.reached(item.receiver, now=now)
        instead = _end_for_stand_in(program, item, now)
    return DeliverReport(sent=1, instead=instead)


def _end_for_stand_in(program: Program, item: Outgoing, now: datetime) -> int:
    """That it is over is told to the stand-in as well, where that one was told that it began."""
    over, fallback = _over(item.message.facts), program.fallbacks.get(item.receiver)
    if not over or fallback is None or not program.store.outbox.stood_in(item.receiver, fallback, over):
        return 0
    return _stand_in(program, item.receiver, [item.id], now)


def _over(facts: Mapping[str, Any]) -> list[int]:
    """The incidents that a message, about one or about several, says are over."""
    told = facts.get("incidents") or [facts]
    return [each["incident"] for each in told if each.get("phase") == Phase.CLOSED and "incident" in each]


def _failed(program: Program, item: Outgoing, error: NotifierError, now: datetime) -> DeliverReport:
    """Queue it for a later try; where there is none it stays in sight as dead, and the stand-in is told."""
    store, name = program.store, item.receiver
    then = next_try(
        item.message.key, tries=item.attempt, first_at=item.first_at, now=now,
        retryable=error.retryable, retry_after=error.retry_after,
    )  # fmt: skip
    with store.transaction():
        if error.retryable:
            failures = store.receivers.state(name).failures + 1
            store.receivers.failed(
                name, str(error), now=now, rest=rest(failures, error.retry_after), broken=failures >= BREAK_AFTER
            )
        if then.at is not None:
            again = isinstance(error, DeliveryUnknown)
            store.outbox.retry(item, str(error), due=then.at, now=now, repeat=again)
            return DeliverReport(again=1, errors=(str(error),))
        store.outbox.give_up(item, f"{error} ({then.reason})", now=now)
        instead = _stand_in(program, name, [item.id], now)
    return DeliverReport(dead=1, instead=instead, errors=(str(error),))


def _waiting_too_long(program: Program, name: str, now: datetime) -> DeliverReport:
    """What is done about the messages of a receiver that has been broken for a while, or asked for a long wait."""
    state, outbox = program.store.receivers.state(name), program.store.outbox
    lasts = timedelta(0) if state.broken_since is None else now - state.broken_since
    if lasts < STAND_IN_AFTER and not state.rests(now):
        return DeliverReport()
    with program.store.transaction():
        before = None if lasts >= STAND_IN_AFTER else now - STAND_IN_AFTER
        instead = _stand_in(program, name, outbox.queued(name, severity=GRAVE, before=before), now)
        stale = outbox.queued(name, before=now - WITHIN) if lasts >= WITHIN else []
        for number in stale:
            outbox.bury(number, f"{name}: has not been reached for 24 hours. `outbox retry` sends it after all.")
        instead += _stand_in(program, name, stale, now)
    return DeliverReport(dead=len(stale), instead=instead)


def _buried(program: Program, now: datetime) -> DeliverReport:
    """What waits for receivers that the settings name no more is dead; whoever wakes first sees to it."""
    store, dead, errors = program.store, 0, []
    for name in store.outbox.receivers():
        if name in program.receivers:
            continue
        with store.transaction():
            store.outbox.recover(name)
            numbers = store.outbox.queued(name)
            for number in numbers:
                store.outbox.bury(number, f"{name}: {NOBODY}")
        dead += len(numbers)
        errors += [f"{name}: {NOBODY}"] if numbers else []
    return DeliverReport(dead=dead, errors=tuple(errors))


def _stand_in(program: Program, name: str, numbers: Iterable[int], now: datetime) -> int:
    """Hand messages to the receiver that stands in for this one, each once; how many were handed over."""
    fallback = program.fallbacks.get(name)
    if fallback is None or fallback == name or fallback not in program.receivers:
        return 0
    return sum(program.store.outbox.stand_in(name, fallback, number, now=now) for number in numbers)
