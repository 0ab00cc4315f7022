"""Detect: what became known goes through each rule's detector; states, spikes and readings are one transaction.

Knows the store and what a series says (series.py); nothing of who is told. A bucket is inspected once every quick
source has been read past its end (`settle`) and every post known by then is scored, so that a replay sees what was seen
live.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.clock import floor
from monitor.domain import BUCKET, WHOLE, Reading, Series, Spike
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Rule, Stop, never
from monitor.pipeline.series import Ears, Memory, Stretch, ears_of, go_on, listening, unheard
from monitor.store.detection import Head
from monitor.store.maintenance import READINGS_KEPT
from monitor.store.sources import SourceHealth

TOLERANCE = timedelta(minutes=15)  # by which the clock may be set back before what was inspected counts as the future
TOGETHER = 64  # pieces that are committed at once: each commit waits for the disk


@dataclass(frozen=True, slots=True)
class DetectReport:
    """What the rules found."""

    buckets: int = 0
    spikes: int = 0
    until: datetime | None = None  # everything before was inspected


def run(program: Program, *, now: datetime, stop: Stop = never) -> DetectReport:
    """Inspect every brand up to the last bucket that is complete, or until asked to stop."""
    until = ready_until(program, now)
    round_ = _Round(program, now, until, program.store.detection.heads())
    for brand in program.store.detection.brands():
        for rule in program.rules:
            if program.watched(brand) and rule.watches(brand) and not stop():
                round_.inspect(rule, brand, stop)
    round_.commit()
    round_.let_go_of_the_unwatched()
    return DetectReport(round_.buckets, round_.spikes, until)


def ready_until(program: Program, now: datetime) -> datetime:
    """The end of the newest bucket that can be inspected: it has settled, and all that is known of it is scored."""
    oldest = program.store.scores.oldest_pending()
    moment = now if oldest is None else min(now, oldest)
    return floor(moment - program.settle, BUCKET)


@dataclass(slots=True)
class _Work:
    """What one rule's passage through one brand leaves to be written."""

    rule: Rule
    brand: str
    memory: Memory
    stored: set[str] = field(default_factory=set)  # slices of which a state is stored
    spikes: list[Spike] = field(default_factory=list)
    readings: list[tuple[str, tuple[Reading, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class _Round:
    """One passage through all brands: what is the same for all of them, and what waits to be written."""

    program: Program
    now: datetime
    until: datetime
    heads: Mapping[tuple[str, str], Mapping[str, Head]]
    buckets: int = 0
    spikes: int = 0
    _deaf: dict[str, list[tuple[datetime, datetime | None]]] | None = None
    _health: dict[str, SourceHealth] | None = None
    _waiting: list[_Work] = field(default_factory=list)
    _pieces: int = 0

    def inspect(self, rule: Rule, brand: str, stop: Stop) -> None:
        """Take one rule through one brand, from where it stopped."""
        head = self.heads.get((rule.name, brand), {})
        if not self._has_work(rule, head.get(WHOLE)) or not self._history_is_in(brand):
            return
        work = self._resumed(rule, brand, head, stop)
        try:
            self._go_on(work, stop)
        except ValueError:
            if work is None or self._readable(work):
                self._waiting = [each for each in self._waiting if work is None or each.memory is not work.memory]
                self.commit()  # what the others found is not lost with it
                raise
            self._go_on(self._again(rule, brand, head, head[WHOLE].until, stop), stop)

    def commit(self) -> None:
        """Write what waits, in one transaction."""
        with self.program.store.transaction():
            for work in self._waiting:
                self._write(work)
        if self._waiting:
            reach("detect.committed")
        self._waiting, self._pieces = [], 0

    def let_go_of_the_unwatched(self) -> None:
        """Take rules that watch a brand no more out of its incidents; should they return, they go on."""
        program = self.program
        for (name, brand), head in self.heads.items():
            is_open = any(each.is_open for each in head.values()) and program.store.incidents.open_for(name, brand)
            if is_open and not any(
                rule.name == name and rule.watches(brand) and program.watched(brand) for rule in program.rules
            ):
                with program.store.transaction():
                    self._let_go(name, brand, set(), self.until + program.settle, "no rule watches it any more")

    def _go_on(self, work: _Work | None, stop: Stop) -> None:
        if work is None:
            return
        for stretch in go_on(self.program, work.rule, work.brand, work.memory, self.until, self._ears(work.brand)):
            work = self._take(work, stretch)
            if stop():
                return

    def _has_work(self, rule: Rule, whole: Head | None) -> bool:
        """Whether there is a bucket that the rule has not seen."""
        if whole is None or whole.until > self.now + TOLERANCE:
            return True
        return whole.until < self.until or (whole.until == self.until and whole.settings != rule.fingerprint)

    def _take(self, work: _Work, stretch: Stretch) -> _Work:
        """Let a piece wait for its commit, which comes when there are enough; return what the next one is added to."""
        reach("detect.inspected")
        if not self._waiting or self._waiting[-1] is not work:
            self._waiting.append(work)
        work.spikes += stretch.spikes
        work.readings += stretch.readings.items()
        self.buckets += stretch.buckets
        self.spikes += len(stretch.spikes)
        self._pieces += 1
        if self._pieces >= TOGETHER:
            self.commit()
            return _Work(work.rule, work.brand, work.memory, work.stored)
        return work

    def _write(self, work: _Work) -> None:
        store, rule, brand, memory = self.program.store.detection, work.rule, work.brand, work.memory
        store.drop_states(rule.name, brand, work.stored - memory.states.keys())
        work.stored = set(memory.states)
        for part, state in memory.states.items():
            is_open = part in memory.open
            store.save_state(rule.name, brand, memory.at, rule.fingerprint, state, part, is_open=is_open)
        store.add_spikes(work.spikes)
        for part, readings in work.readings:
            wanted = [each for each in readings if each.expected is not None and self._is_kept(each)]
            store.save_readings(rule.name, brand, part, wanted)

    def _is_kept(self, reading: Reading) -> bool:
        return reading.start >= self.until - READINGS_KEPT

    # Where to begin

    def _resumed(self, rule: Rule, brand: str, head: Mapping[str, Head], stop: Stop) -> _Work | None:
        """Where to go on, and with what memory; None where there is nothing, or no time, to begin with.

        A changed rule, or a state of another version, starts again from the first slot, and is silent about the past.
        So does a state from the future: the clock was wrong when it was saved, and waiting for that day would be blind.
        """
        whole = head.get(WHOLE)
        if whole is None:
            first = self.program.store.detection.first_slot(brand)
            return _Work(rule, brand, Memory(at=first)) if first is not None and first < self.until else None
        if whole.until > self.now + TOLERANCE:
            return self._again(rule, brand, head, self.until, stop)
        if whole.settings == rule.fingerprint:
            return _Work(rule, brand, self._remembered(rule, brand, head, whole.until), set(head))
        return self._again(rule, brand, head, whole.until, stop)

    def _remembered(self, rule: Rule, brand: str, head: Mapping[str, Head], at: datetime) -> Memory:
        parts = {part for part, each in head.items() if each.until == at and each.settings == rule.fingerprint}
        stored = self.program.store.detection.states(rule.name, brand)
        states = {part: state for part, state in stored.items() if part in parts}
        return Memory(at=at, states=states, open={part for part in parts if head[part].is_open})

    def _again(self, rule: Rule, brand: str, head: Mapping[str, Head], told: datetime, stop: Stop) -> _Work | None:
        """From the first slot to where people were told until, in silence; what is stopped on the way begins anew."""
        first = self.program.store.detection.first_slot(brand)
        if first is None:
            return None
        memory = Memory(at=first)
        for _ in go_on(self.program, rule, brand, memory, told, self._ears(brand)):
            reach("detect.inspected")
            if stop():
                return None
        with self.program.store.transaction():
            self.program.store.detection.drop_states(rule.name, brand, head)
            work = _Work(rule, brand, memory)
            self._write(work)
            self._let_go(rule.name, brand, memory.open, told + self.program.settle, "the rule was changed")
        return work

    def _let_go(self, rule: str, brand: str, still: set[str], at: datetime, why: str) -> None:
        """Take a rule out of an incident that it, as it is now, would not have open: nothing else would ever end it."""
        incidents = self.program.store.incidents
        incident = incidents.open_for(rule, brand)
        if incident is None:
            return
        at = max(at, incident.opened_at)
        over = False
        for name, part in sorted(incidents.speaking(incident.id)):
            if name == rule and part not in still:
                over = incidents.leave(incident.id, part, at, rule=rule)
        if over:
            incidents.resolve(incident.id, at, why=why)

    def _history_is_in(self, brand: str) -> bool:
        """Whether a brand can be inspected for the first time: no source is in the middle of its first poll.

        Such a poll brings the past along, and rules learn from it only while nothing was inspected.
        """
        if any(name == brand for _, name in self.heads):
            return True
        if self._health is None:
            self._health = self.program.store.sources.health()
        health = self._health
        polled = [health[source.name] for source in listening(self.program, brand) if source.name in health]
        return all(each.last_success is not None or each.failures for each in polled)

    def _ears(self, brand: str) -> Ears:
        if self._deaf is None:
            self._deaf = unheard(self.program, self.now)
        return ears_of(self.program, brand, self._deaf)

    def _readable(self, work: _Work) -> bool:
        """Whether the detector can go on from what was stored: a state of another version it refuses."""
        stored = self.program.store.detection.states(work.rule.name, work.brand)
        try:
            for part, state in stored.items():
                empty = Series(brand=work.brand, step=BUCKET, timezone="UTC", buckets=(), slice=part)
                work.rule.detector_for(part).inspect(empty, state)
        except ValueError:
            return False
        return True
