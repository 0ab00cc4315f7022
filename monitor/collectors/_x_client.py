"""tweepy's client, taught what X has learned since: another host, the new names, limits on time and size.

tweepy 4.17 asks a fixed host, writes the token to the debug log, waits without end, and, told to wait for the rate
limit, asks again at once where the reply names no time. So its `request` is replaced; what it builds stays.
Knows nothing of cursors.
"""

import json
import re
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import tweepy
import urllib3

from monitor import clock
from monitor.collectors._x_posts import Json, is_bare, words
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from monitor.post_fields import cleaned

MAX_ANSWER = 10_000_000  # bytes
DEFAULT_WAIT = timedelta(minutes=15)  # X's window, where a 429 does not say when it ends
LONGEST_WAIT = timedelta(days=1)  # no reset time further off is believed
TWEET, POST = "tweet", "post"  # the two dialects
FIELDS = (
    *("author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "lang"),
    *("note_tweet", "public_metrics", "referenced_tweets"),
)
_FIELD_WORDS = re.compile("|".join(("tweet.fields", "post.fields", *FIELDS)).replace("_tweet", "_(?:tweet|post)"))
_OUT_OF_CREDIT = re.compile(r"usage-?capped|usage cap|credit|spend(ing)? cap|billing", re.IGNORECASE)


class Refusal(Exception):
    """X answered with an error status."""

    def __init__(self, status: int, headers: Mapping[str, str], document: Json) -> None:
        super().__init__(f"{status}: {words(document)}")
        self.status = status
        self.headers = headers
        self.document = document

    def names(self) -> set[str]:
        """The parameters that X objects to; "fields" stands for any name in which the dialects differ."""
        problems = self.document.get("errors")
        told = [problem for problem in problems if isinstance(problem, dict)] if isinstance(problems, list) else []
        names: set[str] = set()
        for problem in told or [dict(self.document)]:
            parameters = problem.get("parameters")
            names |= set(parameters) if isinstance(parameters, dict) else set()
            # "[x] is not one of [a,b]": only what stands before is refused
            refused = str(problem.get("message") or problem.get("detail") or "").split("not one of")[0]
            names |= set(re.findall(r"[a-z_]+(?:\.[a-z]+)?", refused))
        return names | ({"fields"} if any(_FIELD_WORDS.fullmatch(name) for name in names) else set())


class XClient(tweepy.Client):  # type: ignore[misc]
    """Asks X's recent search and hands back the JSON document. Close its `session` after use."""

    def __init__(self, token: str, *, base_url: str, dialect: str, timeout: float) -> None:
        super().__init__(token, return_type=dict)
        self.session.trust_env = False  # a .netrc would replace the token
        self.dialect = dialect
        self._tried_both = False
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout

    def switch(self) -> None:
        """Speak the other dialect from now on."""
        self.dialect = POST if self.dialect == TWEET else TWEET

    def search(self, query: str, **parameters: Any) -> Json:
        """One page. Raises Refusal, OSError for a fault of network or server, ValueError for an unreadable answer."""
        document: Json = self.search_recent_tweets(query, tweet_fields=list(FIELDS), **parameters)
        if is_bare(document) and not self._tried_both:
            self._tried_both = True
            self.switch()
            other: Json = self.search_recent_tweets(query, tweet_fields=list(FIELDS), **parameters)
            if not is_bare(other):
                return other
            self.switch()
        return document

    def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> "_Document":
        """Ask, in the dialect, and read the answer within bounds of size and time."""
        deadline = time.monotonic() + self._timeout
        headers = {"User-Agent": self.user_agent, "Authorization": f"Bearer {self.bearer_token}"}
        with self.session.request(
            method,
            self._base_url + route,
            params=self._spoken(params or {}),
            json=json,
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            body = _read(response, deadline).replace(self.bearer_token.encode(), b"***")  # never to be echoed
        if 200 <= response.status_code < 300:
            return _Document(_parse(body))
        raise Refusal(response.status_code, response.headers, _parse_if_json(body))

    def _spoken(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if self.dialect == TWEET:
            return dict(params)
        spoken = {name.replace("tweet.fields", "post.fields"): value for name, value in params.items()}
        if "post.fields" in spoken:
            spoken["post.fields"] = spoken["post.fields"].replace("tweet", "post")
        return spoken


class _Document:
    """What tweepy unpacks by asking for `json`."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def json(self) -> Json:
        """The document."""
        return self._document


def credit_error(problems: Iterable[Json], source: str) -> CredentialRefused | None:
    """The error for an answer that came with the news that it is the last one that is paid for."""
    for problem in problems:
        if _OUT_OF_CREDIT.search(json.dumps(problem)):
            return CredentialRefused(
                f"{source}: X says that the credit is used up or capped ({words(problem)}). Add credit at X."
            )
    return None


def error_of(refusal: Refusal, source: str, *, now: datetime) -> CollectorError:
    """The program's error for a refusal, in words that say what to do."""
    status, told = refusal.status, words(refusal.document)
    if status in (402, 403, 429) and (unpaid := credit_error([refusal.document], source)):
        return unpaid
    if status == 429:
        return RateLimited(source, _wait(refusal.headers, now))
    if status == 401:
        return CredentialRefused(f"{source}: X refuses the token (401). Make a new one at X, and set it where it is.")
    if status == 402:
        return CredentialRefused(f"{source}: X wants to be paid first ({told}). Add credit at X.")
    if status == 403:
        return CredentialRefused(f"{source}: X does not allow this token to search ({told}). Check the plan at X.")
    if status >= 500 or status == 408:
        return SourceDown(f"{source}: X's server has a fault ({status}). The next poll tries again.")
    return AnswerUnreadable(f"{source}: X does not accept the search ({status}: {told}). Check `query` and `base_url`.")


def _wait(headers: Mapping[str, str], now: datetime) -> timedelta:
    try:
        wait = clock.EPOCH + timedelta(seconds=int(headers["x-rate-limit-reset"])) - now
    except (KeyError, ValueError, OverflowError):
        return DEFAULT_WAIT
    return wait + timedelta(seconds=1) if timedelta(0) <= wait <= LONGEST_WAIT else DEFAULT_WAIT


def _read(response: Any, deadline: float) -> bytes:
    """The body, unpacked. `read1` returns whatever has come, so that a slow drip meets the deadline."""
    pieces, size = [], 0
    try:
        while piece := response.raw.read1(65_536, decode_content=True):
            size += len(piece)
            if size > MAX_ANSWER:
                raise ValueError(f"larger than {MAX_ANSWER:,} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("the answer took too long")
            pieces.append(piece)
    except urllib3.exceptions.HTTPError as error:
        raise ConnectionError(type(error).__name__) from None
    return b"".join(pieces)


def _parse(body: bytes) -> Json:
    try:
        document = cleaned(json.loads(body.decode("utf-8"), parse_constant=lambda _: None))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document


def _parse_if_json(body: bytes) -> Json:
    try:
        return _parse(body)
    except ValueError:
        return {}
