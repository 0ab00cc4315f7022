"""Reads a list of X's, search or mentions, sweep by sweep, into pages. Knows no list by itself and no store.

A question that X refuses is asked otherwise where that can help: without the lost page's token, from the oldest time
that X allows.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from monitor import clock
from monitor.collectors._x_client import XClient
from monitor.collectors._x_errors import Refusal, credit_error, error_of
from monitor.collectors._x_options import XOptions
from monitor.collectors._x_posts import Answer, Json, read_answer
from monitor.collectors._x_sweep import Sweep
from monitor.domain import Coverage, Cursor, Gap, Page
from monitor.errors import AnswerUnreadable, SourceDown

T = TypeVar("T")
MENTIONS_KEPT = 800  # the newest ones that X shows of an account


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of X's."""

    ask: Callable[..., Json]  # a page of it, given X's parameters
    price: float  # of one post, in US dollars
    most: int | None = None  # posts that X keeps in it


class Reader:
    """Reads lists for one poll."""

    def __init__(self, source: str, options: XOptions, client: XClient, now: datetime) -> None:
        self.client = client
        self.now = now
        self.began = time.monotonic()
        self._source = source
        self._options = options

    @property
    def overlap(self) -> timedelta:
        """How much is read again."""
        return timedelta(seconds=self._options.overlap_seconds)

    def newer(self) -> Callable[[Sweep], bool]:
        """Begins a sweep of what is newer than the last one, once."""
        begun: list[Sweep] = []

        def begin(sweep: Sweep) -> bool:
            if begun:
                return False
            begun.append(sweep)
            sweep.begin(self.now, timedelta(hours=self._options.lookback_hours), self.overlap)
            return True

        return begin

    def answers(self, listing: Listing, sweep: Sweep, begin: Callable[[Sweep], bool]) -> Iterator[Answer]:
        """Finish what was begun, then what `begin` begins, within one bound on the pages."""
        for _ in range(self._options.max_pages):
            if not sweep.running and not begin(sweep):
                return
            answer = self.understood(lambda: self._ask(listing, sweep))
            cut = bool(credit_error(answer.problems, self._source))
            sweep.advance(answer.ids, answer.next_token, rows=answer.rows, cut=cut)
            if listing.most and not sweep.running and 0 <= sweep.rows - listing.most < self._options.page_size:
                sweep.gaps.append(self._forgotten(listing.most, sweep, answer))
            yield answer

    def understood(self, ask: Callable[[], Json]) -> Answer:
        """What X answers, read. Raises the collectors' errors."""
        return self.tried(lambda: read_answer(ask(), self.now))

    def tried(self, ask: Callable[[], T]) -> T:
        """What comes of asking. Raises the collectors' errors."""
        try:
            return ask()
        except Refusal as refusal:
            raise error_of(refusal, self._source, now=self.now) from None
        except OSError as error:
            raise SourceDown(f"{self._source}: X cannot be reached ({type(error).__name__}).") from None
        except ValueError as error:
            raise AnswerUnreadable(f"{self._source}: X's answer cannot be read ({error}).") from None

    def _ask(self, listing: Listing, sweep: Sweep) -> Json:
        """One page; a refusal that names what can be asked otherwise is met by asking otherwise."""
        while True:
            try:
                return listing.ask(max_results=self._options.page_size, **sweep.parameters(self.overlap))
            except Refusal as refusal:
                if refusal.status != 400 or not sweep.mend(refusal.names(), self.now):
                    raise

    def _forgotten(self, most: int, sweep: Sweep, answer: Answer) -> Gap:
        """What lies before the oldest post that X still keeps."""
        oldest = min((mention.published_at for mention in answer.mentions), default=self.now)
        return Gap(
            since=min(sweep.covers_from or oldest, oldest), until=oldest, reason=f"X shows the newest {most} only"
        )

    def page(self, answer: Answer, sweep: Sweep, cursor: Cursor, *, price: float, more: bool) -> Page:
        """A page of a sweep, with what it tells of completeness, cost and limits."""
        gaps, sweep.gaps = tuple(sweep.gaps), []
        return Page(
            mentions=answer.mentions, rejects=answer.rejects, cursor=cursor, gaps=gaps,
            coverage=Coverage(
                asked=self._options.page_size, returned=answer.rows, more_available=more,
                since=sweep.covers_from, until=sweep.covers_to, cost=self.cost(answer, price),
                remaining=self.client.remaining, resets_at=self.client.resets_at,
            ),
        )  # fmt: skip

    def cost(self, answer: Answer, price: float) -> float:
        """What X bills for an answer, in US dollars."""
        return answer.rows * price + answer.users * self._options.price_per_author

    def counted(self, text: str, since: datetime, until: datetime) -> int:
        """How many posts X itself counts between two moments. Raises the collectors' errors."""
        fine = "minute" if until - since <= timedelta(days=1) else "hour"

        def ask() -> int:
            document: Json = self.client.get_recent_tweets_count(
                text, start_time=clock.iso(since), end_time=clock.iso(until), granularity=fine
            )
            return _total(document, since, until)

        return self.tried(ask)


def _total(document: Json, since: datetime, until: datetime) -> int:
    """The sum of the slots that lie within the range: some servers answer for whole hours."""
    rows = document.get("data")
    if not isinstance(rows, list):
        raise ValueError("no counts")
    total = 0
    for row in rows:
        number = row.get("tweet_count", row.get("post_count")) if isinstance(row, dict) else None
        if type(number) is not int or number < 0:
            raise ValueError("a count is not a number")
        if since <= clock.parse(str(row.get("start"))) and clock.parse(str(row.get("end"))) <= until:
            total += number
    return total
