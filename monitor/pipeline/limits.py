"""Limits: whether a source may be asked now, how much, and when to stop: waits that a key's sources share, and money.

Knows the store's waits and costs; nothing of what is read. Nothing is held back without a state that says why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.analysis import budget
from monitor.analysis.budget import Caps, Plan, Spending, Step
from monitor.clock import iso
from monitor.domain import Coverage, Query
from monitor.pipeline.program import Source
from monitor.store import Store
from monitor.store.gaps import CAPPED as CAPPED_GAP
from monitor.store.gaps import THINNED as THINNED_GAP
from monitor.store.sources import SourceHealth
from monitor.store.states import CAPPED, LONGEST_WAIT, THINNED, WAITING

_STATES = {Step.NOTHING: CAPPED, Step.LONGER: THINNED, Step.FEWER: THINNED, Step.FEWEST: THINNED}
_NOTHING = Spending(today=0.0, month=0.0, a_poll=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What may be asked now."""

    query: Query | None = None  # None: nothing
    every: timedelta = timedelta(0)  # the interval in force
    unasked: str | None = None  # what the query leaves out, as the reason of a gap
    money: float | None = None  # US dollars that this poll may cost; None: no cap
    words: str | None = None  # why nothing, or less, is asked
    waiting: bool = False  # the platform asked to wait


def leave(store: Store, source: Source, health: SourceHealth | None, *, now: datetime) -> Leave:
    """What a source may be asked, with its states brought up to date."""
    states = store.sources.states
    lasting = {each.state for each in states.lasting(source.name).get(source.name, ())}
    last = now if health is None or health.last_success is None else min(now, health.last_success)
    wait = states.waits(now=now, credential=source.limit).get(source.limit)
    if wait is not None:
        states.open(source.name, WAITING, last, f"until {iso(wait.until)}: {wait.reason}")
        return Leave(words=wait.reason, waiting=True)
    spending = _NOTHING if source.caps == Caps() else spent(store, source.name, now=now)
    plan = _plan(source, spending, now)
    ended = ({WAITING, CAPPED, THINNED} - {_STATES.get(plan.step, "")}) & lasting
    if ended or plan.step is not Step.FULL:
        with store.transaction():
            _say(store, source, plan, ended, last, now)
    return _granted(source, plan, spending, health, now)


def _say(store: Store, source: Source, plan: Plan, ended: set[str], last: datetime, now: datetime) -> None:
    """Bring the states of a source up to its plan."""
    states = store.sources.states
    for state in ended:
        states.close(source.name, state, now=now)
    if plan.step is Step.NOTHING:
        states.open(source.name, CAPPED, last, plan.words)
        store.sources.ranges.begin(source.name, last, CAPPED_GAP, now=now)
    elif plan.step is not Step.FULL:
        states.open(source.name, THINNED, now, plan.words)


def _granted(source: Source, plan: Plan, spending: Spending, health: SourceHealth | None, now: datetime) -> Leave:
    words = plan.words or None
    if plan.step is Step.NOTHING or _too_early(source, plan, health, now):
        return Leave(words=words, every=plan.every)
    query, left_out = source.narrower.get(plan.step, (source.query, None))
    return Leave(
        query=query, every=plan.every, money=_money(source.caps, spending), words=words,
        unasked=f"{THINNED_GAP}not asked for {left_out}" if left_out else None,
    )  # fmt: skip


def _too_early(source: Source, plan: Plan, health: SourceHealth | None, now: datetime) -> bool:
    """Whether a longer interval is not over yet, to the nearest wake-up; a clock that was set back asks at once."""
    if plan.every <= source.every or health is None or health.last_poll is None:
        return False
    return timedelta(0) <= now - health.last_poll < plan.every - source.every / 2


def plan_of(store: Store, source: Source, *, now: datetime) -> Plan:
    """What the caps leave of a source's rhythm and words."""
    return _plan(source, spent(store, source.name, now=now), now)


def _plan(source: Source, spending: Spending, now: datetime) -> Plan:
    left_out = {step: words for step, (_, words) in source.narrower.items()}
    return budget.plan(spending, source.caps, every=source.every, now=now, left_out=left_out)


def spent(store: Store, source: str, *, now: datetime) -> Spending:
    """What a source cost today and this month (UTC), and what a poll costs."""
    polls, day = store.sources.polls, budget.day_of(now)
    return Spending(
        today=polls.spent(source, day, day + budget.DAY).cost or 0.0,
        month=polls.spent(source, budget.month_of(now), budget.next_month(now)).cost or 0.0,
        a_poll=polls.a_poll(source, now=now),
    )


def _money(caps: Caps, spending: Spending) -> float | None:
    left = [
        cap - used for cap, used in ((caps.daily, spending.today), (caps.monthly, spending.month)) if cap is not None
    ]
    return min(left, default=None)


def enough(store: Store, source: Source, told: Coverage, granted: Leave, cost: float, *, now: datetime) -> str | None:
    """Why the poll should end with this page; None: it may go on.

    A platform that says that nothing is left until then is not asked until then, and that is no failure.
    """
    states = store.sources.states
    if told.remaining == 0 and told.resets_at is not None and told.resets_at > now:
        reason = f"{source.name}: the platform allows no more until {iso(told.resets_at)}."
        states.wait(source.limit, told.resets_at, reason, now=now)
    wait = states.waits(now=now, credential=source.limit).get(source.limit)
    if wait is not None:
        states.open(source.name, WAITING, now, f"until {iso(wait.until)}: {wait.reason}")
        return wait.reason
    if granted.money is not None and cost >= granted.money:
        return f"{source.name}: the cap is reached, ${cost:.2f} in this poll."
    return None


def refused(store: Store, source: Source, reason: str, wait: timedelta, *, now: datetime) -> None:
    """The platform asked to wait: so do all sources with this key and endpoint."""
    until = now + min(max(wait, timedelta(0)), LONGEST_WAIT)
    store.sources.states.wait(source.limit, until, reason, now=now)
    store.sources.states.open(source.name, WAITING, now, f"until {iso(until)}: {reason}")
