"""A stretch of time read from its newest end back, for platforms that cut an answer short: by token, then by time.

Pure: knows no platform, no network and no store. Where an answer has no next token but may have been cut, the next
question ends at the oldest row seen; both ends of a stretch are read again. Times are milliseconds since 1970.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitor import clock
from monitor.collectors._state import read_state, write_state
from monitor.collectors._turns import TURN, in_turn, next_turn
from monitor.domain import Coverage, Cursor, Gap, Mention, Page, Reject

SECOND = 1_000


@dataclass(slots=True)
class Stretch:
    """What is still to be read: from `low` to `high`, both included."""

    low: int
    high: int
    newest: int
    done: int | None = None  # the newest row of the last stretch that was read whole
    grain: int = SECOND  # the finest step of time that the platform can be asked for
    top: int = 0  # where `high` was when it was begun

    @classmethod
    def resume(cls, told: Any, now: datetime, *, lookback: timedelta, overlap: timedelta) -> tuple["Stretch", bool]:
        """The stretch that a cursor tells of, or the next one; and whether it reaches up to now."""
        known = {name: value for name, value in told.items() if type(value) is int} if isinstance(told, dict) else {}
        done, present = known.get("done"), clock.to_ms(now)
        if {"low", "high", "newest"} <= known.keys():
            top = known.get("top", 0)
            return cls(known["low"], known["high"], known["newest"], done, top=top), top >= present
        low = present - lookback // clock.MILLISECOND if done is None else done - overlap // clock.MILLISECOND
        return cls(low, present, low if done is None else done, done, top=present), True

    def told(self) -> dict[str, int]:
        """What a cursor must hold."""
        held = {"low": self.low, "high": self.high, "newest": self.newest, "done": self.done, "top": self.top}
        return {name: value for name, value in held.items() if value is not None}

    @property
    def since(self) -> datetime:
        """Its oldest moment."""
        return clock.from_ms(self.low)

    @property
    def until(self) -> datetime:
        """Its newest moment."""
        return clock.from_ms(self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One answer to a question for a stretch."""

    mentions: tuple[Mention, ...] = ()
    rejects: tuple[Reject, ...] = ()
    times: tuple[int, ...] = ()  # of its rows
    rows: int = 0
    full: bool = False  # the platform may hold more rows of this stretch
    doubt: bool = False  # the platform says that this is the end, and is known to be wrong at times
    token: str | None = None  # where it goes on
    partial: bool = False  # the platform says that it left rows out: they are out of reach for now
    total: int | None = None  # how many it says that there are
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One answer, and what it leaves of the stretch."""

    part: Part
    since: datetime  # what was asked for
    until: datetime
    whole: bool  # nothing of the stretch is left
    stuck: bool  # more rows in one moment than the platform gives: what it kept back is out of reach
    moment: tuple[datetime, datetime]  # the newest one that was asked for: where it is stuck

    @property
    def coverage(self) -> Coverage:
        """What the answer says of how complete the reading was."""
        return Coverage(
            asked=self.part.asked,
            returned=self.part.rows,
            more_available=self.stuck or not self.whole,
            total=self.part.total,
            since=self.since,
            until=self.until,
        )


def walk(stretch: Stretch, ask: Callable[[Stretch, str | None], Part], most: int) -> Iterator[Step]:
    """Read a stretch back from its newest end, within so many answers; `stretch` always says what is left.

    A token is good for the question that it came with, so that is asked again with it, word by word.
    """
    token: str | None = None
    question = replace(stretch)
    for left in range(most - 1, -1, -1):
        question = replace(stretch) if token is None else question
        since, until = question.since, question.until
        part = ask(question, token)
        chained, token = token is not None, part.token
        newest = clock.from_ms(stretch.high)
        whole, stuck = _advance(stretch, part, question.high if chained else None, last=left == 0)
        if whole:
            stretch.done = stretch.newest
        yield Step(part, since, until, whole, stuck, (newest, newest + stretch.grain * clock.MILLISECOND))
        if whole or (token is None and not part.times):
            return


def _advance(stretch: Stretch, part: Part, top: int | None, *, last: bool) -> tuple[bool, bool]:
    """Whether the stretch is read whole, and whether one moment held more than could be read.

    `top` is where the question ended that a token went on with; None: the answer came without a token.
    """
    stretch.newest = max([stretch.newest, *(moment for moment in part.times if moment <= stretch.high)])
    oldest = min(part.times, default=stretch.high)
    if part.token is None and not part.full and not (part.doubt and (oldest < stretch.high or top is not None)):
        return True, False
    stuck = False
    if oldest < stretch.high:
        stretch.high = oldest
    elif part.times and (last if part.token is not None else top in (None, stretch.high)):
        stuck = True
        stretch.high -= stretch.grain
    return stretch.high < stretch.low, stuck


def pages_of(step: Step, cursor: Cursor, *, more: bool) -> Iterator[Page]:
    """The pages of one answer. What is out of reach is a gap, told on a page before the one that moves the cursor."""
    part, coverage = step.part, step.coverage
    if step.stuck or part.partial:
        since, until = (step.since, step.until) if part.partial else step.moment
        lost = (Gap(since=since, until=until, reason="more than the platform gives"),)
        coverage = replace(coverage, more_available=True)
        yield Page(mentions=part.mentions, rejects=part.rejects, gaps=lost, coverage=coverage)
        yield Page(cursor=cursor, coverage=Coverage(more_available=more))
        return
    told = replace(coverage, more_available=more)
    yield Page(mentions=part.mentions, rejects=part.rejects, cursor=cursor, coverage=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How far back a poll reads, and how much of it."""

    lookback: timedelta  # of the first poll
    overlap: timedelta  # of the others, before the newest row that was read
    most: int  # answers for one text in one poll


def read_texts(
    texts: Sequence[str],
    since: Cursor | None,
    ask: Callable[[str, Stretch, str | None], Part],
    *,
    now: datetime,
    plan: Plan,
    held: Mapping[str, object],
) -> Iterator[Page]:
    """Search for each text: finish the stretch that was begun, then read what is newer.

    The text that was under way when the last poll ended comes first. `held` is what else the cursor must hold.
    """
    before = read_state(since)
    told = before.get("texts")
    memory = {text: told[text] for text in texts if text in told} if isinstance(told, dict) else {}
    behind: set[str] = set()
    for text in in_turn(texts, before.get(TURN)):
        left, unread = plan.most, True
        while left > 0 and unread:
            stretch, fresh = Stretch.resume(memory.get(text), now, lookback=plan.lookback, overlap=plan.overlap)
            for step in walk(stretch, partial(ask, text), left):
                left -= 1
                unread = not (step.whole and fresh)
                memory[text] = {"done": stretch.done} if step.whole else stretch.told()
                state = {"texts": memory, **next_turn(texts, text, unfinished=unread), **held}
                yield from pages_of(step, write_state(state), more=unread or bool(behind))
            if "low" in memory[text]:
                break
        behind |= {text} if unread else set()
