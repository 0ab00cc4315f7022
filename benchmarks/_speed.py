"""How fast a detector is: a thousand brands and one day of buckets on one core, and what its memory costs.

Brands have seen two weeks before; each has counts of its own. Knows the port, and no detector's inside.
"""

import time
from dataclasses import dataclass, replace
from statistics import mean

from benchmarks._ours import as_series
from benchmarks._simulator import DAY, START, STEP
from benchmarks._worlds import brands
from monitor.domain import Series
from monitor.ports import Detector

KNOWN = 14 * DAY
WEEKS = 3


@dataclass(frozen=True)
class Speed:
    """Seconds of one core for one day of all brands, and what one memory costs."""

    brands: int
    seconds: float  # one call a brand, with the day's buckets
    microseconds: float  # a bucket
    state_bytes: float  # on average
    largest_state: int
    turn_microseconds: float  # a call without buckets: the memory read and written


def measure(detector: Detector, count: int, seed: int, kinds: int = 20) -> Speed:
    """Feed one day to `count` brands that look like `kinds` different ones. Processor time, one process."""
    days, states = [], []
    for brand in brands("harsh", kinds, WEEKS, seed):
        whole = as_series(brand)
        states.append(detector.inspect(_part(whole, 0, KNOWN), None).state)
        days.append(_part(whole, KNOWN, KNOWN + DAY))
    began = time.process_time()
    after = [detector.inspect(days[at % kinds], states[at % kinds]).state for at in range(count)]
    seconds = time.process_time() - began
    nothing = replace(days[0], buckets=())
    began = time.process_time()
    for at in range(count):
        detector.inspect(nothing, after[at])
    turn = (time.process_time() - began) / count
    buckets = sum(len(days[at % kinds].buckets) for at in range(count))
    sizes = [len(state) for state in after]
    return Speed(count, seconds, 1e6 * seconds / buckets, mean(sizes), max(sizes), 1e6 * turn)


def _part(series: Series, begin: int, end: int) -> Series:
    first, last = START + begin * STEP, START + end * STEP
    return replace(series, buckets=tuple(bucket for bucket in series.buckets if first <= bucket.start < last))
