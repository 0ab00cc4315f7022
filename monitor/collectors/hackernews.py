"""Hacker News by Algolia's search_by_date: stories and comments, newest first, one search for each term. No key.

One answer holds at most 1,000 hits and no paging leads further, so longer stretches are cut by time: the next
question ends where the last answer did. Both ends of a stretch are read again, and so is the last hour (or
`overlap_seconds`), as comments may be edited and scores rise. The search forgives typing errors, so hits are matched
again later. The cursor moves on for a term only when its whole stretch was read; more hits in one second than an
answer holds are told as a gap.

What became of a story or comment is asked once a day at Hacker News's own API, which knows them by number, one at a
time: `deleted` by its author, or `dead` (killed or flagged). An item that it answers `null` for is not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlencode

from monitor.collectors._fields import Row, count, ident, read_rows, seconds, times_of, word
from monitor.collectors._recheck import DAILY, judged, one_by_one
from monitor.collectors._slices import SECOND, Part, Plan, Stretch, read_texts
from monitor.collectors._state import read_state
from monitor.collectors._text import plain
from monitor.collectors._web import ask, check_address, check_least, document_of
from monitor.domain import Author, Cursor, Deletion, Engagement, Mention, Page, Query, Terms
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
    items_url: str = field(
        default="https://hacker-news.firebaseio.com/v0", metadata={"help": "Where single items are, for re-checks."}
    )
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
        check_address("items_url", self.items_url)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)


class HackernewsCollector:
    """Searches Hacker News for each of the brands' names."""

    kind: ClassVar[str] = "hackernews"
    Options: ClassVar[type[HackernewsOptions]] = HackernewsOptions
    terms: ClassVar[Terms] = Terms(
        note="Hacker News names no term. What its author deleted, or its readers and moderators killed, goes from"
        " copies too."
    )
    recheck_every: timedelta = DAILY
    recheck_batch: int = 20  # one question for each

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

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of stories and comments, one by one."""

        def page_of(name: str) -> Page | None:
            url = f"{self._options.items_url.rstrip('/')}/item/{quote(name, safe='')}.json"
            answer = ask(self._client, url, self.name, now=now)
            if answer.body.strip() == b"null":
                return None
            item = document_of(answer, self.name)
            return judged(
                [name], [item], lambda row: _item(row, now),
                platform=PLATFORM, name_of=lambda row: ident(row.get("id"), "id"), believed=False,
            )  # fmt: skip

        yield from one_by_one(ids, page_of, read_state(since), platform=PLATFORM, now=now)

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
    native_id, author = ident(hit.get("objectID"), "objectID"), word(hit.get("author"))
    return Mention(
        platform=PLATFORM,
        native_id=native_id,
        text=_text(hit, "title", "story_text", "comment_text"),
        published_at=min(_time(hit), now),
        author=Author(native_id=author, handle=author),
        engagement=Engagement(likes=count(hit.get("points")), replies=count(hit.get("num_comments"))),
        url=f"https://news.ycombinator.com/item?id={native_id}",
        conversation_id=word(hit.get("story_id")),
        in_reply_to=word(hit.get("parent_id")),
        extra={name: value for name, value in hit.items() if name not in _USUAL}
        | ({"link": hit["url"]} if hit.get("url") else {}),
    )


def _item(item: Row, now: datetime) -> Mention | Deletion | None:
    """What an item is now; None: dead, so that it is shown to nobody who did not ask for it."""
    native_id = ident(item.get("id"), "id")
    if item.get("deleted") is True:
        return Deletion(platform=PLATFORM, native_id=native_id)
    if item.get("dead") is True:
        return None
    author = word(item.get("by"))
    return Mention(
        platform=PLATFORM,
        native_id=native_id,
        text=_text(item, "title", "text"),
        published_at=min(seconds(item.get("time"), "time"), now),
        author=Author(native_id=author, handle=author),
        engagement=Engagement(likes=count(item.get("score")), replies=count(item.get("descendants"))),
        in_reply_to=word(item.get("parent")),
    )


def _text(row: Row, *names: str) -> str:
    """What a person wrote, of the fields that hold it."""
    text = "\n".join(part for name in names if (part := plain(str(row.get(name) or ""))))
    if not text:
        raise ValueError("no text")
    return text
