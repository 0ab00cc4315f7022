"""What the detector `share` knows of one brand, how a bucket changes it, and the same as bytes.

What is seen teaches half a day later, and little of it while an episode is open: a tone that turns slowly would else
teach, before it is told, that it is nothing special. Knows no clock and no message.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from math import log10
from typing import Any

from monitor.analysis.calibration import BLOCK_HOURS, Tail
from monitor.analysis.episode import Episode, onset_age
from monitor.analysis.series import Recent
from monitor.analysis.shares import UsualShare, deviance
from monitor.detectors import _bytes

FULL_EPISODE = 24.0  # hours of an episode that teach little; what lasts longer becomes the usual, quickly
APART = 48.0  # hours between two episodes that are not the same change
LEAST_Z = 3.0  # what chance alone brings about once in seven hundred windows is never told
_SHIFT_DAYS = 1.0  # half-life of the usual share once an episode has lasted too long to be one
_WITHIN = 0.2  # of what an open episode shows is learned
_SHARE_DAYS = 14.0  # half-life of the usual share
_RHO_DAYS = 21.0
_PACE_KEEP = 0.5 ** (1 / 14.0)  # of mentions an hour, each day
_SETTLED = 48.0  # hours after which it is known well enough how windows scatter
_AHEAD = 12.0  # usual mentions at most that fill up a bucket's expectation

# Asked false alarms per brand and week -> threshold of the summed rarity; solved on the harsh world of benchmarks/.
_RATES = (0.02, 0.05, 0.10, 0.25, 0.50, 1.0)
_THRESHOLDS = (4.0, 3.2, 2.6, 1.8, 1.1, 0.6)


def threshold(false_alarms_per_week: float) -> float:
    """The summed rarity at which to fire; between the table's rates on their logarithm, beyond them with its slopes.

    >>> threshold(0.10) < threshold(0.05)
    True
    """
    wanted = log10(false_alarms_per_week)
    at = min(max(bisect_left(_RATES, false_alarms_per_week), 1), len(_RATES) - 1)
    low, high = log10(_RATES[at - 1]), log10(_RATES[at])
    slope = (_THRESHOLDS[at] - _THRESHOLDS[at - 1]) / (high - low)
    return max(0.5, _THRESHOLDS[at - 1] + slope * (wanted - low))


@dataclass(frozen=True, slots=True)
class Window:
    """One window as it stands: its counts, how rare they are, and how many times the usual share theirs is."""

    length: int
    negatives: float
    mentions: float
    rarity: float
    times: float


@dataclass(slots=True)
class Memory:
    """Everything known of one brand; survives as the detector's state."""

    step: float  # hours a bucket
    recent: Recent
    usual: UsualShare
    tails: list[Tail]
    episode: Episode = field(default_factory=Episode)
    newest: float | None = None  # start of the newest bucket, hours since 1970
    seen: float = 0.0  # hours with known mentions so far
    counted: int = 0
    block: int = -1  # half-day that is being seen
    block_negatives: float = 0.0
    block_mentions: float = 0.0
    block_hours: float = 0.0
    held_negatives: float = 0.0  # the half-day before, not yet learned
    held_mentions: float = 0.0
    held_hours: float = 0.0
    pace: float = 0.0  # usual mentions a bucket
    chain: float = 0.0  # when the first of the episodes opened that came close after each other

    @classmethod
    def fresh(cls, step: float, lengths: list[int]) -> "Memory":
        """Nothing seen yet; `lengths` of the windows in buckets, rising."""
        return cls(step, Recent.empty(lengths), UsualShare(), [Tail() for _ in lengths])

    def take(self, at: float, negatives: float, mentions: float | None) -> None:
        """The next bucket, and places without data for those that were passed over. `mentions` None: not known."""
        missing = 0 if self.newest is None else round((at - self.newest) / self.step) - 1
        for _ in range(min(missing, self.recent.lengths[-1])):
            self.recent.push(0.0, 0.0, 1.0, False)
        self.newest = at
        if int(at // BLOCK_HOURS) != self.block:
            self._turn(int(at // BLOCK_HOURS), at)
        if mentions is None:
            self.recent.push(0.0, 0.0, 1.0, False)
            return
        self.recent.push(negatives, mentions - negatives, 1.0, True)
        self.seen += self.step
        self.counted += 1
        self.block_negatives += negatives
        self.block_mentions += mentions
        self.block_hours += self.step

    def take_late(self, at: float, negatives: float, mentions: float | None) -> None:
        """Counts that were added to a slot already inspected."""
        if mentions is None or self.newest is None:
            return
        age = round((self.newest - at) / self.step)
        if self.recent.add_late(age, negatives, mentions - negatives):
            self.block_negatives += negatives
            self.block_mentions += mentions

    def judge(self, end: float, min_mentions: float, least_times: float) -> list[Window]:
        """Each window as it stands at `end`; learns how windows scatter on the way."""
        learning = self.seen >= _SETTLED and not self.episode.open
        usual, recent, found = self.usual, self.recent, []
        for place, length in enumerate(recent.lengths):
            negatives = max(0.0, recent.sum_negatives[place])
            mentions = negatives + max(0.0, recent.sum_others[place])
            z = 0.0
            if mentions >= min_mentions:
                z = deviance(negatives, mentions, usual.share, usual.rho + usual.doubt)
            if learning:
                self.tails[place].see(int(end // BLOCK_HOURS), z)
            times = negatives / (mentions * usual.share) if mentions > 0.0 else 0.0
            rarity = self.tails[place].rarity(z) if times >= least_times and z >= LEAST_Z else 0.0
            found.append(Window(length, negatives, mentions, rarity, times))
        if learning and self.counted % max(1, recent.lengths[0] // 2) == 0:
            usual.sample(found[0].negatives, found[0].mentions)
        return found

    def expected(self) -> float:
        """Usual negatives of the newest bucket: the usual share of what is said now, in its first hour of before."""
        mentions = self.recent.sum_negatives[0] + self.recent.sum_others[0]
        slots = self.recent.sum_used[0]
        return self.usual.share * (max(0.0, mentions) + _AHEAD * self.pace) / (slots + _AHEAD)

    def onset_age(self, score: Callable[[float, float], float]) -> int:
        """How many buckets ago the share began to be what it is; `score` of (negatives, mentions)."""
        recent = self.recent
        newest = range(recent.head - 1, recent.head - 1 - recent.filled, -1)
        pairs = [(recent.negatives[at], recent.negatives[at] + recent.others[at]) for at in newest]
        return onset_age(pairs, score)

    def _turn(self, block: int, at: float) -> None:
        """Half a day is over: learn the one before it, and hold this one."""
        if self.held_hours > 0.0:
            lasting = self._lasting(at)
            weight = _WITHIN if self.episode.open and not lasting else 1.0
            keep = 0.5 ** (self.held_hours / 24.0 / (_SHIFT_DAYS if lasting else _SHARE_DAYS))
            self.usual.learn(weight * self.held_negatives, weight * self.held_mentions, 1.0 - weight * (1.0 - keep))
        if self.episode.open:
            self.usual.forget()
        self.usual.settle(0.5 ** (BLOCK_HOURS / 24.0 / _RHO_DAYS))
        if self.block_hours > 0.0:
            now = self.block_mentions * self.step / self.block_hours
            self.pace = now if self.pace == 0.0 else self.pace * _PACE_KEEP + now * (1.0 - _PACE_KEEP)
        self.held_negatives, self.held_mentions = self.block_negatives, self.block_mentions
        self.held_hours = self.block_hours
        self.block_negatives = self.block_mentions = self.block_hours = 0.0
        self.block = block

    def opening(self, end: float) -> None:
        """An episode opens at `end`, before the state machine knows; one close after another goes on with it."""
        if self.episode.opened_at is None or end - self.episode.closed_at >= APART:
            self.chain = end

    def _lasting(self, at: float) -> bool:
        """Whether what was told goes on so long that it is the new usual."""
        episode = self.episode
        if episode.opened_at is None or at - self.chain < FULL_EPISODE:
            return False
        return episode.open or (at - episode.closed_at < APART and episode.closed_at - self.chain >= FULL_EPISODE)


def thaw(tag: str, state: bytes) -> Memory:
    """The memory that was frozen. Raises ValueError for bytes of another version, step or set of windows."""
    return _bytes.thaw(tag, state, _memory)


def _memory(*parts: Any) -> Memory:
    step, recent, usual, tails, episode, *rest = parts
    return Memory(step, Recent(*recent), UsualShare(*usual), [Tail(*tail) for tail in tails], Episode(*episode), *rest)
