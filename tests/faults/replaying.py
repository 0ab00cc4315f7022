"""A replay that is killed on the way and called again: see nursery.py.

An order names the file of posts, the database, where the alerts go, how rows are handed over (all at once, or so many
at a time), and the place at which to be killed.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from monitor.cli import _alerts_file
from monitor.clock import FakeClock, parse
from monitor.domain import Mention, Reject
from monitor.pipeline import failpoints, replay
from monitor.pipeline.program import Program
from monitor.posts import read_posts
from monitor.store import Store
from tests.faults.nursery import Order, killer, serve
from tests.support.fakes import read_config, small_program, threshold_rule

NOW = parse("2026-12-01")


def run(order: Order) -> None:
    """The whole file, from where the last run was ended; then its alerts."""
    if order.get("at"):
        failpoints.arm(order["at"], killer(order["passage"]))
    with Store(Path(order["db"])) as store:
        program = _program(store, Path(order["config"]))
        for rows in _handed(Path(order["posts"]), order.get("piece")):
            done = replay.run(program, rows, name="posts", in_order=order.get("in_order", False), more=True)
        with replay.as_if_over(program, done):
            _alerts_file.write(store, Path(order["out"]))


def _program(store: Store, config: Path) -> Program:
    program = small_program(replace(read_config(config), routes=()), store, FakeClock(NOW))
    program.rules = (replace(threshold_rule(most=7.0), slices=("region", "platform", "language=en")),)
    program.receivers, program.routes = {}, ()
    return program


def _handed(posts: Path, piece: int | None) -> Iterator[list[Mention | Reject]]:
    rows = read_posts(posts, now=NOW, event_time=True)
    while part := list(islice(rows, piece)):
        yield part


if __name__ == "__main__":
    serve(run)
