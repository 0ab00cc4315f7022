"""What a score means for this brand: expected exceedances, learned from the brand's own worst hours.

Pure maths; knows nothing of windows, brands or alerts. The tail of a score above a level is taken as exponential
(peaks over threshold, Pickands 1975, with shape 0) and its scale and rate are learned with a prior, from the largest
score of every block: of half-days, or of two hours, which teach a brand's tail within days and are believed a day
later. The thresholds that stand for a rate of false alarms were solved on simulated brands, for the short blocks;
benchmarks/detection.py shows what they give on other brands.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
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
    held: int = 0  # blocks that wait before they are believed: a crisis that comes slowly would else teach, before it
    # is told, that such scores are nothing special


HALF_DAYS = Prior(0.4, 16.0, 4.0, 0.5 ** (BLOCK_HOURS / _HALF_HOURS))
TWO_HOURS = Prior(0.6, 8.0, 2.5, 0.5 ** (SHORT_BLOCK_HOURS / _HALF_HOURS), held=12)


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
    waiting: list[float] = field(default_factory=list)  # the largest scores of the blocks that are not yet believed
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
        self.waiting.append(self.worst)
        if len(self.waiting) > self.prior.held:
            self._believe(self.waiting.pop(0))

    def _believe(self, worst: float) -> None:
        prior = self.prior
        over = min(max(0.0, worst - LEVEL), prior.cap * self.scale)
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


_STEEPEST = 1.4  # rarity for each tenth of the rate, as between the rates that were seen often
# Asked false alarms per brand and week -> threshold of the rarity, by how many windows there are.
_RATES = (0.02, 0.05, 0.10, 0.25, 0.50, 1.0, 2.0, 4.0)
_THRESHOLDS = {
    1: (3.14, 2.51, 2.28, 1.96, 1.70, 1.45, 1.18, 0.84),
    2: (3.83, 3.28, 2.86, 2.39, 2.04, 1.64, 1.18, 0.62),
    3: (4.62, 3.83, 3.42, 2.88, 2.49, 2.12, 1.71, 1.24),
    4: (5.35, 4.40, 3.93, 3.27, 2.81, 2.37, 1.89, 1.34),
    5: (6.07, 5.26, 4.52, 3.70, 3.15, 2.68, 2.12, 1.48),
}


def threshold(false_alarms_per_week: float, windows: int) -> float:
    """The rarity of all windows together at which to fire, for a brand's asked rate of false alarms.

    Interpolated on the logarithm of the rate; beyond the table's ends its outer slopes go on, and below its
    lowest rate none steeper than `_STEEPEST`: there too few false alarms were seen to tell.

    >>> threshold(0.10, 3) < threshold(0.05, 3)
    True
    """
    table = _THRESHOLDS[min(max(windows, 1), max(_THRESHOLDS))]
    wanted = log10(false_alarms_per_week)
    at = min(max(bisect_left(_RATES, false_alarms_per_week), 1), len(_RATES) - 1)
    low, high = log10(_RATES[at - 1]), log10(_RATES[at])
    slope = (table[at] - table[at - 1]) / (high - low)
    if false_alarms_per_week < _RATES[0]:
        slope = max(slope, -_STEEPEST)
    return max(0.5, table[at - 1] + slope * (wanted - low))
