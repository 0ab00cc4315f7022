"""Room in pages that no row owns: SQLite leaves old bytes there, and here they are overwritten.

`secure_delete` overwrites a row where it stands when it is deleted. But when a page is divided, rows move to another
page, and the room that they leave keeps their bytes; no later deletion finds them. That room lies between a page's list
of rows and its first row (https://sqlite.org/fileformat2.html#b_tree_pages), and SQLite never reads it, so to write
zeros there changes nothing for whoever reads the file. Knows the file's form and no table.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = 100  # bytes before the first page's own header
_TREES = {2: 12, 5: 12, 10: 8, 13: 8}  # kinds of pages that hold rows or keys, and how long their headers are
_AT_ONCE = 256  # pages
MOST_PAGES = 1 << 25  # in a larger file (128 GiB), other pages may begin like these


@dataclass(frozen=True, slots=True)
class Stale:
    """Old bytes that no row owns."""

    place: int  # in the file
    length: int


def stale(handle: int) -> Iterator[Stale]:
    """Where a file holds old bytes. Its log must be empty, and nobody may write it meanwhile."""
    size = int.from_bytes(os.pread(handle, 2, 16))
    size = 65_536 if size == 1 else size
    end = os.fstat(handle).st_size
    if not size or end // size >= MOST_PAGES:
        return
    for first in range(0, end, _AT_ONCE * size):
        pages = os.pread(handle, _AT_ONCE * size, first)
        for start in range(0, len(pages) - size + 1, size):
            begin, until = _unowned(pages, start, size, _HEADER if first + start == 0 else 0)
            if begin < until and pages.count(0, begin, until) < until - begin:
                yield Stale(first + begin, until - begin)


def scrub(handle: int) -> int:
    """Overwrite all of them, for good; return how many there were."""
    found = 0
    for each in stale(handle):
        os.pwrite(handle, bytes(each.length), each.place)
        found += 1
    if found:
        os.fsync(handle)
    return found


def _unowned(pages: bytes, start: int, size: int, skipped: int) -> tuple[int, int]:
    """Where the room begins and ends in a page that starts there; nothing in a page of another kind."""
    head = start + skipped
    length = _TREES.get(pages[head])
    if length is None:
        return 0, 0
    rows = int.from_bytes(pages[head + 3 : head + 5])
    first = int.from_bytes(pages[head + 5 : head + 7]) or 65_536
    return head + length + 2 * rows, start + min(first, size)
