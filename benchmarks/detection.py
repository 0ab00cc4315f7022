"""How well spikes are told: false alarms, crises found, found early, and delay, on invented and on real counts.

    python -m benchmarks.detection [--brands N] [--weeks N] [--seed N] [--counts FOLDER] [--json FILE]

Simulated brands have known crises and nuisances (benchmarks/_simulator.py). "Detected" is the share of the crises that
a test knowing the true rate and onset could confirm; "early" is within max(30 min, twice that test's own delay). A
false alarm is a message (opened or worsened) outside a crisis and the twelve hours after it. A second table is about
small brands in their first two weeks (benchmarks/_short_history.py).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks._count_series import CountSeries, normalised, raw_score, read_folder
from benchmarks._short_history import simulate_short
from benchmarks._simulator import DAY, HOUR, START, STEP, WEEK, Brand, Floats, simulate
from monitor.clock import parse
from monitor.detectors.counts import Counts, Options
from monitor.domain import Bucket, Phase, Series

COOLDOWN = 12 * HOUR
AFTER = 12 * HOUR  # messages so long after a crisis are no false alarms
RATES = (0.05, 0.10, 0.25, 0.50)

Rule = Callable[[Brand], list[int]]  # places (bucket ends) of messages


@dataclass(frozen=True)
class Tally:
    """What one rule did on some brands."""

    weeks: float = 0.0
    false: int = 0
    worst: float = 0.0  # false alarms a week of the worst brand
    crises: int = 0
    found: int = 0
    early: int = 0
    big: int = 0  # crises of three times and more
    big_found: int = 0
    big_early: int = 0
    growing: int = 0
    before_peak: int = 0
    delays: tuple[float, ...] = ()  # minutes
    seconds: float = 0.0
    buckets: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        pairs = {name: getattr(self, name) + getattr(other, name) for name in asdict(self)}
        return Tally(**{**pairs, "worst": max(self.worst, other.worst)})


# --- rules ----------------------------------------------------------------------------------------------------------


def ours(brand: Brand, options: Options) -> list[int]:
    """Messages of the detector `counts`."""
    buckets = tuple(
        Bucket(start=START + at * STEP, mentions=float(mentions), negatives=float(negatives))
        for at, (negatives, mentions) in enumerate(zip(brand.negatives, brand.mentions, strict=True))
        if negatives == negatives
    )
    series = Series(brand=brand.name, step=STEP, timezone=brand.zone, buckets=buckets)
    found = Counts("counts", options).inspect(series, None)
    return [(spike.fired_at - START) // STEP for spike in found.spikes if spike.phase is not Phase.CLOSED]


def hourly(brand: Brand) -> Floats:
    """Negatives in the hour that ends with each bucket; no data counts as none, as simple rules do."""
    total = np.concatenate([np.zeros(HOUR), np.cumsum(np.nan_to_num(brand.negatives))])
    return np.asarray(total[HOUR:] - total[:-HOUR])


def past_week(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the seven days before each bucket."""
    sums = [np.concatenate([np.zeros(WEEK + 1), np.cumsum(part)]) for part in (values, values * values)]
    count = np.minimum(np.arange(len(values)) + 1e-9, WEEK)
    mean, square = ((total[WEEK:-1] - total[: -WEEK - 1]) / count for total in sums)
    return mean, np.sqrt(np.maximum(square - mean * mean, 1e-12))


def at_least_ten(brand: Brand) -> list[int]:
    """At least ten negatives in an hour."""
    return _cooled(hourly(brand) >= 10)


def twice_the_week(brand: Brand) -> list[int]:
    """The last hour over twice the seven-day mean."""
    last = hourly(brand)
    return _cooled(last > 2 * past_week(last)[0])


def twice_last_week(brand: Brand) -> list[int]:
    """The last hour over twice the same hour last week, and at least five."""
    last = hourly(brand)
    before = np.concatenate([np.full(WEEK, np.inf), last[:-WEEK]])
    return _cooled((last > 2 * before) & (last >= 5))


def z_over(limit: float, brand: Brand) -> list[int]:
    """The last hour so many standard deviations above the seven days before."""
    last = hourly(brand)
    mean, spread = past_week(last)
    return _cooled(last > mean + limit * spread)


