"""One vote for each author and each story: what a post adds to a brand's counts. Pure; knows no store.

A person who complains ten times in an afternoon is one unhappy person, and a text that a hundred accounts copy is one
story. So a post adds to the negatives only what it is unhappier than its author, and its story, were counted before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean

from monitor.analysis.duplicates import number
from monitor.clock import floor
from monitor.domain import Mention

AUTHOR_MEMORY = timedelta(hours=6)  # about the largest window in which a spike is looked for
STORY_MEMORY = timedelta(days=1)
_GRID = 1024
_LEAST_GAP = 0.2  # between the rates: of a model that tells less, no correction is to be believed


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


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a model says negative: of texts that are, and of texts that are not."""

    hits: float
    slips: float


def rates_of(confusions: Sequence[Sequence[Sequence[int]]], negative: int = 0) -> Rates | None:
    """A model's rates as the mean over its labelled sets, [true][said]; None where there are none, or where they say
    that it can hardly tell.

    >>> rates_of([[[80, 20], [20, 80]], [[70, 30], [30, 70]]])
    Rates(hits=0.75, slips=0.25)
    """
    hits, slips = [], []
    for matrix in confusions:
        own = matrix[negative]
        others = [row for place, row in enumerate(matrix) if place != negative]
        of_others = sum(map(sum, others))
        if sum(own) and of_others:
            hits.append(own[negative] / sum(own))
            slips.append(sum(row[negative] for row in others) / of_others)
    if not hits:
        return None
    found = Rates(fmean(hits), fmean(slips))
    return found if found.hits - found.slips >= _LEAST_GAP else None


def weight(negative: float, rates: Rates | None = None) -> float:
    """How much of a negative vote a post is, from its probability of being negative.

    Corrected as a share is by a classifier's rates of error (Rogan & Gladen 1978), post by post, and kept in 0…1: so
    the hundred calm posts of a launch are no ten unhappy ones, and one that is surely unhappy is one. To the
    thousandth, as a binary fraction: sums are the same in whatever order, and in whatever batches, posts are added.

    >>> weight(0.9), weight(0.9, Rates(0.8, 0.2)), weight(0.5, Rates(0.8, 0.2)), weight(0.1, Rates(0.8, 0.2))
    (0.900390625, 1.0, 0.5, 0.0)
    """
    if rates is not None:
        negative = min(1.0, max(0.0, (negative - rates.slips) / (rates.hits - rates.slips)))
    return round(negative * _GRID) / _GRID


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
