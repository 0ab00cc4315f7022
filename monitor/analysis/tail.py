"""How unlikely a count is: the negative-binomial tail, and what it needs to know of a brand's scatter.

Pure maths on floats; knows nothing of brands, time or alerts. A count has mean M and variance
M + kappa*M + phi*M^2: kappa for posts that come in clusters, phi for days that differ. Sizes need not be whole.
"""

from dataclasses import dataclass, field
from math import exp, inf, lgamma, log, log1p, sqrt

KAPPA, PHI = 1.0, 0.08  # usual scatter of a brand of which nothing is known yet
_TINY = 1e-300
_Z95 = 1.959964
_EXACT = 30.0  # largest mean whose quantiles are counted out
_LONGEST = 2000  # steps at most
_PRIOR_SAMPLES = 10.0
_CAP = 2.5  # standard deviations that one sample can show at most


def deviance_z(count: float, mean: float, size: float) -> float:
    """Signed root of the negative-binomial deviance with a continuity correction; 0 at and below the mean.

    `size` is the shape r: the variance is mean + mean^2 / r (Hilbe 2011, Negative Binomial Regression, 8.2).

    >>> round(deviance_z(30.5, 10.0, 1e9), 2)  # as Poisson
    5.09
    >>> deviance_z(3, 10.0, 5.0)
    0.0
    """
    above = count - 0.5
    if above <= mean:
        return 0.0
    half = above * log(above / mean) - (above + size) * log((above + size) / (mean + size))
    return sqrt(2.0 * half) if half > 0.0 else 0.0


def tail_probability(count: float, mean: float, size: float) -> float:
    """P(X >= count) for a negative binomial of this mean and shape; count may be fractional.

    It is the regularised incomplete beta function I_p(count, size) with p = mean / (mean + size).

    >>> round(tail_probability(1, 0.5, 1e9), 4)  # 1 - exp(-0.5)
    0.3935
    >>> tail_probability(0, 3, 2)
    1.0
    """
    if count <= 0.0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    return _incomplete_beta(count, size, mean / (mean + size))


def usual_range(mean: float, size: float) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of a negative binomial of this mean and shape: where 95 % of usual counts lie.

    Exact up to a mean of thirty; above, by the cube root of Wilson and Hilferty (1931) on a gamma of the same mean and
    variance, which is right to about one count.

    >>> usual_range(2.0, 1e9), usual_range(0.0, 1.0)
    ((0.0, 5.0), (0.0, 0.0))
    """
    if mean <= 0.0:
        return 0.0, 0.0
    if mean > _EXACT:
        ninth = (1.0 / mean + 1.0 / size) / 9.0
        low, high = (mean * max(0.0, 1.0 - ninth + side * sqrt(ninth)) ** 3 for side in (-_Z95, _Z95))
        return low, high
    odds = mean / (mean + size)
    chance = exp(-size * log1p(mean / size))
    count, total, low = 0, chance, -1.0
    while total < 0.975 and count < _LONGEST:
        low = float(count) if low < 0.0 and total >= 0.025 else low
        chance *= odds * (count + size) / (count + 1.0)
        count += 1
        total += chance
    return float(count) if low < 0.0 else low, float(count)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    y = 1.0 - x
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * (log(y) if x < 0.5 else log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return min(1.0, exp(front) * _fraction(a, b, x) / a)
    return max(0.0, 1.0 - exp(front) * _fraction(b, a, y) / b)


def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            value *= d * c
        if abs(d * c - 1.0) < 1e-12:
            break
    return value


def _nothing() -> list[float]:
    return [0.0] * 5


@dataclass(slots=True)
class Scatter:
    """Learns kappa and phi of one window: decayed ridge least squares of (d^2 - M) / M on [1, M].

    A sample counts only after the next two calls of `settle`: what turns out to be the beginning of an episode is
    dropped with `forget`, before it has taught that such counts are nothing special.
    """

    sums: list[float] = field(default_factory=_nothing)  # of w, w*M, w*M^2, w*v, w*v*M
    held: list[float] = field(default_factory=_nothing)  # the same, not yet believed
    fresh: list[float] = field(default_factory=_nothing)
    kappa: float = KAPPA
    phi: float = PHI

    def size(self, mean: float, doubt: float = 0.0) -> float:
        """The shape r at this mean; `doubt` is the squared relative error of the mean itself."""
        if mean <= 0.0:
            return inf
        return 1.0 / (self.phi + doubt + self.kappa / mean)

    def learn(self, count: float, mean: float, doubt: float = 0.0) -> None:
        """Take in one window's count."""
        if mean <= 0.0:
            return
        variance = mean * (1.0 + self.kappa) + (self.phi + doubt) * mean * mean
        gap = min((count - mean) ** 2, _CAP * _CAP * variance)
        value = (gap - mean) / mean - doubt * mean
        weight = mean / (mean + 0.5)  # the smaller the mean, the noisier its sample
        fresh, moment = self.fresh, weight * mean
        fresh[0] += weight
        fresh[1] += moment
        fresh[2] += moment * mean
        fresh[3] += weight * value
        fresh[4] += moment * value

    def settle(self, decay: float) -> None:
        """Believe what was held, and hold what is fresh; `decay` is what is left of older samples."""
        self.sums = [old * decay + new for old, new in zip(self.sums, self.held, strict=True)]
        self.held, self.fresh = self.fresh, _nothing()
        self._solve()

    def forget(self) -> None:
        """Drop what is not yet believed."""
        self.held, self.fresh = _nothing(), _nothing()

    def _solve(self) -> None:
        weight, mean, square, over, over_mean = self.sums
        if weight <= 0.0:
            return
        ridge = _PRIOR_SAMPLES * square / weight  # the prior weighs ten samples at the usual mean
        a, b, c = weight + _PRIOR_SAMPLES, mean, square + ridge
        p, q = over + _PRIOR_SAMPLES * KAPPA, over_mean + ridge * PHI
        det = a * c - b * b
        self.kappa = max(0.05, (p * c - q * b) / det)
        self.phi = max(0.005, (q * a - p * b) / det)
