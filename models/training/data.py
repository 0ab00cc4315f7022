"""Labelled posts for training: reading, the split by time, and batches of like length.

Part of models/training/: knows files and word-piece ids, nothing of torch.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from models.errors import ModelError
from models.labelled import read_labelled
from models.text import as_name, input_of, normalise
from models.training.recipe import HEADS

_BATCHES_PER_POOL = 50  # posts are sorted by length inside a pool, so that batches need little padding


Pieces = tuple[list[int], list[int]]  # word-piece ids, and the segment (0 text, 1 target) of each


class DataMissing(ModelError):
    """A labelled file is not where it was looked for."""


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """One labelled text; `label` is an index into its head's labels, `created_at` an ISO 8601 string, None if unknown.

    `target` is whom the label is about, None where it is about the post; `domain` its trade, where that is told.
    `several` are the indices of all labels that hold, of an answer whose labels do not exclude each other.
    """

    text: str
    label: int
    created_at: str | None = None
    target: str | None = None
    domain: str | None = None
    several: tuple[int, ...] | None = None

    @property
    def labels(self) -> tuple[int, ...]:
        """All labels that hold: one, or `several`."""
        return (self.label,) if self.several is None else self.several


def read_posts(path: Path, answer: str = "sentiment") -> list[LabelledPost]:
    """Read a JSONL file with `text` and the label of one answer. Raises DataMissing, or BadFile at a row without."""
    if not path.is_file():
        raise DataMissing(f"{path}: not found. Give --data the folder that holds {path.parent.name}/{path.name}.")
    names = HEADS[answer]
    return [
        LabelledPost(row.text, names.index(row.label), row.created_at, row.target, row.domain)
        for row in read_labelled(path, answer)
    ]


def split_latest(posts: Sequence[LabelledPost], count: int) -> tuple[list[LabelledPost], list[LabelledPost]]:
    """Split off the `count` latest dated posts: what a model meets after it was trained."""
    dated = sorted((post.created_at, index) for index, post in enumerate(posts) if post.created_at)
    latest = {index for _, index in dated[max(0, len(dated) - count) :]} if count else set()
    rest = [post for index, post in enumerate(posts) if index not in latest]
    return rest, [posts[index] for index in sorted(latest)]


def encode(tokenizer: Tokenizer, posts: Sequence[LabelledPost]) -> list[Pieces]:
    """Word-piece ids and segments of each post after the normalisation that scoring uses, as `input_of` reads it."""
    inputs = [input_of(normalise(post.text), as_name(post.target)) for post in posts]
    return [(row.ids, row.type_ids) for row in tokenizer.encode_batch(inputs)]


def batches(lengths: Sequence[int], size: int, chance: random.Random) -> Iterator[list[int]]:
    """Yield index batches in random order, each of posts of like length."""
    order = list(range(len(lengths)))
    chance.shuffle(order)
    pool = size * _BATCHES_PER_POOL
    for start in range(0, len(order), pool):
        near = sorted(order[start : start + pool], key=lambda index: lengths[index])
        cuts = [near[at : at + size] for at in range(0, len(near), size)]
        chance.shuffle(cuts)
        yield from cuts


def inverse_share_weights(labels: Sequence[int], power: float, classes: int = 3) -> list[float]:
    """Loss weights, mean 1 over the posts: (1 / share) ** power.

    >>> [round(w, 2) for w in inverse_share_weights([0, 1, 1, 1, 1, 2, 2, 2, 2], 0.5)]
    [1.8, 0.9, 0.9]
    """
    shares = [max(labels.count(label), 1) / len(labels) for label in range(classes)]
    raw = [share**-power for share in shares]
    mean = sum(raw[label] for label in labels) / len(labels)
    return [weight / mean for weight in raw]
