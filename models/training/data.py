"""Labelled posts for training: reading, the split by time, and batches of like length.

Part of models/training/: knows files and word-piece ids, nothing of torch.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from models.errors import ModelError
from models.text import normalise, spell_out
from models.training.recipe import LABELS

_BATCHES_PER_POOL = 50  # posts are sorted by length inside a pool, so that batches need little padding


class DataMissing(ModelError):
    """A labelled file is not where it was looked for, or holds nothing usable."""


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """One labelled text; `label` is an index into LABELS, `created_at` an ISO 8601 string, None if unknown."""

    text: str
    label: int
    created_at: str | None = None


def read_posts(path: Path) -> list[LabelledPost]:
    """Read a JSONL file with `text` and `label`; rows without one of our labels raise DataMissing."""
    if not path.is_file():
        raise DataMissing(f"{path}: not found. Give --data the folder that holds sentiment/train.jsonl.")
    with path.open(encoding="utf-8") as lines:
        posts = [_post(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not posts:
        raise DataMissing(f"{path}: holds no labelled post. Each line needs `text` and `label`.")
    return posts


def _post(path: Path, number: int, line: str) -> LabelledPost:
    try:
        row = json.loads(line)
        return LabelledPost(str(row["text"]), LABELS.index(row["label"]), row.get("created_at"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{path}, line {number}: needs `text` and `label`, one of {', '.join(LABELS)}."
        raise DataMissing(reason) from error


def split_latest(posts: Sequence[LabelledPost], count: int) -> tuple[list[LabelledPost], list[LabelledPost]]:
    """Split off the `count` latest dated posts: what a model meets after it was trained."""
    dated = sorted((post.created_at, index) for index, post in enumerate(posts) if post.created_at)
    latest = {index for _, index in dated[max(0, len(dated) - count) :]} if count else set()
    rest = [post for index, post in enumerate(posts) if index not in latest]
    return rest, [posts[index] for index in sorted(latest)]


def encode(tokenizer: Tokenizer, posts: Sequence[LabelledPost]) -> list[list[int]]:
    """Word-piece ids of each post after the normalisation that scoring uses; truncated by the tokenizer."""
    return [encoding.ids for encoding in tokenizer.encode_batch([spell_out(normalise(post.text)) for post in posts])]


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


def inverse_share_weights(labels: Sequence[int], power: float) -> list[float]:
    """Loss weights, mean 1 over the posts: (1 / share) ** power.

    >>> [round(w, 2) for w in inverse_share_weights([0, 1, 1, 1, 1, 2, 2, 2, 2], 0.5)]
    [1.8, 0.9, 0.9]
    """
    shares = [max(labels.count(label), 1) / len(labels) for label in range(len(LABELS))]
    raw = [share**-power for share in shares]
    mean = sum(raw[label] for label in labels) / len(labels)
    return [weight / mean for weight in raw]
