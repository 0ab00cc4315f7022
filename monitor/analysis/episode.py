"""One episode of a brand: when it opens, worsens and closes, and when it began.

A pure state machine on evidence (1: just enough to fire) and hours; knows nothing of counts, brands or messages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from monitor.domain import Phase

WORSE = 2.0  # times the evidence at which people were last told
GRAVE = 3.0  # evidence that is told already at half as much again, if it was less before
UPDATES = 3  # how often one episode is told as worse
OVER = 0.5  # of the threshold: below it the episode calms down
CALM_HOURS = 1.0


@dataclass(slots=True)
class Episode:
    """Where a brand stands. Times are hours since 1970; None: not since anything was seen."""

    opened_at: float | None = None
    open: bool = False
    peak: float = 0.0  # largest evidence since it opened
    told: float = 0.0  # evidence at which people were last told
    updates: int = 0  # how often it was told as worse
    calm: float = 0.0  # hours in a row, with data, in which it looked over
    onset: float = 0.0
    ratio: float = 1.0  # observed over expected at the peak
    closed_at: float = 0.0

    def bar(self, now: float, cooldown: float) -> float:
        """Evidence that would be told now: 1; while open, what is clearly more than was last told (endless once that
        was said often enough); in the cooldown after it, twice the episode's peak."""
        if self.open:
            return self._worse() if self.updates < UPDATES else inf
        resting = self.opened_at is not None and now - self.opened_at < cooldown
        return max(1.0, WORSE * self.peak) if resting else 1.0

    def _worse(self) -> float:
        double = max(1.0, WORSE * self.told)
        return min(double, max(GRAVE, (1.0 + WORSE) / 2.0 * self.told)) if self.told < GRAVE else double

    def step(self, evidence: float, hours: float, now: float, cooldown: float, usual: bool = True) -> Phase | None:
        """Take in the evidence at `now`, the end of a bucket of so many hours; what is to be told, if anything.

        `usual` says whether the last hours by themselves look as usual: else it is not over, however weak the evidence.
        """
        if evidence >= self.bar(now, cooldown):
            return self._tell(evidence, now)
        if not self.open:
            return None
        self.peak = max(self.peak, evidence)
        self.calm = self.calm + hours if evidence < OVER and usual else 0.0
        if self.calm < CALM_HOURS:
            return None
        self.open, self.calm, self.closed_at = False, 0.0, now
        return Phase.CLOSED

    def _tell(self, evidence: float, now: float) -> Phase:
        phase = Phase.WORSENED if self.open else Phase.OPENED
        if phase is Phase.OPENED:
            self.opened_at, self.peak, self.updates = now, 0.0, 0
        else:
            self.updates += 1
        self.open, self.told, self.peak, self.calm = True, evidence, max(self.peak, evidence), 0.0
        return phase


def anomaly_score(evidence: float, bar: float) -> float:
    """Evidence against what would be told, on 0 … 1: below one half it is not told, from three quarters on it is.

    The gap keeps a cut at any place between the two from taking what was told for what was nearly told.

    >>> anomaly_score(1.0, 1.0), anomaly_score(0.5, 1.5), anomaly_score(0.0, 1.0)
    (0.75, 0.25, 0.0)
    """
    return evidence / (evidence + bar) if evidence < bar else 1.0 - 0.5 * bar / (evidence + bar)


def onset_age(newest_first: Sequence[tuple[float, float]], score: Callable[[float, float], float]) -> int:
    """How many buckets ago the run began: the change point with the largest likelihood ratio.

    `newest_first` has (observed, expected) of each bucket; `score` says how far a sum lies above its expectation.
    0 is the newest bucket.

    >>> onset_age([(9, 2), (8, 2), (2, 2), (1, 2)], lambda seen, usual: seen - usual)
    1
    """
    best, at, seen, usual = 0.0, 0, 0.0, 0.0
    for age, (observed, expected) in enumerate(newest_first):
        seen += observed
        usual += expected
        value = score(seen, usual)
        if value > best and observed > 0.0:
            best, at = value, age
    return at


def severity(evidence: float, ratio: float) -> str:
    """ "low", "medium" or "high", by how sure the episode is and how far above the usual.

    >>> severity(1.1, 2.0), severity(1.6, 3.0), severity(4.0, 6.0)
    ('low', 'medium', 'high')
    """
    if evidence >= GRAVE and ratio >= 3.0:
        return "high"
    return "medium" if evidence >= 1.5 and ratio >= 2.0 else "low"
