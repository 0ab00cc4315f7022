"""The numbers of the recipe, in one place; part of models/training/, knows no library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.heads import ANSWERS

HEADS = ANSWERS  # in the order of the encoder's outputs
OUTPUTS = sum(map(len, HEADS.values()))


def head_of(task: str) -> str:
    """The answer that a task teaches: its own, or sentiment ("target", "joined", "clauses", "grievance").

    >>> head_of("irony"), head_of("target")
    ('irony', 'sentiment')
    """
    return task if task in HEADS else "sentiment"


def places(head: str) -> slice:
    """Where a head's outputs stand among all outputs.

    >>> places("complaint")
    slice(3, 5, None)
    """
    names = list(HEADS)
    start = sum(len(HEADS[name]) for name in names[: names.index(head)])
    return slice(start, start + len(HEADS[head]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that, with the data and the weights it starts from, decides the trained weights.

    `base` names the weights that it starts from; one that `goes_on` starts from those of the stage before, under the
    same teacher. `rate` is the top layer's learning rate; each layer further down gets `layer_decay` times the rate
    above it (Howard & Ruder, 2018, "discriminative fine-tuning"); the lowest `frozen` layers, with all that is below
    them, keep their weights. `balance` is the power of the inverse class share used as a loss weight: 0 none, 0.5 the
    square root, 1 full balance. `hold_out_latest` posts are kept from training to measure on later posts than those
    learnt from. `passes` says how often an epoch sees each task's rows (0.5: a random half of them); a task that is not
    named is left out. `named` is the share of the other tasks' rows that are read with a word of theirs as the target,
    so that these answers do not depend on whether a target is given. `joined` and `clauses` say how many rows of that
    kind to try to make (contrast.py). `teacher` is the weight of the teacher's opinion of every answer about every row,
    whatever its task (Hinton et al., 2015): posts that nobody labelled for an answer teach it too; `labels` is the
    weight of the row's own label beside it. `meaning` is the weight of keeping the sentence embedding of the base
    weights in the states that enter the last layer.
    """

    base: Literal["mpnet", "minilm"] = "minilm"
    goes_on: bool = False
    seed: int = 1
    epochs: int = 1
    batch: int = 32
    max_tokens: int = 128
    rate: float = 1e-4
    layer_decay: float = 0.9
    frozen: int = 0
    warmup: float = 0.06
    weight_decay: float = 0.01
    balance: float = 0.5
    smoothing: float = 0.0
    hold_out_latest: int = 2_500
    checkpoint_every: int = 200
    passes: Mapping[str, float] = field(default_factory=lambda: {"sentiment": 1.0})
    named: float = 0.4
    joined: int = 20_000
    clauses: int = 4_000
    labels: float = 1.0
    teacher: float = 0.0
    meaning: float = 0.0
    half_precision: bool = False
    words_learn: bool = True


TEACHER = Recipe(  # all answers together, by an encoder that is too large to ship
    base="mpnet",
    rate=5e-5,
    frozen=2,
    words_learn=False,
    balance=0.6,
    checkpoint_every=400,
    joined=8_000,
    clauses=2_000,
    passes={
        "sentiment": 1.0,
        "target": 1.0,
        "joined": 1.0,
        "clauses": 1.0,
        "grievance": 1.0,
        "complaint": 2,
        "emotion": 2,
        "irony": 2,
        "offensive": 0.7,
    },
    half_precision=True,
)
STUDENT = Recipe(  # the encoder that ships, taught by the labels and by the teacher
    batch=64,
    rate=2e-4,
    balance=0.6,
    joined=12_000,
    passes={
        "sentiment": 1.5,
        "target": 1.0,
        "joined": 1.0,
        "clauses": 0.5,
        "grievance": 2,
        "complaint": 3,
        "emotion": 3,
        "irony": 2.5,
        "offensive": 1,
        "touchpoints": 8,
    },
    teacher=1.0,
    meaning=0.5,
    labels=0.5,
    half_precision=True,
)
FINISH = Recipe(  # the same once more at a lower rate, with more of what few rows teach
    goes_on=True,
    batch=64,
    rate=1.2e-4,
    balance=0.6,
    joined=12_000,
    passes={
        "sentiment": 1.0,
        "target": 0.7,
        "joined": 0.6,
        "clauses": 0.3,
        "grievance": 2,
        "complaint": 5,
        "emotion": 4,
        "irony": 2,
        "offensive": 1.3,
        "touchpoints": 15,
    },
    teacher=1.0,
    meaning=0.3,
    labels=0.5,
    half_precision=True,
)
