"""The numbers of the recipe, in one place; part of models/training/, knows no library."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.heads import ANSWERS

HEADS = ANSWERS  # in the order of the encoder's outputs
OUTPUTS = sum(map(len, HEADS.values()))


def head_of(task: str) -> str:
    """The answer that a task teaches: its own, or sentiment ("target", "joined", "clauses").

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

    `rate` is the top layer's learning rate; each layer further down gets `layer_decay` times the rate above it
    (Howard & Ruder, 2018, "discriminative fine-tuning"). `balance` is the power of the inverse class share used
    as a loss weight: 0 none, 0.5 the square root, 1 full balance. `hold_out_latest` posts are kept from training to
    measure on later posts than those learnt from. `passes` says how often an epoch sees each task's rows (0.5: a
    random half of them); a task that is not named is left out. `named` is the share of the other tasks' rows that are
    read with a word of theirs as the target, so that these answers do not depend on whether a target is given.
    `joined` and `clauses` say how many rows of that kind to try to make (contrast.py). `teacher` is the weight of the
    first stage's opinion of the sentiment of every row that is read without a target, whatever its task
    (Hinton et al., 2015; Furlanello et al., 2018): posts that nobody labelled for sentiment teach it too.
    """

    seed: int = 1
    epochs: int = 1
    batch: int = 32
    max_tokens: int = 128
    rate: float = 1e-4
    layer_decay: float = 0.9
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
    teacher: float = 0.0
    half_precision: bool = False
    words_learn: bool = True


FIRST = Recipe()  # sentiment alone, from the base weights
SECOND = Recipe(  # all answers together, from the base weights again, with the first stage as the teacher
    batch=64,
    rate=1.4e-4,
    passes={
        "sentiment": 1.0,
        "target": 1.0,
        "joined": 1.0,
        "clauses": 1.0,
        "complaint": 3,
        "emotion": 3,
        "irony": 2,
        "offensive": 1,
    },
    teacher=0.5,
    half_precision=True,
)
