"""tweepy's client, taught what X has learned since: another host, the new names, limits on time and size.

tweepy 4.17 asks a fixed host, writes the token to the debug log, waits without end, and, told to wait for the rate
limit, asks again at once where the reply names no time. So its `request` is replaced; what it builds stays. Its
session opens checked addresses only.
Knows nothing of cursors.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import tweepy
import urllib3

from monitor.collectors._x_errors import FIELDS, Refusal, reset_of
from monitor.collectors._x_guard import guard
from monitor.collectors._x_posts import Json, is_bare
from monitor.http import AddressRefused
from monitor.post_fields import cleaned

T = TypeVar("T")
MAX_ANSWER = 10_000_000  # bytes
SECRET = 12  # letters of a token; X's have a hundred, and shorter ones, as a server on trial takes, are common words
TWEET, POST = "tweet", "post"  # the two dialects


class XClient(tweepy.Client):  # type: ignore[misc]
    """Asks X and hands back the JSON document. Close its `session` after use.

    Every method raises Refusal, OSError for a fault of network or server, ValueError for an unreadable answer.
    """

    def __init__(
        self, token: str, *, base_url: str, dialect: str, timeout: float, authors: bool = True,
        allow_hosts: Iterable[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(token, return_type=dict)
        self.session.trust_env = False  # a .netrc would replace the token
        guard(self.session, allow_hosts)
        self.dialect = dialect
        self.remaining: int | None = None  # requests until `resets_at`, as the last answer told
        self.resets_at: datetime | None = None
        self._tried_both = False
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._authors = authors

    @property
    def fields(self) -> dict[str, Any]:
        """What is asked for with every post."""
        authors = {"expansions": "author_id", "user_fields": "public_metrics"} if self._authors else {}
        return {"tweet_fields": list(FIELDS), **authors}

    def switch(self) -> None:
        """Speak the other dialect from now on."""
        self.dialect = POST if self.dialect == TWEET else TWEET

    def search(self, query: str, **parameters: Any) -> Json:
        """One page of a search, in whichever dialect brings the fields along."""
        return self._in_either(self.search_recent_tweets, query, **parameters)

    def mentions_of(self, account: str, **parameters: Any) -> Json:
        """One page of what mentions an account, by its id."""
        if "next_token" in parameters:
            parameters["pagination_token"] = parameters.pop("next_token")
        return self._in_either(self.get_users_mentions, account, **parameters)

    def posts_of(self, ids: list[str]) -> Json:
        """At most a hundred posts by their ids."""
        return self._in_either(self.get_tweets, ids)

    def open_stream(self) -> Any:
        """The response of the filtered stream, its body unread. Close it after use."""
        told = {"tweet.fields": ",".join(FIELDS)}
        if self._authors:
            told |= {"expansions": "author_id", "user.fields": "public_metrics"}
        return self._in_a_dialect(lambda: self._stream(told))

    def _stream(self, params: Mapping[str, str]) -> Any:
        response = self._open("GET", "/2/tweets/search/stream", params=self._spoken(params))
        if response.status_code == 200:
            return response
        with response:
            self._document(response, time.monotonic() + self._timeout)
        raise ValueError(f"status {response.status_code}")

    def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> "_Document":
        """Ask, in the dialect, and read the answer within bounds of size and time."""
        deadline = time.monotonic() + self._timeout
        with self._open(method, route, params=self._spoken(params or {}), json=json) as response:
            return _Document(self._document(response, deadline))

    def _in_either(self, ask: Callable[..., Json], *told: Any, **parameters: Any) -> Json:
        """In the dialect that X accepts and that brings fields along."""
        document = self._in_a_dialect(lambda: ask(*told, **parameters, **self.fields))
        if is_bare(document) and not self._tried_both:
            self._tried_both = True
            self.switch()
            try:
                other = ask(*told, **parameters, **self.fields)
            except Refusal:
                other = document  # better posts without fields than none
            if not is_bare(other):
                return other
            self.switch()
        return document

    def _in_a_dialect(self, ask: Callable[[], T]) -> T:
        """Where X refuses the names of this dialect, in the other one."""
        try:
            return ask()
        except Refusal as refusal:
            if refusal.status != 400 or "fields" not in refusal.names():
                raise
        self.switch()
        try:
            return ask()
        except Refusal as refusal:
            if "fields" in refusal.names():
                self.switch()
            raise

    def _open(self, method: str, route: str, **what: Any) -> Any:
        headers = {"User-Agent": self.user_agent, "Authorization": f"Bearer {self.bearer_token}"}
        try:
            return self.session.request(
                method, self._base_url + route, headers=headers, timeout=self._timeout,
                allow_redirects=False, stream=True, **what,
            )  # fmt: skip
        except AddressRefused as error:
            raise ValueError(str(error)) from None

    def _document(self, response: Any, deadline: float) -> Json:
        body = _read(response, deadline)
        if len(self.bearer_token) >= SECRET:  # never to be echoed
            body = body.replace(self.bearer_token.encode(), b"***")
        self._remember_limit(response.headers)
        if 200 <= response.status_code < 300:
            return _parse(body)
        raise Refusal(response.status_code, response.headers, _parse_if_json(body))

    def _remember_limit(self, headers: Mapping[str, str]) -> None:
        told = str(headers.get("x-rate-limit-remaining", ""))
        self.remaining = int(told) if told.isdecimal() and len(told) < 10 else None
        self.resets_at = reset_of(headers) if self.remaining is not None else None

    def _spoken(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if self.dialect == TWEET:
            return dict(params)
        spoken = {name.replace("tweet.fields", "post.fields"): value for name, value in params.items()}
        if "post.fields" in spoken:
            spoken["post.fields"] = spoken["post.fields"].replace("tweet", "post")
        return spoken


class XRules(tweepy.StreamingClient):  # type: ignore[misc]
    """tweepy's client for the rules of the filtered stream; asks by the other client."""

    def __init__(self, client: XClient) -> None:
        super().__init__(client.bearer_token, return_type=dict)
        self._client = client

    def request(self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False) -> Any:
        """As the other client does."""
        return self._client.request(method, route, params, json)


class _Document:
    """What tweepy unpacks by asking for `json`."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def json(self) -> Json:
        """The document."""
        return self._document


def lines_of(response: Any) -> Iterator[list[bytes]]:
    """The lines of a stream as they come, those that came together in one list; ends where the stream does.

    A line that was begun and never ended is left out. Raises ValueError for a line without end.
    """
    rest = b""
    try:
        while piece := response.raw.read1(65_536, decode_content=True):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > MAX_ANSWER:
                raise ValueError(f"a line is longer than {MAX_ANSWER:,} bytes")
            yield [line.strip() for line in lines]
    except (urllib3.exceptions.HTTPError, OSError):
        return


def parse_line(line: bytes) -> Json | None:
    """A line of the stream; None for what keeps it alive. Also as an event stream frames it. Raises ValueError."""
    if line.startswith(b"data:"):
        line = line.removeprefix(b"data:").strip()
    return None if not line or line.startswith(b":") else _parse(line)


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
