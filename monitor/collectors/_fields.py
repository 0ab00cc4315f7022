"""Fields and rows of a JSON answer: what is believed of them, and what is set aside. Knows no platform.

Every refusal is a ValueError whose message is the reason, in words.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from monitor import clock
from monitor.domain import Deletion, Mention, Reject
from monitor.post_fields import MAX_COUNT, MAX_FIELD, kind, shown, tidy

Row = dict[str, Any]
_DIGITS = re.compile(r"\d{1,16}", re.ASCII)


def read_rows(
    rows: Iterable[Any], read: Callable[[Row], Mention | Deletion | None]
) -> tuple[list[Mention], list[Deletion], list[Reject]]:
    """What each row is; one that is nothing of ours (None) is passed over, one that cannot be read is set aside."""
    mentions: list[Mention] = []
    deletions: list[Deletion] = []
    rejects: list[Reject] = []
    for place, row in enumerate(rows, start=1):
        try:
            if not isinstance(row, dict):
                raise ValueError(f"a row is not an object but {kind(row)}")
            found = read(row)
        except ValueError as error:
            rejects.append(Reject(line=place, reason=str(error), raw=shown(str(row))))
            continue
        if isinstance(found, Mention):
            mentions.append(found)
        elif isinstance(found, Deletion):
            deletions.append(found)
    return mentions, deletions, rejects


def part(row: Row, name: str) -> Row:
    """An object inside of a row; an empty one where there is none.

    >>> part({"author": {"name": "Ann"}}, "author"), part({"author": None}, "author")
    ({'name': 'Ann'}, {})
    """
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def word(value: object) -> str | None:
    """A name or an id of a platform as text; None where there is none, or none that can be kept.

    >>> word(7), word(" x "), word(""), word([])
    ('7', 'x', None, None)
    """
    if type(value) is int:
        return str(value)
    return tidy(value.strip())[:MAX_FIELD] or None if isinstance(value, str) else None


def ident(value: object, name: str) -> str:
    """An id that a row cannot be without."""
    if found := word(value):
        return found
    raise ValueError(f"no {name}")


def count(value: object) -> int | None:
    """A number of likes and the like, as a number or as digits; None for anything else.

    >>> count(3), count("12"), count(-1), count("many"), count(True)
    (3, 12, None, None, None)
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None


def stars(value: object) -> int:
    """A rating of one to five stars."""
    found = count(value)
    if found is None or not 1 <= found <= 5:
        raise ValueError("the rating is not 1 to 5 stars")
    return found


def instant(value: object, name: str) -> datetime:
    """A time that is told in ISO 8601."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a time but {kind(value)}")
    try:
        moment = clock.parse(value)
    except ValueError as error:
        raise ValueError(f"{name} is not an ISO 8601 time: {shown(value)[:40]!r}") from error
    if moment < clock.EPOCH:
        raise ValueError(f"{name} is impossible (before 1970)")
    return moment


def seconds(value: object, name: str) -> datetime:
    """A time that is told in seconds since 1970, as a number or as digits."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 37:
        raise ValueError(f"{name} is not a number of seconds")
    return clock.from_ms(int(value * 1_000))


def times_of(rows: Iterable[Any], time_of: Callable[[Row], datetime]) -> list[int]:
    """The times of those rows that tell one, in milliseconds since 1970: where in a list a page stands."""
    times = []
    for row in rows:
        try:
            times.append(clock.to_ms(time_of(row)))
        except (ValueError, TypeError, AttributeError):
            continue
    return times


def packed(phrases: Iterable[str], *, join: str, longest: int) -> list[str]:
    """Quoted phrases in as few searches as they fit into; one that is longer than a search stands alone.

    >>> packed(["Acme", 'the "A"', "Acme Shop"], join=" OR ", longest=20)
    ['"Acme" OR "the A"', '"Acme Shop"']
    """
    searches: list[str] = []
    for phrase in dict.fromkeys(" ".join(phrase.replace('"', " ").split()) for phrase in phrases):
        if not phrase:
            continue
        if searches and len(searches[-1]) + len(join) + len(phrase) + 2 <= longest:
            searches[-1] += f'{join}"{phrase}"'
        else:
            searches.append(f'"{phrase}"')
    return searches
