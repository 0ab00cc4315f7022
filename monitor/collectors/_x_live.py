"""Reads X by the filtered stream: first what nobody listened to, by search, then the stream. Knows no store.

The cursor holds what is covered and which holes are still to be searched, for each search by itself, so that a crash,
a line that broke or a bound on pages leaves none. Where a hole and a time of listening meet, both are read a little
further: a post that comes twice is one post.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from monitor import clock
from monitor.collectors._state import write_state
from monitor.collectors._x_errors import credit_error
from monitor.collectors._x_options import XOptions
from monitor.collectors._x_posts import Answer
from monitor.collectors._x_read import Listing, Reader
from monitor.collectors._x_stream import Ear, Heard, Rules, listen
from monitor.collectors._x_sweep import UNSHOWN, Sweep, are_moments
from monitor.domain import Coverage, Cursor, Gap, Page

Holes = list[list[str]]


class Live:
    """One poll of the stream."""

    def __init__(self, source: str, options: XOptions, reader: Reader, texts: tuple[str, ...]) -> None:
        self._source = source
        self._options = options
        self._reader = reader
        self._texts = texts

    def pages(self, memory: dict[str, Any]) -> Iterator[Page]:
        """Search, then listen. Raises the collectors' errors."""
        self._recall(memory)
        for text in self._texts:
            yield from self._searched(text)
        for heard in self._heard():
            self._ear.heard = (self._ear.heard[0] if self._ear.heard else heard.at, heard.at)
            if heard.answer:
                yield self._page(heard.answer, heard)
                self._check_paid(heard.answer)
        yield Page(cursor=self._cursor(), gaps=self._untold(), coverage=Coverage(more_available=self._more))

    def _recall(self, memory: dict[str, Any]) -> None:
        """What is to be searched now: what was left over, and what nobody listened to since.

        A search that replaces others, as the names or the plan changed, goes on where they stood.
        """
        until = (self._reader.now - UNSHOWN).replace(microsecond=0)
        first = until - timedelta(hours=self._options.lookback_hours)
        self._ear = Ear.read(memory.get("ear"))
        new = [[clock.iso(since), clock.iso(end)] for since, end in self._ear.holes(until, self._reader.overlap)]
        known = _holes(memory.get("holes"))
        replaced = [text for text in known if text not in self._texts]
        left = [part for text in replaced for part in (*known[text], *_unread(memory, text))]
        self._holes: dict[str, Holes] = {}
        for text in self._texts:
            before = known.get(text, left if replaced else None)
            self._holes[text] = [[clock.iso(first), clock.iso(until)]] if before is None else [*before, *new]
        self._sweeps = {text: Sweep.read(memory.get("sweeps"), text) for text in self._texts}

    def _searched(self, text: str) -> Iterator[Page]:
        sweep, price = self._sweeps[text], self._options.price_per_post

        def ask(**parameters: Any) -> Any:
            return self._reader.client.search(text, **parameters)

        for answer in self._reader.answers(Listing(ask, price), sweep, self._next_of(self._holes[text])):
            yield self._reader.page(answer, sweep, self._cursor(), price=price, more=self._more)
            self._check_paid(answer)

    def _next_of(self, holes: Holes) -> Callable[[Sweep], bool]:
        """Begins with one hole after the other."""

        def begin(sweep: Sweep) -> bool:
            while holes:
                since, until = holes.pop(0)
                sweep.begin_range(clock.parse(since), clock.parse(until), self._reader.now)
                if sweep.running:
                    return True
            return False

        return begin

    def _heard(self) -> Iterator[Heard]:
        reader, rules = self._reader, Rules(self._reader.client, f"sentiment-monitor {self._source}")
        reader.tried(lambda: rules.agree(self._texts))
        response = reader.tried(reader.client.open_stream)
        yield from listen(response, rules, now=reader.now, began=reader.began, seconds=self._options.stream_seconds)

    def _page(self, answer: Answer, heard: Heard) -> Page:
        price = self._options.price_per_post
        return Page(
            mentions=answer.mentions, rejects=answer.rejects, cursor=self._cursor(), at=heard.at,
            coverage=Coverage(
                returned=answer.rows, more_available=self._more,
                cost=self._reader.cost(answer, price) + heard.others * price,
            ),
        )  # fmt: skip

    @property
    def _more(self) -> bool:
        return any(self._holes.values()) or any(sweep.running for sweep in self._sweeps.values())

    def _untold(self) -> tuple[Gap, ...]:
        return tuple(gap for sweep in self._sweeps.values() for gap in sweep.gaps)

    def _cursor(self) -> Cursor:
        running = {text: sweep.told() for text, sweep in self._sweeps.items() if sweep.running}
        return write_state(
            {
                "dialect": self._reader.client.dialect, "sweeps": running, "holes": self._holes,
                "ear": self._ear.told(),
            }
        )  # fmt: skip

    def _check_paid(self, answer: Answer) -> None:
        if unpaid := credit_error(answer.problems, self._source):
            raise unpaid


def _holes(told: object) -> dict[str, Holes]:
    """The holes of each search, as a cursor tells them; those that are none are left out."""
    return {
        text: [list(part) for part in holes]
        for text, holes in (told.items() if isinstance(told, dict) else ())
        if isinstance(holes, list) and all(are_moments(part) and len(part) == 2 and all(part) for part in holes)
    }


def _unread(memory: dict[str, Any], text: str) -> Holes:
    """The hole that a search was reading."""
    sweep = Sweep.read(memory.get("sweeps"), text)
    return [[sweep.gap_from, sweep.end]] if sweep.running and sweep.gap_from and sweep.end else []
