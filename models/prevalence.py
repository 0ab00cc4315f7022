"""The true share of each class, from how often a classifier said it and how often it is known to be wrong.

Part of models/: counts and confusion matrices in, shares with intervals out; knows no model and no store.

A classifier that calls one happy post in ten unhappy finds unhappy posts where there are none; what it says of many
posts must be corrected by its rates of error (Rogan & Gladen, 1978; several classes: Buonaccorsi, 2010; as
"quantification": Forman, 2008). The rates are only known from labelled sets, each small and none of them about the
posts at hand, so they are drawn many times: Dirichlet for what a set's size leaves open, and a normal effect on the
log scale for how one set's rates differ from another's (a random-effects meta-analysis; the spread itself is drawn
from its posterior). Each draw is inverted together with a draw of what was said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
DRIFT = 0.25
_JEFFREYS = 0.5  # added to every count: the least that a multinomial's prior can say
_SPREADS = 60  # how many standard deviations between sets are weighed against each other
_FARTHEST = 6.0  # the largest of them, in multiples of the drift
_ENOUGH = 0.05  # share of draws that must be possible shares
_WIDER = (2.0, 4.0, 8.0, 16.0)
_ROUNDS, _RESAMPLES = 80, 250
_CELLS = 20  # probabilities are taken together by the twentieth


@dataclass(frozen=True, slots=True)
class Share:
    """An estimated share and its interval, each 0…1, low ≤ estimate ≤ high."""

    estimate: float
    low: float
    high: float


class Correction:
    """What a classifier says, corrected by the confusions that were measured; made once, asked often.

    `confusions[set][true][said]` counts labelled texts, one matrix for each labelled set. `drift` is how far rates are
    expected to differ from set to set before any set is seen: the scale of a half-normal prior of the standard
    deviation of their log odds. At 0.25 a rate of 0.80 in one set may well be 0.71 or 0.87 in the next; sets that
    disagree more, or less, overrule it. 0: the posts are of the measured sets, and rates do not differ.
    The same counts get the same answer, whatever was asked before. Two series that one correction corrected share its
    errors: their difference is known better than the overlap of their intervals suggests.
    Raises ValueError for matrices that are not square, not of one size, or hold less than nothing.
    """

    def __init__(
        self, confusions: Sequence[Sequence[Sequence[int]]], *, seed: int, drift: float = DRIFT, draws: int = 1_000
    ) -> None:
        counts = _checked(confusions)
        if not 0 <= drift < float("inf"):
            raise ValueError(f"drift is {drift}; give a number from 0.")
        rates = _rates(counts, drift, draws, np.random.default_rng(seed))
        self.classes: int = counts.shape[-1]
        self._seed = seed + 1  # what was said is drawn apart from how often it is wrong
        self._inverse = np.asarray(np.linalg.inv(rates + 1e-12 * np.eye(self.classes)), dtype=np.float64)

    def shares(self, said: Sequence[int], level: float = 0.9) -> list[Share] | None:
        """The share of each class among the posts of which `said[class]` were said to have it; None of no posts.

        Every post must be counted once, also one that is shown as unsure, under its likeliest class. `level` is how
        often the interval is to hold the truth. Raises ValueError on counts or a level that cannot be.
        """
        counts = _said(said, self.classes)
        _check_level(level)
        if not counts.sum():
            return None
        drawn = np.random.default_rng(self._seed).standard_gamma(counts + _JEFFREYS, (len(self._inverse), len(counts)))
        drawn /= drawn.sum(axis=1, keepdims=True)
        return _summary(np.einsum("mj,mjk->mk", drawn, self._inverse), level)

    def many(self, rows: Sequence[Sequence[int]], level: float = 0.9) -> list[list[Share] | None]:
        """`shares` of each row, as of the buckets of a series; about 3,000 rows a second."""
        return [self.shares(row, level) for row in rows]


def _checked(confusions: Sequence[Sequence[Sequence[int]]]) -> Numbers:
    try:
        counts: Numbers = np.asarray(confusions, dtype=np.float64)
    except ValueError as error:
        raise ValueError("The confusion matrices differ in size; measure each with the same classes.") from error
    if counts.ndim != 3 or counts.shape[1] != counts.shape[2] or counts.shape[1] < 2 or not counts.size:
        raise ValueError("A confusion matrix has a row and a column for each class; give a list of such matrices.")
    if not (np.isfinite(counts).all() and counts.min() >= 0 and counts.sum(axis=(1, 2)).all()):
        raise ValueError("A confusion matrix counts texts: whole numbers from 0, and not all of them 0.")
    return counts


def _said(said: Sequence[int], classes: int) -> Numbers:
    counts = np.asarray(said, dtype=np.float64)
    if counts.shape != (classes,):
        raise ValueError(f"{len(said)} counts for {classes} classes; give one for each.")
    if not (np.isfinite(counts).all() and counts.min() >= 0):
        raise ValueError("Counts are whole numbers from 0.")
    return counts


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a share between 0 and 1, such as 0.9.")


# The rates of error in the posts at hand


def _rates(counts: Numbers, drift: float, draws: int, chance: np.random.Generator) -> Numbers:
    """Draws of P(said | true) in a set like those measured: draws × true × said.

    For each rate: the mean of the sets' logarithms, each as uncertain as its counts and the spread between sets make
    it and weighted by the inverse of that, and the new set's own effect on top.
    """
    sets, classes = counts.shape[:2]
    measured = np.log(chance.standard_gamma(counts + _JEFFREYS, (draws, sets, classes, classes)))
    measured -= np.log(np.exp(measured).sum(axis=-1, keepdims=True))
    spread = _spreads(counts, drift, draws, chance)[:, None, None, None] * np.sqrt((classes - 1) / classes)
    weights = 1 / (1 / (counts + _JEFFREYS) + spread**2)
    weights /= weights.sum(axis=1, keepdims=True)
    mean = (weights * (measured + spread * chance.standard_normal(measured.shape))).sum(axis=1)
    here = np.exp(mean + spread[:, 0] * chance.standard_normal(mean.shape))
    rates: Numbers = here / here.sum(axis=-1, keepdims=True)
    return rates


def _spreads(counts: Numbers, drift: float, draws: int, chance: np.random.Generator) -> Numbers:
    """Draws of the standard deviation between sets, on the scale of log odds."""
    if not drift:
        return np.zeros(draws)
    grid: Numbers = np.linspace(0, _FARTHEST * drift, _SPREADS + 1, dtype=np.float64)[1:]
    heights: Numbers = -0.5 * (grid / drift) ** 2 + _disagreement(counts, grid)
    weights = np.exp(heights - heights.max())
    drawn: Numbers = chance.choice(grid, draws, p=weights / weights.sum())
    return drawn


def _disagreement(counts: Numbers, grid: Numbers) -> Numbers:
    """Log likelihood of each spread, its means integrated out: normal approximation of the log odds of every rate.

    The rates of a class add up to 1, so of its K log odds only K - 1 are news; hence the factor.
    """
    classes = counts.shape[-1]
    hits, others = counts + _JEFFREYS, counts.sum(axis=-1, keepdims=True) - counts + _JEFFREYS
    odds, variance = np.log(hits / others), 1 / hits + 1 / others
    total = variance + grid[:, None, None, None] ** 2
    weights = 1 / total
    mean = (weights * odds).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    off = np.log(total).sum(axis=1) + np.log(weights.sum(axis=1)) + (weights * (odds - mean) ** 2).sum(axis=1)
    heights: Numbers = -0.5 * off.sum(axis=(1, 2)) * (classes - 1) / classes
    return heights


# From draws of shares to intervals


def _summary(raw: Numbers, level: float) -> list[Share]:
    """The mean of the draws, and the hull of two intervals: of all draws, cut at 0 and 1, and of the possible ones.

    Inverted draws may lie outside 0…1. Cutting them keeps the interval honest near 0 and 1, but leaves nothing of it
    where what was said contradicts the rates; the possible draws do leave something.
    """
    possible, estimate = _possible(raw)
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = np.clip(np.quantile(raw, tails, axis=0), 0.0, 1.0)
    inner_low, inner_high = np.quantile(possible, tails, axis=0)
    low, high = np.minimum(low, inner_low), np.maximum(high, inner_high)
    return [Share(*map(float, each)) for each in zip(np.clip(estimate, low, high), low, high, strict=True)]


def _possible(raw: Numbers) -> tuple[Numbers, Numbers]:
    """Draws that are possible shares, and the estimate.

    Where hardly any are, the estimate is the mean of those nearest to the draws, and the draws are widened until some
    are possible: rates and posts contradict each other, so the doubt is larger than both said. Where that does not
    help, the rates tell the classes hardly apart, and anything is possible.
    """
    inside = (raw >= 0).all(axis=1)  # each draw adds up to 1
    if inside.mean() >= _ENOUGH:
        return raw[inside], raw[inside].mean(axis=0)
    cut = np.clip(raw, 0.0, 1.0)
    cut /= cut.sum(axis=1, keepdims=True)
    middle = np.median(raw, axis=0)
    for factor in _WIDER:
        drawn = middle + factor * (raw - middle)
        inside = (drawn >= 0).all(axis=1)
        if inside.mean() >= _ENOUGH:
            return drawn[inside], cut.mean(axis=0)
    return cut, cut.mean(axis=0)


# From probabilities


def shares_from_probabilities(
    probabilities: Sequence[Sequence[float]], reference: Sequence[float], *, seed: int, level: float = 0.9
) -> list[Share] | None:
    """The share of each class from calibrated probabilities, by expectation maximisation (Saerens et al., 2002).

    `probabilities[post][class]`; `reference` are the shares in the posts on which they were calibrated. It holds while
    only the shares differ from those posts, and says nothing of how far that is true: with more than one measured
    confusion, `Correction` does. The interval is a weighted likelihood bootstrap (Newton & Raftery, 1994), with half a
    post of each class added for few posts. None of no posts. Raises ValueError on shapes or shares that cannot be.
    """
    given, known = np.asarray(probabilities, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    _check_level(level)
    if not len(given):
        return None
    if given.ndim != 2 or known.shape != given.shape[1:]:
        raise ValueError("Give a row of probabilities for each post, and a reference share for each class.")
    if not (np.isfinite(given).all() and np.isfinite(known).all() and given.min() >= 0 and known.min() > 0):
        raise ValueError("Probabilities are numbers from 0; a reference share is above 0.")
    alike, counts = _grouped(given)
    ratios = np.vstack([alike / known, np.eye(len(known))])
    shape = np.concatenate([counts, np.full(len(known), _JEFFREYS)])
    weights = np.random.default_rng(seed).standard_gamma(shape, (_RESAMPLES, len(ratios)))
    return _summary(_maximised(ratios, weights), level)


def _grouped(given: Numbers) -> tuple[Numbers, Numbers]:
    """Posts of like probabilities as their mean, which is calibrated as they are, and how many there are."""
    _, place, counts = np.unique(np.rint(given * _CELLS), axis=0, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), given.shape[1]))
    np.add.at(sums, place.ravel(), given)
    return sums / counts[:, None], counts.astype(np.float64)


def _maximised(ratios: Numbers, weights: Numbers) -> Numbers:
    """The likeliest shares under each row of weights."""
    weights = weights / weights.sum(axis=1, keepdims=True)
    found = np.full((len(weights), ratios.shape[1]), 1 / ratios.shape[1])
    for _ in range(_ROUNDS):
        likely = np.einsum("bk,nk->bn", found, ratios)  # not @: small products on threads of BLAS wait for each other
        found = found * np.einsum("bn,nk->bk", weights / likely, ratios)
    return found
