"""Health: what a poll says of its source's state: quiet, unreadable, partial, new fields. Each opens once and closes.

Knows the store's record of polls and what is expected of them; asks no platform. A source that fails is blind, which
the store itself writes down.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.analysis import volume
from monitor.analysis.volume import Sample
from monitor.clock import EPOCH
from monitor.pipeline.program import Source
from monitor.store import Store
from monitor.store.polls import Poll
from monitor.store.states import NEW_FIELDS, PARTIAL, QUIET, THINNED, UNREADABLE, SourceState

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_REJECTS = 3  # rows set aside in one poll that are enough to say so; fewer need a second poll
AGAIN = 2  # answers in a row without a row
AGAIN_AND_AGAIN = 3  # polls in a row that leave something behind
KNOWN_AFTER = 6  # polls with rows after which a new field is news
SHOWN = 10  # names that a state's detail holds
_MISSING = 10  # rows below what the platform counts that say nothing
_SET_ASIDE = " rows were set aside"
_EMPTY = "the answer holds no rows"
_OTHER_DAYS, _OTHER_WEEKS = (1, 2, 3, 4, 5, 6, 7), (7, 14, 21, 28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one poll that came to its end has shown."""

    fresh: int  # rows that became posts for the first time, changed, or are about nobody
    repeated: int = 0  # posts that were read before
    rejected: int = 0
    unseen: int = 0  # of the rejected, those that were not set aside before
    reason: str | None = None  # of one of those set aside
    fields: frozenset[str] = frozenset()  # names beyond those that are understood
    narrow: bool = False  # not all words were asked for


