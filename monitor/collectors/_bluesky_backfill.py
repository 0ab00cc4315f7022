"""Fills the holes of Bluesky's stream from its search, text by text, within so many answers. Knows no stream."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from monitor import clock
from monitor.collectors._bluesky_pages import Hole, Memory
from monitor.collectors._bluesky_search import Session, TermRefused, search
from monitor.collectors._slices import Part, Step, Stretch, pages_of, walk
from monitor.domain import Coverage, Page, Query, Reject
from monitor.post_fields import shown

_DONE, _IN_PART = 0, -1


class Backfill:
    """One poll's worth of searching."""

    def __init__(self, session: Session, memory: Memory, *, size: int, most: int) -> None:
        self._session = session
        self._memory = memory
        self._size = size
        self._left = most

    def pages(self, query: Query, now: datetime) -> Iterator[Page]:
        """Yield what is found in each hole for each text, newest first; a hole is closed when all were asked."""
        texts = texts_of(query)
        for hole in tuple(self._memory.holes):
            for text in texts:
                if self._left > 0 and hole.left.get(text) not in (_DONE, _IN_PART):
                    yield from self._text(hole, text, texts, now)

    def _text(self, hole: Hole, text: str, texts: tuple[str, ...], now: datetime) -> Iterator[Page]:
        told = hole.left.get(text) or {"low": hole.low, "high": hole.high, "newest": hole.low}
        stretch = Stretch(told["low"], told["high"], told["newest"], grain=1)

        def ask(wanted: Stretch, token: str | None) -> Part:
            return search(self._session, text, wanted, token, now=now, limit=self._size)

        done = _DONE
        try:
            for step in walk(stretch, ask, self._left):
                self._left -= 1
                done = _IN_PART if step.stuck else done
                yield from self._step(step, hole, text, texts, done if step.whole else stretch.told())
        except TermRefused as refused:
            filled = self._note(hole, text, texts, _IN_PART)
            aside = Reject(line=None, reason=str(refused), raw=shown(text))
            more = bool(self._memory.holes)
            yield Page(
                rejects=(aside,), cursor=self._memory.cursor(), filled=filled, coverage=Coverage(more_available=more)
            )

    def _step(
        self, step: Step, hole: Hole, text: str, texts: tuple[str, ...], left: dict[str, int] | int
    ) -> Iterator[Page]:
        filled = self._note(hole, text, texts, left)
        for page in pages_of(step, self._memory.cursor(), more=bool(self._memory.holes)):
            allowed, ends = self._session.remaining, self._session.resets_at
            coverage = replace(page.coverage, remaining=allowed, resets_at=ends)
            yield replace(page, filled=filled if page.cursor else (), coverage=coverage)

    def _note(
        self, hole: Hole, text: str, texts: tuple[str, ...], left: dict[str, int] | int
    ) -> tuple[tuple[datetime, datetime], ...]:
        """Remember what is left of a hole; where nothing is, it goes. The range, if all of it was read."""
        hole.left[text] = left
        states = [hole.left.get(each) for each in texts]
        if any(state not in (_DONE, _IN_PART) for state in states):
            return ()
        self._memory.holes = [other for other in self._memory.holes if other is not hole]
        ends = clock.from_ms(hole.high) + clock.MILLISECOND  # which was read as well
        return () if _IN_PART in states else ((clock.from_ms(hole.low), ends),)


def texts_of(query: Query) -> tuple[str, ...]:
    """What is searched for: phrases in quotes, handles and hashtags with their sign.

    >>> texts_of(Query(terms=("Acme", 'Big "A"'), handles=("acme.com",), hashtags=("acmefail",)))
    ('"Acme"', '"Big A"', '"@acme.com"', '#acmefail')
    """
    names = [f'"{bare}"' for name in query.terms if (bare := name.replace('"', "").strip())]
    names += [f'"@{handle}"' for handle in query.handles]
    return tuple(dict.fromkeys([*names, *(f"#{tag}" for tag in query.hashtags)]))
