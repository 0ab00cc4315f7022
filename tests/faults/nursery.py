"""Processes that are killed: a nursery imports the program once, and forks a child for each order it is given.

    with Nursery.of("tests.faults.worker") as nursery:      the module's main calls `serve`
        status = nursery.order(folder="...", after=0.2)     negative for a signal

Orders are JSON lines on the nursery's stdin, answers JSON lines on its stdout. `after` is how many seconds the child
has before it is killed.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from monitor.errors import MonitorError

Order = dict[str, Any]


@dataclass
class Nursery:
    """The test's side."""

    process: "subprocess.Popen[str]"

    @classmethod
    @contextmanager
    def of(cls, module: str) -> Iterator["Nursery"]:
        command = [sys.executable, "-m", module]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield cls(process)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)

    def order(self, **order: object) -> int:
        """Run until the end or the kill; the exit status, negative for a signal."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(json.loads(self.process.stdout.readline())["status"])


def serve(run: Callable[[Order], None], prepare: Callable[[Order], None] = lambda order: None) -> None:
    """Serve orders until the other side hangs up. What `prepare` imports, every later child has."""
    for line in sys.stdin:
        order = json.loads(line)
        with suppress(MonitorError):  # the child says it
            prepare(order)
        pid = os.fork()
        if pid == 0:
            _child(run, order)
        sys.stdout.write(json.dumps({"status": _outcome(pid, order.get("after"))}) + "\n")
        sys.stdout.flush()


def killer(passage: int) -> Callable[[], None]:
    """What kills its own process at the n-th call."""
    left = [passage]

    def passed() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return passed


def _outcome(pid: int, after: float | None) -> int:
    """Wait for the child, or kill it when its time is over; its exit status, negative for a signal."""
    watched = os.pidfd_open(pid)
    try:
        if not select.select([watched], [], [], after)[0]:
            os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(watched)


def _child(run: Callable[[Order], None], order: Order) -> None:
    try:
        run(order)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the child must not go on as a second nursery
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)
