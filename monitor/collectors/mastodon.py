"""Mastodon: hashtag timelines of one or more servers; with an account's token also search, and posts that mention it.

Checked against docs.joinmastodon.org and the server's code of 2026: hashtag timelines and notifications page forward
by `min_id`, one cursor for each; the search does not (see _mastodon_paging). The search finds only posts whose authors
agreed to it and that the server knows, and gives an empty list, not an error, where the server has no search engine,
it is down, or the token may not search. So when no search of a poll finds anything, one that must find something is
asked; if that is empty too, coverage says that something may be missing, a range is kept as a gap once a day, and the
reason is set aside with the rows that cannot be read. Silence is never counted as zero without a word.

Limits: 300 requests in 5 minutes for an account and for an address; `X-RateLimit-Reset` is an ISO time. Edits are seen
while the overlap reads a post again; deletions are not told by these timelines.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unicodedata import category
from urllib.parse import quote, urlencode, urlsplit

from monitor import clock
from monitor.collectors._answers import reveal
from monitor.collectors._fields import instant, part, read_rows, word
from monitor.collectors._mastodon_paging import Paging, Sweep, Walk
from monitor.collectors._mastodon_posts import is_old, read_row
from monitor.collectors._state import read_state, write_state
from monitor.collectors._translated import TranslatingClient, asked_to_wait, list_of
from monitor.collectors._turns import TURN, in_turn, next_turn
from monitor.collectors._web import DEFAULT_WAIT, LONGEST_WAIT, ask, check_address, check_least, document_of
from monitor.domain import Coverage, Cursor, Page, Query, Reject, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited
from monitor.http import Answer, Limits

_LOCAL = ("localhost", "127.0.0.1", "::1")
_TELL_AGAIN = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class MastodonOptions:
    """Settings of a source of kind `mastodon`."""

    base_url: str = field(
        default="https://mastodon.social", metadata={"help": "The server whose account you have, or any other."}
    )
    more_servers: tuple[str, ...] = field(
        default=(), metadata={"help": "Addresses of servers whose hashtags are read too, without the credential."}
    )
    credential: Secret | None = field(
        default=None,
        metadata={
            "help": "Access token of an account at `base_url`, with the scopes read:search, read:statuses and"
            " read:notifications. Without it hashtags alone are read."
        },
    )
    names_as_hashtags: bool = field(
        default=True, metadata={"help": "Whether brands' names, written as one word, are read as hashtags too."}
    )
    search: bool = field(default=True, metadata={"help": "Whether names are searched for, given a credential."})
    mentions: bool = field(
        default=True, metadata={"help": "Whether posts that mention the account are read, given a credential."}
    )
    page_size: int = field(default=40, metadata={"help": "Posts on a page, at most 40."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one timeline in one poll; the rest is next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(
        default=1_800, metadata={"help": "How much is read again, for posts that arrive late and for edits."}
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        for address in self.more_servers:
            check_address("more_servers", address)
        place = urlsplit(self.base_url)
        if self.credential and place.scheme != "https" and place.hostname not in _LOCAL:
            raise ValueError("base_url must begin with https:// where there is a credential, or it could be read")
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)


@dataclass(frozen=True, slots=True)
class _Line:
    """One list of posts that a server keeps."""

    base: str
    path: str
    what: str  # "hashtag", "search" or "mentions"
    asked: tuple[tuple[str, str], ...] = ()
    token: str | None = None


@dataclass(slots=True)
class _Poll:
    """What one poll knows while it runs."""

    now: datetime
    start: datetime  # how far back a first reading goes
    memory: dict[str, Any]
    left: bool = False  # something is behind that only a later poll reads
    found: str | None = None  # a search that found something
    spent: dict[str, datetime | None] = field(default_factory=dict)  # servers that want no more questions, until when


class MastodonCollector:
    """Reads hashtags, searches and own mentions."""

    kind: ClassVar[str] = "mastodon"
    Options: ClassVar[type[MastodonOptions]] = MastodonOptions

    def __init__(self, name: str, options: MastodonOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = TranslatingClient(self._translated, allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield each line's pages. A server that fails keeps no other from being read; its error comes last."""
        lines = {f"{line.base}{line.path}?{urlencode(line.asked)}": line for line in self._lines(query)}
        if not lines:
            raise CollectorError(f"{self.name}: there is nothing to ask for. Name hashtags in config/brands.toml.")
        before = read_state(since)
        memory = {key: before[key] for key in (*lines, TURN, "search") if key in before}
        poll = _Poll(now, now - timedelta(hours=self._options.lookback_hours), memory)
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
        if searches and not errors and searches[0].base not in poll.spent:
            yield from self._vouched(poll, searches)
        if errors:
            raise next((error for error in errors if isinstance(error, RateLimited)), errors[0])

    def _lines(self, query: Query) -> Iterator[_Line]:
        options, token = self._options, reveal(self._options.credential, self.name, "a token")
        tags = [tag.lstrip("#") for tag in query.hashtags]
        if options.names_as_hashtags:
            tags += [
                "".join(sign for sign in term if category(sign)[0] in "LMN" or sign == "_") for term in query.terms
            ]
        home = options.base_url.rstrip("/")
        for base in dict.fromkeys((home, *(address.rstrip("/") for address in options.more_servers))):
            for tag in dict.fromkeys(tag.lower() for tag in tags if tag and not tag.isdigit()):
                path = f"/api/v1/timelines/tag/{quote(tag, safe='')}"
                yield _Line(base, path, "hashtag", token=token if base == home else None)
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
            more = paging.advance(ids, old=not fresh, now=poll.now)
            poll.memory |= {key: paging.told()} | next_turn(keys, key, unfinished=more)
            told = Coverage(asked=self._size, returned=len(rows), more_available=more or poll.left)
            yield self._page(poll, line, fresh, told)
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
        return Page(mentions=tuple(mentions), rejects=tuple(rejects), cursor=cursor, coverage=coverage)

    def _rows(self, poll: _Poll, line: _Line, parameters: dict[str, str]) -> list[Any]:
        if line.base in poll.spent:
            raise RateLimited(self.name, _wait(poll.spent[line.base], poll.now))
        url = f"{line.base}{line.path}?{urlencode([*line.asked, *parameters.items()])}"
        headers = {"authorization": f"Bearer {line.token}"} if line.token else {}
        answer = ask(self._client, url, self.name, now=poll.now, headers=headers)
        if answer.headers.get("x-ratelimit-remaining") == "0":
            poll.spent[line.base] = _reset(answer)
        if line.what != "search":
            return list_of(answer, self.name)
        rows = document_of(answer, self.name).get("statuses")
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{self.name}: the search's answer has no statuses. Check `base_url`.")
        return rows

    def _translated(self, answer: Answer) -> Answer:
        if answer.status == 429:
            return asked_to_wait(answer, _reset(answer))
        if answer.status in (401, 403, 422):
            raise CredentialRefused(
                f"{self.name}: the server lets only accounts read this, or the credential may not ({answer.status})."
                " Set `credential` to a token with read:search, read:statuses and read:notifications."
            )
        if answer.status == 404 and b'"Record not found"' in answer.body[:200]:
            return Answer(status=200, headers=answer.headers, body=b"[]")  # a hashtag that nobody used so far
        return answer

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
        silent = Coverage(asked=1, more_available=True, since=(told or poll.start) if due else None, until=poll.now)
        yield Page(rejects=(Reject(line=None, reason=reason, raw=line.base),), coverage=silent)
        yield Page(cursor=write_state(poll.memory), coverage=Coverage(more_available=True))


def _reset(answer: Answer) -> datetime | None:
    """When the limit ends, by `X-RateLimit-Reset`."""
    return _time(answer.headers.get("x-ratelimit-reset"))


def _wait(until: datetime | None, now: datetime) -> timedelta:
    return until - now if until and timedelta(0) < until - now <= LONGEST_WAIT else DEFAULT_WAIT


def _time(value: object) -> datetime | None:
    try:
        return instant(value, "")
    except ValueError:
        return None
