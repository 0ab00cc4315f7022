"""Where the classes part: numbers added to an answer's outputs, chosen on what was kept back.

Part of models/training/: probabilities and labels in, numbers out; knows no engine and no file. Training weighs rare
classes up by a rule of thumb; which weight finds all classes best in unseen posts, only such posts can tell. The grid
is coarse, and the best of it must be better than no change by a margin: few posts can bear little more.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.evaluate import Judged, measure_answer

_STEPS = (-0.4, -0.2, 0.0, 0.2, 0.4)
_MARGIN = 0.002  # by how much a change must be better, on a scale from 0 to 1


@dataclass(frozen=True, slots=True)
class Offsets:
    """What to add to the outputs of one answer, and how good the answers are without and with it."""

    answer: str
    added: tuple[float, ...]
    before: float
    after: float


def fit(sets: Sequence[Judged]) -> Offsets:
    """The offsets that find the classes best, on average over sets of judged posts of one answer.

    The first label of a two-way answer, and the middle one of sentiment, stay where they are. Good is the mean of the
    two figures that such answers are published with: of sentiment macro-averaged recall and the F1 of the poles, of a
    two-way answer macro-averaged F1 and the F1 of the yes.
    """
    classes = sets[0].classes
    fixed = 1 if sets[0].answer == "sentiment" else 0
    logs = [[[math.log(max(value, 1e-9)) for value in row] for row in each.given] for each in sets]
    tried: dict[tuple[float, ...], float] = {}
    for steps in itertools.product(_STEPS, repeat=len(classes) - 1):
        added = (*steps[:fixed], 0.0, *steps[fixed:])
        tried[added] = sum(_good(each, rows, added) for each, rows in zip(sets, logs, strict=True)) / len(sets)
    nothing = (0.0,) * len(classes)
    best = max(tried, key=lambda added: (tried[added], -sum(map(abs, added))))
    chosen = best if tried[best] > tried[nothing] + _MARGIN else nothing
    return Offsets(sets[0].answer, chosen, tried[nothing], tried[chosen])


def _good(judged: Judged, logs: Sequence[Sequence[float]], added: Sequence[float]) -> float:
    moved = [[value + more for value, more in zip(row, added, strict=True)] for row in logs]
    found = measure_answer([_shares(row) for row in moved], [row.label for row in judged.rows], judged.answer)
    poles = found.f1_positive_negative
    if poles is None:
        return (found.macro_f1 + found.by_class["yes"].f1) / 2
    return (found.macro_recall + poles) / 2


def _shares(row: Sequence[float]) -> list[float]:
    powers = [math.exp(value) for value in row]
    total = sum(powers)
    return [power / total for power in powers]
