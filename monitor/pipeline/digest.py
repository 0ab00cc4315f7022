"""The digest: what a day or a week brought of a brand, against the stretch before it, in words.

Knows the store's records, and what is much in them from analysis; writes nothing. Of few posts it says that they are
few, and a difference that chance explains is called none.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from monitor.alerting import routine_times, words
from monitor.alerting.routine_message import EXAMPLES, Back, DigestWords
from monitor.analysis import slices
from monitor.analysis.digest import FEW, NINETY_NINE, Day, Scatter, scatter, share, share_change, volume_change
from monitor.analysis.slices import slice_of
from monitor.analysis.terms import terms
from monitor.domain import Incident, Label, Phase, Spike
from monitor.pipeline import false_alarms
from monitor.pipeline.program import Program
from monitor.pipeline.troubles import some
from monitor.settings_types import RoutineSection
from monitor.store.periods import Counts, Return

DAY, WEEK = timedelta(days=1), timedelta(days=7)
EARLIER = timedelta(days=30)  # how far back somebody was unhappy who is called won back
MUCH = 1.25  # times as many, or as few, from which on it is worth a word
MOST = 6  # lines of each list
MOST_RETURNS = 1_000
MOST_EVIDENCE = 5_000  # posts that terms are taken from, and as many to compare them with
TERMS = 8
Pair = tuple[Counts, Counts]  # of the stretch, and of the one before


def length_of(routine: RoutineSection) -> timedelta:
    """The stretch that a digest is about."""
    return DAY if routine.digest == "daily" else WEEK


def last_due(routine: RoutineSection, now: datetime) -> datetime | None:
    """The newest moment at which a digest was due; None: none is wanted."""
    return routine_times.last_due(now, *_clock(routine), day=_day(routine)) if _wanted(routine) else None


def next_due(routine: RoutineSection, now: datetime) -> datetime | None:
    """The next one."""
    return routine_times.next_due(now, *_clock(routine), day=_day(routine)) if _wanted(routine) else None


def _wanted(routine: RoutineSection) -> bool:
    return routine.digest != "never" and bool(routine.digest_at)


def _clock(routine: RoutineSection) -> tuple[str, str]:
    return routine.digest_at, routine.timezone


def _day(routine: RoutineSection) -> str | None:
    return routine.digest_on if routine.digest == "weekly" else None


def of(program: Program, brand: str, *, until: datetime, length: timedelta, now: datetime) -> DigestWords:
    """What is to be said of a brand's posts published in the stretch that ends at `until`; read as of `now`."""
    since = until - length
    period = "day" if length == DAY else "week"
    days, before = _days(program, brand, since, until), _days(program, brand, since - length, since)
    compared = _was_watched(program, brand, since - length, length)
    incidents = _incidents(program, brand, since, until)
    returns = program.store.periods.returns(brand, since, until, before=since - EARLIER, limit=MOST_RETURNS)
    return DigestWords(
        brand=brand, period=period, since=since, until=until,
        headline=_headline(days, before if compared else [], incidents),
        volume=_volume(days, before, period, compared=compared), mood=_mood(days, before, period, compared=compared),
        moved=tuple(_moved(program, brand, since, until, length)) if compared else (),
        incidents=tuple(_incident(program, each, now) for each in incidents[:MOST]) + _more(incidents),
        held=_held(program, brand, since, until), changes=tuple(_changes(program, brand, since, until)),
        returned=len(returns), back=tuple(_back(each) for each in returns[:EXAMPLES]),
        terms=_terms(program, brand, since, length, now), holes=tuple(_holes(program, brand, since, until, now)),
        budget=false_alarms.budget(program, now=now, brand=brand),
    )  # fmt: skip


def _was_watched(program: Program, brand: str, since: datetime, length: timedelta) -> bool:
    """Whether a stretch was watched from its beginning on (a seventh of it may lack), so that it can be compared."""
    begun = since + length / 7
    known = program.store.detection.first_slot(brand)
    return (known is not None and known <= begun) or bool(program.store.periods.platforms(brand, since, begun))


def _days(program: Program, brand: str, since: datetime, until: datetime) -> list[Day]:
    return [_as_day(each) for each in program.store.periods.days(brand, since, until)]


def _as_day(counts: Counts) -> Day:
    return Day(posts=counts.posts, judged=counts.judged, negatives=max(0.0, counts.negatives))


# Volume and mood


def _headline(days: Sequence[Day], before: Sequence[Day], incidents: Sequence[Incident]) -> str:
    posts = sum(day.posts for day in days)
    if posts < FEW:
        said = "no post" if not posts else f"{posts} post{'' if posts == 1 else 's'}, too few to say"
    else:
        volume, mood = volume_change(days, before), share_change(days, before)
        moves = [_way(volume.value > 1.0, "louder", "quieter")] if volume and volume.differs(1.0) else []
        moves += [_way(mood.value > 0.0, "more negative", "less negative")] if mood and mood.differs(0.0) else []
        said = " and ".join(moves) or (f"{posts:,} posts, much as before" if before else f"{posts:,} posts")
    count = len(incidents)
    return said + (f"; {count} incident{'' if count == 1 else 's'}" if count else "")


