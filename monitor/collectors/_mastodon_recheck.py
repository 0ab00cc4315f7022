"""What became of Mastodon's posts, which are kept by their `uri`. Knows no timelines and no settings.

A post of one of the servers that are read is asked for by the number in its uri: 20 at a time (/api/v1/statuses?id[]=,
servers since 4.3), else one by one. A post of any other server: the own one looks it up for an account
(/api/v2/search?resolve=true); what it does not find is asked for where it was written, by its API, then by its uri as
servers ask each other. Gone is what is said to be gone there (404, 410): a server that is down or that speaks to
servers alone says nothing, and its posts stay unchecked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from monitor.collectors._answers import fetch
from monitor.collectors._fields import Row, ident
from monitor.collectors._mastodon_client import Questions, is_unknown
from monitor.collectors._mastodon_posts import PLATFORM, read_status
from monitor.collectors._recheck import is_believed, judged, parts_of
from monitor.collectors._state import write_state
from monitor.collectors._translated import list_of
from monitor.collectors._web import document_of
from monitor.domain import Cursor, Deletion, Page
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, SourceDown
from monitor.http import Answer

BATCH = 20
_LOCAL = re.compile(r"/statuses/(\d{1,30})", re.ASCII)
_NO_LISTS = (400, 404, 405)  # of servers before 4.3, and of those that only speak like Mastodon
_AS_SERVERS = {"accept": "application/activity+json"}
_LOST = 3  # servers that did not answer, after which no other is tried


class Rechecking:
    """One re-check. `servers` are those that are read, with their tokens, the own one first."""

    def __init__(self, questions: Questions, servers: Sequence[tuple[str, str | None]], memory: dict[str, Any]) -> None:
        self._questions = questions
        self._servers = {urlsplit(base).netloc: (base, token) for base, token in servers}
        self._home = servers[0]
        self._memory = memory
        self._lost: set[str] = set()

    def pages(self, ids: Sequence[str]) -> Iterator[Page]:
        """Yield what became of posts, server by server."""
        near: dict[str, list[str]] = {}
        for uri in dict.fromkeys(ids):
            near.setdefault(_host(uri) if _host(uri) in self._servers and _number(uri) else "", []).append(uri)
        far = near.pop("", [])
        for host, uris in near.items():
            for names in parts_of(uris, BATCH):
                yield from self._near(*self._servers[host], names)
        for uri in far:
            yield self._told(self._far(uri), 1)

    def _near(self, base: str, token: str | None, uris: tuple[str, ...]) -> Iterator[Page]:
        numbers = [("id[]", str(_number(uri))) for uri in uris]
        answer = self._questions.any(base, "/api/v1/statuses", numbers, token)
        if answer.status in _NO_LISTS:
            for uri in uris:
                yield self._told(self._one(base, token, uri), 1)
            return
        if not 200 <= answer.status < 300:
            raise self._questions.refusal(answer)
        rows = list_of(answer, self._questions.source)
        believed = is_believed(self._memory, len(uris), len(rows), self._questions.now)
        yield self._told(self._judged(uris, rows, base, believed=believed), len(uris), self._memory)

    def _one(self, base: str, token: str | None, uri: str) -> Page:
        answer = self._questions.any(base, f"/api/v1/statuses/{_number(uri)}", (), token)
        if is_unknown(answer):
            return _gone(uri)
        if not 200 <= answer.status < 300:
            raise self._questions.refusal(answer)
        return self._judged((uri,), [document_of(answer, self._questions.source)], base)

    def _far(self, uri: str) -> Page:
        """Nothing is checked where nobody tells."""
        base, token = self._home
        if token:
            asked = (("q", uri), ("resolve", "true"), ("type", "statuses"), ("limit", "1"))
            answer = self._questions.any(base, "/api/v2/search", asked, token)
            if answer.status >= 500:
                raise self._questions.refusal(answer)
            found = _statuses(answer, self._questions.source)
            page = self._judged((uri,), found, base)
            if page.checked:
                return page
        return self._where_it_was_written(uri)

    def _where_it_was_written(self, uri: str) -> Page:
        place = urlsplit(uri)
        if place.netloc in self._lost or len(self._lost) >= _LOST:
            return Page()
        try:
            if number := _number(uri):
                base = f"{place.scheme}://{place.netloc}"
                answer = self._stranger(f"{base}/api/v1/statuses/{number}", {})
                if is_unknown(answer):
                    return _gone(uri)
                if 200 <= answer.status < 300:
                    return self._judged((uri,), [document_of(answer, self._questions.source)], base)
            answer = self._stranger(uri, _AS_SERVERS)
        except CollectorError:
            self._lost.add(place.netloc)
            return Page()
        return _gone(uri) if answer.status in (404, 410) else Page(checked=(uri,) if answer.status == 200 else ())

    def _stranger(self, url: str, headers: dict[str, str]) -> Answer:
        """An answer of a server that is in no setting: its faults are none of ours."""
        answer = fetch(self._questions.http, url, self._questions.source, headers=headers)
        if answer.status >= 500 or answer.status == 429:
            raise SourceDown(f"{urlsplit(url).netloc} does not answer")
        return answer

    def _judged(self, uris: tuple[str, ...], rows: list[Any], base: str, *, believed: bool = False) -> Page:
        host, now = urlsplit(base).netloc, self._questions.now
        return judged(
            uris, rows, lambda row: read_status(row, host, now), platform=PLATFORM, name_of=_uri, believed=believed
        )

    def _told(self, page: Page, asked: int, memory: dict[str, Any] | None = None) -> Page:
        cursor: Cursor | None = None if memory is None else write_state(memory)
        return replace(page, cursor=cursor, coverage=self._questions.coverage(asked, len(page.mentions)))


def _statuses(answer: Answer, source: str) -> list[Any]:
    """What a search found; nothing, where the account may not search."""
    try:
        rows = document_of(answer, source).get("statuses") if 200 <= answer.status < 300 else None
    except (AnswerUnreadable, CredentialRefused):
        return []
    return rows if isinstance(rows, list) else []


def _gone(uri: str) -> Page:
    return Page(deletions=(Deletion(platform=PLATFORM, native_id=uri),), checked=(uri,))


def _uri(row: Row) -> str:
    return ident(row.get("uri"), "uri")


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).netloc
    except ValueError:
        return ""


def _number(uri: str) -> str | None:
    """The number by which the server that wrote it knows a post.

    >>> _number("https://social.example/users/ann/statuses/117020593741189701"), _number("https://x.example/objects/7")
    ('117020593741189701', None)
    """
    found = _LOCAL.search(uri)
    return found[1] if found and uri.endswith(found[0]) else None
