"""Every method on labelled real series, by the published scoring: untuned, threshold optimised, leaving one out.

"Untuned" is the detector as it ships, and for the others the limit that was solved on invented brands. All tell at
most once a day, as is usual on these series. Knows no invented brand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks._count_series import (
    CountSeries,
    normalised,
    points,
    probation,
    quiet_weeks,
    raw_score,
    read_folder,
    scored_windows,
)
from benchmarks._method import Method
from benchmarks._methods import EVERY
from benchmarks._ours import RATES, scored
from benchmarks._simulator import DAY, WEEK, Brand, Floats
from monitor.detectors.counts import Options

LIMITS = 200  # limits tried for each method
SUMS = tuple(float(limit) for limit in np.geomspace(1.0, 1e4, LIMITS))
DAILY = replace(Options(), cooldown=timedelta(hours=24))

Points = dict[float, list[tuple[float, int]]]  # by limit: (points, false rows) of each series


@dataclass(frozen=True)
class Labelled:
    """How one method does on the labelled series."""

    untuned: float | None
    optimised: float
    limit: float  # the optimised one
    leaving_one_out: float
    false_rows: int  # untuned
    false_per_week: float


def label(every: Sequence[CountSeries], limits: dict[str, float]) -> dict[str, Labelled]:
    """The table: ours first, then all methods; `limits` holds those solved on invented brands, by name."""
    rows = [scored(series, DAILY) for series in every]
    grid = sorted({round(score, 3) for scores in rows for score in scores if score > 0.2} | {0.5})
    tried: Points = {
        limit: [raw_score(series, of, limit) for series, of in zip(every, rows, strict=True)] for limit in grid
    }
    found = {"counts": _sum_up(every, tried, 0.5)}
    for method in EVERY:
        found[method.name] = _sum_up(every, _tried(method, every, limits.get(method.name)), limits.get(method.name))
    return found


def _tried(method: Method, every: Sequence[CountSeries], usual: float | None) -> Points:
    figures = [method.figures(as_brand(series)) for series in every]
    grid = (set(SUMS) if method.adds_up else _grid(figures)) | ({usual} if usual is not None else set())
    return {
        limit: [points(of, told(method, fig, limit)) for of, fig in zip(every, figures, strict=True)]
        for limit in sorted(grid)
    }


def told(method: Method, figures: Floats, limit: float) -> list[int]:
    """Rows at which the method tells, at most one a day."""
    return [at - 1 for at in method.tell(figures, limit, DAY, probation(len(figures)))]


def as_brand(series: CountSeries) -> Brand:
    """A series as the methods want it: they know no time but the row."""
    values = np.array(series.values)
    unknown = np.full(len(values), np.nan)
    return Brand(series.name, "UTC", float(values.mean()), values, unknown, unknown)


def _grid(figures: Sequence[Floats]) -> set[float]:
    """Limits to try: from those that a twentieth of the rows reach up to those that none does."""
    top = np.sort(np.concatenate(figures))[::-1]
    top = top[: len(top) // 20]
    places = np.unique(np.geomspace(1, len(top), LIMITS).astype(int) - 1)
    return {float(limit) for limit in top[places] if limit > 0.0}


def _sum_up(every: Sequence[CountSeries], tried: Points, usual: float | None) -> Labelled:
    windows = sum(len(scored_windows(series)) for series in every)
    best = max(tried, key=lambda limit: sum(got for got, _ in tried[limit]))
    left_out = sum(_left_out(tried, at) for at in range(len(every)))
    false = sum(rows for _, rows in tried[usual]) if usual is not None else 0
    return Labelled(
        untuned=None if usual is None else normalised(sum(got for got, _ in tried[usual]), windows),
        optimised=normalised(sum(got for got, _ in tried[best]), windows),
        limit=best,
        leaving_one_out=normalised(left_out, windows),
        false_rows=false,
        false_per_week=false / sum(quiet_weeks(series) for series in every),
    )


def _left_out(tried: Points, at: int) -> float:
    best = max(tried, key=lambda limit: sum(got for got, _ in tried[limit]) - tried[limit][at][0])
    return tried[best][at][0]


def asked_on_series(every: Sequence[CountSeries], rates: Sequence[float] = RATES) -> dict[float, float]:
    """False rows a quiet series-week of the detector, by the rate asked for."""
    weeks = sum(quiet_weeks(series) for series in every)
    found = {}
    for rate in rates:
        options = replace(DAILY, false_alarms_per_week=rate)
        found[rate] = sum(raw_score(series, scored(series, options), 0.5)[1] for series in every) / weeks
    return found


def real(folder: Path) -> dict[str, float | dict[str, float]]:
    """The detector alone on the series of a folder, and each series by itself."""
    every = read_folder(folder)
    rows = [scored(series, DAILY) for series in every]
    grid = sorted({round(score, 3) for scores in rows for score in scores if score > 0.2} | {0.5})
    tried = {limit: [raw_score(series, of, limit) for series, of in zip(every, rows, strict=True)] for limit in grid}
    found = _sum_up(every, tried, 0.5)
    each = zip(every, tried[0.5], strict=True)
    return {
        "untuned": found.untuned or 0.0,
        "optimised": found.optimised,
        "optimised_threshold": found.limit,
        "leaving_one_out": found.leaving_one_out,
        "false_rows": float(found.false_rows),
        "false_rows_per_series_week": found.false_rows / (sum(len(of) for of in rows) / WEEK),
        "by_series": {series.name: normalised(got, len(scored_windows(series))) for series, (got, _) in each},
    }
