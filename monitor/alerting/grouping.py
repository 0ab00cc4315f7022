"""Which notices of one receiver leave now, and which of them as one message. Pure.

One group, one message within its interval. Where more than a handful of groups would write to one receiver within one
interval, everything leaves as one message instead, and then nothing for an interval. Knows no text.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.alerting.routing import About
from monitor.alerting.severity import rank
from monitor.domain import Notice, NoticeState, Phase

HANDFUL = 5  # messages to one receiver within one interval
STORM = "*"  # the key of a message that holds more groups than that
DRILL = "drill"
_UNTOLD = "it was over before it could be told"
_NOT_BEGUN = "they were not told that it began"


@dataclass(frozen=True, slots=True)
class Batch:
    """Notices that leave as one message."""

    key: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done with one receiver's due notices."""

    batches: tuple[Batch, ...] = ()
    later: Mapping[datetime, tuple[Notice, ...]] = field(default_factory=dict)  # due then → notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Notices that may be told, and those of which nothing needs to be said, by the reason why."""

    tell: tuple[Notice, ...] = ()
    passed: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)


def group_key(group_by: Iterable[str], about: About, *, drill: bool) -> str:
    """What the alerts of one group have in common; a drill is in no group with what is real.

    >>> group_key(("brand", "severity"), About(brand="Acme", severity="low"), drill=False)
    'brand=Acme severity=low'
    """
    words = [f"{word}={getattr(about, word)}" for word in group_by]
    return " ".join([*words, *([DRILL] if drill else [])]) or "all"


def sift(notices: Sequence[Notice], told: Set[int], *, at: datetime) -> Sifted:
    """Leave out what need not be said: incidents that ended while they were held, ends of what was never told.

    `told` are the incidents of which this receiver has heard.
    """
    begun = {each.incident_id for each in notices if _begins(each, at)} | told
    tell: list[Notice] = []
    passed: dict[str, list[Notice]] = {}
    for each in notices:
        if each.phase is Phase.CLOSED:
            reason = None if each.incident_id in begun else _NOT_BEGUN
        else:
            reason = _UNTOLD if each.over(at) and each.state is NoticeState.HELD else None
        if reason is None:
            tell.append(each)
        else:
            passed.setdefault(reason, []).append(each)
    return Sifted(tell=tuple(tell), passed={reason: tuple(some) for reason, some in passed.items()})


def _begins(notice: Notice, at: datetime) -> bool:
    """Whether it tells of a beginning that nothing held back: late, perhaps, but somebody must hear of it."""
    held = notice.state is NoticeState.HELD
    return notice.phase is not Phase.CLOSED and not (held and notice.over(at))


def plan(notices: Sequence[Notice], left: Mapping[str, datetime], *, at: datetime) -> Plan:
    """Who leaves now, and with whom. `left`: when a message of each group last left to this receiver."""
    groups: dict[str, list[Notice]] = {}
    for each in notices:
        groups.setdefault(each.group_key, []).append(each)
    later: dict[datetime, list[Notice]] = {}
    ready: dict[str, list[Notice]] = {}
    for key, some in groups.items():
        again = _after(left.get(key), some, at)
        if again is None:
            ready[key] = some
        else:
            later.setdefault(again, []).extend(some)
    batches = _batches(ready, left, later, at)
    return Plan(batches=batches, later={due: tuple(some) for due, some in later.items()})


def _batches(
    ready: Mapping[str, list[Notice]], left: Mapping[str, datetime], later: dict[datetime, list[Notice]], at: datetime
) -> tuple[Batch, ...]:
    """Each group by itself, or all in one; those that must wait for the end of a storm's interval go to `later`."""
    everybody = [each for some in ready.values() for each in some]
    if not everybody:
        return ()
    again = _after(left.get(STORM), everybody, at)
    if again is not None:
        later.setdefault(again, []).extend(everybody)
        return ()
    interval = _interval(everybody)
    lately = sum(moment + interval > at for moment in left.values())
    if lately + len(ready) > HANDFUL:
        return (Batch(STORM, tuple(everybody)),)
    return tuple(Batch(key, tuple(some)) for key, some in ready.items())


def _interval(notices: Iterable[Notice]) -> timedelta:
    return max(each.wait for each in notices)


def _after(last: datetime | None, notices: Iterable[Notice], at: datetime) -> datetime | None:
    """When the next message may leave, if that is not now."""
    again = None if last is None else last + _interval(notices)
    return again if again is not None and again > at else None


def newest(notices: Iterable[Notice]) -> list[Notice]:
    """The last word on each incident, the gravest first; of equally grave ones those that are over come last."""
    last: dict[int, Notice] = {}
    for each in sorted(notices, key=lambda notice: (notice.at, notice.alert_id)):
        last[each.incident_id] = each
    return sorted(last.values(), key=lambda each: (-rank(each.severity), each.phase is Phase.CLOSED, each.at, each.id))
