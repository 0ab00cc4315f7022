"""Files of posts: one JSONL or CSV file, or a folder that is watched for them. Knows nothing of brands or the store.

JSONL files may grow: reading goes on where it stopped. A file that shrank or was replaced is read from its start; one
that was renamed within the folder (or beside the file, as `posts.jsonl.1`) is read on to its end. The last line of a
growing file may lack its newline: it is read as soon as it is a whole JSON object (a part of one never is) and waits
otherwise. CSV files are read whole whenever they change; a last record without a newline waits until the file has
stood still for ten seconds or from one poll to the next. So write a CSV file elsewhere and move it in.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from monitor.collectors._state import read_state, write_state
from monitor.domain import Coverage, Cursor, Page, Query, Reject
from monitor.errors import InputError, SourceDown
from monitor.posts import Format, Place, Reading, Row, WrongShape, format_of, read_rows

SUFFIXES = (".jsonl", ".ndjson", ".csv")  # what is read in a folder
PAGE_BYTES = 4_000_000  # a page ends here even if it has few rows: memory stays flat
HEAD = 1_024  # bytes at a file's start by which it is known again
STILL = timedelta(seconds=10)  # a file that nobody wrote for so long is whole

State = dict[str, Any]  # what is known of one file
States = dict[str, State]  # by the file's number on its disk, which a new name does not change


@dataclass(frozen=True, kw_only=True)
class JsonlOptions:
    """Settings of a source of kind `jsonl`."""

    path: Path = field(metadata={"help": "A JSONL or CSV file, or a folder in which such files appear."})
    format: Format | None = field(default=None, metadata={"help": "jsonl or csv; by default the file's name tells."})
    platform: str = field(default="file", metadata={"help": "Platform of posts that name none."})
    event_time: bool = field(
        default=False, metadata={"help": "Replay: each post counts as known from its own time, not from now."}
    )
    make_folder: bool = field(
        default=False, metadata={"help": "Whether `path` is a folder that is made when it is not there."}
    )
    page_rows: int = field(default=1_000, metadata={"help": "Most rows that are stored at once."})

    def __post_init__(self) -> None:
        if self.page_rows < 1:
            raise ValueError(f"page_rows = {self.page_rows} is less than 1")


class JsonlCollector:
    """Reads what is new in files of posts. The query is not needed: every post of the files is wanted."""

    kind: ClassVar[str] = "jsonl"
    Options: ClassVar[type[JsonlOptions]] = JsonlOptions

    def __init__(self, name: str, options: JsonlOptions) -> None:
        self.name = name
        self._options = options

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the rows that were added since the cursor. A file that cannot be read does not stop the others.

        Raises SourceDown, at the end, where something could not be read.
        """
        reading = Reading(now, self._options.platform, self._options.event_time)
        states: States = read_state(since)
        faults: list[str] = []
        files = self._files(states)
        yield Page()  # says that the source was looked at, even if nothing is new
        for path in files:
            try:
                with path.open("rb") as stream:
                    yield from self._file_pages(path, stream, states, reading)
            except FileNotFoundError:
                continue  # moved away since the folder was listed
            except (InputError, OSError) as error:
                faults.append(f"{path} cannot be read ({error})")
        if faults:
            raise SourceDown(f"{self.name}: {'; '.join(faults)}. Check the file and its rights.")

    def _files(self, states: States) -> list[Path]:
        path = Path(self._options.path)
        try:
            if self._options.make_folder:
                path.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                files = sorted(file for file in path.iterdir() if _wanted(file))
            else:
                files = sorted(file for file in path.parent.glob(f"{path.name}.*") if _number(file) in states)
                files += [path] if path.is_file() else []
        except OSError as error:
            raise SourceDown(f"{self.name}: {path} cannot be read ({error.strerror}). Check its rights.") from error
        if not files and not path.is_dir():
            raise SourceDown(f"{self.name}: {path} is not there. Put the file there, or correct `path`.")
        present = {_number(file) for file in files}
        for gone in states.keys() - present:
            del states[gone]
        return files

    def _file_pages(self, path: Path, stream: BinaryIO, states: States, reading: Reading) -> Iterator[Page]:
        layout = self._options.format or format_of(path)
        read = _csv_pages if layout == "csv" else _jsonl_pages
        return read(stream, states, reading, self._options.page_rows)


