"""Deliver: what waits in the outbox is carried, one receiver at a time, so that a dead one delays no other.

Knows the notifier's port and the store. The attempt is committed before the socket is opened; a message that may have
arrived is tried again only with the mark of a repeat.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from monitor.alerting.retry import next_try
from monitor.errors import DeliveryUnknown, NotifierError
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Stop, never
from monitor.ports import Notifier
from monitor.store import Store
from monitor.store.outbox import Outgoing

MOST_SIDE_BY_SIDE = 32  # receivers


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of the messages."""

    sent: int = 0
    again: int = 0
    dead: int = 0
    errors: tuple[str, ...] = field(default=(), compare=False)  # why some were not delivered, one sentence each


def run(
    store: Store, receivers: Mapping[str, Notifier], *, now: Callable[[], datetime], stop: Stop = never
) -> DeliverReport:
    """Carry everything that is due, to all receivers side by side."""
    names = store.outbox.receivers()
    if not names:
        return DeliverReport()
    with ThreadPoolExecutor(min(MOST_SIDE_BY_SIDE, len(names)), "deliver") as pool:
        done = list(pool.map(lambda name: to_receiver(store, name, receivers.get(name), now=now, stop=stop), names))
    return DeliverReport(
        sum(d.sent for d in done), sum(d.again for d in done), sum(d.dead for d in done),
        tuple(error for d in done for error in d.errors),
    )  # fmt: skip


def to_receiver(
    store: Store, name: str, notifier: Notifier | None, *, now: Callable[[], datetime], stop: Stop = never
) -> DeliverReport:
    """Carry what is due to one receiver; after a failure the rest waits for its turn."""
    sent = again = dead = 0
    errors: list[str] = []
    store.outbox.recover(name)
    while not stop() and not again and (item := store.outbox.claim(name, now=now())):
        reach("deliver.claimed")
        error = _send(name, notifier, item)
        reach("deliver.sent")
        errors += [str(error)] if error is not None else []
        if error is None:
            store.outbox.sent(item, now=now())
            sent += 1
        elif _put_back(store, item, error, now()):
            again += 1
        else:
            dead += 1
        reach("deliver.committed")
    return DeliverReport(sent, again, dead, tuple(errors))


def _send(name: str, notifier: Notifier | None, item: Outgoing) -> NotifierError | None:
    if notifier is None:
        return NotifierError(f"{name}: there is no receiver of this name any more. Name it again in alerts.toml.")
    try:
        notifier.send(item.message)
    except NotifierError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault in one plugin must not stop the other receivers
        return DeliveryUnknown(f"{name}: {type(error).__name__} inside the notifier; it may have arrived.")
    return None


def _put_back(store: Store, item: Outgoing, error: NotifierError, now: datetime) -> bool:
    """Queue it for a later try; False when there is none: it stays in sight as dead."""
    then = next_try(
        item.message.key, tries=item.attempt, first_at=item.first_at, now=now,
        retryable=error.retryable, retry_after=error.retry_after,
    )  # fmt: skip
    if then.at is None:
        store.outbox.give_up(item, f"{error} ({then.reason})", now=now)
        return False
    store.outbox.retry(item, str(error), due=then.at, now=now, repeat=isinstance(error, DeliveryUnknown))
    return True
