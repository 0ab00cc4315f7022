"""Bluesky's searchPosts through the account's server, to fill holes: a session, and one answer at a time.

Knows no cursor of ours. The session's tokens are kept in memory only; one that ran out is refreshed, and where that is
refused a new session is opened (300 a day, 30 in five minutes). The search sorts by the earlier of createdAt and
indexedAt, and its paging may end before its results do.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from monitor import clock
from monitor.collectors._answers import error_of, fetch, reveal
from monitor.collectors._bluesky_events import POSTS, mention_of, time_or_none
from monitor.collectors._fields import count, instant, part, read_rows, word
from monitor.collectors._slices import Part, Stretch
from monitor.collectors._web import DEFAULT_WAIT, LONGEST_WAIT, document_of
from monitor.domain import Author, Engagement, Mention, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited
from monitor.http import Answer, GuardedClient

Asked = Mapping[str, str] | Sequence[tuple[str, str]]  # parameters; as pairs, one may come more than once
_STALE = ("ExpiredToken", "InvalidToken")


class TermRefused(Exception):
    """The platform cannot search for this text; the message says why, in its words."""


class Session:
    """A login that lasts: asks, and renews its tokens when they are refused."""

    def __init__(self, client: GuardedClient, address: str, source: str, handle: str, password: Secret) -> None:
        self._client = client
        self._address = address.rstrip("/")
        self.source = source
        self._handle = handle
        self._password = password
        self._access = ""
        self._refresh = ""
        self.remaining: int | None = None  # questions that the last answer allowed until `resets_at`
        self.resets_at: datetime | None = None

    def ask(self, method: str, asked: Asked, *, now: datetime) -> Answer:
        """The answer to a question, whatever its status but for what the collectors' errors say."""
        if not self._access:
            self._log_in(now)
        answer = self._get(method, asked)
        if _is_stale(answer):
            self._renew(now)
            answer = self._get(method, asked)
        self.remaining, self.resets_at = limits_of(answer)
        return answer

    def _get(self, method: str, asked: Asked) -> Answer:
        url = f"{self._address}/xrpc/{method}?{urlencode(asked)}"
        return fetch(self._client, url, self.source, headers={"authorization": f"Bearer {self._access}"})

    def _renew(self, now: datetime) -> None:
        headers = {"authorization": f"Bearer {self._refresh}"}
        url = f"{self._address}/xrpc/com.atproto.server.refreshSession"
        answer = fetch(self._client, url, self.source, headers=headers, content=b"")
        if answer.status == 200:
            self._keep(answer)
        elif answer.status in (400, 401):
            self._log_in(now)
        else:
            raise refusal(answer, self.source, now)

    def _log_in(self, now: datetime) -> None:
        told = {"identifier": self._handle, "password": reveal(self._password, self.source, "an app password")}
        url = f"{self._address}/xrpc/com.atproto.server.createSession"
        headers = {"content-type": "application/json"}
        answer = fetch(self._client, url, self.source, headers=headers, content=json.dumps(told).encode())
        if answer.status in (400, 401):
            raise CredentialRefused(f"{self.source}: Bluesky refuses the handle or the app password; check both.")
        if answer.status != 200:
            raise refusal(answer, self.source, now)
        self._keep(answer)

    def _keep(self, answer: Answer) -> None:
        document = document_of(answer, self.source)
        access, refresh = document.get("accessJwt"), document.get("refreshJwt")
        if not isinstance(access, str) or not isinstance(refresh, str) or not (access + refresh).isprintable():
            raise AnswerUnreadable(f"{self.source}: the login's answer holds no tokens. Check `pds_url`.")
        self._access, self._refresh = access, refresh


def _is_stale(answer: Answer) -> bool:
    return answer.status == 401 or (answer.status == 400 and _error_name(answer) in _STALE)


def _error_name(answer: Answer) -> str:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    return str(told.get("error") or "") if isinstance(told, dict) else ""


