"""Hacker News by Algolia's search_by_date: stories and comments, newest first, one search for each term. No key.

One answer holds at most 1,000 hits and no paging leads further, so longer stretches are cut by time: the next
question ends where the last answer did. Both ends of a stretch are read again, and so is the last hour (or
`overlap_seconds`), as comments may be edited and scores rise. The search forgives typing errors, so hits are matched
again later. The cursor moves on for a term only when its whole stretch was read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from monitor import clock
from monitor.collectors._state import read_state, write_state
from monitor.collectors._text import plain
from monitor.collectors._web import ask, check_address, check_least, document_of
from monitor.domain import Author, Coverage, Cursor, Engagement, Mention, Page, Query, Reject
from monitor.errors import AnswerUnreadable
from monitor.http import GuardedClient, Limits
from monitor.post_fields import shown

PLATFORM = "hackernews"
_USUAL = frozenset(
    (
        *("objectID", "created_at", "created_at_i", "author", "title", "url", "story_text", "comment_text"),
        *("story_id", "parent_id", "points", "num_comments", "_highlightResult", "children", "updated_at"),
    )
)


@dataclass(frozen=True, kw_only=True)
class HackernewsOptions:
    """Settings of a source of kind `hackernews`."""

    base_url: str = field(default="https://hn.algolia.com/api/v1", metadata={"help": "Where the search API is."})
    page_size: int = field(default=1_000, metadata={"help": "Hits in one answer, at most 1000."})
    max_pages: int = field(default=10, metadata={"help": "Most answers for one term in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(default=3_600, metadata={"help": "How much is read again, for edits and scores."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)


@dataclass(slots=True)
class _Stretch:
    """What of one term is still to be read, in seconds since 1970: from `low` to `high`, both included."""

    done: int | None  # the newest hit of the last stretch that was read whole
    low: int
    high: int
    newest: int

    def told(self) -> dict[str, int | None]:
        return {"done": self.done, "low": self.low, "high": self.high, "newest": self.newest}


class HackernewsCollector:
    """Searches Hacker News for each of the brands' names."""

    kind: ClassVar[str] = "hackernews"
    Options: ClassVar[type[HackernewsOptions]] = HackernewsOptions

    def __init__(self, name: str, options: HackernewsOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the hits of each term, newest first."""
        before = read_state(since)
        memory = {term: before[term] for term in query.terms if isinstance(before.get(term), dict)}
        for term in query.terms:
            yield from self._term_pages(term, memory, now)

    def _term_pages(self, term: str, memory: dict[str, Any], now: datetime) -> Iterator[Page]:
        """Finish the stretch that was begun, then read what is newer, within one bound on the answers."""
        stretch, fresh = self._resumed(memory.get(term), now)
        for _ in range(self._options.max_pages):
            hits, total = self._hits(term, stretch, now)
            mentions, rejects, times = _read(hits, now)
            since, until = (
                clock.from_ms(stretch.low * 1_000),
                clock.from_ms(min(stretch.high * 1_000, clock.to_ms(now))),
            )
            whole, stuck = self._advance(stretch, times, len(hits), total)
            memory[term] = {"done": stretch.done} if whole else stretch.told()
            yield Page(
                mentions=mentions,
                rejects=rejects,
                cursor=write_state(memory),
                coverage=Coverage(
                    asked=self._options.page_size,
                    returned=len(hits),
                    more_available=stuck or not whole,
                    total=total,
                    since=since,
                    until=until,
                ),
            )
            if whole and fresh:
                return
            if whole:
                stretch, fresh = self._resumed(memory[term], now)

    def _resumed(self, told: Any, now: datetime) -> tuple[_Stretch, bool]:
        """What to read, and whether it reaches up to now."""
        known = {name: value for name, value in (told or {}).items() if type(value) is int}
        if {"low", "high", "newest"} <= known.keys():
            return _Stretch(known.get("done"), known["low"], known["high"], known["newest"]), False
        present = clock.to_ms(now) // 1_000
        done = known.get("done")
        back = timedelta(hours=self._options.lookback_hours) // timedelta(seconds=1)
        low = present - back if done is None else done - self._options.overlap_seconds
        return _Stretch(done, low, present, done or low), True

    def _hits(self, term: str, stretch: _Stretch, now: datetime) -> tuple[list[Any], int]:
        asked = {
            "query": term,
            "tags": "(story,comment)",
            "numericFilters": f"created_at_i>={stretch.low},created_at_i<={stretch.high}",
            "hitsPerPage": str(min(self._options.page_size, 1_000)),
            "page": "0",
        }
        url = f"{self._options.base_url.rstrip('/')}/search_by_date?{urlencode(asked)}"
        document = document_of(ask(self._client, url, self.name, now=now), self.name)
        hits, total = document.get("hits"), document.get("nbHits")
        if not isinstance(hits, list):
            raise AnswerUnreadable(f"{self.name}: the answer has no hits. Check `base_url`.")
        return hits, total if type(total) is int else len(hits)

    def _advance(self, stretch: _Stretch, times: list[int], rows: int, total: int) -> tuple[bool, bool]:
        """Whether the stretch is read whole, and whether a second had more hits than one answer holds."""
        stretch.newest = max([stretch.newest, *times])
        if not times or (rows < min(self._options.page_size, 1_000) and rows >= total):
            stretch.done = stretch.newest
            return True, False
        oldest = min(times)
        stuck = oldest >= stretch.high  # the whole answer lies in one second: the rest of it is out of reach
        stretch.high = stretch.high - 1 if stuck else oldest
        whole = stretch.high < stretch.low
        if whole:
            stretch.done = stretch.newest
        return whole, stuck


def _read(hits: list[Any], now: datetime) -> tuple[tuple[Mention, ...], tuple[Reject, ...], list[int]]:
    mentions, rejects, times = [], [], []
    for place, hit in enumerate(hits, start=1):
        try:
            mention = _mention(hit, now)
        except ValueError as error:
            rejects.append(Reject(line=place, reason=str(error), raw=shown(str(hit))))
        else:
            mentions.append(mention)
        if isinstance(hit, dict) and type(hit.get("created_at_i")) is int:
            times.append(hit["created_at_i"])
    return tuple(mentions), tuple(rejects), times


def _mention(hit: Any, now: datetime) -> Mention:
    if not isinstance(hit, dict):
        raise ValueError("a hit is not an object")
    ident, seconds = hit.get("objectID"), hit.get("created_at_i")
    if not ident or not isinstance(ident, str | int):
        raise ValueError("no objectID")
    if type(seconds) is not int or not 0 <= seconds < 1 << 37:
        raise ValueError("created_at_i is not a time")
    text = "\n".join(
        part for name in ("title", "story_text", "comment_text") if (part := plain(str(hit.get(name) or "")))
    )
    if not text:
        raise ValueError("no text")
    author = str(hit["author"]) if hit.get("author") else None
    return Mention(
        platform=PLATFORM,
        native_id=str(ident),
        text=text,
        published_at=min(clock.from_ms(seconds * 1_000), now),
        author=Author(native_id=author, handle=author),
        engagement=Engagement(likes=_count(hit.get("points")), replies=_count(hit.get("num_comments"))),
        url=f"https://news.ycombinator.com/item?id={ident}",
        conversation_id=str(hit["story_id"]) if hit.get("story_id") else None,
        in_reply_to=str(hit["parent_id"]) if hit.get("parent_id") else None,
        extra={name: value for name, value in hit.items() if name not in _USUAL}
        | ({"link": hit["url"]} if hit.get("url") else {}),
    )


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 53 else None
