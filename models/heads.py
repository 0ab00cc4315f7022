"""The answers of one encoder: which of its outputs belong to which answer, and how sure they are.

Part of models/: knows numbers and names, no engine and no file. Standard library only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.errors import ModelUnusable
from models.scoring import softmax
from models.values import Prediction, Sentiment

_TWO_WAY = ("no", "yes")
# All answers that a model of ours may give, with their labels.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "sentiment": ("negative", "neutral", "positive"),
    "complaint": _TWO_WAY,
    "emotion": ("anger", "joy", "optimism", "sadness"),
    "irony": _TWO_WAY,
    "offensive": _TWO_WAY,
    "touchpoints": (
        "product",
        "packaging",
        "price",
        "delivery",
        "website",
        "store",
        "contact centre",
        "staff",
        "sales",
        "support",
    ),
}
TOUCHPOINTS = ANSWERS["touchpoints"]
# Answers whose labels do not exclude each other: each has a probability of its own.
SEVERAL = frozenset({"touchpoints"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One answer: its `labels` name outputs in order; `temperature` divides their logits before the softmax.

    Of a two-way answer the second label is the yes. `toward` is the temperature where a target is read, None in a
    head that was not fitted for targets; a model reads targets when its sentiment has one.
    """

    name: str
    labels: tuple[str, ...]
    temperature: float
    toward: float | None = None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Head":
        """From a config's row. Raises KeyError, TypeError or ValueError on anything else."""
        toward = row.get("toward")
        return cls(
            name=str(row["name"]),
            labels=tuple(map(str, row["labels"])),
            temperature=float(row["temperature"]),
            toward=None if toward is None else float(toward),
        )

    def row(self) -> dict[str, Any]:
        """As `read` takes it."""
        kept = {"name": self.name, "labels": list(self.labels), "temperature": self.temperature}
        return kept if self.toward is None else kept | {"toward": self.toward}


class Heads:
    """All heads of a model, in the order of its outputs. Raises ModelUnusable when they cannot be a model's of ours."""

    def __init__(self, model: str, heads: Sequence[Head]) -> None:
        self.all = tuple(heads)
        self.reads_targets = any(head.name == "sentiment" and head.toward for head in heads)
        names = [head.name for head in heads]
        if "sentiment" not in names or len(set(names)) < len(names):
            raise ModelUnusable(f"{model}: answers {', '.join(names) or 'nothing'}; expected sentiment, and each once.")
        for head in heads:
            _check(model, head)

    @property
    def outputs(self) -> int:
        """How many numbers the encoder gives."""
        return sum(len(head.labels) for head in self.all)

    def prediction(self, logits: Sequence[float], *, toward: bool) -> Prediction:
        """What the encoder's outputs for one text say; `toward`: whether it read a target."""
        found: dict[str, Any] = {}
        start = 0
        for head in self.all:
            end = start + len(head.labels)
            temperature = (head.toward if toward else None) or head.temperature
            found[head.name] = _answer(head, _probabilities(head, logits[start:end], temperature))
            start = end
        return Prediction(**found)


def _check(model: str, head: Head) -> None:
    wanted = ANSWERS.get(head.name)
    if wanted is None:
        raise ModelUnusable(f'{model}: answers "{head.name}", which this program does not know. Update the program.')
    if head.labels != wanted:
        raise ModelUnusable(
            f"{model}: labels of {head.name} are {', '.join(head.labels)}; expected {', '.join(wanted)}."
        )
    if not all(0 < each < math.inf for each in (head.temperature, head.toward or 1.0)):
        raise ModelUnusable(f"{model}: {head.name} has a temperature that is not a number above 0.")


def _probabilities(head: Head, logits: Sequence[float], temperature: float) -> list[float]:
    """Together 1, or each for itself where the labels do not exclude each other."""
    if head.name in SEVERAL:
        return [1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value / temperature)))) for value in logits]
    return softmax(logits, temperature)


def _answer(head: Head, probabilities: Sequence[float]) -> Sentiment | dict[str, float] | float:
    if head.name == "sentiment":
        return Sentiment(*probabilities)
    if head.labels == _TWO_WAY:
        return probabilities[1]
    return dict(zip(head.labels, probabilities, strict=True))
