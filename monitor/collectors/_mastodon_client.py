"""Questions to Mastodon servers, for one poll: what an answer means, and which servers want no more questions.

Knows no paging and no posts. A limit counts for an account and for an address; `X-RateLimit-Reset` is an ISO time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from monitor.collectors._answers import error_of, fetch
from monitor.collectors._fields import count, instant
from monitor.collectors._web import DEFAULT_WAIT, LONGEST_WAIT
from monitor.domain import Coverage
from monitor.errors import CredentialRefused, RateLimited
from monitor.http import Answer, GuardedClient

Pairs = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Questions:
    """What one poll asks. Everything raises the collectors' errors."""

    http: GuardedClient
    source: str
    now: datetime
    several: bool = False  # servers are asked: what one of them still allows says nothing about the source
    spent: dict[str, datetime | None] = field(default_factory=dict)  # servers that want no more, until when
    remaining: int | None = None  # that the last answer allowed until `resets_at`
    resets_at: datetime | None = None

    def ask(self, base: str, path: str, asked: Pairs, token: str | None) -> Answer:
        """An answer that is a success. A hashtag that nobody used so far is an empty list."""
        answer = self.any(base, path, asked, token)
        if is_unknown(answer):
            return Answer(status=200, headers=answer.headers, body=b"[]")
        if not 200 <= answer.status < 300:
            raise self.refusal(answer)
        return answer

    def any(self, base: str, path: str, asked: Pairs, token: str | None) -> Answer:
        """An answer, whatever its status, but for a limit."""
        if base in self.spent:
            raise RateLimited(self.source, self._wait(self.spent[base]))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = fetch(
            self.http, f"{base}{path}" + (f"?{urlencode(asked)}" if asked else ""), self.source, headers=headers
        )
        self.remaining = count(answer.headers.get("x-ratelimit-remaining"))
        self.resets_at = _time(answer.headers.get("x-ratelimit-reset"))
        if self.remaining == 0:
            self.spent[base] = self.resets_at
        if answer.status == 429:
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: Answer) -> Exception:
        """What an answer that is no success means."""
        if answer.status == 429 and (ends := _time(answer.headers.get("x-ratelimit-reset"))):
            return RateLimited(self.source, self._wait(ends))
        if answer.status in (401, 403, 422):
            return CredentialRefused(
                f"{self.source}: the server lets only accounts read this, or the credential may not ({answer.status})."
                " Set `credential` to a token with read:search, read:statuses and read:notifications."
            )
        return error_of(answer, self.source, self.now)

    def _wait(self, until: datetime | None) -> timedelta:
        wait = until - self.now if until else DEFAULT_WAIT
        return wait if timedelta(0) < wait <= LONGEST_WAIT else DEFAULT_WAIT

    def coverage(self, asked: int, rows: int, *, more: bool = False) -> Coverage:
        """What was read, and what the limit still allows."""
        told = Coverage(asked=asked, returned=rows, more_available=more)
        return told if self.several else replace(told, remaining=self.remaining, resets_at=self.resets_at)


def is_unknown(answer: Answer) -> bool:
    """Whether there is no such post or hashtag, in Mastodon's own words."""
    return answer.status in (404, 410) and b'"Record not found"' in answer.body[:200]


def _time(value: object) -> datetime | None:
    try:
        return instant(value, "")
    except ValueError:
        return None
