"""Mastodon's stream (server-sent events) as pages: new posts, edits, and deletions, which no timeline tells.

One connection is one hashtag, or everything that is public on a server: a single hashtag is listened to by itself, of
several the public stream is, and what names none of them is passed over. Since 4.2 servers ask for an account's token,
whatever is listened to (streaming/index.js); the stream may be on a host of its own (`configuration.urls.streaming`).

A deletion names the server's own number of a post; which post that is, is known of those read since the program
started. The others are seen by the re-check. Where the stream breaks off, the next poll's timelines fill the gap.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from monitor.collectors._fields import Row, part, word
from monitor.collectors._mastodon_client import Questions
from monitor.collectors._mastodon_posts import PLATFORM, read_status
from monitor.collectors._names import Names
from monitor.collectors._web import document_of
from monitor.domain import Coverage, Deletion, Mention, Page, Reject
from monitor.errors import AnswerUnreadable, SourceDown
from monitor.http import GuardedClient, HttpError, StreamRefused, Unreachable
from monitor.post_fields import cleaned, shown

LONGEST = 500_000  # bytes of a line
REMEMBERED = 20_000
_AT_MOST = 5.0  # seconds that a post waits for others to share its page
_POSTS = ("update", "status.update")


class Numbers:
    """Which post a server means by a number of its own, as far as it was read."""

    def __init__(self) -> None:
        self._uris: OrderedDict[tuple[str, str], str] = OrderedDict()

    def note(self, mentions: Iterable[Mention]) -> None:
        """Remember these; the oldest make room."""
        for mention in mentions:
            on = mention.extra.get("on")
            if isinstance(on, dict) and (number := word(on.get("id"))):
                self._uris[str(on.get("host")), number] = mention.native_id
                self._uris.move_to_end((str(on.get("host")), number))
        while len(self._uris) > REMEMBERED:
            self._uris.popitem(last=False)

    def uri(self, host: str, number: str) -> str | None:
        """The post's key; None where it was not read."""
        return self._uris.get((host, number))


def address(questions: Questions, home: str, token: str | None, tags: list[str]) -> str:
    """Where to listen. A host of its own is believed where it is spoken to as safely as the server itself."""
    answer = questions.any(home, "/api/v2/instance", (), token)
    told: Row = document_of(answer, questions.source) if answer.status == 200 else {}
    named = word(part(part(told, "configuration"), "urls").get("streaming")) or ""
    safe = named.startswith("wss://") or (named.startswith("ws://") and home.startswith("http://"))
    base = f"http{named.removeprefix('ws').rstrip('/')}" if safe else home
    if len(tags) == 1:
        return f"{base}/api/v1/streaming/hashtag?{urlencode({'tag': tags[0]})}"
    return f"{base}/api/v1/streaming/public"


@dataclass(slots=True)
class Listening:
    """One poll's listening to one server (`host`: as its posts are told apart from other servers')."""

    http: GuardedClient  # whose time limit is that of the listening
    questions: Questions
    host: str
    numbers: Numbers
    names: Names
    tags: frozenset[str]
    size: int
    began: float = field(default_factory=time.monotonic)
    _paged: float = 0.0  # seconds since it began, at the last page
    _mentions: dict[str, Mention] = field(default_factory=dict)
    _deletions: dict[str, Deletion] = field(default_factory=dict)
    _rejects: list[Reject] = field(default_factory=list)

    def pages(self, url: str, token: str | None) -> Iterator[Page]:
        """Yield what comes in, until the time is up or the stream ends. Raises the collectors' errors."""
        headers = {"accept": "text/event-stream"} | ({"authorization": f"Bearer {token}"} if token else {})
        source, heard = self.questions.source, False
        try:
            for event, data in _events(self.http.lines(url, headers=headers, longest=LONGEST)):
                heard = True
                self._take(event, data)
                if not event or self._is_due():
                    yield self._page()
        except StreamRefused as refused:
            raise self.questions.refusal(refused.answer) from None
        except Unreachable as error:
            if not heard:
                raise SourceDown(f"{source}: {error} The next poll tries again.") from None
        except HttpError as error:
            raise AnswerUnreadable(f"{source}: the stream: {error}") from None
        if self._mentions or self._deletions or self._rejects:
            yield self._page()

    @property
    def _now(self) -> datetime:
        return self.questions.now + timedelta(seconds=time.monotonic() - self.began)

    def _is_due(self) -> bool:
        rows = len(self._mentions) + len(self._deletions) + len(self._rejects)
        return rows >= self.size or (rows > 0 and time.monotonic() - self.began - self._paged >= _AT_MOST)

    def _take(self, event: str, data: str) -> None:
        """One event; of other kinds than these nothing is kept."""
        if event == "delete":
            if uri := self.numbers.uri(self.host, data.strip()):
                self._mentions.pop(uri, None)
                self._deletions[uri] = Deletion(platform=PLATFORM, native_id=uri, deleted_at=self._now)
        elif event in _POSTS:
            try:
                self._post(_row(data))
            except ValueError as error:
                self._rejects.append(Reject(line=None, reason=str(error), raw=shown(data)))

    def _post(self, row: Row) -> None:
        found = read_status(row, self.host, self._now)
        if found is None or not (self.tags & _tags(row) or self.names.may_match(found.text)):
            return
        self.numbers.note([found])
        self._deletions.pop(found.native_id, None)
        self._mentions[found.native_id] = found

    def _page(self) -> Page:
        """What came in since the last one. The cursor stays: the timelines come by the same posts again."""
        self._paged = time.monotonic() - self.began
        told = len(self._mentions) + len(self._rejects)
        page = Page(
            mentions=tuple(self._mentions.values()),
            deletions=tuple(self._deletions.values()),
            rejects=tuple(self._rejects),
            at=self._now,
            coverage=Coverage(returned=told) if told else Coverage(),
        )
        self._mentions, self._deletions, self._rejects = {}, {}, []
        return page


def _events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Events with their data; without a name what only keeps the stream alive."""
    event = ""
    data: list[str] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line and not name:
            yield "", ""
        elif not line:
            if event:
                yield event, "\n".join(data)
            event, data = "", []
        elif name == "event":
            event = value.strip()
        elif name == "data":
            data.append(value.removeprefix(" "))


def _row(data: str) -> Row:
    try:
        told: Any = cleaned(json.loads(data, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        raise ValueError("an event is not JSON") from None
    if not isinstance(told, dict):
        raise ValueError("an event is not an object")
    return told


def _tags(row: Row) -> set[str]:
    tags = row.get("tags")
    names = [word(tag.get("name")) for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    return {name.casefold() for name in names if name}
