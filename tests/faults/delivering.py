"""Real notifiers and a real store, in processes that are killed while they deliver: see nursery.py.

An order names a folder, the two ports of receiving.py, how many incidents there are, how to be killed, and the order of
commits. Each incident opens, worsens and closes; every receiver is to hear of each of that once.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from monitor import http, plugins
from monitor.alerting import sample
from monitor.alerting.message import Templates
from monitor.clock import FakeClock
from monitor.domain import Message, Phase, Secret
from monitor.pipeline import deliver, failpoints
from monitor.store import Store
from tests.faults.nursery import Order, killer, serve
from tests.faults.worker import BREAKS
from tests.support.fakes import START, TEMPLATES

ROUND = timedelta(seconds=20)
MOST_ROUNDS = 20_000
RECEIVERS = ("mail", "web")


def messages(incidents: int) -> Iterator[tuple[int, dict[str, Message]]]:
    """What is to be told, in its order: a number, and the message for each receiver."""
    templates, number = Templates(TEMPLATES), 0
    for incident_id in range(1, incidents + 1):
        for phase in Phase:
            alert, incident = sample.bare(phase)
            changes = {"incident_id": incident_id, "id": number}
            told = SimpleNamespace(**{name: getattr(alert, name) for name in alert.__slots__} | changes)
            yield number, {name: templates.message(told, incident, receiver=name, zone="UTC") for name in RECEIVERS}  # type: ignore[arg-type]
            number += 1


def prepare(order: Order) -> None:
    """Import what every child needs."""
    for kind in ("email", "webhook"):
        plugins.load("notifiers", kind)
    http._tls()


def run(order: Order) -> None:
    """Queue what is not queued yet and deliver, round by round, until nothing waits."""
    folder = Path(order["folder"])
    BREAKS.get(order["commits"], _unmarked)()
    if order.get("at"):
        failpoints.arm(order["at"], killer(order["passage"]))
    rounds = folder / "rounds"
    with Store(folder / "monitor.db") as store:
        store.outbox.recover()
        program: Any = SimpleNamespace(store=store, receivers=_receivers(order), fallbacks={})
        todo = list(messages(order["incidents"]))
        clock = FakeClock(START)
        for number in range(int(rounds.read_text()) if rounds.exists() else 0, MOST_ROUNDS):
            clock.at = START + number * ROUND
            if number < len(todo):
                with store.transaction():
                    for name, message in todo[number][1].items():
                        store.outbox.put(None, name, message, due=clock.at)
            deliver.run(program, now=clock.now)
            _note(rounds, str(number + 1))
            if number >= len(todo) and not store.outbox.receivers():
                return
    raise AssertionError("it never ends")


def _receivers(order: Order) -> dict[str, Any]:
    place = Path(order["folder"]) / "address"
    place.write_text(f"http://127.0.0.1:{order['web']}/in")
    email, webhook = plugins.load("notifiers", "email"), plugins.load("notifiers", "webhook")
    return {
        "mail": email("mail", email.Options(
            host="127.0.0.1", port=order["mail"], security="none", sender="monitor@acme.test", to=("team@acme.test",),
        )),
        "web": webhook("web", webhook.Options(url=Secret(f"file:{place}"), allow_private_hosts=("127.0.0.1",))),
    }  # fmt: skip


def _note(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _unmarked() -> None:
    """What a crash left in the middle is sent again as if it were new."""
    load = Store.__init__

    def broken(self: Store, *arguments: Any, **named: Any) -> None:
        load(self, *arguments, **named)
        recover = self.outbox.recover

        def forgetful(receiver: str | None = None) -> int:
            done = recover(receiver)
            self._connection.execute("update outbox set repeat = 0 where state = 'queued'")
            return done

        self.outbox.recover = forgetful  # type: ignore[method-assign]

    Store.__init__ = broken  # type: ignore[method-assign]


def arrivals(path: Path) -> list[dict[str, Any]]:
    """What a receiver wrote down, first first."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


if __name__ == "__main__":
    serve(run, prepare)