def refusal(answer: Answer, source: str, now: datetime) -> CollectorError:
    """What an answer that is no success means; a wait is told as a time (ratelimit-reset, seconds since 1970)."""
    if answer.status == 429:
        _, ends = limits_of(answer)
        wait = ends - now if ends else DEFAULT_WAIT
        return RateLimited(source, wait if timedelta(0) < wait <= LONGEST_WAIT else DEFAULT_WAIT)
    if answer.status == 403:
        return CredentialRefused(
            f"{source}: Bluesky does not let us search (403). Log in at the server that holds the account (`pds_url`)."
        )
    return error_of(answer, source, now)


def limits_of(answer: Answer) -> tuple[int | None, datetime | None]:
    """Questions that are still allowed, and until when that counts."""
    left, reset = (answer.headers.get(f"ratelimit-{name}", "") for name in ("remaining", "reset"))
    ends = clock.from_ms(int(reset) * 1_000) if reset.isascii() and reset.isdigit() and 0 < len(reset) < 12 else None
    return count(left), ends


def search(session: Session, text: str, stretch: Stretch, token: str | None, *, now: datetime, limit: int) -> Part:
    """One answer of searchPosts. Raises TermRefused and the collectors' errors."""
    asked = {
        "q": text,
        "sort": "latest",
        "limit": str(limit),
        "since": clock.iso(stretch.since),
        "until": clock.iso(stretch.until + clock.MILLISECOND),  # the platform's end is not included
    } | ({"cursor": token} if token else {})
    answer = session.ask("app.bsky.feed.searchPosts", asked, now=now)
    if answer.status == 400 and _error_name(answer) == "BadQueryString":
        raise TermRefused("Bluesky cannot search for this text (BadQueryString)")
    if answer.status != 200:
        raise refusal(answer, session.source, now)
    document = document_of(answer, session.source)
    posts = document.get("posts")
    if not isinstance(posts, list):
        raise AnswerUnreadable(f"{session.source}: the search's answer has no posts. Check `pds_url`.")
    mentions, _, rejects = read_rows(posts, lambda post: mention_in(post, now))
    return Part(
        mentions=tuple(mentions),
        rejects=tuple(rejects),
        times=tuple(time for post in posts if (time := _sorted_by(post)) is not None),
        rows=len(posts),
        full=len(posts) >= limit,
        doubt=bool(posts),
        token=word(document.get("cursor")),
        total=count(document.get("hitsTotal")),
        asked=limit,
    )


def mention_in(post: dict[str, Any], now: datetime) -> Mention | None:
    """A post as the platform's servers show it; None where it has no text. Raises ValueError with the reason."""
    uri = word(post.get("uri")) or ""
    author, record = part(post, "author"), post.get("record")
    did = word(author.get("did")) or ""
    if not did or not uri.startswith(f"at://{did}/{POSTS}/"):
        raise ValueError("a post without uri and author")
    found = mention_of(uri, record, witnessed=min(instant(post.get("indexedAt"), "indexedAt"), now))
    return found and _seen_with(found, author, post)


def _seen_with(found: Mention, author: dict[str, Any], post: dict[str, Any]) -> Mention:
    handle = word(author.get("handle"))
    shown = Author(native_id=found.author.native_id, handle=None if handle == "handle.invalid" else handle)
    counts = Engagement(
        likes=count(post.get("likeCount")),
        replies=count(post.get("replyCount")),
        reposts=count(post.get("repostCount")),
        quotes=count(post.get("quoteCount")),
    )
    return replace(found, author=shown, engagement=counts)


def _sorted_by(post: object) -> int | None:
    """The time by which the search sorts, in milliseconds since 1970; None where a row tells none."""
    row = post if isinstance(post, dict) else {}
    told = (time_or_none(row.get("indexedAt")), time_or_none(part(row, "record").get("createdAt")))
    return min((clock.to_ms(moment) for moment in told if moment is not None), default=None)
