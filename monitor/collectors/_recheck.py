"""What became of posts that were asked for by their ids: one answer, sorted. Knows no platform and no network.

A post that an answer leaves out is gone, and what is known of it is erased; so that is believed with care. It is not
where the answer holds a row that cannot be told apart, as that may be the post; nor where an answer to a question for
several posts is empty altogether, unless it is still so an hour later: platforms are known to show nothing at times.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.collectors._fields import Row
from monitor.collectors._state import write_state
from monitor.domain import Deletion, Mention, Page, Reject
from monitor.post_fields import kind, shown

DAILY = timedelta(hours=24)
FEW = 3  # posts of which all may well be gone
PATIENCE = timedelta(hours=1)
_EMPTY = "empty"  # under this name a cursor holds since when answers are empty


def parts_of(ids: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """So many at a time, each once.

    >>> list(parts_of(["a", "b", "a", "c"], 2))
    [('a', 'b'), ('c',)]
    """
    each = tuple(dict.fromkeys(ids))
    return (each[start : start + size] for start in range(0, len(each), size))


def is_believed(memory: dict[str, Any], asked: int, found: int, now: datetime) -> bool:
    """Whether what an answer leaves out is gone; `memory` is what the re-check's cursor holds, and is changed."""
    if found or asked <= FEW:
        memory.pop(_EMPTY, None)
        return True
    told = memory.get(_EMPTY)
    if type(told) is not int or told > clock.to_ms(now):
        told = memory[_EMPTY] = clock.to_ms(now)
    return now - clock.from_ms(told) >= PATIENCE


def one_by_one(
    ids: Sequence[str], ask: Callable[[str], Page | None], memory: dict[str, Any], *, platform: str, now: datetime
) -> Iterator[Page]:
    """Yield what became of each post, asked about alone; `ask` gives its page, None where there is no such post.

    A platform that suddenly knows none of several is not believed at once.
    """
    names, stands = tuple(dict.fromkeys(ids)), 0
    missing: list[str] = []
    for name in names:
        page = ask(name)
        if page is None:
            missing.append(name)
        else:
            stands += 1
            yield page
        if stands and missing:
            yield _gone(missing, platform)
            missing = []
    if not is_believed(memory, len(names), stands, now):
        missing = []
    yield replace(_gone(missing, platform), cursor=write_state(memory))


def _gone(names: list[str], platform: str) -> Page:
    return Page(deletions=tuple(Deletion(platform=platform, native_id=name) for name in names), checked=tuple(names))


@dataclass(slots=True)
class _Sorted:
    """The rows of one answer."""

    mentions: dict[str, Mention] = field(default_factory=dict)
    deletions: dict[str, Deletion] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    lost: bool = False  # a row does not say which post it is


def judged(
    asked: Sequence[str],
    rows: Iterable[Any],
    read: Callable[[Row], Mention | Deletion | None],
    *,
    platform: str,
    name_of: Callable[[Row], str],
    believed: bool = True,
) -> Page:
    """A page of what an answer says about the posts that were asked for, without cursor and coverage.

    `name_of` tells a row's native id, `read` what it is now: None, where it is there and no longer public. Both raise
    ValueError. A row that was not asked for is passed over; one that cannot be read leaves its post unchecked.
    """
    found = _Sorted()
    for place, row in enumerate(rows, start=1):
        _take(found, row, place, frozenset(asked), read, name_of, platform)
    if believed and not found.lost:
        absent = (name for name in asked if name not in found.seen)
        found.deletions |= {name: Deletion(platform=platform, native_id=name) for name in absent}
    return Page(
        mentions=tuple(found.mentions.values()),
        deletions=tuple(found.deletions.values()),
        rejects=tuple(found.rejects),
        checked=tuple(name for name in asked if name in found.mentions or name in found.deletions),
    )


def _take(
    found: _Sorted,
    row: Any,
    place: int,
    wanted: frozenset[str],
    read: Callable[[Row], Mention | Deletion | None],
    name_of: Callable[[Row], str],
    platform: str,
) -> None:
    name = None
    try:
        if not isinstance(row, dict):
            raise ValueError(f"a row is not an object but {kind(row)}")
        name = name_of(row)
        if name not in wanted:
            return
        found.seen.add(name)
        now_is = read(row)
    except ValueError as error:
        found.lost |= name is None
        found.rejects.append(Reject(line=place, reason=str(error), raw=shown(str(row))))
        return
    if isinstance(now_is, Mention):
        found.mentions[name] = now_is
    else:
        found.deletions[name] = now_is or Deletion(platform=platform, native_id=name, reason="protected")