def _cooled(flags: Floats | np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[int]:
    found, rest = [], 7 * DAY  # they have a week to learn
    for at in np.flatnonzero(flags):
        if at >= rest:
            found.append(int(at) + 1)
            rest = int(at) + COOLDOWN
    return found


# --- judging --------------------------------------------------------------------------------------------------------


def judge(rule: Rule, brand: Brand) -> Tally:
    """What a rule did on one brand, against the truth."""
    began = time.perf_counter()
    messages = rule(brand)
    seconds = time.perf_counter() - began
    spans = [(crisis.onset, crisis.end + AFTER) for crisis in brand.crises]
    false = sum(not any(begin < at <= end for begin, end in spans) for at in messages)
    weeks = (len(brand.negatives) - sum(end - begin for begin, end in spans)) / WEEK
    tally = Tally(weeks, false, false / weeks, seconds=seconds, buckets=len(brand.negatives))
    for crisis in brand.crises:
        if crisis.confirmed is None:
            continue
        at = next((at for at in messages if crisis.onset < at <= crisis.end), None)
        late = None if at is None else at - crisis.onset
        early = late is not None and late <= max(6, 2 * (crisis.confirmed - crisis.onset))
        big, growing = crisis.times >= 3, crisis.kind != "step"
        told = at is not None
        tally += Tally(
            crises=1,
            found=told,
            early=early,
            big=big,
            big_found=big and told,
            big_early=big and early,
            growing=growing,
            before_peak=growing and at is not None and at <= crisis.peak,
            delays=() if late is None else (late * 5.0,),
        )
    return tally


def rules() -> dict[str, Rule]:
    """Ours at several asked rates, and the rules that people use."""
    found: dict[str, Rule] = {
        f"counts, {rate:.2f} a week asked": partial(ours, options=Options(false_alarms_per_week=rate)) for rate in RATES
    }
    return found | {
        "at least 10 negatives in an hour": at_least_ten,
        "last hour over twice the 7-day mean": twice_the_week,
        "over twice the same hour last week, and 5": twice_last_week,
        "z > 3, last hour against 7 days": partial(z_over, 3.0),
        "z > 9, last hour against 7 days": partial(z_over, 9.0),
    }


def one_brand(seed: int, weeks: int) -> dict[str, Tally]:
    """Every rule on one invented brand."""
    brand = simulate(seed, weeks)
    return {name: judge(rule, brand) for name, rule in rules().items()}


@dataclass(frozen=True)
class Young:
    """What one rule did on brands of which little was known."""

    weeks: float = 0.0  # without a crisis
    false: int = 0
    crises: int = 0
    delays: tuple[float, ...] = ()  # hours, of the crises that were told

    def __add__(self, other: "Young") -> "Young":
        return Young(**{name: getattr(self, name) + getattr(other, name) for name in asdict(self)})


def judge_young(rule: Rule, brand: Brand) -> Young:
    """What a rule did on one brand with a short history, against the truth."""
    messages = rule(brand)
    if not brand.crises:
        return Young(len(brand.negatives) / WEEK, len(messages))
    crisis = brand.crises[0]
    at = next((at for at in messages if crisis.onset < at <= crisis.end), None)
    delays = () if at is None else ((at - crisis.onset) / HOUR,)
    return Young(crisis.onset / WEEK, sum(at <= crisis.onset for at in messages), 1, delays)


def one_young(seed: int) -> dict[str, Young]:
    """Ours on one invented brand with a crisis and one without."""
    pair = [simulate_short(seed, crisis) for crisis in (True, False)]
    found = {name: rule for name, rule in rules().items() if name.startswith("counts")}
    return {name: sum((judge_young(rule, brand) for brand in pair), Young()) for name, rule in found.items()}


def short_history(brands: int, seed: int) -> dict[str, Young]:
    """Ours on all invented brands with a short history."""
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        every = list(pool.map(one_young, range(seed, seed + brands)))
    return {name: sum((of[name] for of in every), Young()) for name in every[0]}


def simulation(brands: int, weeks: int, seed: int) -> dict[str, Tally]:
    """Every rule on all invented brands."""
    total = {name: Tally() for name in rules()}
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for found in pool.map(partial(one_brand, weeks=weeks), range(seed, seed + brands)):
            total = {name: tally + found[name] for name, tally in total.items()}
    return total


def summary(tally: Tally) -> dict[str, float]:
    """The figures of one rule, shares as 0 … 1."""

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 0.0

    return {
        "false_alarms_per_brand_week": tally.false / tally.weeks,
        "worst_brand": tally.worst,
        "detected": share(tally.found, tally.crises),
        "early": share(tally.early, tally.crises),
        "detected_3x": share(tally.big_found, tally.big),
        "early_3x": share(tally.big_early, tally.big),
        "before_peak": share(tally.before_peak, tally.growing),
        "median_delay_minutes": median(tally.delays) if tally.delays else 0.0,
        "microseconds_per_bucket": 1e6 * tally.seconds / max(1, tally.buckets),
    }


def young_summary(young: Young) -> dict[str, float]:
    """The figures of one rule on brands with a short history, shares as 0 … 1."""
    within = {f"within_{hours}_h": sum(delay <= hours for delay in young.delays) / young.crises for hours in (3, 6, 10)}
    return {
        "false_alarms_per_brand_week": young.false / young.weeks,
        "detected": len(young.delays) / young.crises,
        **within,
        "median_delay_hours": median(young.delays) if young.delays else 0.0,
    }


# --- real series ----------------------------------------------------------------------------------------------------


def scored(series: CountSeries, options: Options) -> list[float]:
    """The detector's score of every row of a real series."""
    buckets = tuple(
        Bucket(start=parse(time), mentions=float("nan"), negatives=value)
        for time, value in zip(series.times, series.values, strict=True)
    )
    found = Counts("counts", options).inspect(
        Series(brand=series.name, step=STEP, timezone="UTC", buckets=buckets), None
    )
    return [reading.anomaly_score for reading in found.readings]


def real(folder: Path) -> dict[str, float | dict[str, float]]:
    """Scores on the labelled series: untouched, threshold optimised, and optimised on the other series."""
    options = replace(Options(), cooldown=timedelta(hours=24))
    every = read_folder(folder)
    rows = [scored(series, options) for series in every]
    grid = sorted({round(score, 3) for scores in rows for score in scores if score > 0.2} | {0.5})
    points = {
        limit: [raw_score(series, of, limit)[0] for series, of in zip(every, rows, strict=True)] for limit in grid
    }
    counts = [len(series.windows) for series in every]
    best = max(grid, key=lambda limit: sum(points[limit]))
    left_out = sum(_left_out(points, at) for at in range(len(every)))
    weeks = sum(len(of) for of in rows) / WEEK
    false = [raw_score(series, of, 0.5)[1] for series, of in zip(every, rows, strict=True)]
    each = zip(every, points[0.5], counts, strict=True)
    return {
        "untuned": normalised(sum(points[0.5]), sum(counts)),
        "optimised": normalised(sum(points[best]), sum(counts)),
        "optimised_threshold": best,
        "leaving_one_out": normalised(left_out, sum(counts)),
        "false_rows": float(sum(false)),
        "false_rows_per_series_week": sum(false) / weeks,
        "by_series": {series.name: normalised(got, count) for series, got, count in each},
    }


def _left_out(points: dict[float, list[float]], at: int) -> float:
    best = max(points, key=lambda limit: sum(points[limit]) - points[limit][at])
    return points[best][at]


# --- output ---------------------------------------------------------------------------------------------------------


def lines(total: dict[str, Tally]) -> Iterator[tuple[str, ...]]:
    """The table's rows."""
    for name, tally in total.items():
        of = summary(tally)
        yield (
            name,
            f"{of['false_alarms_per_brand_week']:.2f}",
            f"{of['worst_brand']:.1f}",
            f"{of['detected']:.0%} / {of['early']:.0%}",
            f"{of['detected_3x']:.0%} / {of['early_3x']:.0%}",
            f"{of['before_peak']:.0%}",
            f"{of['median_delay_minutes']:.0f} min",
            f"{of['microseconds_per_bucket']:.1f}",
        )


def table(total: dict[str, Tally]) -> Table:
    """The simulation's results for people."""
    first = next(iter(total.values()))
    found = Table(
        title=f"{first.crises} confirmable crises, {first.weeks:.0f} brand-weeks without one", title_justify="left"
    )
    for head in (
        "rule",
        "false a week",
        "worst",
        "detected / early",
        "3x and more",
        "before peak",
        "delay",
        "µs a bucket",
    ):
        found.add_column(head, justify="left" if head == "rule" else "right")
    for line in lines(total):
        found.add_row(*line)
    return found


def young_table(total: dict[str, Young]) -> Table:
    """The same for brands with a short history."""
    first = next(iter(total.values()))
    found = Table(
        title=f"First two weeks of small brands: {first.crises} crises of 1.5 to 4 times, {first.weeks:.0f} calm weeks",
        title_justify="left",
    )
    for head in ("rule", "false a week", "detected", "in 3 h", "in 6 h", "in 10 h", "delay"):
        found.add_column(head, justify="left" if head == "rule" else "right")
    for name, young in total.items():
        false, *shares, delay = young_summary(young).values()
        found.add_row(name, f"{false:.2f}", *(f"{share:.0%}" for share in shares), f"{delay:.1f} h")
    return found


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__.partition("\n")[0])
    parser.add_argument("--brands", type=int, default=44)
    parser.add_argument("--weeks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--counts", type=Path, help="folder of labelled series: NAME.csv and windows.json")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> None:
    """Measure, show, write."""
    asked = arguments(given)
    console = Console(width=140)
    total = simulation(asked.brands, asked.weeks, asked.seed)
    console.print(table(total))
    young = short_history(4 * asked.brands, asked.seed)
    console.print(young_table(young))
    figures: dict[str, object] = {
        "simulation": {name: summary(tally) for name, tally in total.items()},
        "short_history": {name: young_summary(of) for name, of in young.items()},
    }
    if asked.counts is None or not (asked.counts / "windows.json").is_file():
        console.print("No labelled series were measured: name their folder (NAME.csv, windows.json) with --counts.")
    else:
        figures["series"] = real(asked.counts)
        console.print("Labelled series, standard profile, cooldown 24 h:", figures["series"])
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
