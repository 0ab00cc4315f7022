"""A folder in which messages wait to be read: on disk before they are confirmed, in the order in which they came.

Each message is one file, `<place>-<mark>.jsonl`: its place in the order, and a digest of its id. Places only grow and
follow the clock (milliseconds since 1970, or one more than the last), so a place is also a time of arrival, and a
cursor that holds one stays good when the folder is emptied. Only its owner may read the folder, as it holds people's
words; what was read is removed when its reader's commit is safe, so that no erasure finds it here. `read.txt`
holds place and mark of the newest messages that were removed, so that one that is sent again, days later, is still
known. Knows neither senders nor rows.
"""

import errno
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from monitor import clock
from monitor.errors import SourceDown, StoreFull

BLOCK = 4_096  # bytes that the smallest file takes up: many small messages fill a disk as well
REMEMBERED = 100_000  # ids
_LEDGER = "read.txt"
_NAME = re.compile(r"(\d{15})-([0-9a-f]{32})\.jsonl", re.ASCII)
_DRAFT = re.compile(r"(\d{15}-[0-9a-f]{32}|read)\.part", re.ASCII)
_LINE = re.compile(r"(\d{15}) ([0-9a-f]{32})", re.ASCII)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True, order=True)
class Waiting:
    """A message that was kept and is not removed."""

    place: int
    mark: str
    path: Path
    size: int

    @property
    def came(self) -> datetime:
        """When it came."""
        return clock.from_ms(self.place)


@dataclass(slots=True)
class _Known:
    last: int = 0  # the highest place that was ever given
    size: int = 0  # bytes in the folder
    marks: dict[str, None] = field(default_factory=dict)  # oldest first


class Spool:
    """One folder, of one program. Making one opens nothing; it may be used from several threads."""

    def __init__(self, name: str, folder: Path, most: int) -> None:
        self._name = name
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def keep(self, ident: str, content: bytes, *, now: datetime) -> bool:
        """Write a message to disk for good; False where one with that id was kept before.

        Raises StoreFull where there is no room, SourceDown where the folder cannot be written.
        """
        mark = hashlib.sha256(ident.encode("utf-8", "replace")).hexdigest()[:32]
        with self._lock, self._faults("written"):
            known = self._opened()
            if mark in known.marks:
                return False
            size = max(len(content), BLOCK)
            if known.size + size > self._most:
                known.size = sum(max(each.size, BLOCK) for each in self._listed())  # another may have removed some
            if known.size + size > self._most:
                raise StoreFull(f"{self._name}: {self._folder} holds as much as it may; raise `folder_bytes`.")
            place = max(known.last + 1, clock.to_ms(now))
            self._write(self._folder / f"{place:015}-{mark}.jsonl", content)
            known.last, known.size = place, known.size + size
            _remember(known, mark)
            return True

    def waiting(self, after: int) -> list[Waiting]:
        """The messages beyond a place, in their order. Raises SourceDown.

        Nothing is kept meanwhile: a folder that changes while it is listed may show a later file, not an earlier one.
        """
        with self._lock, self._faults("read"):
            return sorted(each for each in self._listed() if each.place > after)

    def go_on_from(self, place: int) -> None:
        """Give only higher places from now on, even if the clock was set back. Raises SourceDown."""
        with self._lock, self._faults("written"):
            known = self._opened()
            known.last = max(known.last, place)

    def remove(self, upto: int) -> None:
        """Remove the messages up to a place, and remember that they were here. Raises SourceDown."""
        with self._lock, self._faults("written"):
            known = self._opened()
            gone = sorted(each for each in self._listed() if each.place <= upto)
            if not gone:
                return
            self._note(gone)
            for each in gone:
                each.path.unlink(missing_ok=True)
                known.size = max(0, known.size - max(each.size, BLOCK))

    def _listed(self) -> Iterator[Waiting]:
        try:
            entries = list(os.scandir(self._folder))
        except FileNotFoundError:
            return
        for entry in entries:
            found = _NAME.fullmatch(entry.name)
            try:
                if found and entry.is_file(follow_symlinks=False):
                    yield Waiting(int(found[1]), found[2], Path(entry.path), entry.stat(follow_symlinks=False).st_size)
            except FileNotFoundError:
                continue  # removed since it was listed

    def _opened(self) -> _Known:
        """What the folder holds and held, read once."""
        if self._known is None:
            for draft in self._folder.glob("*.part"):
                if _DRAFT.fullmatch(draft.name):
                    draft.unlink(missing_ok=True)  # a crash left it: it was never confirmed, and is sent again
            known = _Known()
            for place, mark in self._noted():
                known.last = max(known.last, place)
                _remember(known, mark)
            for each in sorted(self._listed()):
                known.last, known.size = max(known.last, each.place), known.size + max(each.size, BLOCK)
                _remember(known, each.mark)
            self._known = known
        return self._known

    def _noted(self) -> list[tuple[int, str]]:
        try:
            lines = (self._folder / _LEDGER).read_text("ascii", "replace").split("\n")
        except FileNotFoundError:
            return []
        found = (_LINE.fullmatch(line) for line in lines)  # a line that a crash cut off matches nothing
        return [(int(each[1]), each[2]) for each in found if each][-REMEMBERED:]

    def _note(self, gone: list[Waiting]) -> None:
        ledger, lines = self._folder / _LEDGER, "".join(f"{each.place:015} {each.mark}\n" for each in gone)
        if ledger.exists() and ledger.stat().st_size > 2 * REMEMBERED * 49:  # 49 bytes a line
            kept = "".join(f"{place:015} {mark}\n" for place, mark in self._noted())
            self._write(ledger, (kept + lines).encode())
            return
        with open(ledger, "ab", opener=_private) as stream:
            stream.write(f"\n{lines}".encode())  # a line of its own, whatever a crash left before
            stream.flush()
            os.fsync(stream.fileno())

    def _write(self, path: Path, content: bytes) -> None:
        """All of it or nothing, on disk when this returns."""
        if not self._folder.is_dir():
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            _sync(self._folder.parent)
        draft = path.with_suffix(".part")
        try:
            with open(draft, "wb", opener=_private) as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        _sync(self._folder)

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StoreFull(f"{self._name}: no room is left for {self._folder}. Make some.") from error
            raise SourceDown(
                f"{self._name}: {self._folder} cannot be {what} ({error.strerror}). Check its rights."
            ) from error


def _remember(known: _Known, mark: str) -> None:
    known.marks[mark] = None
    if len(known.marks) > 2 * REMEMBERED:
        for oldest in list(known.marks)[:REMEMBERED]:
            del known.marks[oldest]


def _private(path: str, flags: int) -> int:
    """Open a file that only we may read, and no link that somebody put in its place."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
