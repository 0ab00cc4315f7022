"""Series: what a rule is given of a brand and of its slices, day by day, and what it says of it. Reads, writes nothing.

One path for detection as it runs and for any period again (`walk`): the pieces end at midnight UTC at the latest, and
what hangs on more than a piece (which slices are watched) is decided at midnights, from what was known before. So the
same posts give the same spikes however often, and at whichever moments, they were asked for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from monitor.analysis.coverage import FOREVER, Range, blind
from monitor.analysis.slices import LOOK, Volume, chosen
from monitor.clock import floor
from monitor.domain import BUCKET, WHOLE, Bucket, Inspection, Phase, Reading, Series, Spike, Verdict, real_brand
from monitor.pipeline.program import Program, Rule, Source
from monitor.ports import Detector
from monitor.store.gaps import BLIND, THINNED
from monitor.store.scores import Tally
from monitor.store.sources import SourceHealth
from monitor.store.states import NO_DATA
from monitor.store.states import THINNED as THINNED_STATE

DAY = timedelta(days=1)
CHUNK = DAY  # of history at a time, at most
SILENCE = timedelta(days=14)  # without a post, after which that none comes is no news any more
LATELY = timedelta(days=7)  # what sources brought in it says how much a brand depends on each
MUCH = 0.2  # of a brand's posts: without a source that brings so many, calm says nothing
Ranges = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a rule says of a piece of one day of a brand."""

    since: datetime
    until: datetime
    spikes: tuple[Spike, ...]  # of the whole and of every slice that was inspected, dated when they could be known
    readings: Mapping[str, tuple[Reading, ...]]  # by slice; of a slice of a brand, only while it is in an incident
    buckets: int  # of the whole that were inspected


@dataclass(slots=True, kw_only=True)
class Memory:
    """What goes on from one piece to the next."""

    at: datetime  # everything before was inspected
    states: dict[str, bytes] = field(default_factory=dict)  # by slice: the whole, and the slices that are watched
    open: set[str] = field(default_factory=set)  # slices with a spike that is not over

    @property
    def slices(self) -> tuple[str, ...]:
        """The watched ones, the whole left out, in order."""
        return tuple(sorted(part for part in self.states if part != WHOLE))


def walk(
    program: Program, rule: Rule, brand: str, until: datetime, *, since: datetime | None = None,
    ears: "Ears | None" = None,
) -> Iterator[Stretch]:  # fmt: skip
    """What a rule says of a brand from the first slot in which anything was known of it (or `since`) to `until`.

    The rule need not be one of the program's. It begins without memory: to judge a period, begin some weeks earlier,
    and leave out the spikes that fired before it. `ears` are made once for a brand, where several rules walk.
    """
    start = since or program.store.detection.first_slot(brand)
    if start is not None:
        heard = ears or ears_of(program, brand, unheard(program, until))
        yield from go_on(program, rule, brand, Memory(at=floor(start, BUCKET)), until, heard)


def go_on(program: Program, rule: Rule, brand: str, memory: Memory, until: datetime, ears: "Ears") -> Iterator[Stretch]:
    """The pieces from where the memory stands to `until`; it is brought up to date with each."""
    while memory.at < until:
        if memory.at == floor(memory.at, DAY):
            _choose(program, rule, brand, memory, ears)
        yield _passed_over(program, brand, memory, until) or _stretch(program, rule, brand, memory, until, ears)


def _choose(program: Program, rule: Rule, brand: str, memory: Memory, ears: "Ears") -> None:
    """Watch those slices that are worth it from this midnight on; one with an open spike stays until it is over."""
    wanted = set(slices_on(program, rule, brand, memory.at)) | (memory.open - {WHOLE})
    for part in set(memory.slices) - wanted:
        del memory.states[part]
    for part in sorted(wanted - memory.states.keys()):
        memory.states[part] = _warmed(program, rule, brand, part, memory.at, ears)


def slices_on(program: Program, rule: Rule, brand: str, day: datetime) -> tuple[str, ...]:
    """The slices that a rule watches of a brand from a midnight on."""
    if not rule.slices:
        return ()
    first: dict[str, datetime] = {}
    sums: dict[str, float] = {}
    for at, part, mentions in program.store.scores.days(brand, day - LOOK, day):
        first.setdefault(part, at)
        sums[part] = sums.get(part, 0.0) + mentions
    return chosen(rule.slices, [Volume(part, first[part], total) for part, total in sums.items()], day)


