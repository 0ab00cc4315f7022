"""Who is told of an alert: routes are read from the top, the first that matches wins, unless it says `continue`. Pure.

Knows receivers by name only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from monitor.alerting.severity import rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which alerts go to which receivers."""

    receivers: tuple[str, ...]
    brands: tuple[str, ...] = ("*",)  # names, or patterns with * and ?; case does not matter
    severity: str = "low"  # the mildest that is told
    continue_: bool = False  # whether the routes below are asked too


@dataclass(frozen=True, slots=True)
class Told:
    """A receiver, and why it is told."""

    receiver: str
    reason: str


def receivers(routes: Sequence[Route], default: tuple[str, ...], *, brand: str, severity: str) -> tuple[Told, ...]:
    """Everyone who is told of an alert, each once, with the first reason; `default` where no route matches.

    >>> acme = Route(brands=("acme*",), severity="high", receivers=("pager",), continue_=True)
    >>> [told.receiver for told in receivers([acme, Route(receivers=("mail",))], (), brand="Acme", severity="high")]
    ['pager', 'mail']
    >>> receivers([acme], ("console",), brand="Acme", severity="low")
    (Told(receiver='console', reason='no route matches: the default receivers'),)
    """
    found: dict[str, Told] = {}
    for told in _matching(routes, brand, severity):
        found.setdefault(told.receiver, told)
    return tuple(found.values()) or tuple(
        Told(name, "no route matches: the default receivers") for name in dict.fromkeys(default)
    )


def _matching(routes: Sequence[Route], brand: str, severity: str) -> Iterator[Told]:
    for place, route in enumerate(routes, start=1):
        pattern = _pattern(route, brand)
        if pattern is None or rank(severity) < rank(route.severity):
            continue
        for receiver in route.receivers:
            yield Told(receiver, f'route {place}: brand "{pattern}", severity {route.severity} or graver')
        if not route.continue_:
            return


def _pattern(route: Route, brand: str) -> str | None:
    """The first pattern of a route that a brand matches."""
    return next((each for each in route.brands if fnmatchcase(brand.casefold(), each.casefold())), None)