def after(store: Store, source: Source, seen: Reading, *, now: datetime) -> None:
    """Open and close the states of a source after a poll; call it in the transaction that ends the poll."""
    polls = store.sources.polls.newest(source.name, now=now)
    lasting = {each.state: each for each in store.sources.states.lasting(source.name).get(source.name, ())}
    look = _Look(store, source, seen, polls, lasting, now)
    look.unreadable()
    look.partial()
    look.fields()
    if not seen.narrow and not _hides_volume(lasting.get(UNREADABLE)) and seen.rejected == 0:
        look.quiet()


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one source."""

    store: Store
    source: Source
    seen: Reading
    polls: Sequence[Poll]
    lasting: dict[str, SourceState]
    now: datetime

    def _open(self, state: str, since: datetime, detail: str) -> None:
        self.store.sources.states.open(self.source.name, state, since, detail)

    def _close(self, state: str) -> None:
        if state in self.lasting:
            self.store.sources.states.close(self.source.name, state, now=self.now)
            del self.lasting[state]

    def unreadable(self) -> None:
        """Most rows, or most of the new ones, were set aside: at once where they are many, else in the second poll."""
        seen, before = self.seen, self.polls[:-1]
        rows = seen.fresh + seen.repeated
        if empty := self._emptied():
            self._open(UNREADABLE, *empty)
        elif seen.rejected > rows or (seen.unseen >= MOST_REJECTS and seen.unseen > seen.fresh):
            streak = len(before)
            while streak and before[streak - 1].rejected and not before[streak - 1].added:
                streak -= 1
            if seen.unseen >= MOST_REJECTS or streak < len(before) or UNREADABLE in self.lasting:
                since = before[streak - 1].at if streak else self.now
                words = f"{seen.rejected} of {seen.rejected + rows}{_SET_ASIDE}: {seen.reason}"
                self._open(UNREADABLE, since, words)
        elif seen.fresh > seen.unseen or (rows and not seen.rejected) or self._read_again():
            self._close(UNREADABLE)

    def _emptied(self) -> tuple[datetime, str] | None:
        """Two answers or more without a row, where each before held some that were known: not even those are found.

        For a day at most. Since when, and in words.
        """
        answers = [poll for poll in self.polls if poll.asked and poll.at > self.now - 2 * DAY]
        empty = _streak(answers, lambda poll: not poll.returned and not poll.rejected)
        usual = answers[: -empty or None][-KNOWN_AFTER:]
        if empty < AGAIN or len(usual) < KNOWN_AFTER or self.now - usual[-1].at >= DAY:
            return None
        if any(poll.returned - poll.added < MOST_REJECTS for poll in usual):
            return None
        least = min(poll.returned for poll in usual)
        return usual[-1].at, f"{_EMPTY}, where each of the last ones held {least} or more"

    def _read_again(self) -> bool:
        """No rows came: an answer with an unknown shape has a known one now; rows were last set aside a day ago."""
        state = self.lasting.get(UNREADABLE)
        if state is None or _SET_ASIDE not in state.detail:
            return True
        return not any(poll.rejected for poll in self.polls if poll.at > self.now - DAY)

    def partial(self) -> None:
        """Poll after poll, more was there than was read, or than the platform gave out."""
        read = [poll for poll in self.polls if poll.whole or poll.returned or poll.added]
        left = _streak(read, lambda poll: not poll.whole)
        short = _streak(read, _short)
        if left >= AGAIN_AND_AGAIN:
            words = f"more was there than was read, {left} polls in a row; read it more often, or ask for less"
            self._open(PARTIAL, read[-left].at, words)
        elif short >= 2:
            words = f"the platform counts {read[-1].total} and gave {read[-1].returned}, {short} polls in a row"
            self._open(PARTIAL, read[-short].at, words)
        elif not left and not short:
            self._close(PARTIAL)

    def fields(self) -> None:
        """Names that no row of this source had before; told for a day, then known."""
        states, name = self.store.sources.states, self.source.name
        fresh = states.unseen_fields(name, sorted(self.seen.fields), now=self.now) if self.seen.fields else []
        old = self.lasting.get(NEW_FIELDS)
        if fresh and self.store.sources.polls.with_posts(name, most=KNOWN_AFTER + 1) > KNOWN_AFTER:
            told = old.detail.split(", ") if old else []
            self._open(NEW_FIELDS, self.now, _some([*told, *fresh]))
        elif old is not None and self.now - old.since >= DAY:
            self._close(NEW_FIELDS)

    def quiet(self) -> None:
        """Far fewer posts than expected for the hour; over when they come again, or stay fewer for a day."""
        state = self.lasting.get(QUIET)
        samples = list(self._samples(state))
        if not samples or samples[-1].at != self.polls[-1].at:
            return
        if state is None:
            found = volume.silence(samples, self._usual)
            if found is not None:
                words = f"{found.posts} new posts where about {found.expected:.0f} are usual for the hour"
                self._open(QUIET, found.since, words)
        elif self._heard(state, samples):
            self._close(QUIET)

    def _heard(self, state: SourceState, samples: Sequence[Sample]) -> bool:
        newest = samples[-1]
        level = volume.level_of([each for each in samples if each.at <= state.since])
        usual = self._usual(newest.at - timedelta(hours=newest.hours), newest.at)
        if volume.heard_again(newest, level, usual):
            return True
        return newest.posts > 0 and self.now - state.since >= DAY

    def _samples(self, lasting: SourceState | None) -> Iterator[Sample]:
        """The polls that say what the source brings.

        The first one brings the past, and so does one after a pause, and those that go on reading what these left
        behind (for a day; a source that always leaves something behind is judged all the same). What came while it
        was quiet, thinned or unreadable is no measure, but for the end of what lasts; after a day of it, nor is what
        came before.
        """
        apart = self._apart(QUIET, THINNED, UNREADABLE, but=lasting)
        anew = max((until for since, until in apart if until - since >= DAY), default=EPOCH)
        before, catching = None, self.polls[0].at if self.polls else None
        for poll in self.polls:
            if not poll.whole and not poll.returned and not poll.added:
                continue  # it broke off
            pause = timedelta(0) if before is None else poll.at - before
            if before is None or pause > self.source.patience:
                catching = poll.at
            elif pause > timedelta(0) and catching is None and _measures(poll.at, anew, apart):
                yield Sample(poll.at, poll.added, pause / HOUR)
            if catching is not None and (poll.whole or poll.at - catching >= DAY):
                catching = None
            before = poll.at

    def _apart(self, *states: str, but: SourceState | None = None) -> list[tuple[datetime, datetime]]:
        """When what came was no measure of what usually comes."""
        return [
            (each.since, each.until or self.now)
            for each in self.store.sources.states.of(self.source.name)
            if each.state in states and each != but and (each.state != UNREADABLE or _hides_volume(each))
        ]

    def _usual(self, since: datetime, until: datetime) -> float | None:
        """Posts an hour that this stretch of other days brought, or the hour after it, where that is less."""
        whole = max(HOUR, 2 * self.source.every)
        since = min(since, until - whole)
        polls, name = self.store.sources.polls, self.source.name
        apart = self._apart(THINNED, UNREADABLE)
        if QUIET in self.lasting:  # one that is over counts: where it comes every night, it is none
            apart.append((self.lasting[QUIET].since, self.now))

        def rate(a: datetime, b: datetime) -> float | None:
            measured = not any(low < b and a < high for low, high in apart)
            return polls.rate(name, a, b) if measured else None

        def rates(days: Iterable[int]) -> Iterator[float]:
            for back in (DAY * day for day in days):
                then, later = rate(since - back, until - back), rate(until - back, until - back + whole)
                if then is not None:
                    yield then if later is None else min(then, later)

        return volume.usual_rate(list(rates(_OTHER_DAYS)), list(rates(_OTHER_WEEKS)))


def _hides_volume(state: SourceState | None) -> bool:
    """Whether posts may have come that nobody could read: an answer without rows brings none."""
    return state is not None and not state.detail.startswith(_EMPTY)


def _measures(at: datetime, anew: datetime, apart: Sequence[tuple[datetime, datetime]]) -> bool:
    return at > anew and not any(since < at <= until for since, until in apart)


def _streak(polls: Sequence[Poll], holds: Callable[[Poll], bool]) -> int:
    """How many of the newest polls it holds for, without a break."""
    count = 0
    for poll in reversed(polls):
        if not holds(poll):
            break
        count += 1
    return count


def _short(poll: Poll) -> bool:
    """Whether the platform counts far more than it gave in a poll that seemed whole."""
    total = poll.total
    return poll.whole and total is not None and total - poll.returned >= _MISSING and total > 2 * poll.returned


def _some(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join(name[:30] for name in shown[:SHOWN]) + (", …" if len(shown) > SHOWN else "")
