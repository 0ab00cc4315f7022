"""Backtest: what a rule says of a stretch of the past, by the code that detects, decides and routes live.

Each post counts from the moment at which it was known, and what people said of incidents from the moment at which they
said it: nothing looks ahead. A rule learns from everything before the stretch, and what it tells there is left out.
Reads the store, and writes nothing to it. Knows no file and no screen.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from monitor.alerting.book import Book
from monitor.alerting.routing import About, told
from monitor.analysis.poisson import interval
from monitor.domain import BUCKET, Incident, Spike, is_drill
from monitor.pipeline.detect import ready_until
from monitor.pipeline.program import Program, Rule
from monitor.pipeline.series import ears_of, unheard, walk

WEEK = timedelta(weeks=1)
Shown = Callable[[str], None]  # called with each brand when it is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """An incident that the rules made, with what is known of the one that was live."""

    incident: Incident  # its number is the backtest's own
    spike: Spike  # that opened it
    messages: Mapping[str, int]  # by receiver, each alert by itself: grouping makes fewer of them, reminders more
    live: Incident | None = None  # the one that was open in that time
    same: bool = False  # it opened live at the very same moment

    @property
    def real(self) -> bool | None:
        """What a person said of the live one; None: nobody said, or there was none."""
        return None if self.live is None else self.live.real

    @property
    def delay(self) -> timedelta:
        """From its estimated onset to the moment at which it fired."""
        return self.incident.opened_at - self.incident.onset


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A brand in a backtest: by which rules it was looked at, from when to when, and what fired."""

    brand: str
    rules: tuple[str, ...]
    since: datetime
    until: datetime
    fires: tuple[Fire, ...] = ()

    @property
    def quiet(self) -> timedelta:
        """The longest time in which no incident was open."""
        longest, end = timedelta(0), self.since
        for fire in self.fires:
            longest = max(longest, fire.incident.opened_at - end)
            end = max(end, fire.incident.resolved_at or self.until)
        return max(longest, self.until - end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the table: a rule and a brand, or a rule and all of them."""

    rule: str
    brand: str | None  # None: all brands together
    weeks: float  # that brands were watched
    fires: int
    real: int
    false: int
    unjudged: int
    low: float  # judged false alarms a week, exact 95 % Poisson interval
    high: float
    delay: timedelta | None  # in the median, from the onset
    messages: Mapping[str, int]
    quiet: timedelta  # the longest

    @property
    def false_a_week(self) -> float:
        """Judged false alarms a brand and week."""
        return self.false / self.weeks if self.weeks else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a backtest found."""

    rules: tuple[str, ...]
    brands: tuple[Watched, ...]
    unwatched: tuple[str, ...] = field(default=())  # asked for, and nothing is known of them, or no rule watches them

    @property
    def fires(self) -> list[Fire]:
        """Every incident, oldest first."""
        return sorted(
            (fire for each in self.brands for fire in each.fires),
            key=lambda fire: (fire.incident.opened_at, fire.incident.brand),
        )

    def lines(self) -> Iterator[Line]:
        """Each rule with each brand, then with all of them together where there are several."""
        for rule in self.rules:
            held = [each for each in self.brands if rule in each.rules]
            yield from (_line(rule, each.brand, [each]) for each in held)
            if len(held) > 1:
                yield _line(rule, None, held)


def run(
    program: Program,
    rules: Sequence[Rule],
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    brands: Sequence[str] = (),
    shown: Shown = lambda brand: None,
) -> Backtest:
    """Test rules together on [since, until), for these brands (none: for all): one fire of a brand is one incident.

    Without `since` from the first that was known; without `until` to where detection has come.
    """
    rules = [rule for rule in rules if getattr(rule.detector, "alarm", True)]
    held = [brand for brand in program.store.detection.brands() if not is_drill(brand)]
    wanted = [brand for brand in held if _wanted(program, rules, brand, brands)]
    found: list[Watched] = []
    for brand in wanted:
        stretch = _stretch(program, brand, since, until, now)
        if stretch is not None:
            found.append(_tested(program, rules, brand, *stretch))
        shown(brand)
    done = {each.brand for each in found}
    return Backtest(
        rules=tuple(rule.name for rule in rules), brands=tuple(found),
        unwatched=tuple(brand for brand in (brands or wanted) if brand not in done),
    )  # fmt: skip


def _wanted(program: Program, rules: Sequence[Rule], brand: str, asked: Sequence[str]) -> bool:
    if asked and brand not in asked:
        return False
    return program.watched(brand) and any(rule.watches(brand) for rule in rules)


def _stretch(
    program: Program, brand: str, since: datetime | None, until: datetime | None, now: datetime
) -> tuple[datetime, datetime] | None:
    """From when to when a brand can be tested; None where that is no time at all."""
    store = program.store
    first, last = store.detection.first_slot(brand), store.detection.last_known(brand, now)
    if first is None or last is None:
        return None
    reached = store.detection.inspected({brand}).get(brand, last + BUCKET)
    end = min(until - program.settle, ready_until(program, now)) if until is not None else reached
    begin = max(since, first) if since is not None else first
    return (begin, end) if begin < end else None


def _tested(program: Program, rules: Sequence[Rule], brand: str, since: datetime, until: datetime) -> Watched:
    spikes = spikes_of(program, rules, brand, until)
    live = [each for each in program.store.incidents.find(brand=brand, limit=100_000) if not each.drill]
    book = Book(reopen=program.settings.detection.reopen)
    opened: dict[int, Spike] = {}
    messages: dict[int, Counter[str]] = {}
    ends = _called_over(program, live)
    for spike in spikes:
        while ends and ends[0] <= spike.fired_at:
            book.call_over(ends.pop(0))
        decision = book.take(spike)
        number = len(book.incidents)
        opened.setdefault(number, spike)
        if decision.tell:
            messages.setdefault(number, Counter()).update(_told(program, book.incidents[-1], spike))
    for at in ends:
        book.call_over(at)
    fires = [
        _fire(each, opened[each.id], messages.get(each.id, Counter()), live)
        for each in book.incidents
        if each.opened_at >= since
    ]
    names = tuple(rule.name for rule in rules if rule.watches(brand))
    return Watched(brand=brand, rules=names, since=since, until=until + program.settle, fires=tuple(fires))


def spikes_of(program: Program, rules: Sequence[Rule], brand: str, until: datetime) -> list[Spike]:
    """What the rules tell of a brand until then, beginning without any memory, in the order of time."""
    ears = ears_of(program, brand, unheard(program, until))
    found = [
        spike
        for rule in rules
        if rule.watches(brand)
        for stretch in walk(program, rule, brand, until, ears=ears)
        for spike in stretch.spikes
    ]
    return sorted(found, key=lambda spike: spike.fired_at)  # of those at one moment, the order of the rules


def _called_over(program: Program, live: Sequence[Incident]) -> list[datetime]:
    """When people said that an incident was over: rules do not know that, and it would be a live one's end."""
    return sorted(
        event.at
        for incident in live
        for event in program.store.incidents.history(incident.id)
        if event.kind == "resolved" and event.actor != "monitor"
    )


def _told(program: Program, incident: Incident, spike: Spike) -> list[str]:
    about = About(
        brand=incident.brand, severity=incident.severity, rule=spike.rule, slice=spike.slice, incident=incident.id
    )
    return [each.receiver for each in told(program.routes, about, at=spike.fired_at, calendars=program.calendars)]


def _fire(incident: Incident, spike: Spike, messages: Counter[str], live: Sequence[Incident]) -> Fire:
    same = next((each for each in live if each.opened_at == incident.opened_at), None)
    found = same or next((each for each in live if _at_once(each, incident)), None)
    return Fire(incident=incident, spike=spike, messages=dict(messages), live=found, same=same is not None)


def _at_once(one: Incident, other: Incident) -> bool:
    """Whether two incidents tell of the same time, each from its onset to its end."""
    first, second = one.resolved_at, other.resolved_at
    return (second is None or one.onset <= second) and (first is None or other.onset <= first)


def _line(rule: str, brand: str | None, held: Sequence[Watched]) -> Line:
    fires = [fire for each in held for fire in each.fires if fire.incident.rule == rule]
    weeks = sum((each.until - each.since) / WEEK for each in held)
    real, false = sum(fire.real is True for fire in fires), sum(fire.real is False for fire in fires)
    low, high = interval(false)
    delays = [fire.delay.total_seconds() for fire in fires]
    messages: Counter[str] = Counter()
    for fire in fires:
        messages.update(fire.messages)
    return Line(
        rule=rule, brand=brand, weeks=weeks, fires=len(fires), real=real, false=false,
        unjudged=len(fires) - real - false, low=low / weeks, high=high / weeks,
        delay=timedelta(seconds=median(delays)) if delays else None, messages=dict(messages),
        quiet=max(each.quiet for each in held),
    )  # fmt: skip


# --- two rules ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes different with a changed rule."""

    appear: tuple[Fire, ...]
    vanish: tuple[Fire, ...]
    both: tuple[tuple[Fire, Fire], ...]  # (as it is, as it would be)

    @property
    def missed(self) -> int:
        """Those that vanish and that nobody called false."""
        return sum(fire.real is not False for fire in self.vanish)

    @property
    def spared(self) -> int:
        """Judged false alarms that vanish."""
        return len(self.vanish) - self.missed

    @property
    def moved(self) -> list[tuple[Fire, Fire]]:
        """Those that fire at another time."""
        return [pair for pair in self.both if pair[0].incident.opened_at != pair[1].incident.opened_at]

    @property
    def later(self) -> timedelta | None:
        """By how much later they fire, in the median; below zero: sooner. None: none fires in both."""
        moves = [(after.incident.opened_at - before.incident.opened_at).total_seconds() for before, after in self.both]
        return timedelta(seconds=median(moves)) if moves else None


def compare(before: Backtest, after: Backtest) -> Change:
    """Pair the incidents of two tests: those of one brand that were open at the same time, the nearest ones first."""
    left, right = list(before.fires), list(after.fires)
    near = sorted(
        (abs(a.incident.opened_at - b.incident.opened_at), i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if a.incident.brand == b.incident.brand and _at_once(a.incident, b.incident)
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in near:
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return Change(
        appear=tuple(each for j, each in enumerate(right) if j not in taken),
        vanish=tuple(each for i, each in enumerate(left) if i not in pairs),
        both=tuple((left[i], right[j]) for i, j in sorted(pairs.items())),
    )
