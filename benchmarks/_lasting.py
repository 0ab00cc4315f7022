"""How well the detectors beside `counts` do: lasting changes told by `changepoint`, turns of tone told by `share`.

A brand's level or tone changes in its sixth or seventh week, for good or for hours; or something happens that is no
lasting change. Everything follows from a seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median

import numpy as np

from benchmarks._judging import Tally, weigh
from benchmarks._ours import as_series
from benchmarks._simulator import DAY, HOUR, START, STEP, WEEK, Brand, Floats, rhythm, talk, wander
from benchmarks._worlds import WORLDS
from monitor.detectors.changepoint import Changepoint
from monitor.detectors.changepoint import Options as ChangepointOptions
from monitor.detectors.share import Options as ShareOptions
from monitor.detectors.share import Share
from monitor.domain import Bucket, Phase, Series, Spike

WEEKS = 12
WITHIN = 21.0  # days after a change in which it may be found
DRIFT_DAYS, TURN_HOURS = 14, 8
NOTHING = ("nothing", "one-day crisis, 8 times", "holiday, 0.4 times")
CHANGES = ("level, 2 times", "level, 1.5 times", "level, 0.5 times", "drift over two weeks, 2 times", "tone, 1.5 times")
TURNS = ("tone for 8 hours, 2 times", "tone for 8 hours, 1.5 times")


@dataclass(frozen=True)
class Told:
    """What was told of one kind of brand."""

    brands: int
    found: int  # brands whose change was told in time
    false: int  # spikes opened beside that
    delays: tuple[float, ...]  # days

    @property
    def false_a_week(self) -> float:
        """False words a brand and week."""
        return self.false / self.brands / WEEKS

    @property
    def delay(self) -> float | None:
        """Median days from the change; None where nothing was found."""
        return median(self.delays) if self.delays else None


def brand_of(kind: str, seed: int) -> tuple[Brand, int | None]:
    """One brand of a kind, and the bucket of its change; None: nothing happens that is to be told."""
    random = np.random.default_rng([seed, 9])
    count, at = WEEKS * WEEK, int(random.integers(5 * WEEK, 7 * WEEK))
    rate = float(np.exp(random.uniform(np.log(0.5), np.log(200.0))))
    shape = rhythm(random, count, "UTC") * np.exp(wander(random, count, 3 * DAY, random.uniform(0.05, 0.15)))
    lift, other_lift = _lifts(kind, count, at)
    shared, own = (np.exp(wander(random, count, hours * HOUR, 0.2)) for hours in (2, 3))
    bad = random.poisson(shape * rate * lift * shared * own / HOUR).astype(float)
    rest = random.poisson(shape * rate * 2.0 * other_lift * shared / HOUR).astype(float)
    talk(random, bad, rest, rate)
    return Brand(f"{kind}-{seed}", "UTC", rate, bad, bad + rest, shape), None if kind in NOTHING else at


def _lifts(kind: str, count: int, at: int) -> tuple[Floats, Floats]:
    lift = np.ones(count)
    if kind == "nothing":
        return lift, lift
    times = float(kind.split(", ")[1].split(" ")[0])
    if kind.startswith("drift"):
        lift = 1 + (times - 1) * np.clip((np.arange(count) - at) / (DRIFT_DAYS * DAY), 0.0, 1.0)
        return lift, lift
    end = at + TURN_HOURS * HOUR if "hours" in kind else at + DAY if kind in NOTHING else count
    begin = at // DAY * DAY if kind.startswith("holiday") else at
    lift[begin:end] = times
    return lift, np.ones(count) if kind.startswith(("tone", "one-day")) else lift.copy()


def hourly_series(brand: Brand) -> Series:
    """A brand's counts by the hour, as rules with longer buckets have them."""
    whole, found = as_series(brand), []
    for begin in range(0, len(brand.negatives), HOUR):
        bad, all_ = brand.negatives[begin : begin + HOUR].sum(), brand.mentions[begin : begin + HOUR].sum()
        if bad == bad:
            found.append(Bucket(start=START + begin * STEP, mentions=float(all_), negatives=float(bad)))
    return replace(whole, step=timedelta(hours=1), buckets=tuple(found))


def lasting(kind: str, count: int, seed: int) -> Told:
    """What `changepoint` tells of so many brands of a kind, and when."""
    detector = Changepoint("changepoint", ChangepointOptions())
    return _told(kind, count, seed, lambda brand: detector.inspect(hourly_series(brand), None).spikes, WITHIN)


def turned(kind: str, count: int, seed: int) -> Told:
    """What `share` tells of so many brands of a kind, and when."""
    detector = Share("share", ShareOptions())
    return _told(kind, count, seed, lambda brand: detector.inspect(as_series(brand), None).spikes, TURN_HOURS / 24.0)


def _told(kind: str, count: int, seed: int, ask: Callable[[Brand], Sequence[Spike]], within: float) -> Told:
    found, false = 0, 0
    delays: list[float] = []
    for each in range(seed, seed + count):
        brand, at = brand_of(kind, each)
        days = [_days(spike) for spike in ask(brand) if spike.phase is Phase.OPENED]
        hits = [] if at is None else [day - at / DAY for day in days if 0.0 < day - at / DAY <= within]
        found += bool(hits)
        delays += hits[:1]
        false += len(days) - bool(hits)
    return Told(count, found, false, tuple(delays))


def _days(spike: Spike) -> float:
    return (spike.fired_at - START) / timedelta(days=1)


def share_false(world: str, rate: float, count: int, weeks: int, seed: int) -> Tally:
    """What `share` does on the brands of one world where so many false alarms a week are asked for."""
    detector = Share("share", ShareOptions(false_alarms_per_week=rate))
    total = Tally()
    for each in range(seed, seed + count):
        brand = WORLDS[world](each, weeks)
        spikes = detector.inspect(as_series(brand), None).spikes
        total += weigh([(of.fired_at - START) // STEP for of in spikes if of.phase is not Phase.CLOSED], brand)
    return total
