"""Stack Exchange: questions and answers of the sites you name, by `/search/excerpts`, one search for each name.

The API is 2.3, its answers are always packed (gzip). Without a key an address may ask 300 times a day, with one (free,
from stackapps.com) 10,000 times: sites times names times polls must fit in, so poll every half hour or less often. An
answer may hold `backoff`: its rows are kept, and the method is not asked again for so many seconds, nor by the next
poll; likewise until midnight UTC once `quota_remaining` is 0. Errors come as 400 with an `error_id` in the body.

The newest come first. A stretch of time is read down by asking for what is older than the last row, both ends
included, as pages by number shift. The cursor moves on for a site and name only when the whole stretch was read, and
`overlap_seconds` are read again. What was kept is asked for again by its number once a day. Texts are licensed
CC BY-SA: who shows them names author, site and link.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from monitor import clock
from monitor.collectors._answers import reveal
from monitor.collectors._fields import Row, count, read_rows, times_of
from monitor.collectors._recheck import DAILY
from monitor.collectors._slices import SECOND, Part, Stretch, pages_of, walk
from monitor.collectors._stackexchange_posts import created, read_item
from monitor.collectors._stackexchange_recheck import BATCH, recheck
from monitor.collectors._state import read_state, write_state
from monitor.collectors._translated import TranslatingClient, asked_to_wait
from monitor.collectors._turns import TURN, in_turn, next_turn
from monitor.collectors._web import LONGEST_WAIT, ask, check_address, check_least, document_of
from monitor.domain import Cursor, Page, Query, Secret, Terms
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited
from monitor.http import Answer, Limits

_SECONDS = re.compile(rb"available in (\d{1,6}) second")


@dataclass(frozen=True, kw_only=True)
class StackexchangeOptions:
    """Settings of a source of kind `stackexchange`."""

    sites: tuple[str, ...] = field(
        default=("stackoverflow",), metadata={"help": 'Sites by their short names, as in ["stackoverflow", "webapps"].'}
    )
    key: Secret | None = field(default=None, metadata={"help": "The application's key, for more questions a day."})
    base_url: str = field(default="https://api.stackexchange.com/2.3", metadata={"help": "Where the API is."})
    page_size: int = field(default=100, metadata={"help": "Rows in one answer, at most 100."})
    max_pages: int = field(
        default=5, metadata={"help": "Most answers for a site and name in one poll; the rest is next."}
    )
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(default=7_200, metadata={"help": "How much is read again, for what is found late."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)
        for site in self.sites or ("",):
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", site):
                raise ValueError(f'sites: "{site}" is no short name of a site, such as "stackoverflow"')


@dataclass(slots=True)
class _Poll:
    """What one poll knows while it runs."""

    now: datetime
    key: str | None
    searches: list[str]
    memory: dict[str, Any]
    left: bool = False  # something is behind that only a later poll reads
    remaining: int | None = None  # questions that the last answer allowed for the day

    @property
    def wait(self) -> timedelta | None:
        """How long the API wants to be left alone, as an earlier answer said."""
        until = self.memory.get("wait")
        wait = timedelta(seconds=until) - (self.now - clock.EPOCH) if type(until) is int else timedelta(0)
        return wait if timedelta(0) < wait <= LONGEST_WAIT else None

    @property
    def midnight(self) -> datetime:
        """When the day's questions begin anew."""
        return clock.floor(self.now, timedelta(days=1)) + timedelta(days=1)

    def told(self, page: Page) -> Page:
        """The page with what the last answer said of the limit."""
        ends = None if self.remaining is None else self.midnight
        return replace(page, coverage=replace(page.coverage, remaining=self.remaining, resets_at=ends))

    def heed(self, document: Row) -> None:
        """Remember the wait that an answer asks for."""
        self.memory.pop("wait", None)
        self.remaining = count(document.get("quota_remaining"))
        waits = [self.midnight] if self.remaining == 0 else []
        if backoff := count(document.get("backoff")):
            waits.append(self.now + timedelta(seconds=min(backoff, 86_399)))
        if waits:
            self.memory["wait"] = -((clock.EPOCH - max(waits)) // timedelta(seconds=1))  # rounded up


class StackexchangeCollector:
    """Searches Stack Exchange sites for each of the brands' names."""

    kind: ClassVar[str] = "stackexchange"
    Options: ClassVar[type[StackexchangeOptions]] = StackexchangeOptions
    terms: ClassVar[Terms] = Terms(
        note="Stack Exchange's licence, CC BY-SA: whoever shows a text names its author and links author and post."
    )
    recheck_every: timedelta = DAILY
    recheck_batch: int = BATCH

    def __init__(self, name: str, options: StackexchangeOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = TranslatingClient(self._translated, allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the rows of each site and name, newest first; the search that was under way comes first."""
        before = read_state(since)
        key = reveal(self._options.key, self.name, "a key")
        searches = [f"{site}|{term}" for site in dict.fromkeys(self._options.sites) for term in query.terms]
        memory = {name: before[name] for name in (*searches, TURN, "wait") if name in before}
        poll = _Poll(now, key, searches, memory)
        for search in in_turn(searches, before.get(TURN)):
            yield from self._search_pages(poll, search)

    def _search_pages(self, poll: _Poll, search: str) -> Iterator[Page]:
        """Finish the stretch that was begun, then read what is newer, within one bound on the answers."""
        most, fresh = self._options.max_pages, False
        while most > 0 and not fresh:
            stretch, fresh = self._stretch(poll.memory.get(search), poll.now)
            for step in walk(stretch, partial(self._part, poll, search), most):
                most -= 1
                poll.left |= step.stuck
                poll.memory |= {search: stretch.told()} if not step.whole else {search: {"done": stretch.done}}
                poll.memory |= next_turn(poll.searches, search, unfinished=not step.whole)
                more = poll.left or not step.whole
                yield from map(poll.told, pages_of(step, write_state(poll.memory), more=more))
            if not step.whole:
                break
        poll.left |= not (fresh and step.whole)

    @property
    def _size(self) -> int:
        return min(self._options.page_size, 100)

    def _stretch(self, told: object, now: datetime) -> tuple[Stretch, bool]:
        options = self._options
        lookback, overlap = timedelta(hours=options.lookback_hours), timedelta(seconds=options.overlap_seconds)
        return Stretch.resume(told, now, lookback=lookback, overlap=overlap)

    def _part(self, poll: _Poll, search: str, stretch: Stretch, token: str | None) -> Part:
        """One answer to the question for a stretch; a second that fills a page is read on, page by page."""
        site, _, term = search.partition("|")
        asked = {"q": term, "site": site, "sort": "creation", "order": "desc", "pagesize": str(self._size)}
        asked |= {"page": token or "1", "fromdate": str(stretch.low // SECOND), "todate": str(stretch.high // SECOND)}
        document = self._asked(poll, "/search/excerpts", asked)
        items = document.get("items")
        if not isinstance(items, list):
            raise AnswerUnreadable(f"{self.name}: the answer has no items. Check `base_url`.")
        mentions, _, rejects = read_rows(items, lambda row: read_item(row, site, poll.now))
        times, full = tuple(times_of(items, created)), document.get("has_more") is True
        crowded = full and len(set(times)) == 1
        return Part(
            mentions=tuple(mentions), rejects=tuple(rejects), times=times, rows=len(items), full=full,
            token=str(int(token or "1") + 1) if crowded else None, asked=self._size,
        )  # fmt: skip

    def _asked(self, poll: _Poll, path: str, asked: Mapping[str, str]) -> Row:
        """An answer, whose wishes are heeded. Raises RateLimited while an earlier answer wants to be left alone."""
        if wait := poll.wait:
            raise RateLimited(self.name, wait)
        told = {**asked} | ({"key": poll.key} if poll.key else {})
        url = f"{self._options.base_url.rstrip('/')}{path}?{urlencode(told)}"
        document = document_of(ask(self._client, url, self.name, now=poll.now), self.name)
        poll.heed(document)
        return document

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts, site by site: those that are left out are gone."""
        memory = read_state(since)
        poll = _Poll(now, reveal(self._options.key, self.name, "a key"), [], memory)
        for page in recheck(partial(self._asked, poll), ids, memory, self.name, now):
            yield poll.told(replace(page, cursor=write_state(memory)))

    def _translated(self, answer: Answer) -> Answer:
        """An error of the API's own, whatever its status, as what it means."""
        error = _error_in(answer)
        code, name = error.get("error_id"), str(error.get("error_name"))
        if not error:
            return answer
        if code == 502:  # throttle_violation
            seconds = _SECONDS.search(answer.body)
            return asked_to_wait(answer, timedelta(seconds=int(seconds[1])) if seconds else None)
        if code in (500, 503):
            return replace(answer, status=503)
        said = name if re.fullmatch("[a-z_]{1,40}", name) else "no reason given"
        if code in (401, 402, 403, 405, 406) or "key" in str(error.get("error_message")):
            raise CredentialRefused(f"{self.name}: Stack Exchange refuses the key ({said}). Check `key`.")
        raise AnswerUnreadable(f"{self.name}: Stack Exchange refuses the question ({said}). Check `sites`.")


def _error_in(answer: Answer) -> Row:
    """The error that stands in an answer; empty where there is none."""
    if b'"error_id"' not in answer.body[:1_000]:
        return {}
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) and "items" not in document else {}
