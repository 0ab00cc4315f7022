"""What a score means for this brand: expected exceedances, learned from the brand's own worst hours.

Pure maths; knows nothing of windows, brands or alerts. The tail of a score above a level is taken as exponential
(peaks over threshold, Pickands 1975, with shape 0) and its scale and rate are learned with a prior, from the largest
score of every block: of half-days, or of two hours, which teach a brand's tail within days. The thresholds that stand
for a rate of false alarms were solved on simulated brands, for the short blocks; benchmarks/detection.py shows what
they give on other brands.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from math import log, log10, sqrt
from typing import ClassVar

LEVEL = 1.2  # scores below it are everyday
BLOCK_HOURS, SHORT_BLOCK_HOURS = 12.0, 2.0
_RATE = 0.5  # prior: share of blocks that exceed the level
_HALF_HOURS = 60 * 24.0  # half is forgotten in sixty days
_LN10 = log(10.0)


@dataclass(frozen=True, slots=True)
class Prior:
    """What a tail is taken for before it was seen, and how it learns."""

    scale: float  # mean excess
    worth: float  # blocks that the prior is worth
    cap: float  # one block teaches at most so many scales
    keep: float  # what is left of the older blocks after each new one


HALF_DAYS = Prior(0.4, 16.0, 4.0, 0.5 ** (BLOCK_HOURS / _HALF_HOURS))
TWO_HOURS = Prior(0.6, 8.0, 2.5, 0.5 ** (SHORT_BLOCK_HOURS / _HALF_HOURS))


@dataclass(slots=True)
class Tail:
    """Learns how often one score exceeds what, block by block."""

    block: int = -1
    worst: float = 0.0
    blocks: float = 0.0
    exceeding: float = 0.0
    excess: float = 0.0
    scale: float = HALF_DAYS.scale
    log_rate: float = log(_RATE)
    prior: ClassVar[Prior] = HALF_DAYS

    def see(self, block: int, score: float) -> None:
        """Take in a score; a new block number closes the one before."""
        if block != self.block:
            if self.block >= 0:
                self._close()
            self.block, self.worst = block, score
        elif score > self.worst:
            self.worst = score

    def rarity(self, score: float) -> float:
        """-log10 of how many blocks in a row would exceed this score on average once; 0 for everyday scores.

        >>> round(Tail().rarity(4.0), 2)
        3.34
        >>> Tail().rarity(1.0)
        0.0
        """
        return max(0.0, ((score - LEVEL) / self.scale - self.log_rate) / _LN10) if score > LEVEL else 0.0

    def _close(self) -> None:
        prior = self.prior
        over = min(max(0.0, self.worst - LEVEL), prior.cap * self.scale)
        self.blocks = self.blocks * prior.keep + 1.0
        self.exceeding = self.exceeding * prior.keep + (over > 0.0)
        self.excess = self.excess * prior.keep + over
        self.scale = (self.excess + prior.worth * prior.scale) / (self.exceeding + prior.worth)
        self.log_rate = log((self.exceeding + prior.worth * _RATE) / (self.blocks + prior.worth))


@dataclass(slots=True)
class ShortTail(Tail):
    """The same, block by block of two hours."""

    scale: float = TWO_HOURS.scale
    prior: ClassVar[Prior] = TWO_HOURS


def together(rarities: Iterable[float]) -> float:
    """What windows say together: the root of the sum of squares.

    Windows overlap, so their evidence is far from independent: a plain sum asks for a rise in all of them at once and
    is slow, the largest alone forgets that they agree.

    >>> together([3.0, 4.0, 0.0])
    5.0
    """
    return sqrt(sum(rarity * rarity for rarity in rarities))


# Asked false alarms per brand and week -> threshold of the rarity, by how many windows there are.
_RATES = (0.02, 0.05, 0.10, 0.25, 0.50, 1.0, 2.0, 4.0)
_THRESHOLDS = {
    1: (3.09, 2.46, 2.25, 1.93, 1.69, 1.45, 1.18, 0.84),
    2: (3.77, 3.21, 2.83, 2.36, 2.03, 1.64, 1.18, 0.62),
    3: (4.53, 3.73, 3.35, 2.83, 2.46, 2.11, 1.71, 1.24),
    4: (5.27, 4.31, 3.88, 3.22, 2.80, 2.37, 1.89, 1.34),
    5: (5.98, 5.15, 4.47, 3.65, 3.14, 2.68, 2.12, 1.48),
}


def threshold(false_alarms_per_week: float, windows: int) -> float:
    """The rarity of all windows together at which to fire, for a brand's asked rate of false alarms.

    Interpolated on the logarithm of the rate; beyond the table's ends its outer slopes go on.

    >>> threshold(0.10, 3) < threshold(0.05, 3)
    True
    """
    table = _THRESHOLDS[min(max(windows, 1), max(_THRESHOLDS))]
    wanted = log10(false_alarms_per_week)
    at = min(max(bisect_left(_RATES, false_alarms_per_week), 1), len(_RATES) - 1)
    low, high = log10(_RATES[at - 1]), log10(_RATES[at])
    slope = (table[at] - table[at - 1]) / (high - low)
    return max(0.5, table[at - 1] + slope * (wanted - low))