def _warmed(program: Program, rule: Rule, brand: str, part: str, until: datetime, ears: "Ears") -> bytes:
    """The state of a slice's detector that has seen the last weeks; nothing of them is told."""
    start = program.store.detection.next_known(brand, until - LOOK, part) or until
    quiet = _quiet_from(program, brand, start)
    series, holes = _series(program, brand, part, start, until, ears, quiet)
    return inspected(rule.detector_for(part), series, None, holes, is_open=False).state


def _passed_over(program: Program, brand: str, memory: Memory, until: datetime) -> Stretch | None:
    """The days in which a brand has been silent for weeks go by at once."""
    start = memory.at
    if start < _quiet_from(program, brand, start):
        return None
    found = program.store.detection.next_known(brand, start)
    memory.at = until if found is None or found >= until else floor(found, DAY)
    if memory.at <= start:
        memory.at = start
        return None
    return Stretch(since=start, until=memory.at, spikes=(), readings={}, buckets=0)


def _quiet_from(program: Program, brand: str, start: datetime) -> datetime:
    """From when on empty slots say nothing any more, as it looks at a moment."""
    last = program.store.detection.last_known(brand, start)
    return start if last is None else last + BUCKET + SILENCE


def _stretch(program: Program, rule: Rule, brand: str, memory: Memory, until: datetime, ears: "Ears") -> Stretch:
    start = memory.at
    end = min(until, floor(start, DAY) + DAY, start + CHUNK)
    quiet = _quiet_from(program, brand, start)
    said = verdicts(program, rule, brand, start, end)
    spikes: list[Spike] = []
    readings: dict[str, tuple[Reading, ...]] = {}
    buckets = 0
    for part in (WHOLE, *memory.slices):
        was_open = part in memory.open
        series, holes = _series(program, brand, part, start, end, ears, quiet)
        buckets += len(series.buckets) if part == WHOLE else 0
        series = replace(series, verdicts=said)
        found = inspected(rule.detector_for(part), series, memory.states.get(part), holes, is_open=was_open)
        memory.states[part] = found.state
        spikes += (replace(each, slice=part, fired_at=each.fired_at + program.settle) for each in found.spikes)
        (memory.open.add if _is_open(found.spikes, was_open) else memory.open.discard)(part)
        if part == WHOLE or was_open or found.spikes:
            readings[part] = found.readings
    memory.at = end
    return Stretch(since=start, until=end, spikes=tuple(spikes), readings=readings, buckets=buckets)


def _is_open(spikes: Sequence[Spike], before: bool) -> bool:
    return spikes[-1].phase is not Phase.CLOSED if spikes else before


def verdicts(program: Program, rule: Rule, brand: str, since: datetime, until: datetime) -> tuple[Verdict, ...]:
    """What people said in [since, until), of spikes as their detector dated them."""
    said = program.store.incidents.verdicts(rule.name, brand, since, until)
    return tuple(replace(each, fired_at=each.fired_at - program.settle) for each in said)


# What a detector says of a series with holes


def inspected(detector: Detector, series: Series, state: bytes | None, holes: Ranges, *, is_open: bool) -> Inspection:
    """What a detector says of a series. It may tell of a spike, and that it worsens, from what little came in a hole,
    but never of its end: while a spike is open, and where one would end there, the hole's bucket is no data at all.

    Raises ValueError for a state that the detector cannot read, and for counts that cannot be.
    """
    if not any(_in_hole(bucket.start, holes) for bucket in series.buckets):
        return detector.inspect(series, state)
    spikes: list[Spike] = []
    readings: list[Reading] = []
    said = series.verdicts
    for piece in _pieces(series.buckets, holes):
        found = detector.inspect(replace(series, buckets=piece, verdicts=said), state)
        if _in_hole(piece[0].start, holes) and _says_calm(found, is_open):
            continue
        state, said, is_open = found.state, (), _is_open(found.spikes, is_open)
        spikes += found.spikes
        readings += found.readings
    last = detector.inspect(replace(series, buckets=(), verdicts=said), state)
    return Inspection(spikes=tuple(spikes), readings=tuple(readings), state=last.state)


