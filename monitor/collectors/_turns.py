"""Which of several questions comes first: the one that was under way when the last poll ended. Knows no platform.

Else a poll that breaks off, always at the same place, would never reach what comes after it.
"""

from collections.abc import Sequence

TURN = "turn"  # under this name the key that comes first stands in a cursor


def in_turn(keys: Sequence[str], first: object) -> list[str]:
    """The keys in their order, but from `first` on.

    >>> in_turn(["a", "b", "c"], "b"), in_turn(["a", "b"], "gone")
    (['b', 'c', 'a'], ['a', 'b'])
    """
    place = keys.index(first) if isinstance(first, str) and first in keys else 0
    return [*keys[place:], *keys[:place]]


def next_turn(keys: Sequence[str], key: str, *, unfinished: bool) -> dict[str, str]:
    """What the cursor must hold after a page of `key`.

    >>> next_turn(["a", "b"], "b", unfinished=False)
    {'turn': 'a'}
    """
    return {TURN: key if unfinished else keys[(keys.index(key) + 1) % len(keys)]}
