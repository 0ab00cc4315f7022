"""Questions to Reddit's API: a token for the application, its renewal, and the limit that each answer tells.

Knows listings as JSON; knows no cursor. A token lives in memory only, and never longer than the process.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from monitor.collectors._answers import error_of, fetch, reveal
from monitor.collectors._web import DEFAULT_WAIT, LONGEST_WAIT, document_of
from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited
from monitor.http import Answer, GuardedClient

MARGIN = timedelta(minutes=1)  # a token is renewed so long before it ends
Rows = tuple[list[Any], str | None]  # of one page, and what the next one comes after


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What Reddit approved: who asks."""

    client_id: Secret
    client_secret: Secret
    user_agent: str


class RedditClient:
    """Asks on behalf of one approved application."""

    def __init__(
        self, http: GuardedClient, source: str, application: Application, *, auth_url: str, base_url: str
    ) -> None:
        self._http = http
        self._source = source
        self._application = application
        self._auth_url = auth_url.rstrip("/")
        self._base_url = base_url.rstrip("/")
        self._token: _Token | None = None
        self._free_at: datetime | None = None  # the limit is used up until then
        self.remaining: int | None = None  # questions that the last answer allowed until `resets_at`
        self.resets_at: datetime | None = None

    def listing(self, path: str, asked: Mapping[str, str], *, now: datetime) -> Rows:
        """One page of a listing. Raises the collectors' errors; a refused token is renewed once."""
        if self._free_at is not None and now < self._free_at:
            raise RateLimited(self._source, self._free_at - now)
        url = f"{self._base_url}{path}?{urlencode({**asked, 'raw_json': '1'})}"
        answer = self._get(url, now)
        if answer.status == 401:
            self._token = None
            answer = self._get(url, now)
        if not 200 <= answer.status < 300:
            raise self._error(answer, now)
        self._note_limit(answer, now)
        return self._rows(answer)

    def _get(self, url: str, now: datetime) -> Answer:
        headers = {"authorization": f"Bearer {self._bearer(now)}", "user-agent": self._application.user_agent}
        return fetch(self._http, url, self._source, headers=headers)

    def _bearer(self, now: datetime) -> str:
        if self._token is None or now >= self._token.until:
            self._token = self._new_token(now)
        return self._token.value

    def _new_token(self, now: datetime) -> _Token:
        """Raises CredentialRefused where Reddit says no, in whichever of its ways: 401, 400, or 200 with an error."""
        name = reveal(self._application.client_id, self._source, "the application's id")
        secret = reveal(self._application.client_secret, self._source, "the application's secret")
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
        answer = fetch(
            self._http,
            f"{self._auth_url}/api/v1/access_token",
            self._source,
            headers={
                "authorization": f"Basic {basic}",
                "user-agent": self._application.user_agent,
                "content-type": "application/x-www-form-urlencoded",
            },
            content=b"grant_type=client_credentials",
        )
        if answer.status not in (200, 400):
            raise self._error(answer, now)
        told = document_of(answer, self._source)
        value, lives = told.get("access_token"), told.get("expires_in")
        if answer.status == 400 or "error" in told:
            raise CredentialRefused(f"{self._source}: Reddit gives no token. Check the application's id and secret.")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise AnswerUnreadable(f"{self._source}: Reddit's answer holds no token. Check `auth_url`.")
        return _Token(value, now + timedelta(seconds=lives if type(lives) is int else 3_600) - MARGIN)

    def _note_limit(self, answer: Answer, now: datetime) -> None:
        """Remember a limit that this answer used up: what was read is kept, and the next question waits."""
        left, resets = (_number(answer.headers.get(f"x-ratelimit-{name}")) for name in ("remaining", "reset"))
        self._free_at = now + _wait(answer) if left is not None and left < 1 else None
        self.remaining = None if left is None else int(left)
        self.resets_at = None if resets is None or self.remaining is None else now + _wait(answer)

    def _error(self, answer: Answer, now: datetime) -> CollectorError:
        if answer.status == 429:
            usual = error_of(answer, self._source, now)
            told = "x-ratelimit-reset" in answer.headers
            return RateLimited(self._source, _wait(answer)) if told else usual
        if answer.status == 401:
            return CredentialRefused(
                f"{self._source}: Reddit refuses the application (401). Check its id, its secret and its approval."
            )
        if answer.status in (403, 404) and (reason := _reason(answer)):
            return CredentialRefused(f"{self._source}: a subreddit cannot be read ({reason}). Check `subreddits`.")
        return error_of(answer, self._source, now)

    def _rows(self, answer: Answer) -> Rows:
        document = document_of(answer, self._source)
        data = document.get("data")
        rows = data.get("children") if isinstance(data, dict) else None
        if document.get("kind") != "Listing" or not isinstance(data, dict) or not isinstance(rows, list):
            raise AnswerUnreadable(f"{self._source}: the answer is no listing. Check `base_url`.")
        after = data.get("after")
        return rows, after if isinstance(after, str) and after else None


def _wait(answer: Answer) -> timedelta:
    """What the header says is left of the window, in seconds; at least one."""
    left = _number(answer.headers.get("x-ratelimit-reset"))
    wait = DEFAULT_WAIT if left is None else timedelta(seconds=max(left, 1.0))
    return min(wait, LONGEST_WAIT)


def _number(told: str | None) -> float | None:
    try:
        value = float(told) if told is not None else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value <= 1e9 else None


def _reason(answer: Answer) -> str | None:
    """Why a subreddit is not shown: "private", "banned", "quarantined"."""
    try:
        reason = json.loads(answer.body.decode("utf-8")).get("reason")
    except (ValueError, RecursionError, AttributeError):
        return None
    return reason if isinstance(reason, str) and reason.isalpha() and len(reason) < 40 else None
