"""Waiting for a drill to be told: looks on while a program runs, and does its work where none does.

Knows the stages and their order; nothing of what a drill is made of (drill.py).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from monitor.pipeline import deliver, tick
from monitor.pipeline.drill import of as drill_of
from monitor.pipeline.program import Program
from monitor.store.drills import Drill


def wait(
    program: Program, number: int, *, limit: timedelta, sleep: Callable[[float], None], alone: bool
) -> Drill:  # fmt: skip
    """Wait until somebody is told, or the limit is over; where no program runs (`alone`), do its work, for the shadow.

    The states of real brands do not move: their rules are left aside.
    """
    until = program.clock.now() + limit
    held = program.rules
    found = drill_of(program, number)
    if alone:
        program.rules = tuple(replace(rule, patterns=(_exactly(found.shadow),)) for rule in held)
    try:
        while found.notified_at is None and found.ended_at is None and program.clock.now() < until:
            if alone:
                _work(program)
            sleep(1.0)
            found = drill_of(program, number)
    finally:
        program.rules = held
    return found


def _exactly(name: str) -> str:
    """A pattern that only this name fits."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _work(program: Program) -> None:
    now = program.clock.now()
    for stage in tick.work(program, now=now):
        stage()
    carry(program)


def carry(program: Program) -> None:
    """Carry what is due."""
    deliver.run(program, now=program.clock.now)
