"""How often a brand opens episodes at lower thresholds, and what that says of the threshold it needs.

False alarms at the asked rate are too rare to count within weeks. Three lower thresholds, the rungs, are crossed often
enough: at each the same episode machine runs, told to nobody, and its openings are counted against what the table of
thresholds promises there. A brand that opens twice as many has a heavier tail than those the table was solved on, and
its threshold moves up by the share `_PULL` of the way from where tails begin; a calmer brand's moves down, less far.

Pure arithmetic on floats and hours since 1970; nothing looks ahead. Knows no counts, no windows and no message.
"""

from dataclasses import dataclass, field
from math import exp, log

from monitor.analysis.episode import Episode
from monitor.domain import Phase

RUNGS = (2.0, 1.0, 0.4)  # false alarms a brand and week that the table promises at each
FOOT = 4.0  # the same, where tails of all brands are still alike
REAL = 0.30  # real rises a brand and week that open an episode at any rung (as in simulation)
PRIOR_WEEKS = 6.0  # how many weeks the table is worth
HALF_WEEKS = 12.0  # half of what was counted is forgotten
_PULL = 0.3  # of the logarithm of the ratio
_DOWN, _UP = -0.35, 1.0  # the threshold moves at most by these shares of its way from the foot
_COOLDOWN = 12.0  # hours, as where the table was solved
_LOW = 0.5  # evidence over a rung's threshold below which a closed rung has nothing to do
_NEAR = 12.0  # hours before and after an incident's alert in which an opening belongs to it
_FALSE = 3.0  # what an opening counts that a person called a false alarm
_MEMORY = 64  # openings that a verdict can still reach
_DAY = 24.0


@dataclass(slots=True)
class Opening:
    """One episode that a rung opened."""

    at: float  # hours since 1970
    rung: int
    weight: float = 1.0


@dataclass(slots=True)
class Said:
    """A person's word that is waiting for its time: all in hours since 1970."""

    said_at: float
    fired_at: float
    real: bool


def _machines() -> list[Episode]:
    return [Episode() for _ in RUNGS]


def _none() -> list[float]:
    return [0.0 for _ in RUNGS]


@dataclass(slots=True)
class Ladder:
    """The rungs of one brand. Counts are decayed by weeks; what is drawn from them changes once a day."""

    machines: list[Episode] = field(default_factory=_machines)
    counts: list[float] = field(default_factory=_none)
    openings: list[Opening] = field(default_factory=list)  # the newest, oldest first
    waiting: list[Said] = field(default_factory=list)  # in the order in which they were said
    weeks: float = 0.0  # that were judged, decayed as the counts are
    judged: float = 0.0  # hours since the day began
    day: int = 0
    busy: bool = False  # a rung is open
    pull: float = 0.0  # share of the way from the foot by which the threshold moves
    false_alarms: int = 0  # verdicts heard
    real: int = 0

    def turn(self, now: float) -> None:
        """Draw the conclusion of the days that ended before `now`."""
        day = int(now // _DAY)
        if day == self.day:
            return
        keep = 0.5 ** ((day - self.day) / (7.0 * HALF_WEEKS)) if self.day else 1.0
        self.counts = [count * keep for count in self.counts]
        self.weeks = self.weeks * keep + self.judged / (7.0 * _DAY)
        self.day, self.judged = day, 0.0
        self._conclude()

    def _conclude(self) -> None:
        self.pull = min(max(_PULL * self.ratio_log(), _DOWN), _UP)

    def ratio_log(self) -> float:
        """Mean logarithm, over the rungs, of openings counted over openings promised, with the prior."""
        total = 0.0
        for count, rate in zip(self.counts, RUNGS, strict=True):
            promised = rate + REAL
            total += log((count + PRIOR_WEEKS * promised) / ((self.weeks + PRIOR_WEEKS) * promised))
        return total / len(RUNGS)

    def account(self) -> tuple[float, float]:
        """(openings counted, openings promised) in the weeks that speak, over all rungs."""
        return sum(self.counts), self.weeks * sum(rate + REAL for rate in RUNGS)

    def threshold(self, prior: float, foot: float) -> float:
        """The brand's own threshold, where the table says `prior` and the tails begin at `foot`."""
        return prior + max(0.0, prior - foot) * self.pull

    def count(self, evidence: float, levels: list[float], step: float, now: float, usual: bool) -> None:
        """Take in the evidence (in the unit of `levels`, one a rung, rising) of a bucket of `step` hours."""
        self.judged += step
        if not self.busy and evidence < _LOW * levels[0]:
            return
        self.busy = False
        for rung, machine in enumerate(self.machines):
            phase = machine.step(evidence / levels[rung], step, now, _COOLDOWN, usual)
            self.busy = self.busy or machine.open
            if phase is Phase.OPENED:
                self.counts[rung] += 1.0
                self.openings = [*self.openings[1 - _MEMORY :], Opening(now, rung)]

    def hear(self, said: list[Said]) -> None:
        """Keep verdicts until their time comes."""
        self.waiting.extend(said)

    def settle(self, now: float) -> None:
        """Let the verdicts count that were said before `now`: what was real is no false alarm, and what was called
        one weighs more than an opening of which nobody said anything. The last word on an incident holds."""
        due = [said for said in self.waiting if said.said_at < now]
        if not due:
            return
        self.waiting = [said for said in self.waiting if said.said_at >= now]
        for said in due:
            self.real += said.real
            self.false_alarms += not said.real
            for opening in self.openings:
                if abs(opening.at - said.fired_at) <= _NEAR:
                    self._weigh(opening, 0.0 if said.real else _FALSE)
        self._conclude()

    def _weigh(self, opening: Opening, weight: float) -> None:
        keep = exp(-log(2.0) * (self.day - int(opening.at // _DAY)) / (7.0 * HALF_WEEKS))
        changed = self.counts[opening.rung] + (weight - opening.weight) * min(1.0, keep)
        self.counts[opening.rung] = max(0.0, changed)
        opening.weight = weight
