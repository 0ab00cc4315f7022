"""The lead-time ledger: for each incident, how long before complaints rose people were told. Pure; knows no store.

Complaints *rise* where they leave what is usual for them. Hour by hour, the sums of the last 1, 3, 6, 12 and 24 hours
are held against what the same hours of the day brought over the four weeks before (never of what came later), shrunk
toward the mean of all hours, as a Poisson count that is scaled by the scatter of those weeks. A sum of three complaints
or more that would come by chance in fewer than one of 100,000 such hours is a rise; it ends after a day without one.
Its *first complaint* is the first one since the hour from which on the shortest such window is least like chance.
Nothing is told of the first week of a record, in which nothing is known to be usual.

An incident goes with the rises that begin from twelve hours before its onset to two days after it closed; complaints
that come before people were told make a lead below zero. A rise counts once: for the incident that was told first.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import comb
from types import MappingProxyType
from zoneinfo import ZoneInfo

from monitor.analysis.poisson import tail
from monitor.clock import floor
from monitor.domain import Complaint

HOUR = timedelta(hours=1)
LEARNED = timedelta(days=28)  # of complaints that say what is usual
LEARNING = timedelta(days=7)  # at the beginning of a record, in which nothing is called a rise
WINDOWS = (1, 3, 6, 12, 24)  # hours
CHANCE = 1e-5  # that a rise is none
FEWEST = 3  # complaints in a rise
QUIET = timedelta(hours=24)  # without an unusual hour, after which a rise is over
BEFORE, AFTER = timedelta(hours=12), timedelta(hours=48)  # of an incident, in which a rise may begin
_PRIOR_DAYS = 2.0  # that the mean of all hours weighs against one hour of the day


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A stretch in which complaints were above usual."""

    brand: str
    first: datetime  # the first complaint of it
    seen_at: datetime  # the end of the hour that showed it
    peak: datetime  # the middle of the hour with the most complaints
    ended: datetime
    count: int  # complaints from the first on until it ended
    usual: float  # for as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident as the ledger needs it."""

    key: str  # what it is called in the ledger
    brand: str
    onset: datetime
    fired_at: datetime  # the threshold was crossed
    ended: datetime | None  # None: it is still open
    first_negative: datetime | None = None
    notified: datetime | None = None  # the first message left; None: nobody was told
    acknowledged: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger."""

    told: Told
    rise: Rise | None  # of complaints; None: they did not rise, or nobody knows
    covered: bool  # whether complaints were on record in that time
    shared: bool = False  # another incident, told earlier, has the rise as well

    @property
    def lead(self) -> timedelta | None:
        """From the message to the first complaint of the rise; below zero: complaints were first."""
        return None if self.rise is None or self.told.notified is None else self.rise.first - self.told.notified

    @property
    def lead_to_peak(self) -> timedelta | None:
        """From the message to the height of the rise."""
        return None if self.rise is None or self.told.notified is None else self.rise.peak - self.told.notified


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """A median of so many, with its interval; the bounds are None where fewer than six cannot have one of 95 %."""

    middle: timedelta
    number: int
    low: timedelta | None
    high: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the alerts were worth."""

    entries: tuple[Entry, ...]  # by the time at which they fired
    missed: tuple[Rise, ...]  # no incident was told before their peak
    rises: int = 0  # in all
    without: int = 0  # incidents whose complaints are on record, and did not rise
    lead: Median | None = None  # to the first complaint
    lead_to_peak: Median | None = None
    since: datetime | None = None  # of the record in which rises could be seen; None: there is none
    until: datetime | None = None