def _pieces(buckets: Sequence[Bucket], holes: Ranges) -> Iterator[tuple[Bucket, ...]]:
    """Runs of buckets outside of holes, and those within one by one."""
    for within, run in groupby(buckets, key=lambda bucket: _in_hole(bucket.start, holes)):
        piece = tuple(run)
        yield from ((bucket,) for bucket in piece) if within else (piece,)


def _says_calm(found: Inspection, is_open: bool) -> bool:
    return any(each.phase is Phase.CLOSED for each in found.spikes) or (is_open and not found.spikes)


def _in_hole(start: datetime, holes: Ranges) -> bool:
    return any(since <= start and start + BUCKET <= until for since, until in holes)


# What there is to inspect


def _series(
    program: Program, brand: str, part: str, start: datetime, end: datetime, ears: "Ears", quiet: datetime
) -> tuple[Series, Ranges]:
    """A slice's buckets in [start, end), and the holes in them."""
    nobody, too_few = ears.holes(program, brand, start, end, part)
    tallies = program.store.detection.tallies(brand, start, end, part)
    series = Series(
        brand=brand, step=BUCKET, timezone=program.settings.timezone_of(brand), slice=part,
        buckets=tuple(_buckets(tallies, start, end, nobody, quiet)),
    )  # fmt: skip
    return series, (*nobody, *too_few)


def _buckets(
    tallies: Iterable[Tally], start: datetime, end: datetime, holes: Ranges, quiet: datetime
) -> Iterator[Bucket]:
    """Slot by slot: late additions to earlier ones, then the slot itself; one that nobody listened to is left out,
    and so is an empty one from `quiet` on, until something is known again."""
    slot = start
    for known, group in groupby(tallies, key=lambda tally: tally.known_slot):
        yield from _empty(slot, min(known, quiet), holes)
        own = Bucket(start=known, mentions=0.0, negatives=0.0)
        for tally in group:
            bucket = Bucket(start=tally.slot, mentions=tally.mentions, negatives=tally.negatives)
            if tally.slot == known:
                own = bucket
            else:
                yield bucket
        if own.mentions or own.negatives or not _in_hole(known, holes):
            yield own
        slot, quiet = known + BUCKET, known + BUCKET + SILENCE
    yield from _empty(slot, min(end, quiet), holes)


def _empty(slot: datetime, end: datetime, holes: Ranges) -> Iterator[Bucket]:
    while slot < end:
        if not _in_hole(slot, holes):
            yield Bucket(start=slot, mentions=0.0, negatives=0.0)
        slot += BUCKET


# When nothing was heard


@dataclass(frozen=True, slots=True)
class Ears:
    """When each of a brand's sources was not heard."""

    deaf: Mapping[str, list[Range]]

    def holes(
        self, program: Program, brand: str, start: datetime, end: datetime, part: str = WHOLE
    ) -> tuple[Ranges, Ranges]:
        """In a stretch of time: when none of those that bring a slice's posts was heard, and when one that brings a
        good part of them was not."""
        deaf = {name: held for name, ranges in self.deaf.items() if (held := _within(ranges, start, end))}
        if not deaf:
            return (), ()
        brought = program.store.detection.sources_of(real_brand(brand), floor(start, DAY) - LATELY, part)
        missed = MUCH * sum(brought.values())
        some = [each for name, held in deaf.items() if 0 < missed <= brought.get(name, 0) for each in held]
        bringing = [ranges for name, ranges in self.deaf.items() if part == WHOLE or brought.get(name)]
        return blind(bringing or list(self.deaf.values())), some


def ears_of(program: Program, brand: str, deaf: Mapping[str, list[Range]]) -> Ears:
    """A brand's ears, from when each of the program's sources was not heard."""
    return Ears({source.name: deaf[source.name] for source in listening(program, brand)})


def listening(program: Program, brand: str) -> list[Source]:
    """The sources that bring posts about a brand; a drill hears what its brand hears."""
    name = real_brand(brand)
    return [source for source in program.sources if not source.brands or name in source.brands]


def unheard(program: Program, now: datetime) -> dict[str, list[Range]]:
    """When each source was not heard, as it is known at a moment."""
    health = program.store.sources.health()
    return {source.name: list(_unheard(program, source, health, now)) for source in program.sources}


def _within(ranges: Iterable[Range], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    return [(since, until or FOREVER) for since, until in ranges if since < end and (until or FOREVER) > start]


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
