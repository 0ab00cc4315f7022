"""One vote for each author and each story: what a post adds to a brand's counts. Pure; knows no store.

A person who complains ten times in an afternoon is one unhappy person, and a text that a hundred accounts copy is one
story. So a post adds to the negatives only what it is unhappier than its author, and its story, were counted before.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from monitor.analysis.duplicates import number
from monitor.clock import floor
from monitor.domain import Mention

AUTHOR_MEMORY = timedelta(hours=6)  # about the largest window in which a spike is looked for
STORY_MEMORY = timedelta(days=1)


def voters(mention: Mention, brand: str, story: int | None = None) -> tuple[int, ...]:
    """Who speaks in a post: its author and its story, each for a while, as 63-bit numbers; without what is unknown."""
    found = []
    who = mention.author.native_id or mention.author.handle
    if who:
        block = floor(mention.published_at, AUTHOR_MEMORY).isoformat()
        found.append(number("author", brand, mention.platform, who.casefold(), block))
    if story is not None:
        block = floor(mention.published_at, STORY_MEMORY).isoformat()
        found.append(number("story", brand, str(story), block))
    return tuple(found)


def increments(negative: float, who: Sequence[int], counted: Mapping[int, float]) -> tuple[float, float]:
    """What a post adds to (mentions, negatives), given how unhappy its voters were counted already.

    >>> increments(0.9, [1, 2], {})
    (1.0, 0.9)
    >>> increments(0.9, [1, 2], {1: 0.25})
    (0.0, 0.65)
    >>> increments(0.9, [1, 2], {2: 0.95})
    (0.0, 0.0)
    """
    before = [counted[voter] for voter in who if voter in counted]
    if not before:
        return 1.0, negative
    return 0.0, max(0.0, negative - max(before))
