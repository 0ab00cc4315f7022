"""Lemmy: posts and comments of one server, and of those it federates with, by its search. No key.

Two dialects, told apart by `/api/v4/site` and `/api/v3/site` (or by `dialect`), and remembered: 0.19 pages by number
and has its counts beside the post; 1.0 pages by a cursor that the answer gives, takes a range of time, calls times
`published_at` and `updated_at`, and has its counts within. Of 1.0 all shapes of 2025 and 2026 are read: `q` or
`search_term`; posts and comments in lists of their own, or all in `search` or `results`. Checked against the server's
code. A post's `ap_id` is the same on every server, so copies are one mention.

The newest come first; a search is read down to where the last one began, and `overlap_seconds` further, for edits and
late arrivals. A page's number is no fixed place, but new posts only move rows on to later pages: they are read twice.
What is `deleted` or `removed` is told as a deletion; what was kept is asked for again once a day by its address, which
needs a question for each. Searches are limited tightly: 0.19 says so by 400, 1.0 by 429.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from monitor import clock
from monitor.collectors import _lemmy_recheck as again
from monitor.collectors._answers import error_of, fetch
from monitor.collectors._fields import part, read_rows, times_of, word
from monitor.collectors._lemmy_posts import published, read_view
from monitor.collectors._recheck import DAILY
from monitor.collectors._state import read_state, write_state
from monitor.collectors._translated import TranslatingClient, asked_to_wait
from monitor.collectors._turns import TURN, in_turn, next_turn
from monitor.collectors._web import ask, check_address, check_least, document_of
from monitor.domain import Coverage, Cursor, Page, Query, Terms
from monitor.errors import AnswerUnreadable, CredentialRefused
from monitor.http import Answer, GuardedClient, Limits

V3, V4 = "0.19", "1.0"
_MARGIN = 60  # seconds by which our clock and the server's may differ


@dataclass(frozen=True, kw_only=True)
class LemmyOptions:
    """Settings of a source of kind `lemmy`."""

    base_url: str = field(default="https://lemmy.world", metadata={"help": "The server that is asked."})
    dialect: str = field(default="auto", metadata={"help": 'What the server speaks: "0.19", "1.0", or "auto".'})
    page_size: int = field(default=50, metadata={"help": "Rows on a page, at most 50."})
    max_pages: int = field(default=4, metadata={"help": "Most pages of one search in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(
        default=3_600, metadata={"help": "How much is read again, for posts that arrive late, edits and deletions."}
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)
        if self.dialect not in ("auto", V3, V4):
            raise ValueError(f'dialect = "{self.dialect}" is none of "auto", "{V3}", "{V4}"')


@dataclass(slots=True)
class _Sweep:
    """One search from the newest row down to `low`; times are milliseconds since 1970."""

    done: int | None  # the newest row of the last sweep that came to its end
    low: int
    newest: int
    place: int | str | None = None  # where to go on: a page's number, or a cursor of the server's

    def advance(self, times: list[int], following: int | str | None, now: datetime) -> bool:
        """Take in the times of a page's rows; whether there may be more. A time that lies ahead counts as now."""
        times = [min(at, clock.to_ms(now)) for at in times]
        self.newest = max([self.newest, *times])
        if following is not None and not (times and times[-1] < self.low):
            self.place = following
            return True
        self.done, self.place = self.newest, None
        return False

    def told(self) -> dict[str, Any]:
        """What the cursor must hold."""
        if self.place is None:
            return {"done": self.done}
        return {"done": self.done, "low": self.low, "newest": self.newest, "place": self.place}


@dataclass(slots=True)
class _Poll:
    """What one poll knows while it runs."""

    now: datetime
    keys: list[str]
    memory: dict[str, Any]
    left: bool = False  # something is behind that only a later poll reads

    def remember(self, key: str, sweep: _Sweep, *, more: bool) -> None:
        """Where this search stands, and which one comes first next time."""
        self.memory |= {key: sweep.told()} | next_turn(self.keys, key, unfinished=more)


