"""Detect: what became known goes through each rule's detector; its state and its spikes are one transaction.

Knows the detector's port and the store; nothing of who is told. A bucket is inspected once every quick source has been
read past its end (`settle`) and every post known by then is scored, so that a replay sees what was seen live.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from monitor.analysis.coverage import FOREVER, Range, blind
from monitor.clock import floor
from monitor.domain import BUCKET, Bucket, Inspection, Phase, Series, Spike
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Program, Rule, Source, Stop, never
from monitor.store.gaps import BLIND, THINNED
from monitor.store.scores import Tally
from monitor.store.sources import SourceHealth
from monitor.store.states import NO_DATA
from monitor.store.states import THINNED as THINNED_STATE

TOLERANCE = timedelta(minutes=15)  # by which the clock may be set back before what was inspected counts as the future
CHUNK = timedelta(days=7)  # of history at a time, so that memory stays flat
LATELY = timedelta(days=7)  # what sources brought in it says how much a brand depends on each
MUCH = 0.2  # of a brand's posts: without a source that brings so many, calm says nothing
Ranges = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class DetectReport:
    """What the rules found."""

    buckets: int = 0
    spikes: int = 0
    until: datetime | None = None  # everything before was inspected


def run(program: Program, *, now: datetime, stop: Stop = never) -> DetectReport:
    """Inspect every brand up to the last bucket that is complete, or until asked to stop."""
    until = ready_until(program, now)
    buckets = spikes = 0
    health = program.store.sources.health()
    unheard = {source.name: list(_unheard(program, source, health, now)) for source in program.sources}
    for brand in program.store.detection.brands():
        if not _history_is_in(program, brand, health):
            continue
        ears = Ears({source.name: unheard[source.name] for source in _listening(program, brand)})
        for rule in program.rules:
            if program.watched(brand) and rule.watches(brand) and not stop():
                done = _inspect(program, rule, brand, until, ears, now=now, stop=stop)
                buckets, spikes = buckets + done.buckets, spikes + done.spikes
    return DetectReport(buckets, spikes, until)


@dataclass(frozen=True, slots=True)
class Ears:
    """When each of a brand's sources was not heard."""

    deaf: Mapping[str, list[Range]]

    def nobody(self) -> Ranges:
        """When none of them was."""
        return blind(list(self.deaf.values()))

    def too_few(self, program: Program, brand: str, start: datetime, end: datetime) -> Ranges:
        """When those that bring a good part of the brand's posts were not; asked for a stretch of time."""
        deaf = {name: held for name, ranges in self.deaf.items() if (held := _within(ranges, start, end))}
        if not deaf:
            return ()
        brought = program.store.detection.sources_of(brand, start - LATELY)
        missed = MUCH * sum(brought.values())
        return [each for name, held in deaf.items() if 0 < missed <= brought.get(name, 0) for each in held]


