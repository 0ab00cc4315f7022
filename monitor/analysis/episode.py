"""One episode of a brand: when it opens, worsens and closes, and when it began.

A pure state machine on evidence (1: just enough to fire) and hours; knows nothing of counts, brands or messages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.domain import Phase

WORSE = 2.0  # times the peak so far
OVER = 0.5  # of the threshold: below it the episode calms down
CALM_HOURS = 1.0


@dataclass(slots=True)
class Episode:
    """Where a brand stands. Times are hours since 1970; None: not since anything was seen."""

    opened_at: float | None = None
    open: bool = False
    peak: float = 0.0  # largest evidence since it opened
    calm: float = 0.0  # hours in a row, with data, below half of the threshold
    onset: float = 0.0

    def bar(self, now: float, cooldown: float) -> float:
        """Evidence that would be told now: 1, or, in an episode and in the cooldown after it, twice its peak."""
        resting = self.opened_at is not None and now - self.opened_at < cooldown
        return max(1.0, WORSE * self.peak) if self.open or resting else 1.0

    def step(self, evidence: float, hours: float, now: float, cooldown: float) -> Phase | None:
        """Take in the evidence at `now`, the end of a bucket of so many hours; what is to be told, if anything."""
        bar = self.bar(now, cooldown)
        if evidence >= bar:
            return self._tell(evidence, now)
        if not self.open:
            return None
        self.peak = max(self.peak, evidence)
        self.calm = self.calm + hours if evidence < OVER else 0.0
        if self.calm < CALM_HOURS:
            return None
        self.open, self.calm = False, 0.0
        return Phase.CLOSED

    def _tell(self, evidence: float, now: float) -> Phase:
        phase = Phase.WORSENED if self.open else Phase.OPENED
        if phase is Phase.OPENED:
            self.opened_at = now
        self.open, self.peak, self.calm = True, evidence, 0.0
        return phase


def anomaly_score(evidence: float, bar: float) -> float:
    """Evidence against what would be told, on 0 … 1: one half is just enough to tell.

    >>> anomaly_score(1.0, 1.0), anomaly_score(0.0, 1.0)
    (0.5, 0.0)
    """
    return evidence / (evidence + bar)


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
    if evidence >= 3.0 and ratio >= 3.0:
        return "high"
    return "medium" if evidence >= 1.5 and ratio >= 2.0 else "low"
