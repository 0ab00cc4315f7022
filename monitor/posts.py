"""Posts in: reads JSONL and CSV files of posts, row by row, in flat memory. Knows no collector, no store, no model.

A row has `text`; optional `id`, `created_at` (ISO 8601), `brand` or `target`, `author`, `lang`, `url`, `retweets`,
`likes`, `replies`, `followers`, `platform`, `rating`, `region`. Other fields pass through untouched. A row that cannot
be read becomes a `Reject` with its line and the reason, and the rest goes on. What is decided here, for every reader:

- No `id`: a hash of platform, author, time and text stands in, so equal rows are one post wherever they are read.
- No `created_at`: now. In the future: now. Before 1970, or past the calendar: a reject.
- A lone surrogate (a `\\ud800` in JSON) in the text: a reject; in another field it becomes U+FFFD. NUL characters
  are dropped; text is NFC.
- `rating` is a number of stars from 1 to 5, fractions allowed; anything else: a reject. A scale from 0 to 1 or to 10
  looks alike in single rows, so it is refused rather than guessed.
- Bytes that are not UTF-8, NaN, Infinity, wrong types, nesting over 50 deep, lines over 1 MiB: a reject.
- A CSV record with broken quoting costs its first line only: reading goes on at the next one.
- A second CSV column of the same name is kept as `name#2`; more cells than columns: a reject; fewer: unknown.
"""

import csv
import json
import math
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, NoReturn

from monitor.domain import Mention, Reject
from monitor.errors import InputError
from monitor.post_fields import RAW_SHOWN, Reading, check_text, cleaned, kind, shown, to_mention, whole

__all__ = ["Format", "Place", "Reading", "Row", "WrongShape", "format_of", "read_posts", "read_rows", "to_mention"]

Format = Literal["jsonl", "csv"]

MAX_LINE = 1 << 20  # bytes of one row; a longer one is cut and rejected
MAX_DEPTH = 50  # of nested JSON
MAX_DIGITS = 4_000  # of a whole number; Python itself gives up a little above

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of bytes that are not UTF-8
_BOM = b"\xef\xbb\xbf"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"  # how packed files begin; a workbook of a spreadsheet is a zip


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: either a mention or a reject, with every field as it was read."""

    line: int  # 1-based, where the row begins
    end: int  # byte offset after the row
    ended: bool  # it had its newline; False only for the last row of a file
    fields: Mapping[str, object]  # empty where the row could not even be taken apart
    mention: Mention | None = None
    reject: Reject | None = None


class Place(NamedTuple):
    """Where in a file reading begins."""

    offset: int = 0  # bytes; the stream stands there already
    line: int = 1


class WrongShape(InputError):
    """The file was read, and is no file of posts: reading it again will not help until it changes."""


class _Line(NamedTuple):
    number: int
    raw: bytes  # without a BOM; cut where it was too long
    end: int
    ended: bool
    too_long: bool


def format_of(path: Path) -> Format:
    """The format that a file's name tells: CSV for .csv, else JSONL.

    >>> format_of(Path("posts.CSV")), format_of(Path("posts.ndjson"))
    ('csv', 'jsonl')
    """
    return "csv" if path.suffix.lower() == ".csv" else "jsonl"


def read_posts(
    source: Path | BinaryIO,
    *,
    now: datetime,
    format: Format | None = None,  # noqa: A002 - the word of the settings and of the command line
    default_platform: str = "file",
    event_time: bool = False,
) -> Iterator[Mention | Reject]:
    """Yield each row as a mention or a reject, in the order of the file. See `read_rows` for the errors."""
    reading = Reading(now, default_platform, event_time)
    for row in read_rows(source, reading, format=format):
        outcome = row.mention or row.reject
        if outcome is not None:
            yield outcome


def read_rows(
    source: Path | BinaryIO,
    reading: Reading,
    *,
    format: Format | None = None,  # noqa: A002
    start: Place | None = None,
) -> Iterator[Row]:
    """Yield each row with its place and its fields. Blank lines are passed over.

    `format` None: by the file's name. `start` tells where an open JSONL stream stands, for the line numbers.
    Raises InputError: the file cannot be opened or read; WrongShape: it is UTF-16 or packed, or CSV without a column
    `text`.
    """
    with _opened(source) as (stream, name):
        layout = format or format_of(Path(name))
        lines = _lines(stream, start or Place(), name)
        yield from _csv_rows(lines, reading, name) if layout == "csv" else _jsonl_rows(lines, reading)


# Lines


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[tuple[BinaryIO, str]]:
    if not isinstance(source, Path):
        yield source, str(getattr(source, "name", "standard input"))
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise InputError(f"{source}: cannot be opened ({error.strerror}). Check the path.") from error
    with stream:
        yield stream, str(source)


def _lines(stream: BinaryIO, start: Place, name: str) -> Iterator[_Line]:
    end, number = start.offset, start.line - 1
    while raw := _next_line(stream, name):
        end, number = end + len(raw), number + 1
        ended = raw[-1] == 10
        too_long = not ended and len(raw) > MAX_LINE
        if too_long:
            skipped, ended = _skip_line(stream, name)
            end += skipped
        if end == len(raw) and number == 1:
            raw = _without_bom(raw, name)
        yield _Line(number, raw, end, ended, too_long)


def _next_line(stream: BinaryIO, name: str, most: int = MAX_LINE + 1) -> bytes:
    try:
        return stream.readline(most)
    except OSError as error:
        raise InputError(
            f"{name}: reading stopped ({error.strerror or error}). Check the path and the disk."
        ) from error


def _skip_line(stream: BinaryIO, name: str) -> tuple[int, bool]:
    skipped = 0
    while piece := _next_line(stream, name):
        skipped += len(piece)
        if piece[-1] == 10:
            return skipped, True
    return skipped, False


def _without_bom(raw: bytes, name: str) -> bytes:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise WrongShape(f"{name}: is UTF-16. Save it as UTF-8 and try again.")
    if raw[:2] == _GZIP or raw[:4] == _ZIP:
        raise WrongShape(f"{name}: is packed ({'gzip' if raw[:2] == _GZIP else 'zip'}). Unpack it and try again.")
    return raw.removeprefix(_BOM)


# JSONL


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{shown(text)[:40]} is not a number that JSON knows")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _integer(text: str) -> int:
    return int(text) if len(text) <= MAX_DIGITS else _refuse(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, parse_int=_integer)


def _jsonl_rows(lines: Iterator[_Line], reading: Reading) -> Iterator[Row]:
    for line in lines:
        fields: Mapping[str, object] = {}
        if not line.too_long and not line.raw.strip():
            continue
        try:
            fields = _fields_of(line)
            mention = to_mention(fields, reading)
        except ValueError as error:
            reject = Reject(line=line.number, reason=_reason(error), raw=shown(line.raw))
            yield Row(line.number, line.end, line.ended, fields, reject=reject)
        else:
            yield Row(line.number, line.end, line.ended, fields, mention)


def _fields_of(line: _Line) -> dict[str, object]:
    if line.too_long:
        raise ValueError(f"the line is longer than {MAX_LINE:,} bytes")
    text = line.raw.decode("utf-8")
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    fields = _DECODER.decode(text)
    if not isinstance(fields, dict):
        raise ValueError(f"not a JSON object but {kind(fields)}")
    if "\\u" in text:
        check_text(fields.get("text"))
        return {whole(name): cleaned(value) for name, value in fields.items()}
    return fields


def _depth(text: str) -> int:
    deepest = depth = 0
    quoted = re.sub(r'"(?:[^"\\]|\\.)*"?', "", text)
    for sign in re.findall(r"[\[\]{}]", quoted):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not valid UTF-8 at byte {error.start + 1}"
    if isinstance(error, json.JSONDecodeError):
        return f"broken JSON at character {error.pos + 1}: {error.msg}"
    return str(error)


# CSV


class _Broken(Exception):
    """A record that cannot be taken apart; the message is the reason."""


class _Feeder:
    """Hands lines to the CSV reader, remembers those of the running record, and takes them back when it breaks."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._fresh = lines
        self._again: deque[_Line] = deque()
        self._size = 0
        self.record: list[_Line] = []

    def __iter__(self) -> "_Feeder":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._fresh)
        self.record.append(line)
        self._size += len(line.raw)
        if line.too_long or self._size > MAX_LINE:
            raise _Broken(f"the record is longer than {MAX_LINE:,} bytes; is a quote not closed?")
        return line.raw.decode("utf-8", "surrogateescape")

    def begin(self) -> None:
        """A new record starts."""
        self.record, self._size = [], 0

    def retry_after_first(self) -> _Line:
        """Give up the record's first line, which is returned, and hand the others out again."""
        first, *others = self.record
        self._again.extendleft(reversed(others))
        return first


