"""Every method at the same rate of false alarms: limits solved on some seeds, figures measured on others."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks._judging import Tally, weigh
from benchmarks._method import COOLDOWN, LEARNING, Method, solve
from benchmarks._methods import EVERY, ORACLE
from benchmarks._ours import RATES, asked, knob
from benchmarks._simulator import Brand
from benchmarks._worlds import TRAINING, brands

RATE = 0.10
TRAINED_OURS = 20  # brands on which the detector's own knob is solved: it costs more than all others together


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    group: str  # "ours", "used today", "published", "oracle"
    tally: Tally
    limit: float | None = None  # what it was tuned to, or the rate asked for


def compare(
    world: str, count: int, training: int, weeks: int, seed: int, *, rates: Sequence[float] = RATES
) -> list[Row]:
    """The table of one world: `count` brands to measure, `training` others to solve the limits on."""
    measured = brands(world, count, weeks, seed)
    trained = brands(world, training, weeks, seed + TRAINING)
    rows = [Row(f"counts, {rate:.2f} asked", "ours", asked(measured, rate), rate) for rate in rates]
    setting = knob(trained[:TRAINED_OURS], RATE)
    rows.append(Row("counts, tuned", "ours", asked(measured, setting), setting))
    used = [Row(of.name, of.group, apply(of, measured, of.usual_limit)) for of in EVERY if of.usual_limit is not None]
    tuned = []
    for method in (*EVERY, ORACLE):
        limit = tune(method, trained)
        name = method.name if method.usual_limit is None else f"{method.name}, tuned"
        tuned.append(Row(name, method.group, apply(method, measured, limit), limit))
    return rows + used + tuned


def tune(method: Method, trained: Sequence[Brand], rate: float = RATE) -> float:
    """The limit that means `rate` false alarms a week on these brands."""
    weeks = sum(weigh((), brand).weeks for brand in trained)
    return solve(method, [(method.figures(brand), brand) for brand in trained], weeks, rate)


def apply(method: Method, measured: Sequence[Brand], limit: float) -> Tally:
    """What the method does on these brands with this limit."""
    total = Tally()
    for brand in measured:
        began = time.process_time()
        messages = method.tell(method.figures(brand), limit, COOLDOWN, LEARNING)
        total += weigh(messages, brand, time.process_time() - began)
    return total
