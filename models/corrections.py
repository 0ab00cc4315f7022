"""What a user's own labelled posts teach about a model's probabilities, without training: temperature and bias.

Part of models/: judged texts in, an adjustment and what it is worth out; knows no engine and no file. A temperature
and one bias a label are fitted to the labels by maximum a posteriori: the prior says "no change", so that few texts
change little (temperature scaling: Guo et al., 2017; with a bias for each class: Alexandari et al., 2020).
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from models.calibration import Adjustment, Confusion, log_odds
from models.errors import ModelError
from models.evaluate import HALF, Judged
from models.heads import SEVERAL
from models.intervals import Figure, Interval, gap_columns, intervals, macro_recall

Numbers = npt.NDArray[np.float64]
LEAST_TEXTS, LEAST_OF_A_LABEL = 50, 5
_SLOPE_SPREAD, _BIAS_SPREAD = 0.25, 0.5  # standard deviations of the prior around 1 and 0
_FIXED = 1e9  # so sure a prior does not move
_FLATTEST = 0.2  # a slope below it: how sure the model is says nothing about being right
_FOLDS, _STEPS = 5, 25
_LEVEL = 0.9


class TooFew(ModelError):
    """There are not enough labelled texts; the message says how many it takes."""


class NoHelp(ModelError):
    """The labelled texts do not show that a calibration would help."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after, and its change with an interval; all on texts that the adjustment had not seen."""

    before: float
    after: float
    change: Interval


@dataclass(frozen=True, slots=True)
class Worth:
    """What an adjustment is worth, cross-validated. `level` is the intervals'; figures by their names for people."""

    texts: int
    folds: int
    level: float
    figures: dict[str, Change]


def calibrate(judged: Judged, *, seed: int, biased: bool = True) -> tuple[Adjustment, Worth]:
    """The adjustment that the texts teach, and what it is worth on texts that it has not seen.

    The biases make the shares of what is said like those of the labels; without them (`biased` False) only the
    temperature is learned, and labels that exclude each other stay as they are. Raises TooFew, or NoHelp where the
    log loss is not shown to fall.
    """
    _check_enough(judged)
    problem = _Problem.of(judged, biased=biased)
    everything = problem.fit(np.arange(len(problem.logs)))
    if everything[0] < _FLATTEST:
        raise NoHelp(
            "On these texts, how sure the model is says nothing about being right. "
            "Were only its mistakes labelled? Label texts that were drawn by chance."
        )
    unseen = _cross_fitted(problem, seed)
    worth = _worth(problem, unseen, seed)
    _check_worth(worth, problem, unseen)
    bias = tuple(round(float(value), 4) for value in everything[1:])
    confusion = None if problem.several else _confusion(problem, unseen)
    return Adjustment(
        temperature=round(float(1 / everything[0]), 4), bias=bias, texts=len(judged.rows), confusion=confusion
    ), worth


def _check_enough(judged: Judged) -> None:
    texts = len(judged.rows)
    if texts < LEAST_TEXTS:
        raise TooFew(f"{texts} labelled texts are too few to learn from. Give at least {LEAST_TEXTS}, drawn by chance.")
    several = judged.answer in SEVERAL
    labels = [name for row in judged.rows for name in (row.labels if several else (row.label,))]
    lacking = [name for name in judged.classes if labels.count(name) < LEAST_OF_A_LABEL]
    if lacking and (not several or len(lacking) == len(judged.classes)):
        raise TooFew(
            f"Too few texts are labelled {', '.join(lacking)}. Give at least {LEAST_OF_A_LABEL} of each label, "
            f"and {LEAST_TEXTS} in all."
        )


def _check_worth(worth: Worth, problem: "_Problem", unseen: Numbers) -> None:
    loss = worth.figures["log loss"]
    if loss.change.high < 0:
        return
    told = f"Log loss on unseen texts is {loss.before:.4f} before and {loss.after:.4f} after"
    if loss.change.value >= 0:
        raise NoHelp(f"A calibration does not help on these {worth.texts} texts: {told}. Nothing was written.")
    gains = problem.loss(problem.given) - problem.loss(unseen)
    wanted = ceil((1.645 * gains.std() / gains.mean()) ** 2)
    raise NoHelp(
        f"{worth.texts} texts do not show that a calibration helps: {told}, a change of {loss.change.low:.4f} to "
        f"{loss.change.high:.4f}. About {max(wanted, worth.texts + 1)} texts would show it. Nothing was written."
    )


# The fit