def _within(ranges: Iterable[Range], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    return [(since, until or FOREVER) for since, until in ranges if since < end and (until or FOREVER) > start]


def _history_is_in(program: Program, brand: str, health: Mapping[str, SourceHealth]) -> bool:
    """Whether a brand can be inspected for the first time: no source is in the middle of its first poll.

    Such a poll brings the past along, and rules learn from it only while nothing was inspected.
    """
    if program.store.detection.inspected({brand}):
        return True
    polled = [health[source.name] for source in _listening(program, brand) if source.name in health]
    return all(each.last_success is not None or each.failures for each in polled)


def _listening(program: Program, brand: str) -> list[Source]:
    return [source for source in program.sources if not source.brands or brand in source.brands]


def ready_until(program: Program, now: datetime) -> datetime:
    """The end of the newest bucket that can be inspected: it has settled, and all that is known of it is scored."""
    oldest = program.store.scores.oldest_pending()
    moment = now if oldest is None else min(now, oldest)
    return floor(moment - program.settle, BUCKET)


def _inspect(
    program: Program, rule: Rule, brand: str, until: datetime, ears: Ears, *, now: datetime, stop: Stop
) -> DetectReport:
    store, holes = program.store.detection, ears.nobody()
    start, state, told = _resume(program, rule, brand, until, now=now)
    buckets = spikes = 0
    episode = False
    while start is not None and start < until and not stop():
        end = min(until, start + CHUNK)
        series = Series(
            brand=brand, step=BUCKET, timezone=program.settings.timezone_of(brand),
            buckets=tuple(_buckets(store.tallies(brand, start, end), start, end, holes)),
        )  # fmt: skip
        found = _inspected(program, rule, series, state, [*holes, *ears.too_few(program, brand, start, end)])
        reach("detect.inspected")
        dated = list(_dated(found, program.settle))
        past = [spike for spike in dated if told is not None and spike.fired_at <= told]
        fresh = dated[len(past) :]
        episode = past[-1].phase is not Phase.CLOSED if past else episode
        if told is None or end >= told - program.settle:
            # A changed rule is saved only when it has caught up: a crash on the way begins again, and stays silent.
            with program.store.transaction():
                store.save_state(rule.name, brand, end, rule.fingerprint, found.state)
                store.add_spikes(fresh)
                if told is not None and not episode:
                    _let_go(program, rule, brand, told)
            reach("detect.committed")
            told = None
        buckets, spikes = buckets + len(series.buckets), spikes + len(fresh)
        start, state = end, found.state
    return DetectReport(buckets, spikes)


def _inspected(program: Program, rule: Rule, series: Series, state: bytes | None, holes: Ranges) -> Inspection:
    """What a rule says of a series. It may tell of a spike, and that it worsens, from what little came in a hole, but
    never of its end: while an incident is open, and where one would end there, the holes' buckets are no data at all.
    """
    found = rule.detector.inspect(series, state)
    read = tuple(bucket for bucket in series.buckets if not _in_hole(bucket.start, holes))
    if len(read) == len(series.buckets):
        return found
    ends = [spike for spike in found.spikes if spike.phase is Phase.CLOSED]
    if not any(_in_hole(spike.fired_at - BUCKET, holes) for spike in ends):
        is_open = program.store.incidents.open_for(rule.name, series.brand) is not None
        if found.spikes or not is_open:
            return found
    return rule.detector.inspect(replace(series, buckets=read), state)


def _in_hole(start: datetime, holes: Ranges) -> bool:
    return any(since <= start and start + BUCKET <= until for since, until in holes)


def _let_go(program: Program, rule: Rule, brand: str, at: datetime) -> None:
    """End an incident that the rule, as it is now, would not have open: nothing else would ever end it."""
    incident = program.store.incidents.open_for(rule.name, brand)
    if incident is not None:
        program.store.incidents.resolve(incident.id, max(at, incident.opened_at))


def _resume(
    program: Program, rule: Rule, brand: str, ready: datetime, *, now: datetime
) -> tuple[datetime | None, bytes | None, datetime | None]:
    """Where to go on, with which state, and until when people were told already.

    A changed rule, or a state of another version, starts again from the first slot, and keeps silent about the past.
    So does a state from the future: the clock was wrong when it was saved, and waiting for that day would be blindness.
    """
    store = program.store.detection
    saved = store.state(rule.name, brand)
    if saved is None:
        return store.first_slot(brand), None, None
    until, fingerprint, state = saved
    if until > now + TOLERANCE:
        return store.first_slot(brand), None, ready + program.settle
    if fingerprint == rule.fingerprint and _readable(rule, brand, state):
        return until, state, None
    return (store.first_slot(brand) if ready >= until else None), None, until + program.settle


def _readable(rule: Rule, brand: str, state: bytes) -> bool:
    try:
        rule.detector.inspect(Series(brand=brand, step=BUCKET, timezone="UTC", buckets=()), state)
    except ValueError:
        return False
    return True


def _dated(found: Inspection, settle: timedelta) -> Iterator[Spike]:
    """Spikes at the moment at which they could be known: a bucket is inspected only when it has settled."""
    for spike in found.spikes:
        yield replace(spike, fired_at=spike.fired_at + settle)


def _buckets(tallies: Iterable[Tally], start: datetime, end: datetime, holes: Ranges) -> Iterator[Bucket]:
    """Slot by slot: late additions to earlier ones, then the slot itself; one that nobody listened to is left out."""
    known = {slot: list(group) for slot, group in groupby(tallies, key=lambda tally: tally.known_slot)}
    slot = start
    while slot < end:
        own = Bucket(start=slot, mentions=0.0, negatives=0.0)
        for tally in known.get(slot, ()):
            bucket = Bucket(start=tally.slot, mentions=tally.mentions, negatives=tally.negatives)
            if tally.slot == slot:
                own = bucket
            else:
                yield bucket
        if own.mentions or not _in_hole(slot, holes):
            yield own
        slot += BUCKET


def _unheard(program: Program, source: Source, health: Mapping[str, SourceHealth], now: datetime) -> Iterator[Range]:
    """Ranges that a source did not read, and states in which that nothing comes says nothing.

    A silence stays a hole though its posts are read later, since they are late by then.
    """
    known = program.store.sources
    for gap in known.ranges.of(source.name):
        if gap.reason == BLIND or (gap.filled_at is None and not gap.reason.startswith(THINNED)):
            yield gap.since, gap.until
    for each in known.states.of(source.name):
        if each.state in NO_DATA:
            yield each.since, each.until
    yield from _silence(program, source, health, now)


def _silence(program: Program, source: Source, health: Mapping[str, SourceHealth], now: datetime) -> Iterator[Range]:
    """The time since the last poll, where the next is overdue: the program was off, and nobody wrote it down yet.

    So is it where the source is read less often than it should be.
    """
    last = health[source.name].last_success if source.name in health else None
    if last is None:
        return
    states = program.store.sources.states.lasting(source.name).get(source.name, ())
    if now - last > source.patience or any(each.state == THINNED_STATE for each in states):
        yield last, None
