"""Threads: keyword and tag search, newest first, one search for each name. Knows nothing of the store or of scoring.

Needs a token in env:THREADS_ACCESS_TOKEN (developers.facebook.com → app → use case Threads; it lasts 60 days) of an app
that was approved for `threads_keyword_search`. Without that approval Meta answers with the token's own posts only, and
calls it success: when every post so far is by the token's own account, that is told as a refused credential. Meta
answers nothing for words that it finds sensitive, which cannot be told from no posts. 2,200 searches a day and user;
those that find nothing are free. No answer tells of deletions, of authors' ids or of likes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from monitor.collectors._answers import check_safe, error_of, fetch, reveal
from monitor.collectors._fields import ident, instant, part, read_rows, times_of, word
from monitor.collectors._slices import Part, Plan, Stretch, read_texts
from monitor.collectors._state import read_state
from monitor.collectors._web import DEFAULT_WAIT, check_least, document_of
from monitor.domain import Author, Cursor, Mention, Page, Query, Secret, Terms
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from monitor.http import Answer, GuardedClient, Limits
from monitor.post_fields import tidy

PLATFORM = "threads"
OLDEST = 1_688_540_400  # seconds; Threads refuses to search before its own beginning
_FIELDS = "id,text,media_type,permalink,timestamp,username,has_replies,is_quote_post,is_reply"
_USUAL = frozenset(("id", "text", "permalink", "timestamp", "username"))
# Codes of Meta's Graph API (its reference, Error Handling), whatever the status beside them.
_BUSY = frozenset((4, 17, 32, 613))
_TEMPORARY = frozenset((1, 2))


@dataclass(frozen=True, kw_only=True)
class ThreadsOptions:
    """Settings of a source of kind `threads`."""

    token: Secret = field(default=Secret("env:THREADS_ACCESS_TOKEN"), metadata={"help": "A user's long-lived token."})
    base_url: str = field(default="https://graph.threads.net/v1.0", metadata={"help": "Where the API is."})
    page_size: int = field(default=100, metadata={"help": "Posts in one answer, at most 100."})
    max_pages: int = field(default=5, metadata={"help": "Most answers for one name in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: float = field(default=900.0, metadata={"help": "How much is read again, for posts shown late."})
    own_posts: int = field(
        default=5,
        metadata={"help": "So many posts, all by the token's own account, mean a missing approval; 0: never."},
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, own_posts=0, timeout=0.1)


class ThreadsCollector:
    """Searches Threads for each of the brands' names, and for hashtags as topics."""

    kind: ClassVar[str] = "threads"
    Options: ClassVar[type[ThreadsOptions]] = ThreadsOptions
    terms: ClassVar[Terms] = Terms(
        note="Meta's Platform Terms: what is deleted there goes from copies too. Threads' search does not tell it:"
        " erase such a post with `db erase --post`."
    )

    def __init__(self, name: str, options: ThreadsOptions) -> None:
        self.name = name
        self._options = options
        self._own_name = ""
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the posts of each name, newest first. Raises CredentialRefused where only own posts are shown."""
        options = self._options
        texts = tuple(dict.fromkeys((*query.terms, *query.handles, *(f"#{tag}" for tag in query.hashtags))))
        plan = Plan(
            lookback=timedelta(hours=options.lookback_hours),
            overlap=timedelta(seconds=options.overlap_seconds),
            most=options.max_pages,
        )
        told = read_state(since).get("own")
        held: dict[str, object] = {"own": told if isinstance(told, list | bool) else []}

        def ask(text: str, stretch: Stretch, token: str | None) -> Part:
            found = self._ask(text, stretch, token, now)
            held["own"] = self._own_only(held["own"], found, now)
            return found

        yield from read_texts(texts, since, ask, now=now, plan=plan, held=held)
        own = held["own"]
        if isinstance(own, list) and 0 < options.own_posts <= len(own):
            raise CredentialRefused(
                f"{self.name}: every post that Threads has shown so far is by the token's own account. The app seems"
                " not to be approved for threads_keyword_search; apply for it, or set own_posts = 0."
            )

    def _own_only(self, before: object, found: Part, now: datetime) -> list[str] | bool:
        """The ids of the own posts while there were no others; False since there was another."""
        if not isinstance(before, list) or self._options.own_posts == 0:
            return False
        own = self._own_account(now) if found.mentions else ""
        if any(mention.author.handle != own for mention in found.mentions):
            return False
        ids = [*before, *(mention.native_id for mention in found.mentions)]
        return list(dict.fromkeys(ids))[: max(self._options.own_posts, 1)]

    def _own_account(self, now: datetime) -> str:
        if not self._own_name:
            document = self._get("me", {"fields": "username"}, now)
            self._own_name = word(document.get("username")) or "?"
        return self._own_name

    def _ask(self, text: str, stretch: Stretch, token: str | None, now: datetime) -> Part:
        limit = min(self._options.page_size, 100)
        asked = {
            "q": text.removeprefix("#"),
            "search_type": "RECENT",
            "search_mode": "TAG" if text.startswith("#") else "KEYWORD",
            "fields": _FIELDS,
            "limit": str(limit),
            "since": str(max(stretch.low // 1_000, OLDEST)),
            "until": str(stretch.high // 1_000 + 1),  # whether the end belongs to it is not told
        } | ({"after": token} if token else {})
        document = self._get("keyword_search", asked, now)
        rows = document.get("data")
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{self.name}: the answer has no data. Check `base_url`.")
        mentions, _, rejects = read_rows(rows, lambda row: _mention(row, now))
        paging = part(document, "paging")
        return Part(
            mentions=tuple(mentions),
            rejects=tuple(rejects),
            times=tuple(times_of(rows, lambda row: instant(row.get("timestamp"), "timestamp"))),
            rows=len(rows),
            full=len(rows) >= limit,
            doubt=token is not None and bool(rows),
            token=word(part(paging, "cursors").get("after")) if "next" in paging else None,
            asked=limit,
        )

    def _get(self, method: str, asked: dict[str, str], now: datetime) -> dict[str, Any]:
        token = reveal(self._options.token, self.name, "a user's access token")
        url = f"{self._options.base_url.rstrip('/')}/{method}?{urlencode(asked | {'access_token': token})}"
        answer = fetch(self._client, url, self.name)
        if refused := self._refusal(answer, now):
            raise refused
        return document_of(answer, self.name)

    def _refusal(self, answer: Answer, now: datetime) -> CollectorError | None:
        """What an answer means that holds no posts; its code says more than its status."""
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            told = None
        code = part(told, "error").get("code") if isinstance(told, dict) else None
        if type(code) is not int:
            return None if answer.status == 200 else error_of(answer, self.name, now)
        if code in _BUSY:
            return RateLimited(self.name, DEFAULT_WAIT)
        if code in _TEMPORARY:
            return SourceDown(f"{self.name}: Threads has a fault (code {code}). The next poll tries again.")
        if code == 190:
            return CredentialRefused(f"{self.name}: the token has expired or was taken back (code 190). Get a new one.")
        if code in (3, 10) or 200 <= code < 300:
            return CredentialRefused(
                f"{self.name}: the token may not search (code {code})."
                " It needs threads_basic and threads_keyword_search."
            )
        return AnswerUnreadable(f"{self.name}: Threads refuses the question (code {code}).")


def _mention(row: dict[str, Any], now: datetime) -> Mention | None:
    native_id, text, link = ident(row.get("id"), "id"), row.get("text"), word(row.get("permalink"))
    if text is None and row.get("media_type") not in (None, "TEXT_POST"):
        return None  # a picture without words
    if not isinstance(text, str) or not (kept := tidy(text)).strip():
        raise ValueError("no text")
    return Mention(
        platform=PLATFORM,
        native_id=native_id,
        text=kept,
        published_at=min(instant(row.get("timestamp"), "timestamp"), now),
        author=Author(handle=word(row.get("username"))),
        url=link if link and link.startswith("https://") else None,
        extra={name: value for name, value in row.items() if name not in _USUAL},
    )
