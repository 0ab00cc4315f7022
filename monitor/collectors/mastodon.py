"""Mastodon: hashtag timelines of one or more servers; with an account's token also search, and posts that mention it.

Checked against docs.joinmastodon.org and the server's code of 2026: hashtag timelines and notifications page forward
by `min_id`, one cursor for each; the search does not (see _mastodon_paging). The search finds only posts whose authors
agreed to it and that the server knows, and gives an empty list, not an error, where the server has no search engine,
it is down, or the token may not search. So when no search of a poll finds anything, one that must find something is
asked; if that is empty too, coverage says that something may be missing, a range is kept as a gap once a day, and the
reason is set aside with the rows that cannot be read. Silence is never counted as zero without a word.

Limits: 300 requests in 5 minutes for an account and for an address. Edits are seen while the overlap reads a post
again; deletions are not told by these timelines: the stream (`stream`) tells those that come while it is listened to,
after the timelines were read, and the re-check asks for posts that were kept once a day (_mastodon_recheck).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unicodedata import category
from urllib.parse import quote, urlencode, urlsplit

from monitor import clock
from monitor.collectors._answers import reveal
from monitor.collectors._fields import instant, part, read_rows, times_of, word
from monitor.collectors._mastodon_client import Questions
from monitor.collectors._mastodon_options import MastodonOptions
from monitor.collectors._mastodon_paging import Paging, Sweep, Walk, time_of
from monitor.collectors._mastodon_posts import is_old, read_row
from monitor.collectors._mastodon_recheck import BATCH, Rechecking
from monitor.collectors._mastodon_stream import Listening, Numbers, address
from monitor.collectors._names import Names
from monitor.collectors._recheck import DAILY
from monitor.collectors._state import read_state, write_state
from monitor.collectors._translated import list_of
from monitor.collectors._turns import TURN, in_turn, next_turn
from monitor.collectors._web import document_of
from monitor.domain import Coverage, Cursor, Gap, Page, Query, Reject, Terms
from monitor.errors import AnswerUnreadable, CollectorError, RateLimited
from monitor.http import GuardedClient, Limits

_TELL_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Line:
    """One list of posts that a server keeps."""

    base: str
    path: str
    what: str  # "hashtag", "search" or "mentions"
    asked: tuple[tuple[str, str], ...] = ()
    token: str | None = None
    tag: str = ""


@dataclass(slots=True)
class _Poll:
    """What one poll knows while it runs."""

    now: datetime
    start: datetime  # how far back a first reading goes
    memory: dict[str, Any]
    questions: Questions
    left: bool = False  # something is behind that only a later poll reads
    found: str | None = None  # a search that found something


class MastodonCollector:
    """Reads hashtags, searches and own mentions."""

    kind: ClassVar[str] = "mastodon"
    Options: ClassVar[type[MastodonOptions]] = MastodonOptions
    terms: ClassVar[Terms] = Terms(
        note="Each Mastodon server has rules of its own (its page /about). What is deleted goes from copies too: the"
        " `delete` of docs.joinmastodon.org/methods/streaming."
    )
    recheck_every: timedelta = DAILY
    recheck_batch: int = BATCH

    def __init__(self, name: str, options: MastodonOptions) -> None:
        self.name = name
        self._options = options
        self._home = options.base_url.rstrip("/")
        self._servers = tuple(dict.fromkeys((self._home, *(base.rstrip("/") for base in options.more_servers))))
        self.endpoint = urlsplit(self._home).netloc  # each server has limits of its own
        hosts = options.allow_private_hosts
        self._client = GuardedClient(allow_hosts=hosts, limits=Limits(seconds=options.timeout))
        self._stream = GuardedClient(allow_hosts=hosts, limits=Limits(seconds=options.stream_seconds))
        self._numbers = Numbers()

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield each line's pages. A server that fails keeps no other from being read; its error comes last."""
        lines = {f"{line.base}{line.path}?{urlencode(line.asked)}": line for line in self._lines(query)}
        if not lines:
            raise CollectorError(f"{self.name}: there is nothing to ask for. Name hashtags in config/brands.toml.")
        before = read_state(since)
        memory = {key: before[key] for key in (*lines, TURN, "search") if key in before}
        start = now - timedelta(hours=self._options.lookback_hours)
        poll = _Poll(now, start, memory, self._questions(now))
        errors: list[CollectorError] = []
        failed: set[str] = set()
        for key in in_turn(list(lines), before.get(TURN)):
            if lines[key].base in failed:
                continue
            try:
                yield from self._line_pages(poll, key, list(lines), lines[key])
            except CollectorError as error:
                errors.append(error)
                failed |= {lines[key].base} if error.retryable else set()
        searches = [line for line in lines.values() if line.what == "search"]
        if searches and not errors and searches[0].base not in poll.questions.spent:
            yield from self._vouched(poll, searches)
        if errors:
            raise next((error for error in errors if isinstance(error, RateLimited)), errors[0])
        if self._options.stream:
            yield from self._listen(query, poll, [line.tag for line in lines.values() if line.base == self._home])

    def _listen(self, query: Query, poll: _Poll, tags: list[str]) -> Iterator[Page]:
        """What comes in while this poll lasts."""
        token, named = self._token, [tag for tag in tags if tag]
        url = address(poll.questions, self._home, token, named)
        listening = Listening(
            http=self._stream, questions=poll.questions, host=urlsplit(self._home).netloc, numbers=self._numbers,
            names=Names(query), tags=frozenset(map(str.casefold, named)), size=self._size,
        )  # fmt: skip
        yield from listening.pages(url, token)

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts: those that their servers do not know any more are gone."""
        token = self._token
        servers = [(base, token if base == self._home else None) for base in self._servers]
        yield from Rechecking(self._questions(now), servers, read_state(since)).pages(ids)

    def _questions(self, now: datetime) -> Questions:
        return Questions(self._client, self.name, now, several=len(self._servers) > 1)

    @property
    def _token(self) -> str | None:
        return reveal(self._options.credential, self.name, "a token")

    def _lines(self, query: Query) -> Iterator[_Line]:
        options, token, home = self._options, self._token, self._home
        tags = [tag.lstrip("#") for tag in query.hashtags]
        if options.names_as_hashtags:
            tags += [
                "".join(sign for sign in term if category(sign)[0] in "LMN" or sign == "_") for term in query.terms
            ]
        for base in self._servers:
            for tag in dict.fromkeys(tag.lower() for tag in tags if tag and not tag.isdigit()):
                path = f"/api/v1/timelines/tag/{quote(tag, safe='')}"
                yield _Line(base, path, "hashtag", token=token if base == home else None, tag=tag)
        for term in query.terms if token and options.search else ():
            text = term if term.isalnum() else '"' + term.replace('"', " ") + '"'
            yield _Line(home, "/api/v2/search", "search", (("q", text), ("type", "statuses")), token)
        if token and options.mentions:
            yield _Line(home, "/api/v1/notifications", "mentions", (("types[]", "mention"),), token)

    def _line_pages(self, poll: _Poll, key: str, keys: list[str], line: _Line) -> Iterator[Page]:
        """Go on where the last poll ended, within one bound on the pages."""
        paging = self._paging(poll, line, poll.memory.get(key))
        for _ in range(self._options.max_pages):
            rows = self._rows(poll, line, paging.parameters() | {"limit": str(self._size)})
            if line.what == "search" and rows:
                poll.found = line.asked[0][1]
            fresh = [row for row in rows if not (paging.first and is_old(row, poll.start))]
            ids = [ident for row in rows if isinstance(row, dict) and (ident := word(row.get("id")))]
            since = time_of(paging.floor) if isinstance(paging, Sweep) else None
            more = paging.advance(ids, old=not fresh, now=poll.now)
            poll.memory |= {key: paging.told()} | next_turn(keys, key, unfinished=more)
            told = poll.questions.coverage(self._size, len(rows), more=more or poll.left)
            page = self._page(poll, line, fresh, told)
            cut = isinstance(paging, Sweep) and paging.cut
            yield replace(page, gaps=_cut_off(rows, since or poll.start)) if cut else page
            if not more:
                return
        poll.left = True

    def _paging(self, poll: _Poll, line: _Line, told: Any) -> Paging:
        overlap = timedelta(seconds=self._options.overlap_seconds)
        if line.what == "search":
            return Sweep.read(told, overlap, poll.start, self._size)
        return Walk.read(told, overlap)

    @property
    def _size(self) -> int:
        return min(self._options.page_size, 40)

    def _page(self, poll: _Poll, line: _Line, rows: list[Any], coverage: Coverage) -> Page:
        host = urlsplit(line.base).netloc
        mentions, _, rejects = read_rows(rows, lambda row: read_row(row, host, poll.now))
        cursor = write_state(poll.memory)
        self._numbers.note(mentions)
        return Page(mentions=tuple(mentions), rejects=tuple(rejects), cursor=cursor, coverage=coverage)

    def _rows(self, poll: _Poll, line: _Line, parameters: dict[str, str]) -> list[Any]:
        answer = poll.questions.ask(line.base, line.path, [*line.asked, *parameters.items()], line.token)
        if line.what != "search":
            return list_of(answer, self.name)
        rows = document_of(answer, self.name).get("statuses")
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{self.name}: the search's answer has no statuses. Check `base_url`.")
        return rows

    def _vouched(self, poll: _Poll, searches: list[_Line]) -> Iterator[Page]:
        """Where no search found anything, ask for what must be there; where that is empty too, say so."""
        memory = part(poll.memory, "search")
        proof = poll.found or word(memory.get("proof")) or searches[0].asked[0][1]
        line = replace(searches[0], asked=(("q", proof), ("type", "statuses")))
        if poll.found or self._rows(poll, line, {"limit": "1"}):
            poll.memory["search"] = {"proof": proof}
            return
        told = _time(memory.get("told"))
        due = told is None or poll.now - told >= _TELL_AGAIN
        poll.memory["search"] = {"proof": proof, "told": clock.iso(poll.now) if due else memory["told"]}
        reason = "the search finds nothing at all, not even without a bound in time: it may be off, down or not allowed"
        silent = (Gap(since=told or poll.start, until=poll.now, reason="the search was silent"),) if due else ()
        aside = (Reject(line=None, reason=reason, raw=line.base),)
        told_of = Coverage(asked=1, more_available=True)
        yield Page(rejects=aside, gaps=silent, cursor=write_state(poll.memory), coverage=told_of)


def _cut_off(rows: list[Any], since: datetime) -> tuple[Gap, ...]:
    """What lies behind the one page that a search gives where it knows no offset."""
    oldest = min(times_of(rows, lambda row: instant(row.get("created_at"), "created_at")), default=None)
    until = since if oldest is None else clock.from_ms(oldest)
    return (Gap(since=since, until=until, reason="the search gives one page only"),) if since < until else ()


def _time(value: object) -> datetime | None:
    try:
        return instant(value, "")
    except ValueError:
        return None