def ledger(
    incidents: Iterable[Told], complaints: Iterable[Complaint], *, zones: "Zones",
    since: Mapping[str, datetime] = MappingProxyType({}),
) -> Ledger:  # fmt: skip
    """Join incidents to the rises of their brand's complaints; drills are the caller's to leave out.

    Complaints before `since`, by brand, say what is usual; rises that were over their height by then are left out.
    """
    records = _by_brand(complaints)
    rises = {
        brand: [
            rise for rise in found_in(brand, record, zones.of(brand)) if brand not in since or rise.peak >= since[brand]
        ]
        for brand, record in records.items()
    }
    told = sorted(incidents, key=lambda each: (each.notified or each.fired_at, each.fired_at, each.key))
    taken: set[tuple[str, datetime]] = set()
    entries = [_entry(each, records, rises.get(each.brand, []), taken) for each in told]
    own = [each for each in entries if not each.shared]
    spans = [span for record in records.values() if (span := _span(record))]
    return Ledger(
        entries=tuple(sorted(entries, key=lambda each: (each.told.fired_at, each.told.brand, each.told.key))),
        missed=tuple(each for of in rises.values() for each in of if not _was_told(each, told)),
        rises=sum(map(len, rises.values())), without=sum(each.covered and each.rise is None for each in entries),
        lead=median([each.lead for each in own if each.lead is not None]),
        lead_to_peak=median([each.lead_to_peak for each in own if each.lead_to_peak is not None]),
        since=min((since for since, _ in spans), default=None), until=max((until for _, until in spans), default=None),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zones:
    """Each brand's IANA time zone; UTC where none is named."""

    named: dict[str, str] = field(default_factory=dict)

    def of(self, brand: str) -> str:
        """The zone of a brand."""
        return self.named.get(brand, "UTC")


def median(values: Sequence[timedelta]) -> Median | None:
    """The middle value, and the ordered values between which the true one lies with 95 % at least (binomial, exact).

    >>> found = median([timedelta(hours=hours) for hours in (1, 2, 3, 4, 5, 6, 7, 8, 9)])
    >>> [str(each) for each in (found.middle, found.low, found.high)]
    ['5:00:00', '2:00:00', '8:00:00']
    """
    if not values:
        return None
    ordered, number = sorted(values), len(values)
    middle = (ordered[(number - 1) // 2] + ordered[number // 2]) / 2
    outside, cut = 1, 0  # chances, in 2^number, that at most `cut` values lie below the median
    while 2 * (outside + comb(number, cut + 1)) <= 0.05 * 2**number:
        cut += 1
        outside += comb(number, cut)
    if 2 * outside > 0.05 * 2**number:
        return Median(middle=middle, number=number, low=None, high=None)
    return Median(middle=middle, number=number, low=ordered[cut], high=ordered[number - 1 - cut])


def hourly(complaints: Sequence[Complaint], since: datetime, until: datetime) -> list[int]:
    """How many complaints each hour of [since, until) brought."""
    counts = [0] * max(0, -((since - until) // HOUR))
    for each in complaints:
        place = (each.created_at - since) // HOUR
        if 0 <= place < len(counts):
            counts[place] += each.count
    return counts


def _by_brand(complaints: Iterable[Complaint]) -> dict[str, list[Complaint]]:
    records: dict[str, list[Complaint]] = {}
    for each in sorted(complaints, key=lambda each: each.created_at):
        records.setdefault(each.brand, []).append(each)
    return records


def _span(record: Sequence[Complaint]) -> tuple[datetime, datetime] | None:
    """In which a rise could be seen: from a week after the first complaint to the last."""
    since, until = record[0].created_at + LEARNING, record[-1].created_at
    return (since, until) if since <= until else None


def _entry(
    told: Told, records: dict[str, list[Complaint]], rises: Sequence[Rise], taken: set[tuple[str, datetime]]
) -> Entry:
    span = _span(records[told.brand]) if told.brand in records else None
    rise = next((each for each in rises if _goes_with(told, each)), None)
    if rise is None:
        return Entry(told=told, rise=None, covered=span is not None and span[0] <= told.fired_at <= span[1])
    shared = (rise.brand, rise.first) in taken
    taken.add((rise.brand, rise.first))
    return Entry(told=told, rise=rise, covered=True, shared=shared)


def _goes_with(told: Told, rise: Rise) -> bool:
    ended = told.ended or max(told.fired_at, rise.first)
    return rise.brand == told.brand and told.onset - BEFORE <= rise.first <= ended + AFTER


def _was_told(rise: Rise, told: Iterable[Told]) -> bool:
    return any(each.notified is not None and each.notified <= rise.peak and _goes_with(each, rise) for each in told)


# --- what is usual --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Usual:
    """What the last four weeks make of an hour of the day, without looking ahead."""

    kept: deque[tuple[int, float, float]] = field(default_factory=deque)  # (hour of the day, count, was expected)
    sums: list[float] = field(default_factory=lambda: [0.0] * 24)
    days: list[float] = field(default_factory=lambda: [0.0] * 24)
    scatter: float = 0.0  # of squared distances over what was expected
    weight: float = 0.0

    def of(self, hour: int) -> float:
        """Complaints that this hour of the day usually brings."""
        mean = sum(self.sums) / max(1.0, sum(self.days))
        return (self.sums[hour] + _PRIOR_DAYS * mean) / (self.days[hour] + _PRIOR_DAYS)

    @property
    def spread(self) -> float:
        """Variance over mean; at least that of a Poisson count."""
        return max(1.0, self.scatter / self.weight) if self.weight > 0.0 else 1.0

    def learn(self, hour: int, count: float, expected: float) -> None:
        """Take in an hour, and forget the one that is four weeks old; an unusual one teaches no more than three times
        its due, so that a rise does not become usual while it lasts."""
        self._add((hour, min(count, 3.0 * expected + 3.0), expected), 1.0)
        if len(self.kept) > LEARNED // HOUR:
            self._add(self.kept.popleft(), -1.0)

    def _add(self, item: tuple[int, float, float], sign: float) -> None:
        hour, count, expected = item
        if sign > 0.0:
            self.kept.append(item)
        self.sums[hour] += sign * count
        self.days[hour] += sign
        self.scatter += sign * (count - expected) ** 2
        self.weight += sign * expected


def found_in(brand: str, record: Sequence[Complaint], timezone: str) -> Iterator[Rise]:
    """The rises of one brand's complaints, which are given in order of time."""
    if not record:
        return
    start, zone = floor(record[0].created_at, HOUR), ZoneInfo(timezone)
    counts = hourly(record, start, record[-1].created_at + QUIET + HOUR)
    usual, expected = _Usual(), list[float]()
    open_at: tuple[int, int] | None = None  # the first hour of the rise, and the hour that showed it
    last = 0
    for place, count in enumerate(counts):
        hour = (start + place * HOUR).astimezone(zone).hour
        expected.append(usual.of(hour))
        shown = _shown(counts, expected, place, usual.spread) if place * HOUR >= LEARNING else None
        if shown is not None:
            open_at, last = open_at or (place + 1 - shown, place), place
        elif open_at is not None and (place - last) * HOUR >= QUIET:
            yield _rise(brand, record, start, (*open_at, last), counts, expected)
            open_at = None
        usual.learn(hour, count, expected[-1])
    if open_at is not None:
        yield _rise(brand, record, start, (*open_at, last), counts, expected)


def _shown(counts: Sequence[int], expected: Sequence[float], place: int, spread: float) -> int | None:
    """How many hours up to this one have more complaints than chance brings; None where it adds nothing to any such."""
    chance, count, mean = [1.0], 0, 0.0
    for length in range(1, min(WINDOWS[-1], place + 1) + 1 if counts[place] else 0):
        count, mean = count + counts[place + 1 - length], mean + expected[place + 1 - length]
        chance.append(tail(count / spread, mean / spread) if count >= FEWEST and count > mean else 1.0)
        if length in WINDOWS and chance[length] < CHANCE:
            return min(range(1, length + 1), key=chance.__getitem__)
    return None


def _rise(
    brand: str, record: Sequence[Complaint], start: datetime, hours: tuple[int, int, int],
    counts: Sequence[int], expected: Sequence[float],
) -> Rise:  # fmt: skip
    first, shown, last = hours
    since, until = start + first * HOUR, start + (last + 1) * HOUR
    top = max(range(first, last + 1), key=lambda place: (counts[place], -place))
    return Rise(
        brand=brand, first=next(each.created_at for each in record if each.created_at >= since),
        seen_at=start + (shown + 1) * HOUR, peak=start + top * HOUR + HOUR / 2, ended=until,
        count=sum(counts[first : last + 1]), usual=sum(expected[first : last + 1]),
    )  # fmt: skip