def _way(up: bool, more: str, less: str) -> str:
    return more if up else less


def _volume(days: Sequence[Day], before: Sequence[Day], period: str, *, compared: bool) -> str:
    posts, earlier = sum(day.posts for day in days), sum(day.posts for day in before)
    told = f"{posts:,} post{'' if posts == 1 else 's'}"
    if not compared:
        return f"{told}; the {period} before was not watched, so that there is nothing to compare with."
    change = volume_change(days, before)
    if change is None:
        return f"{told}, {earlier:,} in the {period} before: too few to say whether that is more or less."
    if change.differs(1.0):
        return f"{told}, {_times(change.value)} in the {period} before ({earlier:,}){_range(change.low, change.high)}."
    if 1 / MUCH < change.value < MUCH:
        return f"{told}, about as many as in the {period} before ({earlier:,})."
    told += f", {_times(change.value)} in the {period} before ({earlier:,})"
    return f"{told}; days differ so much that it may be chance."


def _times(ratio: float) -> str:
    """How much more or less, as people say it.

    >>> _times(2.4), _times(1.25), _times(0.5), _times(inf)
    ('2.4 times as many as', '25 % more than', '50 % fewer than', 'where there was none')
    """
    if ratio == inf:
        return "where there was none"
    if ratio >= 2.0:
        return f"{words.number(ratio)} times as many as"
    return f"{words.percent(abs(ratio - 1.0))} {'more' if ratio > 1.0 else 'fewer'} than"


def _range(low: float, high: float) -> str:
    if high == inf or (high < 1.0 and low == 0.0):
        return ""
    return f" (95 % sure: {words.number(low)} to {words.number(high)} times as many)"


def _mood(days: Sequence[Day], before: Sequence[Day], period: str, *, compared: bool) -> str:
    now = share(days)
    if now is None:
        judged = sum(day.judged for day in days)
        return f"{judged:,} of them could be judged: too few to say how many are negative." if judged else ""
    told = f"Negative: {words.percent(now.value)} (95 % sure: {words.percent(now.low)} to {words.percent(now.high)})"
    earlier, change = share(before), share_change(days, before)
    if not compared or earlier is None or change is None:
        return f"{told}."
    was = f"than in the {period} before ({words.percent(earlier.value)})"
    if not change.differs(0.0):
        return f"{told}, not clearly more or fewer {was}."
    return f"{told}, {_points(change.value)} {'more' if change.value > 0 else 'fewer'} {was}."


def _points(change: float) -> str:
    points = abs(100 * change)
    return f"{words.number(points)} point{'' if words.number(points) == '1' else 's'}"


# Parts of the whole


def _moved(program: Program, brand: str, since: datetime, until: datetime, length: timedelta) -> Iterator[str]:
    """Platforms and touchpoints that differ from before by more than chance, the farthest first."""
    store = program.store.periods
    stretches = [_days(program, brand, since, until), _days(program, brand, since - length, since)]
    whole, posts = scatter(stretches), sum(day.posts for days in stretches for day in days)
    pairs = _pairs(store.platforms(brand, since, until), store.platforms(brand, since - length, since), "platform")
    pairs |= _pairs(
        store.touchpoints(brand, since, until), store.touchpoints(brand, since - length, since), "touchpoint"
    )
    found = [told for name, pair in pairs.items() if (told := _part(name, pair, whole, posts)) is not None]
    for _, sentence in sorted(found, key=lambda each: (-each[0], each[1]))[:MOST]:
        yield sentence


def _pairs(now: Mapping[str, Counts], before: Mapping[str, Counts], kind: str) -> dict[str, Pair]:
    names = sorted({*now, *before})
    return {slices.label(slice_of(kind, name)): (now.get(name, Counts()), before.get(name, Counts())) for name in names}


def _part(name: str, pair: Pair, whole: Scatter, posts: int) -> tuple[float, str] | None:
    """How far a part moved, and the sentence; None: not by more than chance. `posts` are the whole's."""
    now, before = ([_as_day(each)] for each in pair)
    scattered = whole.of_part(min(1.0, (pair[0].posts + pair[1].posts) / max(1, posts)))
    volume = volume_change(now, before, z=NINETY_NINE, scatter_of=scattered)
    mood = share_change(now, before, z=NINETY_NINE, scatter_of=scattered)
    told, far = [], 0.0
    if volume is not None and volume.differs(1.0) and not 1 / MUCH < volume.value < MUCH:
        told.append(f"{pair[0].posts:,} posts, {_times(volume.value)} before ({pair[1].posts:,})")
        far = 1.0 - min(volume.value, 1.0 / volume.value if volume.value else 0.0)
    if mood is not None and mood.differs(0.0):
        shares = [words.percent(each.negatives / each.judged) for each in pair]
        way = "more" if mood.value > 0 else "fewer"
        told.append(f"{shares[0]} negative, {_points(mood.value)} {way} than before ({shares[1]})")
        far = max(far, 2 * abs(mood.value))
    return (far, f"{name}: {'; '.join(told)}") if told else None


