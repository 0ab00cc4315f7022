"""Public count series with labelled windows, scored by the rules of the Numenta Anomaly Benchmark, standard profile.

The rules are those of Lavin & Ahmad 2015 (arXiv 1510.03336) as its program counts them: a detection in a window earns
the more the earlier it is, of several only the best counts; one outside costs 0.11, less just after a window; a missed
window costs 1. The first 15 % of the rows (at most of 5,000) are not scored, nor is a window that lies within them.
0 is what silence earns, 100 one detection on each window's first row. Knows no detector.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

from monitor.clock import parse

FALSE_POSITIVE = 0.11
PROBATION, PROBATION_ROWS = 0.15, 5000


@dataclass(frozen=True)
class CountSeries:
    """One series: times as text, values, and the labelled windows as (first, last) row."""

    name: str
    times: list[str]
    values: list[float]
    windows: list[tuple[int, int]]


def read_folder(folder: Path) -> list[CountSeries]:
    """The series of a folder: NAME.csv (timestamp,value) for each name in windows.json. Raises OSError, ValueError."""
    labels = json.loads((folder / "windows.json").read_text("utf-8"))
    return [_read(folder / f"{name}.csv", name, spans) for name, spans in sorted(labels.items())]


def _read(path: Path, name: str, spans: list[list[str]]) -> CountSeries:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    times = [row["timestamp"] for row in rows]
    moments = [parse(time) for time in times]
    windows = []
    for first, last in spans:
        inside = [at for at, moment in enumerate(moments) if parse(first) <= moment <= parse(last)]
        if not inside:
            raise ValueError(f"{path}: no row lies in the labelled window from {first} to {last}.")
        windows.append((inside[0], inside[-1]))
    return CountSeries(name, times, [float(row["value"]) for row in rows], windows)


def probation(rows: int) -> int:
    """How many rows at the beginning are not scored."""
    return int(min(PROBATION * rows, PROBATION * PROBATION_ROWS))


def scored_windows(series: CountSeries) -> list[tuple[int, int]]:
    """The windows that count: those with a row after the probation."""
    begin = probation(len(series.values))
    return [(first, last) for first, last in series.windows if last >= begin]


def raw_score(series: CountSeries, scores: Sequence[float], threshold: float) -> tuple[float, int]:
    """(points, rows that count as false) when every row of at least `threshold` is a detection."""
    return points(series, (at for at, score in enumerate(scores) if score >= threshold))


def points(series: CountSeries, rows: Iterable[int]) -> tuple[float, int]:
    """(points, rows that count as false) when these rows are detections."""
    begin = probation(len(series.values))
    windows = scored_windows(series)
    best = dict.fromkeys(range(len(windows)), -1.0)
    total, false = 0.0, 0
    for at in rows:
        if at < begin:
            continue
        window = next((w for w, (first, last) in enumerate(windows) if first <= at <= last), None)
        if window is None:
            false += 1
            total += FALSE_POSITIVE * _after(series.windows, at)
        else:
            first, last = windows[window]
            best[window] = max(best[window], _sigmoid(-(last - at + 1) / (last - first + 1)) / _sigmoid(-1.0))
    return total + sum(best.values()), false


def normalised(points: float, windows: int) -> float:
    """Points on the scale on which silence is 0 and perfection 100."""
    return 100.0 * (points + windows) / (2.0 * windows)


def quiet_weeks(series: CountSeries) -> float:
    """Weeks in which a detection would be false: outside of windows and after the probation; of five-minute rows."""
    begin = probation(len(series.values))
    inside = sum(last - max(first, begin) + 1 for first, last in scored_windows(series))
    return (len(series.values) - begin - inside) / 2016


def _sigmoid(position: float) -> float:
    return -1.0 if position > 3.0 else 2.0 / (1.0 + exp(5.0 * position)) - 1.0


def _after(windows: Sequence[tuple[int, int]], at: int) -> float:
    past = [(first, last) for first, last in windows if last < at]
    if not past:
        return -1.0
    first, last = past[-1]
    return _sigmoid((at - last) / max(1, last - first))
