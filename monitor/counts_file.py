"""Counts as files: reads the CSV that `detect` takes, writes the CSVs that it gives. Knows no detector and no store.

Counts in: a header with `brand`, `bucket_start` and `negatives`, in any order; `mentions` may be missing, other columns
are passed over. Brands may come one after another or interleaved; each brand's rows run forward in time, in equal
steps that need not start on a round minute. The step is the commonest distance between neighbouring rows of a brand.
A missing row is no data. Of two rows for one slot the first counts. A row that cannot be used is set aside with its
line number and reason, and still has its line, without a score, in the scores that are written.
"""

import csv
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby, pairwise
from math import isfinite, nan
from pathlib import Path

from monitor.clock import EPOCH, iso, parse
from monitor.domain import Bucket, Phase, Reading, Reject, Series, Spike
from monitor.errors import InputError
from monitor.out_file import guarded, opened

NEEDED = ("brand", "bucket_start", "negatives")
ALERT_COLUMNS = ("brand", "fired_at", "onset", "observed", "expected", "score", "severity", "resolved_at")
SCORE_COLUMNS = ("brand", "bucket_start", "anomaly_score")
DEFAULT_STEP = timedelta(minutes=5)  # of a file in which no brand has two rows
SHORTEST_STEP = timedelta(minutes=1)
MOST = 1e9  # counts above it are a mistake
YEARS = range(1990, 2101)
LONGEST_BRAND = 200
_RAW = 200  # characters of a bad row that are kept
_LASTING = 3  # rows in a row that share a place between the steps
_GRADES = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class InputRow:
    """One data row of the file, as it stood there; `start` is None where the row was set aside."""

    brand: str
    text: str  # bucket_start as it was written
    start: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """A file of counts: a series a brand, in the order of their first rows, and what was set aside."""

    series: tuple[Series, ...]
    rejects: tuple[Reject, ...]
    rows: tuple[InputRow, ...]  # every data row, in the order of the file
    step: timedelta


@dataclass(slots=True)
class _Row:
    """A row on its way through the checks; `reason` says why it is set aside."""

    line: int
    raw: str
    brand: str
    text: str
    start: datetime | None = None
    mentions: float = nan
    negatives: float = 0.0
    reason: str | None = None


def read_counts(path: Path) -> Counts:
    """Read a file of counts. Raises InputError where nothing can be read."""
    rows = list(_rows(path))
    brands: dict[str, list[_Row]] = {}
    for row in rows:
        if row.reason is None:
            brands.setdefault(row.brand, []).append(row)
    step = _step(brands.values())
    if step < SHORTEST_STEP:
        raise InputError(f"{path}: rows lie {step.total_seconds():g} s apart; add them up to at least a minute.")
    for brand in brands.values():
        _on_grid(brand, step)
        _in_order(brand)
    series = (Series(brand=name, step=step, timezone="UTC", buckets=_buckets(of)) for name, of in brands.items())
    return Counts(
        tuple(item for item in series if item.buckets),
        tuple(Reject(line=row.line, reason=row.reason, raw=row.raw) for row in rows if row.reason is not None),
        tuple(InputRow(row.brand, row.text, row.start if row.reason is None else None) for row in rows),
        step,
    )


def write_alerts(spikes: Iterable[Spike], target: Path | None) -> int:
    """Write one row an episode (to standard output where target is None), oldest first; how many there were.

    The figures are those of its opening, the severity is the worst that was told, `resolved_at` is empty while open.
    """
    rows = alert_rows(spikes)
    _write(ALERT_COLUMNS, ([row[name] for name in ALERT_COLUMNS] for row in rows), target)
    return len(rows)


def write_scores(counts: Counts, readings: Mapping[str, Sequence[Reading]], target: Path | None) -> int:
    """Write one row for each row of the file that was read, in its order; `readings` by brand. How many there were."""
    scores = {(brand, reading.start): reading.anomaly_score for brand, of in readings.items() for reading in of}
    rows = ([row.brand, row.text, _score(scores, row)] for row in counts.rows)
    _write(SCORE_COLUMNS, rows, target)
    return len(counts.rows)