class LemmyCollector:
    """Searches a Lemmy server for each of the brands' names."""

    kind: ClassVar[str] = "lemmy"
    Options: ClassVar[type[LemmyOptions]] = LemmyOptions
    terms: ClassVar[Terms] = Terms(
        note="Each Lemmy server has its own rules (its page /legal). What is deleted or removed goes from copies too."
    )
    recheck_every: timedelta = DAILY
    recheck_batch: int = again.BATCH

    def __init__(self, name: str, options: LemmyOptions) -> None:
        self.name = name
        self._options = options
        self._base = options.base_url.rstrip("/")
        self.endpoint = urlsplit(self._base).netloc  # each server has limits of its own
        limits = Limits(seconds=options.timeout)
        self._client: GuardedClient = TranslatingClient(
            self._translated, allow_hosts=options.allow_private_hosts, limits=limits
        )

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the posts, then the comments, of each term; the search that was under way comes first."""
        before = read_state(since)
        keys = [f"{what}|{term}" for term in query.terms for what in ("posts", "comments")]
        poll = _Poll(now, keys, {key: before[key] for key in (*keys, TURN, "dialect") if key in before})
        for key in in_turn(keys, before.get(TURN)):
            try:
                yield from self._search_pages(poll, key)
            except AnswerUnreadable:
                # The server may speak otherwise by now, and a place in an answer may be gone: both are found anew.
                poll.memory.pop("dialect", None)
                poll.memory[key] = {"done": part(poll.memory, key).get("done")}
                yield Page(cursor=write_state(poll.memory))
                raise

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts and comments, one by one: what the server does not find any more is gone."""
        memory = read_state(since)
        dialect = memory["dialect"] = self._dialect(memory.get("dialect"), now)
        root = f"{self._base}/api/{'v3' if dialect == V3 else 'v4'}/resolve_object"

        def resolved(address: str) -> dict[str, Any] | None:
            answer = fetch(self._client, f"{root}?{urlencode({'q': address})}", self.name)
            if again.is_gone(answer):
                return None
            if not 200 <= answer.status < 300:
                raise error_of(answer, self.name, now)
            return document_of(answer, self.name)

        try:
            yield from again.recheck(resolved, ids, memory, now)
        except AnswerUnreadable:
            yield Page(cursor=write_state({}))  # the server may speak otherwise by now
            raise

    def _search_pages(self, poll: _Poll, key: str) -> Iterator[Page]:
        """Go on where the last poll ended, within one bound on the pages."""
        what, _, _ = key.partition("|")
        sweep = self._sweep(part(poll.memory, key), poll.now)
        dialect = poll.memory["dialect"] = self._dialect(poll.memory.get("dialect"), poll.now)
        for _ in range(self._options.max_pages):
            rows, following = self._rows(key, dialect, sweep, poll.now)
            if following is not None and following == sweep.place:
                raise AnswerUnreadable(f"{self.name}: the server's pages lead in a circle. The search begins anew.")
            more = sweep.advance(times_of(rows, lambda row: published(row, what)), following, poll.now)
            poll.remember(key, sweep, more=more)
            told = Coverage(
                asked=self._size, returned=len(rows), more_available=more or poll.left,
                since=clock.from_ms(sweep.low), until=poll.now,
            )  # fmt: skip
            yield _page(rows, what, poll, told)
            if not more:
                return
        poll.left = True

    @property
    def _size(self) -> int:
        return min(self._options.page_size, 50)

    def _sweep(self, told: dict[str, Any], now: datetime) -> _Sweep:
        known = {name: told[name] for name in ("done", "low", "newest") if type(told.get(name)) is int}
        place = told.get("place")
        if {"low", "newest"} <= known.keys() and isinstance(place, int | str):
            return _Sweep(known.get("done"), known["low"], known["newest"], place)
        done = known.get("done")
        back = now - timedelta(hours=self._options.lookback_hours)
        low = clock.to_ms(back) if done is None else done - self._options.overlap_seconds * 1_000
        return _Sweep(done, low, done or low)

    def _dialect(self, known: object, now: datetime) -> str:
        """What the server speaks, asked for once."""
        if self._options.dialect != "auto":
            return self._options.dialect
        if known in (V3, V4):
            return str(known)
        for dialect, path in ((V4, "/api/v4/site"), (V3, "/api/v3/site")):
            answer = fetch(self._client, self._base + path, self.name)
            told = error_of(answer, self.name, now)
            if answer.status >= 300 and not isinstance(told, AnswerUnreadable):
                raise told
            with suppress(AnswerUnreadable):
                if document_of(answer, self.name).get("version"):
                    return dialect
        raise AnswerUnreadable(f"{self.name}: the server does not answer as Lemmy does. Check `base_url`.")

    def _rows(self, key: str, dialect: str, sweep: _Sweep, now: datetime) -> tuple[list[Any], int | str | None]:
        """A page's rows, and where the next page is; None: there is none."""
        what, _, term = key.partition("|")
        asked = {"q": term, "type_": what, "sort": "new", "listing_type": "all", "limit": str(self._size)}
        number = sweep.place if isinstance(sweep.place, int) else 1
        if dialect == V3:
            asked |= {"type_": what.title(), "sort": "New", "listing_type": "All", "page": str(number)}
        else:
            seconds = (clock.to_ms(now) - sweep.low) // 1_000 + _MARGIN
            asked |= {"search_term": term, "time_range_seconds": str(seconds)}
            asked |= {"page_cursor": sweep.place} if isinstance(sweep.place, str) else {}
        url = f"{self._base}/api/{'v3' if dialect == V3 else 'v4'}/search?{urlencode(asked)}"
        document = document_of(ask(self._client, url, self.name, now=now), self.name)
        rows = next((document[name] for name in (what, "search", "results") if name in document), None)
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{self.name}: the search's answer has no {what}. Check `base_url` and `dialect`.")
        if dialect == V3:
            return rows, number + 1 if rows else None
        return rows, word(document.get("next_page"))

    def _translated(self, answer: Answer) -> Answer:
        if answer.status == 400 and b"rate_limit" in answer.body[:500]:
            return asked_to_wait(answer, None)
        if answer.status == 400 and b"instance_is_private" in answer.body[:500]:
            raise CredentialRefused(f"{self.name}: the server lets only its members read. Choose another `base_url`.")
        return answer


def _page(rows: list[Any], what: str, poll: _Poll, coverage: Coverage) -> Page:
    mentions, deletions, rejects = read_rows(rows, lambda row: read_view(row, what, poll.now))
    return Page(
        mentions=tuple(mentions),
        deletions=tuple(deletions),
        rejects=tuple(rejects),
        cursor=write_state(poll.memory),
        coverage=coverage,
    )
