"""What a score means for this brand: expected exceedances, learned from the brand's own worst half-days.

Pure maths; knows nothing of windows, brands or alerts. The tail of a score above a level is taken as exponential
(peaks over threshold, Pickands 1975, with shape 0) and its scale and rate are learned with a prior. The thresholds
that stand for a rate of false alarms were solved on simulated brands, in buckets of five minutes (four windows and
more) or an hour (one to three); benchmarks/detection.py shows what they give on other brands.
"""

from bisect import bisect_left
from dataclasses import dataclass
from math import log, log10

LEVEL = 1.2  # scores below it are everyday
BLOCK_HOURS = 12.0
_SCALE, _WORTH = 0.4, 16.0  # prior: mean excess, and how many blocks it is worth
_RATE = 0.5  # prior: share of blocks that exceed the level
_CAP = 4.0  # one block teaches at most so many scales
_KEEP = 0.5 ** (BLOCK_HOURS / (60 * 24.0))  # half is forgotten in sixty days
_LN10 = log(10.0)


@dataclass(slots=True)
class Tail:
    """Learns how often one score exceeds what, block by block."""

    block: int = -1
    worst: float = 0.0
    blocks: float = 0.0
    exceeding: float = 0.0
    excess: float = 0.0
    scale: float = _SCALE
    log_rate: float = log(_RATE)

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
        over = min(max(0.0, self.worst - LEVEL), _CAP * self.scale)
        self.blocks = self.blocks * _KEEP + 1.0
        self.exceeding = self.exceeding * _KEEP + (over > 0.0)
        self.excess = self.excess * _KEEP + over
        self.scale = (self.excess + _WORTH * _SCALE) / (self.exceeding + _WORTH)
        self.log_rate = log((self.exceeding + _WORTH * _RATE) / (self.blocks + _WORTH))


# Asked false alarms per brand and week -> threshold of the summed rarity, by how many windows are summed.
_RATES = (0.02, 0.05, 0.10, 0.25, 0.50, 1.0)
_THRESHOLDS = {
    1: (2.68, 2.19, 1.96, 1.75, 1.55, 1.35),
    2: (4.39, 3.87, 3.35, 2.90, 2.50, 2.10),
    3: (6.86, 5.80, 5.10, 4.35, 3.75, 3.15),
    4: (8.60, 7.35, 6.25, 5.30, 4.52, 3.75),
    5: (10.3, 8.80, 7.60, 6.50, 5.50, 4.60),
}


def threshold(false_alarms_per_week: float, windows: int) -> float:
    """The summed rarity at which to fire, for a brand's asked rate of false alarms.

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
