"""How a source stays within a cap of money: less often first, then asked for less, then not at all, each with a reason.

Pure; knows amounts in US dollars and times, nothing of platforms. Days and months are those of UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.clock import iso

MOST_TIMES = 8.0  # a source is read at most so many times less often than it should be
NARROW_AGAIN = 2.0  # where even that costs so many times what is left, hashtags go as well
DAY = timedelta(days=1)
NOTHING_LEFT_OUT: Mapping["Step", str] = {}


class Step(StrEnum):
    """How far a source has to be thinned."""

    FULL = "full"
    LONGER = "longer interval"
    FEWER = "fewer words"
    FEWEST = "fewest words"
    NOTHING = "nothing until the cap resets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was spent, and what a poll costs; None: the platform tells of no price."""

    today: float
    month: float
    a_poll: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be spent; None: no cap."""

    daily: float | None = None
    monthly: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may be asked, how often, and why."""

    step: Step
    every: timedelta
    words: str = ""  # why it is not full
    until: datetime | None = None  # when the cap that binds starts anew


def day_of(now: datetime) -> datetime:
    """The start of the day, UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(now: datetime) -> datetime:
    """The start of the month, UTC."""
    return day_of(now).replace(day=1)


def next_month(now: datetime) -> datetime:
    """The start of the month after, UTC."""
    return month_of(month_of(now) + timedelta(days=32))


def plan(
    spending: Spending, caps: Caps, *, every: timedelta, now: datetime, left_out: Mapping[Step, str] = NOTHING_LEFT_OUT
) -> Plan:
    """The mildest step that stays within both caps if polls go on to cost what they did.

    `left_out` says in words what the narrower queries leave out; a step that is not there leaves out nothing.

    >>> now = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
    >>> spent = Spending(today=1.0, month=1.0, a_poll=0.02)
    >>> plan(spent, Caps(daily=2.0), every=timedelta(minutes=5), now=now).every  # 144 polls left, money for 50
    datetime.timedelta(seconds=864)
    """
    lefts = []
    if caps.daily is not None:
        lefts.append(_Left("day", caps.daily, spending.today, day_of(now) + DAY))
    if caps.monthly is not None:
        lefts.append(_Left("month", caps.monthly, spending.month, next_month(now)))
    plans = [_within(left, spending.a_poll, every, now, left_out) for left in lefts]
    full = Plan(step=Step.FULL, every=every)
    return max(plans, key=lambda each: (list(Step).index(each.step), each.every, each.until or now), default=full)


@dataclass(frozen=True, slots=True)
class _Left:
    """One cap: its name, its height, what is spent, and when it starts anew."""

    name: str
    cap: float
    spent: float
    until: datetime

    def words(self, what: str) -> str:
        spent = f"${self.spent:.2f} of the {self.name}'s ${self.cap:.2f} is spent"
        return f"{what}: {spent}; the cap starts anew at {iso(self.until)}"


def _within(left: _Left, a_poll: float | None, every: timedelta, now: datetime, left_out: Mapping[Step, str]) -> Plan:
    money = left.cap - left.spent
    # The first poll of a day or month is always begun, however dear polls were: it ends where the cap is reached.
    if money <= 0.0 or (left.spent > 0.0 and a_poll is not None and a_poll > money):
        return Plan(step=Step.NOTHING, every=every, words=left.words("not read"), until=left.until)
    if not a_poll:
        return Plan(step=Step.FULL, every=every)
    times = (left.until - now) / every * a_poll / money
    if times <= 1.0:
        return Plan(step=Step.FULL, every=every)
    longer, step = every * min(times, MOST_TIMES), _step(times, left_out)
    what = f"read every {_minutes(longer)} and not every {_minutes(every)}"
    if step in left_out:
        what += f", and not asked for {left_out[step]}"
    return Plan(step=step, every=longer, words=left.words(what), until=left.until)


def _step(times: float, left_out: Mapping[Step, str]) -> Step:
    """The step for a rhythm that costs so many times what is left; a narrower query only where there is one."""
    if times > NARROW_AGAIN * MOST_TIMES and Step.FEWEST in left_out:
        return Step.FEWEST
    return Step.FEWER if times > MOST_TIMES and Step.FEWER in left_out else Step.LONGER


def _minutes(length: timedelta) -> str:
    minutes = length / timedelta(minutes=1)
    return f"{minutes:.0f} min" if minutes >= 1 else f"{length.total_seconds():.0f} s"


def forecast(month: float | None, a_day: float | None, *, now: datetime) -> float | None:
    """What the month will cost: what is spent, and for the rest of it what a day costs. None where nothing is billed.

    >>> now = datetime.fromisoformat("2026-03-31T12:00:00+00:00")
    >>> forecast(30.0, 2.0, now=now), forecast(None, None, now=now)
    (31.0, None)
    """
    if month is None and a_day is None:
        return None
    return (month or 0.0) + (a_day or 0.0) * ((next_month(now) - now) / DAY)