def _csv_rows(lines: Iterator[_Line], reading: Reading, name: str) -> Iterator[Row]:
    feeder = _Feeder(lines)
    header: list[str] | None = None
    for cells in _records(feeder):
        if isinstance(cells, str):
            line = feeder.retry_after_first()
            reject = Reject(line=line.number, reason=cells, raw=shown(line.raw))
            yield Row(line.number, line.end, line.ended, {}, reject=reject)
        elif header is None:
            header = _columns(cells, name)
        elif cells:
            yield _csv_row(feeder.record, header, cells, reading)


def _records(feeder: _Feeder) -> Iterator[list[str] | str]:
    """Yield the cells of each record, or the reason why it has none."""
    reader = csv.reader(feeder, strict=True)
    while True:
        feeder.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Broken) as error:
            if not feeder.record:
                return
            yield f"broken CSV: {error}"
        else:
            yield cells


def _columns(cells: list[str], name: str) -> list[str]:
    seen: dict[str, int] = {}
    columns = []
    for cell in (whole(cell).strip() for cell in cells):
        seen[cell] = seen.get(cell, 0) + 1
        columns.append(cell if seen[cell] == 1 else f"{cell}#{seen[cell]}")
    if "text" not in columns:
        if len(columns) == 1 and ("text" in re.split("[;\t|]", columns[0])):
            raise WrongShape(f"{name}: its columns are not parted by commas. Save it as CSV with commas.")
        told = ", ".join(columns)[:RAW_SHOWN]
        raise WrongShape(f"{name}: has no column text, only: {told}. Name the columns in the first line, with commas.")
    return columns


def _csv_row(record: list[_Line], header: list[str], cells: list[str], reading: Reading) -> Row:
    first, last = record[0], record[-1]
    fields: dict[str, object] = {}
    try:
        if len(cells) > len(header):
            raise ValueError(f"{len(cells)} cells where the header names {len(header)}; is a comma not quoted?")
        if any(map(_NOT_UTF8.search, cells)):
            raise ValueError("not valid UTF-8")
        fields = dict(zip(header, map(whole, cells), strict=False))
        return Row(first.number, last.end, last.ended, fields, to_mention(fields, reading))
    except ValueError as error:
        raw = b"".join(line.raw for line in record[:RAW_SHOWN])
        reject = Reject(line=first.number, reason=_reason(error), raw=shown(raw))
        return Row(first.number, last.end, last.ended, fields, reject=reject)
