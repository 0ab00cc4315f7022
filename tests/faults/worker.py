"""The program under test, in processes that are killed: see nursery.py.

An order names a folder, a seed, the ticks, how to be killed (after so many seconds, or at the n-th passage of a
failpoint), and which order of commits to use: the right one, or one that is broken on purpose.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.clock import FakeClock
from monitor.domain import Page
from monitor.pipeline import collect, deliver, failpoints, score, tick
from monitor.pipeline.program import Program
from monitor.settings import Settings
from monitor.settings_alerts import RouteTable
from monitor.store import Store
from monitor.store.outbox import Outgoing
from monitor.store.scores import Tally
from tests.faults import world
from tests.faults.nursery import Order, killer, serve
from tests.support.fakes import FileNotifier, read_config, small_program, source_of, threshold_rule

WINDOW = timedelta(minutes=20)


def run(order: Order) -> None:
    """Every tick that is not done yet, from where the last run was ended."""
    folder = Path(order["folder"])
    BREAKS[order["commits"]]()
    if order.get("at"):
        failpoints.arm(order["at"], killer(order["passage"]))
    settings = read_config(folder / "config")
    done = folder / "done"
    with Store(folder / "monitor.db") as store:
        store.outbox.recover()
        program = _program(settings, store, folder, order)
        for number in range(int(done.read_text()) if done.exists() else 0, order["ticks"]):
            now = world.moment(number)
            program.clock.at = now  # type: ignore[attr-defined]
            tick.run(program, now=now)
            _note(done, str(number + 1))


def _note(path: Path, text: str) -> None:
    """Whole or not at all, as a kill may come between two writes."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _program(settings: Settings, store: Store, folder: Path, order: Order) -> Program:
    sources = [source_of(each) for each in world.collectors(order["seed"], order["ticks"])]
    program = small_program(settings, store, FakeClock(world.START), sources=sources)
    program.rules = (
        threshold_rule(most=5.0, window=WINDOW),
        threshold_rule("very-many", most=8.0, window=WINDOW, brands=("Nimbus",)),
    )
    program.receivers = {
        "plain": FileNotifier("plain", folder / "plain.jsonl"),
        "keyed": FileNotifier("keyed", folder / "keyed.jsonl", keyed=True),
    }
    told = RouteTable(receivers=("plain", "keyed"))
    program.routes = (type(program.routes[0])(receivers=told.receivers),)
    return program


# Orders of commits that are broken on purpose: each must be found out.


def _right() -> None:
    """As the program does it."""


def cursor_first() -> None:
    """The cursor is committed before the page's rows, in a transaction of its own."""
    keep = collect.keep

    def broken(store: Store, matcher: Any, page: Page, *, source: str, now: datetime) -> Any:
        if page.cursor is not None:
            store.sources.advance(source, page.cursor, now=now)
        return keep(store, matcher, page, source=source, now=now)

    collect.keep = broken


def _tallies_later() -> None:
    """Scores are committed without their tallies, which follow in a transaction of their own."""
    save = score._save

    def broken(store: Store, judged: Any, rates: Any, **times: Any) -> None:
        held: list[Tally] = []
        count = store.scores.count

        def hold(tallies: Iterable[Tally]) -> None:
            held.extend(tallies)

        store.scores.count = hold  # type: ignore[method-assign]
        save(store, judged, rates, **times)
        store.scores.count = count  # type: ignore[method-assign]
        _LATER.append(lambda: count(held))

    def reach(name: str) -> None:
        failpoints.reach(name)
        while name == "score.committed" and _LATER:
            _LATER.pop()()

    score._save, score.reach = broken, reach  # type: ignore[attr-defined]


_LATER: list[Callable[[], None]] = []


def _sent_first() -> None:
    """A message is marked as sent before it is sent."""
    send, carry = deliver._send, deliver.to_receiver

    def broken(notifier: Any, item: Outgoing) -> Any:
        _STORES[0].outbox.sent(item, now=item.first_at)
        failpoints.reach("deliver.committed")
        return send(notifier, item)

    def noted(program: Program, *arguments: Any, **named: Any) -> Any:
        _STORES[:] = [program.store]
        return carry(program, *arguments, **named)

    deliver._send, deliver.to_receiver = broken, noted


_STORES: list[Store] = []
BREAKS = {"right": _right, "cursor first": cursor_first, "tallies later": _tallies_later, "sent first": _sent_first}

if __name__ == "__main__":
    serve(run)
