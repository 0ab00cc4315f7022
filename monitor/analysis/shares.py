"""What share is usual for a brand, and how unlikely another one is: the beta-binomial with a learned scatter.

Pure maths on floats; knows nothing of brands, windows' clocks or alerts. Of n mentions with usual share p the negatives
have mean n p and variance n p (1 - p) (1 + (n - 1) rho): rho is how far hours differ beyond chance.
"""

from dataclasses import dataclass
from math import asin, ceil, exp, lgamma, log, sin, sqrt

SHARE, SHARE_WORTH = 0.25, 20.0  # prior: usual share, and how many mentions it is worth
RHO, RHO_WORTH = 0.03, 20.0  # prior scatter, and how many samples it is worth
LEAST_RHO = 0.001
_LEAST_SHARE = 1e-6  # a brand that was never blamed, or never anything else, can still change
_CAP = 2.5  # standard deviations that one sample can show at most
_RANGE = 1.96  # standard deviations on either side that hold 95 %
_MOST_TERMS = 20_000


@dataclass(slots=True)
class UsualShare:
    """A decayed share with its scatter. A beginning of something is dropped with `forget` before it has taught."""

    negatives: float = SHARE * SHARE_WORTH
    mentions: float = SHARE_WORTH
    gap: float = RHO * RHO_WORTH
    samples: float = RHO_WORTH
    held_gap: float = 0.0  # the newest half-day's, not yet believed
    held_samples: float = 0.0

    @property
    def share(self) -> float:
        """Usual negatives for each mention."""
        return min(max(self.negatives / self.mentions, _LEAST_SHARE), 1.0 - _LEAST_SHARE)

    @property
    def rho(self) -> float:
        """How far hours differ beyond chance: 0 not at all, 1 completely."""
        return min(max(self.gap / self.samples, LEAST_RHO), 0.5)

    @property
    def doubt(self) -> float:
        """What not knowing the share itself adds to rho: one over the mentions it was learned from."""
        return 1.0 / (self.mentions + 1.0)

    def learn(self, negatives: float, mentions: float, keep: float) -> None:
        """Take in the counts of some buckets; `keep` is what is left of older ones."""
        self.negatives = self.negatives * keep + negatives
        self.mentions = self.mentions * keep + mentions

    def sample(self, negatives: float, mentions: float) -> None:
        """Take in how far one window lay from the usual."""
        if mentions < 2.0:
            return
        share = self.share
        chance = mentions * share * (1.0 - share)
        if chance <= 0.0:
            return
        most = _CAP * _CAP * (1.0 + (mentions - 1.0) * self.rho)
        over = min((negatives - mentions * share) ** 2 / chance, most) - 1.0
        weight = (mentions - 1.0) / (mentions + 9.0)
        self.held_gap += weight * over / (mentions - 1.0)
        self.held_samples += weight

    def settle(self, keep: float) -> None:
        """Believe the samples that were held."""
        self.gap = max(0.0, self.gap * keep + self.held_gap + (1.0 - keep) * RHO * RHO_WORTH)
        self.samples = self.samples * keep + self.held_samples + (1.0 - keep) * RHO_WORTH
        self.forget()

    def forget(self) -> None:
        """Drop what is not yet believed."""
        self.held_gap = self.held_samples = 0.0


def deviance(negatives: float, mentions: float, share: float, rho: float) -> float:
    """How many standard deviations the negatives lie above the usual: signed root of the binomial deviance with a
    continuity correction, over the root of the scatter; 0 at and below the usual.

    >>> round(deviance(20.5, 20.5, 0.5, 0.0), 2), deviance(8, 20, 0.5, 0.0)
    (4.87, 0.0)
    """
    above = min(negatives, mentions) - 0.5
    if mentions <= 0.0 or above <= mentions * share:
        return 0.0
    rest = mentions - above
    half = above * log(above / (mentions * share)) + rest * log(rest / (mentions * (1.0 - share)))
    return sqrt(max(0.0, 2.0 * half) / (1.0 + max(0.0, mentions - 1.0) * rho))


def usual_range(mentions: float, share: float, rho: float) -> tuple[float, float]:
    """The negatives between which 95 % of so many mentions lie, on the angular scale that makes the share normal.

    >>> [round(end, 1) for end in usual_range(100.0, 0.5, 0.0)]
    [40.3, 59.7]
    >>> usual_range(0.0, 0.5, 0.0)
    (0.0, 0.0)
    """
    if mentions <= 0.0:
        return 0.0, 0.0
    angle = asin(sqrt(share))
    spread = 0.5 * _RANGE * sqrt((1.0 + max(0.0, mentions - 1.0) * rho) / mentions)
    low, high = max(0.0, angle - spread), min(asin(1.0), angle + spread)
    return mentions * sin(low) ** 2, mentions * sin(high) ** 2


def tail_probability(negatives: float, mentions: float, share: float, rho: float) -> float:
    """P(X >= negatives) of a beta-binomial; both counts are rounded, the negatives up.

    >>> round(tail_probability(1, 2, 0.5, 1e-9), 4), tail_probability(0, 5, 0.5, 0.1)
    (0.75, 1.0)
    """
    count, whole = ceil(negatives - 1e-9), max(round(mentions), ceil(negatives - 1e-9))
    if count <= 0:
        return 1.0
    spread = 1.0 / max(rho, 1e-6) - 1.0
    a, b = share * spread, (1.0 - share) * spread
    term = exp(
        lgamma(whole + 1) - lgamma(count + 1) - lgamma(whole - count + 1)
        + lgamma(count + a) + lgamma(whole - count + b) - lgamma(whole + a + b)
        + lgamma(a + b) - lgamma(a) - lgamma(b)
    )  # fmt: skip
    total = 0.0
    for at in range(count, min(whole, count + _MOST_TERMS) + 1):
        total += term
        if at == whole or term < total * 1e-12:
            break
        term *= (whole - at) / (at + 1) * (at + a) / (whole - at - 1 + b)
    return min(1.0, total)
