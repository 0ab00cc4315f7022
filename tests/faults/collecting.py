"""One collector and a real store, in processes that are killed: see nursery.py. The platform lives in the test.

An order names a folder, a kind, the collector's options and environment, how to be killed, and the order of commits.
"""

import base64
import os
import pickle
from dataclasses import replace
from pathlib import Path

from monitor import http, plugins
from monitor.clock import FakeClock
from monitor.pipeline import collect, failpoints
from monitor.store import Store
from tests.collectors.case import NOW, Case, make
from tests.faults.nursery import Order, killer, serve
from tests.faults.worker import BREAKS
from tests.support.fakes import read_config, small_program, source_of

MOST_POLLS = 60


def told(kind: str, case: Case, **changed: object) -> Order:
    """What an order must say of a case."""
    options = base64.b64encode(pickle.dumps((case.options | changed, case.query))).decode()
    return {"kind": kind, "options": options, "environment": dict(os.environ)}


def prepare(order: Order) -> None:
    """Import the kind's file, and make what the first request of a process makes, once for all children."""
    plugins.load("collectors", order["kind"])
    http._tls()


def run(order: Order) -> None:
    """Poll until the platform has nothing more."""
    os.environ.update(order["environment"])
    options, query = pickle.loads(base64.b64decode(order["options"]))
    BREAKS[order["commits"]]()
    if order.get("at"):
        failpoints.arm(order["at"], killer(order["passage"]))
    folder = Path(order["folder"])
    source = replace(source_of(make(order["kind"], options)), query=query)
    with Store(folder / "monitor.db") as store:
        program = small_program(read_config(folder / "config"), store, FakeClock(NOW), sources=[source])
        for _ in range(MOST_POLLS):
            report = collect.run(program, source, now=NOW)
            assert report.error is None, report.error
            if not report.more_available:
                return
    raise AssertionError("there is always more")


if __name__ == "__main__":
    serve(run, prepare)
