"""Methods with a model of the week: Farrington-flexible and the negative-binomial CUSUM.

Both take as reference the same half-hours of up to eight earlier weeks, with three half-hours on either side. The
half-hours' counts are those of the hour that ends with them. Knows no truth.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks._method import COOLDOWN, HALF_HOUR, LEARNING, Method, hourly, sums
from benchmarks._simulator import HOUR, WEEK, Brand, Floats

WEEKS, AROUND = 8, 3
TREND_WEEKS = 4  # a trend is fitted from so many weeks on
QUANTILE = 2.58  # of the limit, and of the residuals that are trusted
ROUNDS = 6
RISE = 2.0  # the CUSUM looks for twice the usual


@dataclass(frozen=True)
class Reference:
    """Earlier counts by half-hour: value, age in weeks and whether there is one, each (half-hours, references)."""

    counts: Floats
    age: Floats
    there: Floats


def reference(hour: Floats) -> Reference:
    """The reference of every half-hour of a series of hourly sums; from earlier weeks alone."""
    ends = hour[HALF_HOUR - 1 :: HALF_HOUR]
    week = WEEK // HALF_HOUR
    shifts = np.array([week * ago + side for ago in range(1, WEEKS + 1) for side in range(-AROUND, AROUND + 1)])
    places = np.arange(len(ends))[:, None] - shifts[None, :]
    there = (places >= 1).astype(float)
    counts = ends[np.clip(places, 0, None)] * there
    return Reference(counts, np.broadcast_to(-shifts / week, counts.shape), there)


def _fit(of: Reference, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """(fitted, predicted now, relative variance of that) of log-linear Poisson models, one a half-hour."""
    weights = weights * of.there
    trend = (of.there.sum(axis=1) >= TREND_WEEKS * (2 * AROUND + 1)).astype(float)[:, None]
    age = of.age * trend
    start = (weights * of.counts).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    level, slope = np.log(np.maximum(start, 0.05)), np.zeros(len(start))
    for _ in range(ROUNDS):
        mean = np.exp(np.clip(level[:, None] + slope[:, None] * age, -8.0, 14.0))
        working = weights * mean
        gap = weights * (of.counts - mean)
        a, b, c = working.sum(axis=1) + 1e-6, (working * age).sum(axis=1), (working * age * age).sum(axis=1) + 1e-3
        p, q = gap.sum(axis=1), (gap * age).sum(axis=1)
        det = a * c - b * b
        level += np.clip((p * c - q * b) / det, -1.0, 1.0)
        slope += np.clip((q * a - p * b) / det, -0.5, 0.5) * trend[:, 0]
        slope = np.clip(slope, -0.3, 0.3)
    mean = np.exp(np.clip(level[:, None] + slope[:, None] * age, -8.0, 14.0))
    now = np.minimum(np.exp(np.clip(level, -8.0, 14.0)), of.counts.max(axis=1) + 0.05)
    return mean, now, c / det


def farrington(brand: Brand) -> Floats:
    """Exceedance (y - mu) / (limit - mu) of the last hour (Noufaily et al. 2013, with the limit of Farrington 1996).

    Quasi-Poisson with a trend; what looks like a past outbreak (Anscombe residual over 2.58) is down-weighted; no
    alarm on fewer than five in the last four hours. The newest weeks are kept, since there are only ten.
    """
    hour = hourly(brand)
    of = reference(hour)
    weights = np.ones_like(of.counts)
    mean, now, doubt = _fit(of, weights)
    degrees = np.maximum(of.there.sum(axis=1) - 2.0, 1.0)

    def scatter(fitted: Floats) -> Floats:
        chi = (weights * of.there * (of.counts - fitted) ** 2 / fitted).sum(axis=1)
        return np.asarray(np.maximum(1.0, chi / degrees))

    phi = scatter(mean)
    residual = 1.5 * (of.counts ** (2 / 3) - mean ** (2 / 3)) / (mean ** (1 / 6) * np.sqrt(phi)[:, None])
    weights = np.where(residual > QUANTILE, (QUANTILE / np.maximum(residual, 1e-9)) ** 2, 1.0)
    mean, now, doubt = _fit(of, weights)
    phi = scatter(mean)
    spread = phi / now + phi * doubt
    limit = now * (1.0 + 2.0 / 3.0 * QUANTILE * np.sqrt(spread)) ** 1.5
    at = (np.arange(len(hour)) - HALF_HOUR + 1) / HALF_HOUR
    place = np.arange(len(now))
    usual, bar = np.interp(at, place, now), np.interp(at, place, limit)
    enough = sums(brand.negatives, 4 * HOUR) >= 5
    return np.asarray(np.where(enough, (hour - usual) / np.maximum(bar - usual, 1e-6), 0.0))


def cusum_steps(brand: Brand) -> Floats:
    """What each bucket adds to the CUSUM: log-likelihood of twice the usual against the usual (Hoehle & Paul 2008)."""
    values = np.nan_to_num(brand.negatives)
    of = reference(hourly(brand))
    mean = of.counts.sum(axis=1) / np.maximum(of.there.sum(axis=1), 1.0)
    at = (np.arange(len(values)) - HALF_HOUR + 1) / HALF_HOUR
    usual = np.maximum(np.interp(at, np.arange(len(mean)), mean) / HOUR, 1e-3)
    size = _size(values, usual)
    return np.asarray(values * np.log(RISE) - (values + size) * np.log((size + RISE * usual) / (size + usual)))


def _size(values: Floats, usual: Floats) -> Floats:
    """The shape r by moments over the seven days before each bucket."""
    over = sums((values - usual) ** 2 - values, WEEK)
    square = sums(usual * usual, WEEK)
    return np.asarray(1.0 / np.clip(over / np.maximum(square, 1e-9), 0.02, 5.0))


def cusum(steps: Floats, limit: float, cooldown: int = COOLDOWN, begin: int = LEARNING) -> list[int]:
    """Messages of a CUSUM with this limit: told where it is reached, then it starts again."""
    found, total, rest = [], 0.0, begin
    for at, step in enumerate(steps.tolist()):
        total = total + step if total + step > 0.0 else 0.0
        if total >= limit:
            total = 0.0
            if at >= rest:
                found.append(at + 1)
                rest = at + cooldown
    return found


METHODS = (
    Method("Farrington-flexible", farrington, warm=WEEK + 2 * HOUR),
    Method("NB-CUSUM", cusum_steps, tell=cusum, adds_up=True, warm=WEEK + 2 * HOUR),
)