def alert_rows(spikes: Iterable[Spike]) -> list[dict[str, str]]:
    """One row an episode, by the names of ALERT_COLUMNS, oldest first."""
    rows: list[dict[str, str]] = []
    current: dict[str, dict[str, str]] = {}
    for spike in spikes:
        if spike.phase is Phase.OPENED:
            rows.append(_alert(spike))
            current[spike.brand] = rows[-1]
        elif spike.brand in current:
            row = current[spike.brand]
            row["severity"] = max(row["severity"], spike.severity, key=_GRADES.index)
            row["resolved_at"] = iso(spike.fired_at) if spike.phase is Phase.CLOSED else ""
    return sorted(rows, key=lambda row: (row["fired_at"], row["brand"]))


# --- reading --------------------------------------------------------------------------------------------------------


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(line.replace("\0", "\ufffd") for line in file)
            header = _header(path, next(reader, []))
            yield from _parsed(reader, header)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Name a CSV file of counts.") from error
    except csv.Error as error:
        raise InputError(f"{path}: the first line is no CSV header ({error}).") from error


def _header(path: Path, cells: list[str]) -> dict[str, int]:
    names = {cell.strip().lower(): place for place, cell in reversed(list(enumerate(cells)))}
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise InputError(
            f"{path}: the header lacks {', '.join(missing)}. The first line must name the columns, as in "
            "brand,bucket_start,mentions,negatives."
        )
    return names


def _parsed(reader: Iterator[list[str]], header: Mapping[str, int]) -> Iterator[_Row]:
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = getattr(reader, "line_num", line)
            yield _Row(line, "", "", "", reason=f"is no CSV ({error})")
            continue
        line = getattr(reader, "line_num", line)
        if cells:
            yield _row(line, cells, header)


