"""Who is told of an alert: routes are read from the top, the first that fits wins, unless it says `continue`. Pure.

Knows receivers by name only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from monitor.alerting.calendars import Calendar
from monitor.alerting.severity import rank

WHOLE_WORD = "whole"  # how a pattern names a brand as a whole, beside its slices
NEVER = "never"
EVERYTHING = ("*",)
Calendars = Mapping[str, Calendar]  # by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which alerts go to which receivers, and how."""

    receivers: tuple[str, ...]
    brands: tuple[str, ...] = EVERYTHING  # names, or patterns with * and ?; case does not matter
    severity: str = "low"  # the mildest that is told
    continue_: bool = False  # whether the routes below are asked too
    rules: tuple[str, ...] = EVERYTHING
    slices: tuple[str, ...] = EVERYTHING  # "touchpoint=*"; "whole" is the brand as a whole
    calendar: str | None = None  # it fits only within these hours
    quiet: str | None = None  # within these hours its alerts wait, but for …
    urgent: str = "high"  # … those that are at least so grave; "never": all wait
    repeat: timedelta = timedelta(0)  # after which an incident that nobody has is told again; 0: never
    group_by: tuple[str, ...] = ("brand",)  # of brand, rule, slice, severity
    group_interval: timedelta = timedelta(minutes=5)  # of one group at most one message in so long


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What routes and silences look at: the alert's brand, rule, slice, its incident's severity and number."""

    brand: str
    severity: str
    rule: str = ""
    slice: str = ""
    incident: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A receiver, why it is told, and by which route."""

    receiver: str
    reason: str
    route: Route = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A route, whether it fits, and why."""

    number: int  # 1: the first of the file
    route: Route
    fits: bool
    reason: str


def told(
    routes: Sequence[Route], about: About, *, at: datetime | None = None, calendars: Calendars | None = None
) -> tuple[Told, ...]:
    """Everyone who is told of an alert, each once, with the first reason.

    `at` is the time that calendars are asked about; without it a route's calendar does not matter.

    >>> acme = Route(brands=("acme*",), severity="high", receivers=("pager",), continue_=True)
    >>> [each.receiver for each in told([acme, Route(receivers=("mail",))], About(brand="Acme", severity="high"))]
    ['pager', 'mail']
    """
    found: dict[str, Told] = {}
    for asked in ask(routes, about, at=at, calendars=calendars or {}):
        if asked.fits:
            for name in asked.route.receivers:
                found.setdefault(name, Told(name, f"route {asked.number}: {asked.reason}", asked.route))
    return tuple(found.values())


def ask(routes: Sequence[Route], about: About, *, at: datetime | None, calendars: Calendars) -> Iterator[Asked]:
    """Every route from the top, with what it says; those below one that fits without `continue` are not asked."""
    ended: int | None = None
    for number, route in enumerate(routes, start=1):
        if ended is not None:
            yield Asked(number, route, False, f"not asked, because route {ended} fits and does not say continue")
            continue
        misfit = _misfit(route, about, at, calendars)
        yield Asked(number, route, misfit is None, misfit or _fits(route, about))
        if misfit is None and not route.continue_:
            ended = number


def pattern_of(patterns: Sequence[str], text: str) -> str | None:
    """The first pattern that a text fits, whatever the case.

    >>> pattern_of(("globex", "acme*"), "Acme Air"), pattern_of(("acme",), "Globex")
    ('acme*', None)
    >>> pattern_of(("Acme [DE]",), "acme [de]")
    'Acme [DE]'
    """
    return next((each for each in patterns if fnmatchcase(text.casefold(), _plain(each))), None)


def _plain(pattern: str) -> str:
    """Only * and ? stand for other letters: a brand may have brackets in its name."""
    return pattern.casefold().replace("[", "[[]")


def _misfit(route: Route, about: About, at: datetime | None, calendars: Calendars) -> str | None:
    """Why a route does not fit; None: it does."""
    if pattern_of(route.brands, about.brand) is None:
        return f'brand "{about.brand}" fits none of {_list(route.brands)}'
    if rank(about.severity) < rank(route.severity):
        return f"severity {about.severity} is milder than {route.severity}"
    if pattern_of(route.rules, about.rule) is None:
        return f'rule "{about.rule}" fits none of {_list(route.rules)}'
    if pattern_of(route.slices, about.slice or WHOLE_WORD) is None:
        return f'slice "{about.slice or WHOLE_WORD}" fits none of {_list(route.slices)}'
    calendar = calendars.get(route.calendar or "")
    if calendar is not None and at is not None and not calendar.contains(at):
        return f'it is not within the hours of "{calendar.name}"'
    return None


def _fits(route: Route, about: About) -> str:
    said = [f'brand "{pattern_of(route.brands, about.brand)}"', f"severity {route.severity} or graver"]
    said += [f'rule "{pattern_of(route.rules, about.rule)}"'] if route.rules != EVERYTHING else []
    if route.slices != EVERYTHING:
        said.append(f'slice "{pattern_of(route.slices, about.slice or WHOLE_WORD)}"')
    said += [f'within the hours of "{route.calendar}"'] if route.calendar else []
    return ", ".join(said)


def _list(words: Sequence[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
