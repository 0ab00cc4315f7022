"""What the counts detector knows of one brand, and how one bucket changes it. Knows no file, no clock, no message.

A bucket's life: it is expected (baseline), stands in the windows (recent), is judged against each window's scatter
and against the brand's own worst hours (tails), and is learned an hour later, when late posts have come in and
it is known whether it belonged to an episode; what it says of scatter waits for half a day, since a crisis that comes
slowly would else teach, before it is told, that such counts are nothing special.
"""

from dataclasses import dataclass, field
from math import inf, sqrt

from monitor.analysis.baseline import Baseline, Counts, Keep
from monitor.analysis.calibration import SHORT_BLOCK_HOURS, ShortTail
from monitor.analysis.episode import Episode
from monitor.analysis.ladder import Ladder
from monitor.analysis.series import Recent
from monitor.analysis.tail import Scatter, deviance_z

FORGOTTEN = 28 * 24.0  # hours without data after which a brand is as good as new: one old post is no history
LEARN_AFTER = 1.0  # hours that a slot's counts wait before they are learned
SETTLED = 48.0  # hours after which a brand's day is known well enough to learn how it scatters
OUTAGE = 12.0  # mentions expected in a run of zeros before it counts as an outage
FULL_EPISODE = 24.0  # hours of an episode that teach little; what lasts longer becomes the usual, quickly
_WITHIN = 0.2
_TRUSTED_Z = 3.0
_HALF_DAY = 12.0  # hours
_SCATTER_KEEP = 0.5 ** (_HALF_DAY / (21 * 24.0))  # half is forgotten in three weeks
_SHIFT_DAYS = 0.25  # level's half-life once an episode has lasted too long to be one
_LEVEL_DAYS, _SLOT_DAYS, _DAY_DAYS = 8.0, 14.0, 42.0
_SMOOTH_HOURS = 2.5  # of the season: its error does not average out within so long
_LIFT = (0.7, 8.0)  # the covariate is cut to this range
_LIFT_POWER = 0.8
_LEAST_LIFT = _LIFT[0] ** _LIFT_POWER
_LIFT_PRIOR = 8.0  # mentions as usual that the covariate starts from
_LEARN_LIFT = 3.0
_COMPANY = 1.0  # other mentions that come along with each negative above the usual


@dataclass(slots=True)
class Chunk:
    """One slot of one day while it waits to be learned."""

    key: int  # slot number since 1970, in local time
    slot: int
    day: int
    at: float  # start, hours since 1970
    season: float
    doubt: float  # squared relative error of the season
    hours: float = 0.0
    shares: float = 0.0
    negatives: float = 0.0
    others: float = 0.0