def _wanted(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def _number(file: Path) -> str | None:
    try:
        return str(file.stat().st_ino)
    except OSError:
        return None


def _page(rows: list[Row], cursor: Cursor | None) -> Page:
    mentions = tuple(row.mention for row in rows if row.mention)
    rejects = tuple(row.reject for row in rows if row.reject)
    coverage = Coverage(returned=len(rows))
    return Page(mentions=mentions, rejects=rejects, cursor=cursor, coverage=coverage, keep_unmatched=True)


def _refused(error: WrongShape, cursor: Cursor) -> Page:
    return Page(rejects=(Reject(line=1, reason=str(error), raw=""),), cursor=cursor)


def _batches(rows: Iterator[Row], most: int, start: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= most or row.end - start >= PAGE_BYTES:
            yield batch
            batch, start = [], row.end
    if batch:
        yield batch


# JSONL: a state is {"offset", "line", "head"}


def _jsonl_pages(stream: BinaryIO, states: States, reading: Reading, most: int) -> Iterator[Page]:
    told = os.fstat(stream.fileno())
    key = str(told.st_ino)
    offset, line = _known(states.get(key), stream, told.st_size)
    stream.seek(offset)
    rows = read_rows(stream, reading, format="jsonl", start=Place(offset, line))
    try:
        for batch in _batches(_finished(rows, told.st_size), most, offset):
            states[key] = _state(stream, batch[-1].end, batch[-1].line + 1)
            yield _page(batch, write_state(states))
    except WrongShape as error:
        states[key] = _state(stream, told.st_size, 1)
        yield _refused(error, write_state(states))


def _finished(rows: Iterator[Row], size: int) -> Iterator[Row]:
    """Rows up to the size that the file had at first, without a last line that is still being written."""
    for row in rows:
        if not row.ended and row.mention is None:
            return
        yield row
        if row.end >= size:
            return


def _known(state: State | None, stream: BinaryIO, size: int) -> tuple[int, int]:
    """Offset and line where reading goes on: the start, unless the file is the one that was read before."""
    if state and state.get("offset", size + 1) <= size and state["head"] == _head(stream, state["offset"]):
        return state["offset"], state["line"]
    return 0, 1


def _state(stream: BinaryIO, offset: int, line: int) -> State:
    return {"offset": offset, "line": line, "head": _head(stream, offset)}


def _head(stream: BinaryIO, offset: int) -> str:
    return hashlib.sha256(os.pread(stream.fileno(), min(offset, HEAD), 0)).hexdigest()[:16]


# CSV: a state is {"mark", "whole"}


def _csv_pages(stream: BinaryIO, states: States, reading: Reading, most: int) -> Iterator[Page]:
    told = os.fstat(stream.fileno())
    key, mark = str(told.st_ino), f"{told.st_size}:{told.st_mtime_ns}"
    before = states.get(key, {})
    if before == {"mark": mark, "whole": True}:
        return
    still = before.get("mark") == mark or datetime.fromtimestamp(told.st_mtime, UTC) + STILL <= reading.now
    held: list[Row] = []
    try:
        for batch in _batches(_settled(read_rows(stream, reading, format="csv"), held, still), most, 0):
            yield _page(batch, None)
    except WrongShape as error:
        states[key] = {"mark": mark, "whole": True}
        yield _refused(error, write_state(states))
        return
    states[key] = {"mark": mark, "whole": not held}
    yield Page(cursor=write_state(states), coverage=Coverage(more_available=bool(held)))


def _settled(rows: Iterator[Row], held: list[Row], still: bool) -> Iterator[Row]:
    """Rows without the last one, which is held back, if it has no newline and the file may still be growing."""
    for row in rows:
        if row.ended or still:
            yield row
        else:
            held.append(row)
