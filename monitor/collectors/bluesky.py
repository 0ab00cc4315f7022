"""Bluesky: Jetstream to listen, the account's search to fill holes. Knows nothing of the store or of scoring.

Each poll opens the stream (no key needed) at the cursor, reads until it has caught up with now, and closes it: within
`max_seconds` and `max_messages`; the rest comes next. Version 1 (…/subscribe) resumes at a time in microseconds,
version 2 (…/subscribeEvents) at a number; which one it is, the address tells. Servers go back 36 hours and start later
than asked without a word (version 1), with a notice or a refusal (version 2): each is seen, and the hole is told.

With `handle` and an app password (env:BLUESKY_APP_PASSWORD; Settings → App passwords), holes and the time before the
first poll are filled by searchPosts. Deleted posts leave as deletions, and so does an account that was closed or
suspended, as one that stands for all of its posts; one that opens again may be shown again. What the stream did not
bring is seen by the re-check, which asks the network's public servers (`appview_url`; no key needed) for posts by name.
The stream tells no handles: name a brand's own accounts in `skip_authors` as did:plc:….
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from monitor.collectors import _bluesky_recheck as again
from monitor.collectors._answers import check_safe, error_of, fetch
from monitor.collectors._bluesky_backfill import Backfill
from monitor.collectors._bluesky_events import POSTS, Sieve, notice_of, place_of, to_micros
from monitor.collectors._bluesky_pages import Gatherer, Memory, time_at
from monitor.collectors._bluesky_search import Asked, Session, refusal
from monitor.collectors._recheck import DAILY
from monitor.collectors._state import read_state
from monitor.collectors._web import check_address, check_least
from monitor.collectors._websocket import Bounds, HandshakeRefused, Line, checked_websocket, opened
from monitor.domain import Cursor, Gap, Page, Query, Secret, Terms
from monitor.errors import AnswerUnreadable, SourceDown
from monitor.http import Answer, GuardedClient, HttpError, Limits, Unreachable


@dataclass(frozen=True, kw_only=True)
class BlueskyOptions:
    """Settings of a source of kind `bluesky`."""

    stream_url: str = field(
        default="wss://jetstream2.us-east.bsky.network/subscribe",
        metadata={"help": "A Jetstream, /subscribe or /xrpc/network.bsky.jetstream.subscribeEvents; empty: none."},
    )
    handle: str = field(default="", metadata={"help": "Account that searches, to fill holes; empty: no search."})
    app_password: Secret = field(
        default=Secret("env:BLUESKY_APP_PASSWORD"), metadata={"help": "The account's app password."}
    )
    pds_url: str = field(default="https://bsky.social", metadata={"help": "The server that holds the account."})
    appview_url: str = field(
        default="https://public.api.bsky.app",
        metadata={"help": "Where posts that were kept are asked for again; empty: at `pds_url`, with `handle`."},
    )
    skip_authors: tuple[str, ...] = field(
        default=(), metadata={"help": "Accounts whose posts are passed over, as did:plc:…."}
    )
    page_size: int = field(default=100, metadata={"help": "Posts on a page of the search, 1 to 100."})
    stream_page: int = field(default=500, metadata={"help": "Most posts of the stream that are stored at once."})
    max_seconds: float = field(default=60.0, metadata={"help": "Longest time on the stream in one poll."})
    max_messages: int = field(default=500_000, metadata={"help": "Most new lines of the stream in one poll."})
    max_pages: int = field(default=10, metadata={"help": "Most answers of the search in one poll."})
    idle_seconds: float = field(default=5.0, metadata={"help": "Silence after which the stream has no more for now."})
    silence_seconds: float = field(
        default=120.0,
        metadata={"help": "The network is never silent so long: a later start is a hole, no line at all a fault."},
    )
    replay_hours: float = field(default=1.0, metadata={"help": "How far back the first poll reads the stream."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll searches."})
    overlap_seconds: float = field(
        default=5.0, metadata={"help": "How much is read again, as servers witness at different times."}
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        if not self.stream_url and not self.handle:
            raise ValueError("stream_url and handle are both empty: there is nothing to read")
        if self.stream_url:
            try:
                checked_websocket(self.stream_url)
            except HttpError as error:
                raise ValueError(f"stream_url: {error}") from None
        check_safe("pds_url", self.pds_url, self.allow_private_hosts)
        if self.appview_url:
            check_address("appview_url", self.appview_url)
        check_least(self, page_size=1, stream_page=1, max_pages=1, max_messages=1, max_seconds=0.1, timeout=0.1)
        check_least(self, idle_seconds=0.05, silence_seconds=1, replay_hours=0, lookback_hours=0, overlap_seconds=0)


class _AskByTime(Exception):
    """The server does not know the number any more: ask again, by time."""


class BlueskyCollector:
    """Listens to the whole network and keeps what may name a brand; searches for what it missed."""

    kind: ClassVar[str] = "bluesky"
    Options: ClassVar[type[BlueskyOptions]] = BlueskyOptions
    terms: ClassVar[Terms] = Terms(
        note="Bluesky's Developer Guidelines: what was deleted, and what closed accounts wrote, goes from copies too."
    )
    recheck_every: timedelta = DAILY
    recheck_batch: int = again.BATCH

    def __init__(self, name: str, options: BlueskyOptions) -> None:
        self.name = name
        self._options = options
        self.endpoint = urlsplit(options.pds_url if options.handle else options.stream_url).netloc
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=Limits(seconds=options.timeout))
        self._session = Session(self._client, options.pds_url, name, options.handle, options.app_password)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what the stream holds since the cursor, then what the search finds in known holes."""
        options = self._options
        memory = Memory.read(since, hashlib.sha256(options.stream_url.encode()).hexdigest()[:16])
        if options.handle:
            self._note_unread(memory, now)
        if options.stream_url:
            try:
                yield from self._listen(query, memory, now, by_time=memory.seq is None)
            except _AskByTime:
                yield from self._listen(query, memory, now, by_time=True)
        if options.handle:
            backfill = Backfill(self._session, memory, size=options.page_size, most=options.max_pages)
            yield from backfill.pages(query, now)

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts: those that are left out are gone. Nothing, where there is nobody to ask."""
        place, handle = self._options.appview_url.rstrip("/"), self._options.handle

        def ask(asked: Asked) -> Answer:
            if not place:
                return self._session.ask(again.METHOD, asked, now=now)
            return fetch(self._client, f"{place}/xrpc/{again.METHOD}?{urlencode(asked)}", self.name)

        if place or handle:
            yield from again.recheck(ask, ids, read_state(since), self.name, now)

    def _note_unread(self, memory: Memory, now: datetime) -> None:
        """What only the search can give: the time before the first poll; without a stream, all since the last one."""
        options = self._options
        until = now - timedelta(hours=options.replay_hours) if options.stream_url else now
        if memory.time is None:
            memory.note_hole(now - timedelta(hours=options.lookback_hours), until)
        elif not options.stream_url:
            memory.note_hole(time_at(memory.time) - self._overlap, until)
        if not options.stream_url:
            memory.time = to_micros(now)

    @property
    def _overlap(self) -> timedelta:
        return timedelta(seconds=self._options.overlap_seconds)

    def _listen(self, query: Query, memory: Memory, now: datetime, *, by_time: bool) -> Iterator[Page]:
        """Open the stream and read it; what came before a fault is kept."""
        options = self._options
        first = now - timedelta(hours=options.replay_hours)
        start = to_micros(first if memory.time is None else time_at(memory.time) - self._overlap)
        gatherer = Gatherer(Sieve(query), now, options.stream_page, frozenset(options.skip_authors))
        bounds = Bounds(opening=options.timeout, idle=options.idle_seconds, total=options.max_seconds)
        address = self._address(start if by_time or memory.seq is None else memory.seq)
        try:
            with opened(address, allow_hosts=options.allow_private_hosts, bounds=bounds) as line:
                yield from self._read(line, gatherer, memory, start, by_time=by_time)
        except HandshakeRefused as error:
            raise self._refusal(error, now, by_time=by_time) from None
        except Unreachable as error:
            if gatherer.lines:
                yield gatherer.page(memory, more=True)
            raise SourceDown(f"{self.name}: {error} The next poll tries again.") from None
        except HttpError as error:
            raise AnswerUnreadable(f"{self.name}: {error}") from None

    def _address(self, cursor: int) -> str:
        place = urlsplit(self._options.stream_url)
        asked = [("wantedCollections", POSTS)]
        if place.path.endswith("subscribeEvents"):
            asked = [("kinds", "commit"), ("kinds", "account"), ("collections", POSTS)]
        asked = [*parse_qsl(place.query), *asked, ("cursor", str(cursor))]
        return urlunsplit((place.scheme, place.netloc, place.path, urlencode(asked), ""))

    def _refusal(self, error: HandshakeRefused, now: datetime, *, by_time: bool) -> Exception:
        """What an answer means that is no stream: too old a number is asked for again by its time."""
        answer = error.answer
        if not by_time and answer.status == 400 and b"CursorTooOld" in answer.body:
            return _AskByTime()
        if answer.status < 400:
            return AnswerUnreadable(f"{self.name}: {error} Check `stream_url`.")
        return refusal(answer, self.name, now) if answer.status == 429 else error_of(answer, self.name, now)

    def _read(self, line: Line, gatherer: Gatherer, memory: Memory, start: int, *, by_time: bool) -> Iterator[Page]:
        """Pages of the stream until it has caught up with now, a bound is met, or no more comes."""
        now_us, known, fresh = to_micros(gatherer.now), memory.time or 0, 0
        clamped = begun = False
        for text in line.messages():
            place = place_of(text)
            if place is None and (notice := notice_of(text)):
                clamped = self._noticed(notice, by_time=by_time)
                continue
            if place is not None and not begun:
                begun = True
                if clamped or place.time_us - start > self._options.silence_seconds * 1e6:
                    yield from self._hole(memory, start, min(place.time_us, now_us))
            if place is not None and place.time_us >= now_us:
                break
            gatherer.take(text, place)
            fresh += place is None or place.time_us > known
            if fresh >= self._options.max_messages:
                yield gatherer.page(memory, more=True)
                return
            if gatherer.full:
                yield gatherer.page(memory, more=True)
        if not begun and now_us - start > self._options.silence_seconds * 1e6:
            raise Unreachable("the stream is open and silent, and the network never is.", sent=True)
        yield gatherer.page(memory, more=line.cut or bool(memory.holes))

    def _noticed(self, notice: str, *, by_time: bool) -> bool:
        """Whether the stream begins later than asked. Raises Unreachable where the notice is the stream's end."""
        if notice == "FutureCursor" and not by_time:
            raise _AskByTime
        if notice not in ("OutdatedCursor", "FutureCursor"):
            raise Unreachable(f"the stream ends with {notice}.", sent=True)
        return True

    def _hole(self, memory: Memory, since: int, until: int) -> Iterator[Page]:
        """What the server left out: a gap, until the search has filled it where that is possible."""
        memory.time = until
        if self._options.handle:
            memory.note_hole(time_at(since), time_at(until))
        lost = Gap(since=time_at(since), until=time_at(until), reason="the stream began later than asked")
        yield Page(gaps=(lost,), cursor=memory.cursor())
