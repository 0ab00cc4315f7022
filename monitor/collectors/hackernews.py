"""Hacker News by Algolia's search_by_date: stories and comments, newest first, one search for each term. No key.

One answer holds at most 1,000 hits and no paging leads further, so longer stretches are cut by time: the next
question ends where the last answer did. Both ends of a stretch are read again, and so is the last hour (or
`overlap_seconds`), as comments may be edited and scores rise. The search forgives typing errors, so hits are matched
again later. The cursor moves on for a term only when its whole stretch was read; more hits in one second than an
answer holds are told as a gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from monitor.collectors._fields import Row, count, ident, read_rows, seconds, times_of, word
from monitor.collectors._slices import SECOND, Part, Plan, Stretch, read_texts
from monitor.collectors._text import plain
from monitor.collectors._web import ask, check_address, check_least, document_of
from monitor.domain import Author, Cursor, Engagement, Mention, Page, Query
from monitor.errors import AnswerUnreadable
from monitor.http import GuardedClient, Limits

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
        options = self._options
        plan = Plan(
            lookback=timedelta(hours=options.lookback_hours),
            overlap=timedelta(seconds=options.overlap_seconds),
            most=options.max_pages,
        )

        def question(term: str, stretch: Stretch, _: str | None) -> Part:
            return self._part(term, stretch, now)

        yield from read_texts(query.terms, since, question, now=now, plan=plan, held={})

    def _part(self, term: str, stretch: Stretch, now: datetime) -> Part:
        size = min(self._options.page_size, 1_000)
        asked = {
            "query": term,
            "tags": "(story,comment)",
            "numericFilters": f"created_at_i>={stretch.low // SECOND},created_at_i<={stretch.high // SECOND}",
            "hitsPerPage": str(size),
            "page": "0",
        }
        url = f"{self._options.base_url.rstrip('/')}/search_by_date?{urlencode(asked)}"
        document = document_of(ask(self._client, url, self.name, now=now), self.name)
        hits, total = document.get("hits"), count(document.get("nbHits"))
        if not isinstance(hits, list):
            raise AnswerUnreadable(f"{self.name}: the answer has no hits. Check `base_url`.")
        mentions, _, rejects = read_rows(hits, lambda hit: _mention(hit, now))
        times = times_of(hits, _time)
        return Part(
            mentions=tuple(mentions),
            rejects=tuple(rejects),
            times=tuple(times),
            rows=len(hits),
            full=bool(times) and (len(hits) >= size or len(hits) < (total or 0)),
            total=total,
            asked=size,
        )


def _time(hit: Row) -> datetime:
    return seconds(hit.get("created_at_i"), "created_at_i")


def _mention(hit: Row, now: datetime) -> Mention:
    native_id, at = ident(hit.get("objectID"), "objectID"), _time(hit)
    text = "\n".join(
        part for name in ("title", "story_text", "comment_text") if (part := plain(str(hit.get(name) or "")))
    )
    if not text:
        raise ValueError("no text")
    author = word(hit.get("author"))
    return Mention(
        platform=PLATFORM,
        native_id=native_id,
        text=text,
        published_at=min(at, now),
        author=Author(native_id=author, handle=author),
        engagement=Engagement(likes=count(hit.get("points")), replies=count(hit.get("num_comments"))),
        url=f"https://news.ycombinator.com/item?id={native_id}",
        conversation_id=word(hit.get("story_id")),
        in_reply_to=word(hit.get("parent_id")),
        extra={name: value for name, value in hit.items() if name not in _USUAL}
        | ({"link": hit["url"]} if hit.get("url") else {}),
    )
