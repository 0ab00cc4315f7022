"""Reddit: submissions by search, and the comments of named subreddits. Needs an application that Reddit approved.

Its id and secret stand in env:REDDIT_CLIENT_ID and env:REDDIT_CLIENT_SECRET (reddit.com/prefs/apps; since November 2025
only after approval under the Responsible Builder Policy, and for commercial use with a contract).

Search knows submissions only, so comments are read whole, subreddit by subreddit, and matched later like everything
else. Both lists are newest first and about 1,000 rows deep, search at times less: a list that ends before it reaches
what was read before is told as a gap. The place in a list is the name of a post; where that post was deleted meanwhile,
the list seems to end, so an empty page after a name begins again at the top, once. A list that is empty although it
had posts before is a fault of the server. Posts that are shown as deleted or removed are told as deletions; those that
are merely no longer shown are seen by the re-check, which asks for posts by name, 100 at a time (/api/info). Limits
come in seconds left.

Not by praw, though it is well kept: its requests go through a session of `requests`, which would pass by the guarded
client (a session of our own would have to imitate the answers of `requests` as well), and prawcore sleeps, in its rate
limiter and between its retries, which only private attributes can change. A collector never sleeps.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from monitor.collectors import _reddit_read as reads
from monitor.collectors._answers import check_safe
from monitor.collectors._fields import packed, read_rows, times_of
from monitor.collectors._newest_first import Reading, gap
from monitor.collectors._recheck import DAILY, is_believed, judged, parts_of
from monitor.collectors._reddit_client import Application, RedditClient
from monitor.collectors._state import read_state, write_state
from monitor.collectors._web import check_least
from monitor.domain import Coverage, Cursor, Page, Query, Secret, Terms
from monitor.errors import SourceDown
from monitor.http import GuardedClient, Limits

LONGEST_SEARCH = 400  # characters
SHALLOW = 240  # rows: lists of search were seen to end so early
_USER_AGENT = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+ \(by /?u/[\w-]+\)", re.ASCII)
_SUBREDDIT = re.compile(r"\w{2,50}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class RedditOptions:
    """Settings of a source of kind `reddit`."""

    user_agent: str = field(
        metadata={"help": 'What Reddit requires: "platform:app:version (by /u/name)", with your own name on Reddit.'}
    )
    client_id: Secret = field(default=Secret("env:REDDIT_CLIENT_ID"), metadata={"help": "The application's id."})
    client_secret: Secret = field(
        default=Secret("env:REDDIT_CLIENT_SECRET"), metadata={"help": "The application's secret."}
    )
    subreddits: tuple[str, ...] = field(
        default=(), metadata={"help": "Subreddits whose comments are read; without any, none are."}
    )
    everywhere: bool = field(
        default=True, metadata={"help": "Whether to search all of Reddit, and not `subreddits` only."}
    )
    base_url: str = field(default="https://oauth.reddit.com", metadata={"help": "Where the API is."})
    auth_url: str = field(default="https://www.reddit.com", metadata={"help": "Where tokens are given."})
    page_size: int = field(default=100, metadata={"help": "Posts on a page, at most 100."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one list in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(default=3_600, metadata={"help": "How much is read again, for edits and deletions."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        for name in ("base_url", "auth_url"):
            check_safe(name, getattr(self, name), self.allow_private_hosts)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)
        if not _USER_AGENT.fullmatch(self.user_agent):
            raise ValueError('user_agent must be as in "linux:acme-listening:1.0 (by /u/acme)", or Reddit refuses it')
        if not all(_SUBREDDIT.fullmatch(name) for name in self.subreddits):
            raise ValueError('subreddits must be bare names, as in ["de", "videos"], without r/')
        if not self.everywhere and not self.subreddits:
            raise ValueError("everywhere = false needs subreddits to search in")


@dataclass(frozen=True, slots=True)
class _Listing:
    """One list: where it is, and what is asked of it."""

    path: str
    search: str = ""  # empty: comments

    @property
    def key(self) -> str:
        """Its name in the cursor."""
        return f"{self.path} {self.search}".strip()

    @property
    def asked(self) -> dict[str, str]:
        """Parameters in Reddit's words."""
        if not self.search:
            return {}
        inside = "0" if self.path == "/r/all/search" else "1"
        return {"q": self.search, "restrict_sr": inside, "sort": "new", "t": "all", "syntax": "lucene", "type": "link"}


