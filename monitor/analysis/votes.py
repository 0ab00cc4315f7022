"""One vote for each author and each story: what a post adds to a brand's counts. Pure; knows no store.

A person who complains ten times in an afternoon is one unhappy person, and a text that a hundred accounts copy is one
story. So a post adds to the negatives only what it is unhappier than its author, and its text, were counted before.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from monitor.clock import floor
from monitor.domain import Mention

AUTHOR_MEMORY = timedelta(hours=6)  # about the largest window in which a spike is looked for
STORY_MEMORY = timedelta(days=1)
STORY_WORDS = 6  # shorter texts ("so slow today") are said by many people on their own
_NOISE = re.compile(r"https?://\S+|^\s*rt\s+(?=@)|@\w+|[^\w\s#]+")  # "RT @somebody: …" is a copy


def voters(mention: Mention, brand: str) -> tuple[int, ...]:
    """Who speaks in a post: its author and, when the text is long enough to be a copy, its story; as 63-bit numbers."""
    found = []
    who = mention.author.native_id or mention.author.handle
    if who:
        block = floor(mention.published_at, AUTHOR_MEMORY).isoformat()
        found.append(_number("author", brand, mention.platform, who.casefold(), block))
    words = _NOISE.sub(" ", mention.text.casefold()).split()
    if len(words) >= STORY_WORDS:
        block = floor(mention.published_at, STORY_MEMORY).isoformat()
        found.append(_number("story", brand, " ".join(words), block))
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


def _number(*parts: str) -> int:
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
