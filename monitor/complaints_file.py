"""Complaints as files: reads the CSV of a help desk or a contact centre. Knows no store and no brand card.

The header has `created_at` and `brand`, in any order; `count` (how many at that moment; 1 where it is missing or empty)
and `id` may stand beside them, other columns are passed over. Of rows with the same id the first counts; where there is
no id, a row that says the same in every column is the same complaint. A row that cannot be used is set aside with its
line number and reason.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, nan
from pathlib import Path

from monitor.clock import iso, parse
from monitor.domain import Complaint, Reject
from monitor.errors import InputError

NEEDED = ("created_at", "brand")
FIRST_YEAR = 1990
LONGEST = 200  # characters of a brand or an id
MOST = 1_000_000  # of one row; more is a mistake
_RAW = 200  # characters of a bad row that are kept


@dataclass(frozen=True, slots=True)
class Complaints:
    """A file of complaints, what was set aside, and how many rows said again what one before had said."""

    rows: tuple[Complaint, ...]
    rejects: tuple[Reject, ...]
    repeated: int


def read_complaints(path: Path, *, now: datetime) -> Complaints:
    """Read a file; `now` is the latest time that is believed. Raises InputError where nothing can be read."""
    rows: dict[str, Complaint] = {}
    rejects: list[Reject] = []
    repeated = 0
    for item in _items(path, now):
        if isinstance(item, Reject):
            rejects.append(item)
        elif item.native_id in rows:
            repeated += 1
        else:
            rows[item.native_id] = item
    return Complaints(tuple(row for row in rows.values() if row.count), tuple(rejects), repeated)


def _items(path: Path, now: datetime) -> Iterator[Complaint | Reject]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(line.replace("\0", "\ufffd") for line in file)
            header = _header(path, next(reader, []))
            for line, cells in _records(reader):
                yield cells if isinstance(cells, Reject) else _item(line, cells, header, now)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Name a CSV file of complaints.") from error
    except csv.Error as error:
        raise InputError(f"{path}: the first line is no CSV header ({error}).") from error


def _header(path: Path, cells: list[str]) -> dict[str, int]:
    names = {cell.strip().lower(): place for place, cell in reversed(list(enumerate(cells)))}
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise InputError(
            f"{path}: the header lacks {', '.join(missing)}. The first line must name the columns, as in "
            "created_at,brand,count."
        )
    return names


def _records(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str] | Reject]]:
    """The cells of each row that has some, with the line on which it ends."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = getattr(reader, "line_num", None)
            yield line or 0, Reject(line=line, reason=f"is no CSV ({error})", raw="")
            continue
        if any(cell.strip() for cell in cells):
            yield getattr(reader, "line_num", 0), cells


def _item(line: int, cells: list[str], header: Mapping[str, int], now: datetime) -> Complaint | Reject:
    def cell(name: str) -> str:
        place = header.get(name, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    try:
        brand = _short(cell("brand"), "brand")
        created, count = _time(cell("created_at"), now), _count(cell("count"))
        native_id = _short(cell("id"), "id") if cell("id") else _digest(brand, created, count, cells)
    except ValueError as error:
        return Reject(line=line, reason=str(error), raw=",".join(cells)[:_RAW])
    return Complaint(brand=brand, created_at=created, native_id=native_id, count=count)


def _short(text: str, name: str) -> str:
    if not text or len(text) > LONGEST or "\ufffd" in text:
        raise ValueError(f"{name} must be text of 1 to {LONGEST} characters in UTF-8")
    return text


def _time(text: str, now: datetime) -> datetime:
    try:
        moment = parse(text)
    except ValueError as error:
        raise ValueError(f'created_at "{text[:40]}" is not a time; write it as in 2026-03-11T13:10:00Z') from error
    if moment.year < FIRST_YEAR:
        raise ValueError(f'created_at "{text[:40]}" lies before {FIRST_YEAR}')
    if moment > now:
        raise ValueError(f'created_at "{text[:40]}" lies in the future')
    return moment


def _count(text: str) -> int:
    try:
        value = float(text) if text else 1.0
    except ValueError:
        value = nan
    if not isfinite(value) or value != int(value) or not 0 <= value <= MOST:
        raise ValueError(f'count "{text[:40]}" is not a whole number from 0 to {MOST:,}')
    return int(value)


def _digest(brand: str, created: datetime, count: int, cells: list[str]) -> str:
    """What a row without an id is known by: the same row is the same complaint, whichever file it is read from."""
    content = "\x1f".join((brand, iso(created), str(count), *(cell.strip() for cell in cells)))
    return "row:" + hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=12).hexdigest()
