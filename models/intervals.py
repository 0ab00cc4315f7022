"""How far a figure over labelled texts may be off by chance alone: the texts are drawn again, many times.

Part of models/: knows sums over texts and figures made of them, no model and no file.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.evaluate import HALF, Judged
from models.heads import SEVERAL
from models.reliability import BINS

Numbers = npt.NDArray[np.float64]
Figure = Callable[[Numbers], Numbers]  # sums over texts, draws × columns → the figure of each draw
_DRAWS = 1_000
_AT_ONCE = 2_000_000  # weights held together, so that a large file does not fill the memory


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and the ends between which it lies at the level that was asked."""

    value: float
    low: float
    high: float


def intervals(columns: Numbers, figures: dict[str, Figure], *, seed: int, level: float = 0.95) -> dict[str, Interval]:
    """Percentile intervals by the bootstrap (Efron, 1979): texts are drawn with replacement.

    `columns[text]` are numbers whose sums over texts are all that the figures need.
    """
    chance = np.random.default_rng(seed)
    alike, counts = np.unique(columns, axis=0, return_counts=True)
    step = max(1, _AT_ONCE // len(alike))
    sizes = [min(step, _DRAWS - start) for start in range(0, _DRAWS, step)]
    odds = counts / len(columns)
    drawn = np.vstack([chance.multinomial(len(columns), odds, size) @ alike for size in sizes])
    whole = columns.sum(axis=0)[None]
    return {name: _interval(figure, whole, drawn, level) for name, figure in figures.items()}


def _interval(figure: Figure, whole: Numbers, drawn: Numbers, level: float) -> Interval:
    low, high = np.quantile(figure(drawn), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(figure(whole)[0]), float(low), float(high))


def of_means(judged: Judged, *, seed: int, level: float = 0.95) -> dict[str, Interval]:
    """The main figures of judged texts with their intervals, by the names of `evaluate.means`.

    The calibration error has none: drawn texts always look worse calibrated than the texts they are drawn from. What
    its bins' shares may be stands beside each of them.
    """
    if judged.answer in SEVERAL:
        return intervals(*_several(judged), seed=seed, level=level)
    return intervals(*_single(judged), seed=seed, level=level)


def _single(judged: Judged) -> tuple[Numbers, dict[str, Figure]]:
    size = len(judged.classes)
    cells = np.eye(size * size)[np.asarray(judged.true) * size + np.asarray(judged.said)]
    figures: dict[str, Figure] = {
        "macro-averaged recall": lambda sums: macro_recall(sums, size),
        "accuracy": lambda sums: _diagonal(sums, size).sum(axis=1) / sums.sum(axis=1),
        "macro F1": lambda sums: _present_mean(_f1(sums, size), _tables(sums, size).sum(axis=2)),
    }
    if judged.answer == "sentiment":
        figures["F1 of positive and negative"] = lambda sums: _f1(sums, size)[:, [0, 2]].mean(axis=1)
    return cells, figures


def _several(judged: Judged) -> tuple[Numbers, dict[str, Figure]]:
    true = np.array([[name in row.labels for name in judged.classes] for row in judged.rows])
    said = np.asarray(judged.given) >= HALF
    right = (true == said).all(axis=1, keepdims=True)
    columns = np.hstack([true & said, said, true, right, np.ones_like(right)]).astype(np.float64)
    size = len(judged.classes)

    def by_label(sums: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        return sums[:, :size], sums[:, size : 2 * size], sums[:, 2 * size : 3 * size]

    def micro(sums: Numbers) -> Numbers:
        hits, claimed, held = (part.sum(axis=1) for part in by_label(sums))
        return np.asarray(2 * hits / np.maximum(claimed + held, 1))

    def macro(sums: Numbers) -> Numbers:
        hits, claimed, held = by_label(sums)
        return _present_mean(2 * hits / np.maximum(claimed + held, 1), held)

    return columns, {"micro F1": micro, "macro F1": macro, "all labels right": lambda sums: sums[:, -2] / sums[:, -1]}


def macro_recall(sums: Numbers, size: int) -> Numbers:
    """Of sums over the cells of a confusion, row by row: the mean recall of the classes that occur."""
    held = _tables(sums, size).sum(axis=2)
    return _present_mean(_diagonal(sums, size) / np.maximum(held, 1), held)


def gap_columns(confidences: Numbers, right: Numbers) -> Numbers:
    """Columns whose sums are the calibration error's: what each text adds to the gap of its bin."""
    place = np.minimum((confidences * BINS).astype(int), BINS - 1)
    return np.asarray(np.eye(BINS)[place] * (confidences - right)[:, None])


def _tables(sums: Numbers, size: int) -> Numbers:
    return sums.reshape(len(sums), size, size)


def _diagonal(sums: Numbers, size: int) -> Numbers:
    return np.asarray(np.diagonal(_tables(sums, size), axis1=1, axis2=2))


def _f1(sums: Numbers, size: int) -> Numbers:
    tables = _tables(sums, size)
    return np.asarray(2 * _diagonal(sums, size) / np.maximum(tables.sum(axis=1) + tables.sum(axis=2), 1))


def _present_mean(values: Numbers, held: Numbers) -> Numbers:
    """The mean over the classes that occur in each draw."""
    there = held > 0
    return np.asarray((values * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1))