def _row(line: int, cells: list[str], header: Mapping[str, int]) -> _Row:
    def cell(name: str) -> str:
        place = header.get(name, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    row = _Row(line, ",".join(cells)[:_RAW], cell("brand"), cell("bucket_start"))
    if not row.brand or len(row.brand) > LONGEST_BRAND or "\ufffd" in row.brand:
        row.reason = f"brand must be text of 1 to {LONGEST_BRAND} characters in UTF-8"
        row.brand = row.brand[:LONGEST_BRAND]
        return row
    try:
        row.start = _time(row.text)
        row.negatives = _count(cell("negatives"), "negatives")
        row.mentions = _count(cell("mentions"), "mentions") if cell("mentions") else nan
    except ValueError as error:
        row.reason = str(error)
    if row.reason is None and row.negatives > row.mentions + 1e-6:
        row.reason = f"negatives ({row.negatives:g}) exceed mentions ({row.mentions:g})"
    return row


@lru_cache(maxsize=4096)  # brands side by side share their times
def _time(text: str) -> datetime:
    try:
        start = parse(text)
    except ValueError as error:
        raise ValueError(f'bucket_start "{text[:40]}" is not a time; write it as in 2026-03-11T13:10:00Z') from error
    if start.year not in YEARS:
        raise ValueError(f'bucket_start "{text[:40]}" lies outside the years {YEARS.start} to {YEARS.stop - 1}')
    return start


def _count(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value) or not 0.0 <= value <= MOST:
        raise ValueError(f'{name} "{text[:40]}" is not a number from 0 to {MOST:.0f}')
    return value


# --- order and steps ------------------------------------------------------------------------------------------------


def _in_order(rows: list[_Row]) -> None:
    """Set aside the rows that the brand's time has passed already; a row that was set aside moves no time.

    One whose clock was wrong by years must not cost all that follow: where fewer rows are lost without it, it goes.
    """
    usable = [row for row in rows if row.reason is None]
    kept = _fewest_lost(usable)
    ahead = iter(kept)
    after = next(ahead, None)  # the next one that stays
    last: _Row | None = None
    for row in usable:
        if row is after:
            last, after = row, next(ahead, None)
        elif last is not None and _start(row) == _start(last):
            row.reason = f"repeats the slot of line {last.line}; the first counts"
        elif last is not None and _start(row) < _start(last):
            row.reason = f"is earlier than line {last.line} of the same brand; sort the file by time"
        else:
            row.reason = "is later than most rows of the same brand that follow it; its time is wrong, or theirs"


def _fewest_lost(rows: list[_Row]) -> list[_Row]:
    """The rows that stay: each that is later than all before it, or the longest run in order where that is longer."""
    plain = [
        row for row, before in zip(rows, _latest_before(rows), strict=True) if before is None or _start(row) > before
    ]
    if len(plain) == len(rows):
        return plain
    longest = _longest(rows)
    return longest if len(longest) > len(plain) else plain


def _latest_before(rows: list[_Row]) -> Iterator[datetime | None]:
    latest: datetime | None = None
    for row in rows:
        yield latest
        latest = _start(row) if latest is None else max(latest, _start(row))


def _longest(rows: list[_Row]) -> list[_Row]:
    """The longest run of rows whose times rise (patience sorting); of two rows for one slot the first."""
    ends: list[datetime] = []  # the earliest end of a run of each length
    last: list[int] = []  # the row there
    before: list[int] = []  # of each row, the one that it follows
    for at, row in enumerate(rows):
        place = bisect_left(ends, _start(row))
        before.append(last[place - 1] if place else -1)
        if place == len(ends):
            ends.append(_start(row))
            last.append(at)
        elif ends[place] != _start(row):
            ends[place], last[place] = _start(row), at
    found = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(rows[at])
        at = before[at]
    return found[::-1]


def _step(brands: Iterable[list[_Row]]) -> timedelta:
    steps = (_start(later) - _start(sooner) for rows in brands for sooner, later in pairwise(rows))
    gaps = Counter(step for step in steps if step > timedelta(0))
    if not gaps:
        return DEFAULT_STEP
    often = max(gaps.values())
    return min(gap for gap, count in gaps.items() if count == often)


def _on_grid(rows: list[_Row], step: timedelta) -> None:
    """Set aside the rows that lie between the brand's equal steps; several in a row, whose steps are equal too, go to
    the next one instead: a clock was changed, or a day begins an hour earlier in summer."""
    if not rows:
        return
    phases = Counter(_phase(row, step) for row in rows)
    usual = phases.most_common(1)[0][0]
    for phase, run in groupby(rows, key=lambda row: _phase(row, step)):
        others = [] if phase == usual else list(run)
        for row in others:
            if len(others) < _LASTING:
                row.reason = f"lies between the brand's steps of {step.total_seconds() / 60:g} minutes"
            else:
                row.start = _start(row) + (usual - phase) % step


def _phase(row: _Row, step: timedelta) -> timedelta:
    return (_start(row) - EPOCH) % step


def _start(row: _Row) -> datetime:
    if row.start is None:
        raise ValueError("a row without a time was not set aside")
    return row.start


def _buckets(rows: list[_Row]) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(start=_start(row), mentions=row.mentions, negatives=row.negatives) for row in rows if row.reason is None
    )


# --- writing --------------------------------------------------------------------------------------------------------


def _alert(spike: Spike) -> dict[str, str]:
    return {
        "brand": spike.brand,
        "fired_at": iso(spike.fired_at),
        "onset": iso(spike.onset),
        "observed": _number(spike.observed, 3),
        "expected": _number(spike.expected, 3),
        "score": _number(spike.score, 4),
        "severity": spike.severity,
        "resolved_at": "",
    }


def _number(value: float, digits: int) -> str:
    """A number without needless zeros.

    >>> _number(12.0, 3), _number(0.12345, 3)
    ('12', '0.123')
    """
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _score(scores: Mapping[tuple[str, datetime], float], row: InputRow) -> str:
    score = None if row.start is None else scores.get((row.brand, row.start))
    return "" if score is None else f"{score:.6f}"


def _write(columns: Sequence[str], rows: Iterable[Sequence[str]], target: Path | None) -> None:
    with opened(target) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([guarded(cell) for cell in row] for row in rows)