@dataclass(slots=True)
class Tracker:
    """Everything known of one brand; survives as the detector's state."""

    step: float  # hours a bucket
    baseline: Baseline
    recent: Recent
    scatters: list[Scatter]
    tails: list[ShortTail]
    episode: Episode = field(default_factory=Episode)
    chunks: list[Chunk] = field(default_factory=list)  # oldest first, the last is the current one
    newest: float | None = None  # start of the newest bucket, hours since 1970
    seen: float = 0.0  # hours of data so far
    zeros: int = 0  # buckets in a row without any mention
    zero_usual: float = 0.0  # mentions that were expected in them
    out: bool = False  # in a run of zeros that is an outage
    after_gap: bool = False  # the next bucket follows slots without data
    counted: int = 0
    block: int = 0  # half-day in which scatter was last settled
    ladder: Ladder = field(default_factory=Ladder)

    @classmethod
    def fresh(cls, step: float, windows: list[int]) -> "Tracker":
        """Nothing seen yet; `windows` in buckets, rising."""
        slots = max(1, min(48, round(24.0 / step)))
        scatters = [Scatter() for _ in windows]
        return cls(step, Baseline.fresh(slots), Recent.empty(windows), scatters, [ShortTail() for _ in windows])

    # --- time -------------------------------------------------------------------------------------------------------

    def enter(self, at: float, local: float) -> Chunk:
        """The chunk that a bucket starting at `at` belongs to (`local`: the same in the brand's own time)."""
        slots = len(self.baseline.slot_seen)
        key = int(local * slots // 24.0)
        if self.chunks and self.chunks[-1].key == key:
            return self.chunks[-1]
        self._learn_until(at - LEARN_AFTER)
        slot, day = key % slots, int(local // 24.0 + 3) % 7  # 1 January 1970 was a Thursday
        season = self.baseline.season(slot) * self.baseline.weekday(day)
        self.chunks.append(Chunk(key, slot, day, at, season, self.baseline.season_doubt(slot)))
        return self.chunks[-1]

    def usual(self, chunk: Chunk) -> float:
        """Negatives to be expected in one bucket of this chunk."""
        return self.baseline.level * self.share(chunk)

    def share(self, chunk: Chunk) -> float:
        """How many usual hours one bucket of this chunk stands for."""
        return chunk.season * self.step

    def revise(self, local: float) -> None:
        """Give the slots of the windows the shape as it is known now; `local` is the newest bucket's start."""
        slots, known = len(self.baseline.slot_seen), {}
        shares = []
        for age in range(self.recent.filled):
            key = int((local - age * self.step) * slots // 24.0)
            if key not in known:
                day = int(key // slots + 3) % 7
                known[key] = self.baseline.season(key % slots) * self.baseline.weekday(day) * self.step
            shares.append(known[key])
        self.recent.revise(shares)

    # --- taking in --------------------------------------------------------------------------------------------------

    def skip(self, share: float) -> None:
        """A slot without data."""
        self.recent.push(0.0, 0.0, share, False)
        self.zeros, self.zero_usual = 0, 0.0

    def missed(self, hours: float) -> None:
        """So long there was no data before the bucket that comes next."""
        self.after_gap = self.after_gap or self.step <= 1.0
        if hours > FORGOTTEN:
            self.seen = 0.0

    def take(self, chunk: Chunk, negatives: float, others: float | None) -> bool:
        """A slot with data; says whether it can be judged. `others` None: the counts do not tell them."""
        aside = self.out or self.after_gap  # what follows a gap may hold all that was missed
        usual = self.usual(chunk)
        usual_others = self.baseline.ratio * usual
        told = usual_others if others is None else others
        self._count_zeros(negatives + (others or 0.0), usual + (0.0 if others is None else usual_others))
        self.after_gap = False
        self.recent.push(negatives, told, self.share(chunk), not aside)
        if not aside:
            self.seen += self.step
            chunk.hours += self.step
            chunk.shares += self.share(chunk)
            chunk.negatives += negatives
            chunk.others += told
            self._check_outage()
        return not (aside or self.out)

    def _count_zeros(self, mentions: float, usual: float) -> None:
        if mentions > 0.0:
            self.zeros, self.zero_usual, self.out = 0, 0.0, False
        else:
            self.zeros += 1
            self.zero_usual += usual

    def _check_outage(self) -> None:
        """Forget a run of zeros that nobody can believe: the source was out, the brand was not silent."""
        if self.zero_usual <= OUTAGE:
            return
        self.out = True
        self.recent.blank(self.zeros)
        for chunk in self.chunks:
            chunk.hours = chunk.shares = chunk.negatives = chunk.others = 0.0

    def take_late(self, at: float, negatives: float, others: float | None) -> None:
        """Counts that were added to a slot already inspected."""
        age = round(((self.newest or 0.0) - at) / self.step)
        told = 0.0 if others is None else others
        if not self.recent.add_late(age, negatives, told):
            return
        for chunk in self.chunks:
            if chunk.at <= at < chunk.at + 24.0 / len(self.baseline.slot_seen) and chunk.hours > 0.0:
                chunk.negatives += negatives
                chunk.others += told
                return
        self.baseline.add_late(negatives, told)

    # --- judging ----------------------------------------------------------------------------------------------------

    def lift(self, others: float, usual: float, seen: float) -> tuple[float, float]:
        """How much more of everything there is than usual, softened, and the squared relative error of that.

        A campaign raises the bar, never to the sky. `seen` are the negatives: a crisis makes people ask and explain
        too, and a model takes some of its negatives for others, so each negative above the usual explains one other.
        """
        expected = self.baseline.ratio * usual
        if expected + others <= 0.0:
            return 1.0, 0.0
        if seen > usual:
            others = max(others - _COMPANY * (seen - usual), min(others, expected))
        shrink = _LIFT_PRIOR + 0.2 * expected
        raw = (others + shrink) / (expected + shrink)
        doubt = _LIFT_POWER * _LIFT_POWER * others / (others + shrink) ** 2
        low, high = _LIFT
        return float((low if raw < low else high if raw > high else raw) ** _LIFT_POWER), doubt

    def rest(self, end: float, floor: float) -> bool:
        """Whether no window holds enough to be judged and nothing is open: then a bucket costs next to nothing."""
        if self.episode.open or self.ladder.busy or self.recent.sum_negatives[-1] >= floor:
            return False
        if self.seen >= SETTLED and self.tails[0].block != int(end // SHORT_BLOCK_HOURS):
            for tail in self.tails:
                tail.see(int(end // SHORT_BLOCK_HOURS), 0.0)
        return True

    def judge(self, end: float, floor: float) -> list[tuple[float, float, float]]:
        """(rarity, expected, shape) of each window, as it stands at `end`.

        Where nothing can be unusual, the expected is rough and the shape endless: nobody is told of it. Tails learn
        within episodes too: a brand in which much goes on has a heavy tail, whoever was told of it.
        """
        recent, level, open_ = self.recent, self.baseline.level, self.episode.open
        block, learning = int(end // SHORT_BLOCK_HOURS), self.seen >= SETTLED
        found = []
        for window, tail in enumerate(self.tails):
            seen, used = recent.sum_negatives[window], level * recent.sum_used[window]
            z, mean, size = 0.0, used, inf
            if open_ or (seen >= floor and seen - 0.5 > _LEAST_LIFT * used):
                mean, size = self._shape(window, used)
                z = deviance_z(seen, mean, size) if seen >= floor and mean > 0.0 else 0.0
            if learning:
                tail.see(block, z)
            found.append((tail.rarity(z), mean, size))
        return found

    def _shape(self, window: int, used: float) -> tuple[float, float]:
        """(expected, shape) of a window that stands for `used` usual negatives."""
        recent = self.recent
        season = self.chunks[-1].doubt if self.chunks else 0.0
        doubt = self.baseline.doubt() + season * min(1.0, _SMOOTH_HOURS / (recent.lengths[window] * self.step))
        lift, lift_doubt = self.lift(recent.sum_others[window], used, recent.sum_negatives[window])
        mean = used * lift
        return mean, self.scatters[window].size(mean, doubt + lift_doubt)

    def measure_scatter(self, end: float) -> None:
        """Teach each window's scatter, about four times a window; half a day later it is believed."""
        self.counted += 1
        if self.episode.open:
            for scatter in self.scatters:
                scatter.forget()
        if not self._settled():
            return
        if int(end // _HALF_DAY) != self.block:
            self.block = int(end // _HALF_DAY)
            for scatter in self.scatters:
                scatter.settle(_SCATTER_KEEP)
        for window, length in enumerate(self.recent.lengths):
            if self.counted % max(1, length // 4) or self.recent.filled < length:
                continue
            used, seen = self.baseline.level * self.recent.sum_used[window], self.recent.sum_negatives[window]
            lift, doubt = self.lift(self.recent.sum_others[window], used, seen)
            self.scatters[window].learn(seen, used * lift, doubt + self.baseline.doubt())

    def _settled(self) -> bool:
        """Whether what is seen now teaches what is usual: not in the first days, and not within an episode."""
        return self.seen >= SETTLED and not self.episode.open

    # --- learning ---------------------------------------------------------------------------------------------------

    def _learn_until(self, at: float) -> None:
        length = 24.0 / len(self.baseline.slot_seen)
        while self.chunks and self.chunks[0].at + length <= at:
            self._learn(self.chunks.pop(0))

    def _learn(self, chunk: Chunk) -> None:
        if chunk.hours <= 0.0:
            return
        base = self.baseline
        usual = base.level * chunk.shares
        lift, _ = self.lift(chunk.others, usual, chunk.negatives)
        mean = usual * lift
        others = chunk.others
        negatives, weight = chunk.negatives, 1.0
        if self.seen >= 24.0 + LEARN_AFTER:
            negatives, weight = self._tempered(chunk, mean)
            others = min(others, _LEARN_LIFT * base.ratio * usual + 3.0)
            negatives /= lift
        slots = len(base.slot_seen)
        days, learn = (_SHIFT_DAYS, base.follow) if self._lasting(chunk.at) else (_LEVEL_DAYS, base.learn)
        keep = Keep(0.5 ** (1 / (slots * days)), 0.5 ** (1 / _SLOT_DAYS), 0.5 ** (7 / (slots * _DAY_DAYS)))
        learn(chunk.slot, chunk.day, Counts(chunk.hours, negatives, others, weight), keep)

    def _lasting(self, at: float) -> bool:
        """Whether an episode has lasted so long that it is the new usual: while it is open, and for a day after."""
        episode = self.episode
        if episode.opened_at is None or at - episode.opened_at < FULL_EPISODE:
            return False
        long = episode.closed_at - episode.opened_at >= FULL_EPISODE
        return episode.open or (long and at - episode.closed_at < FULL_EPISODE)

    def _tempered(self, chunk: Chunk, mean: float) -> tuple[float, float]:
        """The chunk's negatives cut to what is believable, and how far to trust them."""
        doubt = self.baseline.doubt()
        scatter = self.scatters[min(1, len(self.scatters) - 1)]
        size = scatter.size(mean, doubt)
        z = deviance_z(chunk.negatives, mean, size)
        weight = min(1.0, (_TRUSTED_Z / z) ** 2) if z > 0.0 else 1.0
        if self._lasting(chunk.at):
            return chunk.negatives, 1.0
        if self.episode.open:
            weight *= _WITHIN
        spread = sqrt(mean * (1.0 + scatter.kappa) + (scatter.phi + doubt) * mean * mean)
        return min(chunk.negatives, mean + 2.5 * spread + 1.0), weight
