"""Inhibition: while a grave incident of a brand is open, milder ones of the same brand need not call anybody. Pure.

Knows no store: what is open is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.alerting.routing import EVERYTHING, pattern_of
from monitor.alerting.severity import rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """An open incident at least so grave mutes those that are at most so grave, of the same brand or of some others."""

    severity: str = "high"
    mutes: str = "low"  # milder than `severity`, so that two incidents never mute each other
    brands: tuple[str, ...] = EVERYTHING  # whose incident is the graver one
    rules: tuple[str, ...] = EVERYTHING  # by which the graver one was opened
    muted_brands: tuple[str, ...] = ()  # empty: the same brand
    muted_rules: tuple[str, ...] = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An incident that is open, as far as inhibition goes."""

    id: int
    brand: str
    rule: str
    severity: str


def gravest_first(incidents: Iterable[Open]) -> list[Open]:
    """In the order in which `muted_by` wants them: the gravest first, of these the oldest."""
    return sorted(incidents, key=lambda each: (-rank(each.severity), each.id))


def muted_by(inhibitions: Sequence[Inhibition], incident: Open, others: Iterable[Open]) -> Open | None:
    """The first of the open incidents, `gravest_first`, that mutes this one.

    >>> mild = Open(id=1, brand="Acme", rule="share", severity="low")
    >>> grave = Open(id=2, brand="Acme", rule="counts", severity="high")
    >>> muted_by([Inhibition()], mild, [grave, mild]).id, muted_by([Inhibition()], grave, [grave, mild])
    (2, None)
    """
    asked = [each for each in inhibitions if _may_mute(each, incident)]
    if not asked:
        return None
    for other in others:
        if rank(other.severity) <= rank(incident.severity):
            return None  # and so are all that follow
        if any(_mutes(each, other, incident) for each in asked):
            return other
    return None


def _may_mute(inhibition: Inhibition, mild: Open) -> bool:
    return (
        rank(mild.severity) <= rank(inhibition.mutes)
        and pattern_of(inhibition.muted_brands or EVERYTHING, mild.brand) is not None
        and pattern_of(inhibition.muted_rules, mild.rule) is not None
    )


def _mutes(inhibition: Inhibition, grave: Open, mild: Open) -> bool:
    return (
        grave.id != mild.id
        and (bool(inhibition.muted_brands) or grave.brand == mild.brand)
        and rank(grave.severity) >= rank(inhibition.severity)
        and pattern_of(inhibition.brands, grave.brand) is not None
        and pattern_of(inhibition.rules, grave.rule) is not None
    )