class RedditCollector:
    """Searches submissions, and reads comments."""

    kind: ClassVar[str] = "reddit"
    Options: ClassVar[type[RedditOptions]] = RedditOptions
    terms: ClassVar[Terms] = Terms(
        share="ids",
        note="Reddit's Data API Terms: what its author or Reddit deleted must go from copies too, and content is not"
        " handed on. Commercial use needs a contract with Reddit.",
    )
    recheck_every: timedelta = DAILY
    recheck_batch: int = 100

    def __init__(self, name: str, options: RedditOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        application = Application(
            client_id=options.client_id, client_secret=options.client_secret, user_agent=options.user_agent
        )
        client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)
        self._client = RedditClient(client, name, application, auth_url=options.auth_url, base_url=options.base_url)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield each search's submissions, then the comments, newest first.

        A list that is empty and must not be is told when all the others were read.
        """
        before = read_state(since)
        listings = self._listings(query)
        readings = {listing.key: Reading.read(before.get(listing.key)) for listing in listings}
        empty = set()
        for listing in listings:
            try:
                yield from self._list_pages(listing, readings, now)
            except _WronglyEmpty:
                empty.add("submissions" if listing.search else "comments")
        if empty:
            told = " and ".join(sorted(empty))
            raise SourceDown(f"{self.name}: Reddit shows no {told}, though it did before. The next poll tries again.")

    def _listings(self, query: Query) -> list[_Listing]:
        joined = "+".join(self._options.subreddits)
        path = f"/r/{'all' if self._options.everywhere else joined}/search"
        searches = packed(query.terms, join=" OR ", longest=LONGEST_SEARCH)
        listings = [_Listing(path, search) for search in searches]
        return listings + ([_Listing(f"/r/{joined}/comments")] if joined else [])

    def _list_pages(self, listing: _Listing, readings: dict[str, Reading], now: datetime) -> Iterator[Page]:
        options, reading = self._options, readings[listing.key]
        lookback, overlap = timedelta(hours=options.lookback_hours), timedelta(seconds=options.overlap_seconds)
        for _ in range(options.max_pages):
            reading.begin(now, lookback=lookback, overlap=overlap)
            rows, after = self._ask(listing, reading, now)
            if not rows and after is None and reading.place and not reading.restarts:
                reading.restart()  # the post at this place may be gone, and the list with it
                yield self._page(rows, readings, now)
                continue
            after = None if after == reading.place else after
            below = reading.take(times_of(rows, reads.created), len(rows), after, now=now)
            if after is None and not reading.rows and reading.done is not None:
                raise _WronglyEmpty
            if after is None and not below and _ended_early(reading):
                yield gap(reading.since, reading.seen_down_to)
            if after is None or below:
                reading.finish()
            yield self._page(rows, readings, now)
            if not reading.running:
                return

    def _ask(self, listing: _Listing, reading: Reading, now: datetime) -> tuple[list[object], str | None]:
        asked = listing.asked | {"limit": str(min(self._options.page_size, 100))}
        return self._client.listing(listing.path, asked | ({"after": reading.place} if reading.place else {}), now=now)

    def _page(self, rows: list[object], readings: dict[str, Reading], now: datetime) -> Page:
        mentions, deletions, rejects = read_rows(rows, lambda row: reads.post(row, now))
        coverage = self._told(
            self._options.page_size, len(rows), more=any(reading.running for reading in readings.values())
        )
        return Page(
            mentions=tuple(mentions),
            deletions=tuple(deletions),
            rejects=tuple(rejects),
            cursor=write_state({key: reading.told() for key, reading in readings.items()}),
            coverage=coverage,
        )

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts, a hundred at a time: those that are left out are gone."""
        memory = read_state(since)
        for names in parts_of(ids, 100):
            rows, _ = self._client.listing("/api/info", {"id": ",".join(names)}, now=now)
            believed = is_believed(memory, len(names), len(rows), now)
            page = judged(
                names, rows, lambda row: reads.still(row, now),
                platform=reads.PLATFORM, name_of=reads.name_of, believed=believed,
            )  # fmt: skip
            yield replace(page, cursor=write_state(memory), coverage=self._told(len(names), len(rows)))

    def _told(self, asked: int, rows: int, *, more: bool = False) -> Coverage:
        client = self._client
        return Coverage(
            asked=asked, returned=rows, more_available=more, remaining=client.remaining, resets_at=client.resets_at
        )


class _WronglyEmpty(Exception):
    """A list without posts where there were some."""


def _ended_early(reading: Reading) -> bool:
    """Whether a list that ended above what is wanted held less than there is: what was read before is missing."""
    if reading.done is None:
        return (reading.rows or 0) >= SHALLOW
    return reading.oldest is not None and reading.oldest > reading.done