@dataclass(frozen=True, slots=True)
class _Problem:
    """Judged texts as numbers: texts × labels."""

    given: Numbers  # probabilities
    logs: Numbers  # their logarithms, or log odds where labels do not exclude each other
    truth: Numbers  # 1 where the text has the label
    several: bool
    biased: bool

    @classmethod
    def of(cls, judged: Judged, *, biased: bool) -> "_Problem":
        given = np.asarray(judged.given, dtype=np.float64)
        several = judged.answer in SEVERAL
        held = [set(row.labels) if several else {row.label} for row in judged.rows]
        truth = np.array([[name in row for name in judged.classes] for row in held], dtype=np.float64)
        logs = np.vectorize(log_odds)(given) if several else np.log(np.maximum(given, 1e-6))
        return cls(given, logs, truth, several, biased)

    def fit(self, rows: npt.NDArray[np.intp]) -> Numbers:
        """Slope (1 ÷ temperature) and biases that are likeliest given the prior, by Newton's method.

        The problem is convex. A label of which a text or two is there keeps its bias.
        """
        size = self.logs.shape[1]
        known = self.biased & (self.truth[rows].sum(axis=0) >= (LEAST_OF_A_LABEL if self.several else 0))
        precision = np.concatenate([[_SLOPE_SPREAD**-2], np.where(known, _BIAS_SPREAD**-2, _FIXED)])
        centre = np.concatenate([[1.0], np.zeros(size)])
        logs, truth = self.logs[rows], self.truth[rows]
        design = np.concatenate([logs[:, :, None], np.broadcast_to(np.eye(size), (*logs.shape, size))], axis=2)
        found = centre
        for _ in range(_STEPS):
            said = self.apply(found, logs)
            slope = np.einsum("nkp,nk->p", design, said - truth) + precision * (found - centre)
            bend = self._bend(design, said) + np.diag(precision)
            step = np.linalg.solve(bend, slope)
            found = found - step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))  # at most 1 at a time
        return found

    def _bend(self, design: Numbers, said: Numbers) -> Numbers:
        """The log loss's second derivative."""
        if self.several:
            return np.asarray(np.einsum("nkp,nk,nkq->pq", design, said * (1 - said), design))
        mean = np.einsum("nkp,nk->np", design, said)
        return np.asarray(np.einsum("nkp,nk,nkq->pq", design, said, design) - np.einsum("np,nq->pq", mean, mean))

    def apply(self, found: Numbers, logs: Numbers) -> Numbers:
        """Probabilities after the adjustment."""
        scores = found[0] * logs + found[1:]
        if self.several:
            return np.asarray(1 / (1 + np.exp(-scores)))
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def loss(self, said: Numbers) -> Numbers:
        """Log loss of each text, in nats; where labels do not exclude each other, the sum over them."""
        kept = np.clip(said, 1e-6, 1 - 1e-6)
        if self.several:
            return np.asarray(-(self.truth * np.log(kept) + (1 - self.truth) * np.log(1 - kept)).sum(axis=1))
        return np.asarray(-np.log((kept * self.truth).sum(axis=1)))


# What it is worth


def _cross_fitted(problem: _Problem, seed: int) -> Numbers:
    """Each text's probabilities by an adjustment that was fitted without it."""
    order = np.random.default_rng(seed).permutation(len(problem.logs))
    unseen = np.empty_like(problem.given)
    for held in np.array_split(order, _FOLDS):
        rest = np.setdiff1d(order, held)
        unseen[held] = problem.apply(problem.fit(rest), problem.logs[held])
    return unseen


def _worth(problem: _Problem, unseen: Numbers, seed: int) -> Worth:
    texts, size = problem.given.shape
    before, after = _columns(problem, problem.given), _columns(problem, unseen)
    width = before.shape[1]
    figures = _figures(size, problem.several)
    both = {name: _difference(figure, width) for name, figure in figures.items()}
    found = intervals(np.hstack([before, after]), both, seed=seed, level=_LEVEL)
    changes = {
        name: Change(_whole(figure, before), _whole(figure, after), found[name]) for name, figure in figures.items()
    }
    return Worth(texts, _FOLDS, _LEVEL, changes)


def _whole(figure: Figure, columns: Numbers) -> float:
    return float(figure(columns.sum(axis=0)[None])[0])


def _difference(figure: Figure, width: int) -> Figure:
    return lambda sums: figure(sums[:, width:]) - figure(sums[:, :width])


def _columns(problem: _Problem, said: Numbers) -> Numbers:
    """One, the loss, what the calibration error is made of, and the confusion or the hits, of each text."""
    loss = problem.loss(said)[:, None]
    if problem.several:
        size = said.shape[1]
        gaps = gap_columns(said.ravel(), problem.truth.ravel()).reshape(len(said), size, -1).sum(axis=1) / size
        found = (said >= HALF).astype(np.float64)
        counts = np.hstack([found * problem.truth, found, problem.truth])
    else:
        likeliest, true = said.argmax(axis=1), problem.truth.argmax(axis=1)
        gaps = gap_columns(said.max(axis=1), (likeliest == true).astype(np.float64))
        counts = np.eye(said.shape[1] ** 2)[true * said.shape[1] + likeliest]
    return np.hstack([np.ones_like(loss), loss, gaps, counts])


def _figures(size: int, several: bool) -> dict[str, Figure]:
    gaps, counts = slice(2, 12), 12

    def macro_f1(sums: Numbers) -> Numbers:
        hits, claimed, held = (sums[:, counts + part * size : counts + (part + 1) * size] for part in range(3))
        there = held > 0
        return np.asarray((2 * hits / np.maximum(claimed + held, 1)).sum(axis=1) / np.maximum(there.sum(axis=1), 1))

    last: dict[str, Figure] = {
        "accuracy": lambda sums: np.asarray(sums[:, counts :: size + 1].sum(axis=1) / sums[:, 0]),
        "macro-averaged recall": lambda sums: macro_recall(sums[:, counts:], size),
    }
    return {
        "log loss": lambda sums: np.asarray(sums[:, 1] / sums[:, 0]),
        "calibration error": lambda sums: np.asarray(np.abs(sums[:, gaps]).sum(axis=1) / sums[:, 0]),
        **({"macro F1": macro_f1} if several else last),
    }


def _confusion(problem: _Problem, unseen: Numbers) -> Confusion:
    size = unseen.shape[1]
    cells = problem.truth.argmax(axis=1) * size + unseen.argmax(axis=1)
    counts = np.bincount(cells, minlength=size * size).reshape(size, size)
    return tuple(tuple(int(cell) for cell in row) for row in counts)