# What happened


def _incidents(program: Program, brand: str, since: datetime, until: datetime) -> list[Incident]:
    """Those that opened in the stretch, the oldest first; rehearsals apart."""
    found = program.store.incidents.find(brand=brand, since=since, limit=10_000)
    return [each for each in reversed(found) if since <= each.opened_at < until and not each.drill]


def _incident(program: Program, each: Incident, now: datetime) -> str:
    zone = ZoneInfo(program.settings.routine.timezone)
    part = f", {slices.label(each.slice)}" if each.slice else ""
    began = each.opened_at - each.onset
    lead = f", told {words.length(began)} after it began" if began > timedelta(0) else ""
    ended = f"over after {words.length(each.resolved_at - each.opened_at)}" if each.resolved_at else "still open"
    verdict = {True: "called real", False: "called a false alarm", None: "nobody judged it"}[each.real]
    return f"{_when(each.opened_at, zone)}: {each.severity}{part}{lead}; {ended}; {verdict} (incident {each.id})"


def _when(at: datetime, zone: ZoneInfo) -> str:
    return words.moment(at, zone).rpartition(" (")[0]


def _more(incidents: Sequence[Incident]) -> tuple[str, ...]:
    rest = len(incidents) - MOST
    return (f"and {rest} more; `alerts list` shows them",) if rest > 0 else ()


def _held(program: Program, brand: str, since: datetime, until: datetime) -> str:
    count = program.store.notices.untold(since, until).get(brand, 0)
    if not count:
        return ""
    what = "1 incident was" if count == 1 else f"{count} incidents were"
    return f"{what} over before quiet hours or a silence ended, so that nobody was told."


def _changes(program: Program, brand: str, since: datetime, until: datetime) -> Iterator[str]:
    """What detectors found that tell nobody at once: a level or a tone that changed and stays."""
    rules = [rule.name for rule in program.rules if not getattr(rule.detector, "alarm", True)]
    zone = ZoneInfo(program.settings.routine.timezone)
    found = program.store.detection.spikes_of(rules, since, until) if rules else []
    for spike in [each for each in found if each.brand == brand and each.phase is not Phase.CLOSED][-MOST:]:
        yield _change(spike, zone)


def _change(spike: Spike, zone: ZoneInfo) -> str:
    part = f"{slices.label(spike.slice)}: " if spike.slice else ""
    much = f"{words.number(spike.observed)} negative posts in {words.length(spike.window)}"
    return f"{part}since {_when(spike.onset, zone)}: {much}, where {words.number(spike.expected)} were usual"


def _back(each: Return) -> Back:
    return Back(author=each.author, platform=each.platform, text=each.text, url=each.url, id=each.native_id)


def _terms(
    program: Program, brand: str, since: datetime, length: timedelta, now: datetime
) -> tuple[tuple[str, int], ...]:
    """Words of the stretch's unhappy posts that posts of the stretch before use less."""
    store = program.store.detection
    window = store.evidence(brand, since, since + length, known=now, limit=MOST_EVIDENCE)
    before = store.evidence(brand, since - length, since, known=now, limit=MOST_EVIDENCE)
    unhappy = [each.mention for each in window if each.label is Label.NEGATIVE]
    if len(unhappy) < FEW // 3:
        return ()
    card = next((card for card in program.settings.brands if card.name == brand), None)
    names = (brand, *card.names, *card.handles, *card.hashtags) if card else (brand,)
    found = terms(unhappy, [each.mention for each in before], names=names, limit=TERMS)
    return tuple((each.text, each.count) for each in found)


def _holes(program: Program, brand: str, since: datetime, until: datetime, now: datetime) -> Iterator[str]:
    """Stretches of the period that a source could not read, and that are missing still, the longest first."""
    missing: list[tuple[timedelta, str]] = []
    for source in program.sources:
        if source.brands and brand not in source.brands:
            continue
        gaps = [gap for gap in program.store.sources.ranges.of(source.name) if gap.filled_at is None]
        spans = [(max(gap.since, since), min(gap.until or now, until)) for gap in gaps]
        length = _united([span for span in spans if span[0] < span[1]])
        if length > timedelta(0):
            missing.append((length, source.name))
    missing.sort(key=lambda each: (-each[0], each[1]))
    for length, name in missing[:MOST]:
        yield f"{name}: {words.length(length)} could not be read"
    if rest := [name for _, name in missing[MOST:]]:
        yield f"and parts of {some(rest)}"


def _united(spans: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """How long stretches are together that may overlap."""
    total, reached = timedelta(0), None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        total += max(timedelta(0), end - begin)
        reached = end if reached is None else max(reached, end)
    return total
