"""What goes wrong on every network: one table of faults, and of good answers that are odd. Knows no platform.

Each collector goes through all of it in the contract suite. A fault replaces an answer; an oddity changes a good one.
"""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply

JSON = {"content-type": "application/json"}
UNKNOWN = "never_seen_before"


@dataclass(frozen=True)
class Fault:
    """An answer that is none, and the error that it is unless a platform means something else by it."""

    reply: Reply
    promised: type[CollectorError]


FAULTS = {
    "server error": Fault(Reply(500, b'{"message": "oops"}', JSON), SourceDown),
    "bad gateway": Fault(BROKEN, SourceDown),
    "too many requests": Fault(Reply(429), RateLimited),
    "too many requests, with a time": Fault(Reply(429, b"{}", JSON | {"retry-after": "60"}), RateLimited),
    "too many requests, with a time that is none": Fault(Reply(429, b"", {"retry-after": "soon"}), RateLimited),
    "refused key": Fault(Reply(401, b'{"message": "expired"}', JSON), CredentialRefused),
    "refused in HTML": Fault(Reply(403, HTML.body, HTML.headers), CredentialRefused),
    "slow body": Fault(SLOW, SourceDown),
    "dropped socket": Fault(DROPPED, SourceDown),
    "not found in HTML": Fault(Reply(404, HTML.body, HTML.headers), AnswerUnreadable),
    "truncated": Fault(Reply(200, b'{"data": [{"id": "1", "text": "Acm', JSON), AnswerUnreadable),
    "not JSON": Fault(HTML, AnswerUnreadable),
    "nothing at all": Fault(Reply(200, b"", JSON), AnswerUnreadable),
    "bytes that are no text": Fault(Reply(200, b"\xff\xfe\x00{\x80}", JSON), AnswerUnreadable),
    "a number": Fault(Reply(200, b"7", JSON), AnswerUnreadable),
    "null": Fault(Reply(200, b"null", JSON), AnswerUnreadable),
    "another object": Fault(Reply(200, b'{"unheard": {"of": [1, {"x": null}]}}', JSON), AnswerUnreadable),
    "a pit of brackets": Fault(Reply(200, b"[" * 200_000, JSON), AnswerUnreadable),
    "packed wrongly": Fault(Reply(200, b"not packed", JSON | {"content-encoding": "gzip"}), AnswerUnreadable),
}
_VALIDATORS = ("etag", "last-modified")  # of the document as it was
_ITEM = re.compile(rb"<item>.*?</item>", re.DOTALL)


def unknown_fields(reply: Reply) -> Reply:
    """A field that nobody knows in each object."""
    return _changed(reply, _with_unknown, lambda item: item.replace(b"</item>", b"<x-never-seen-before/></item>"))


def rows_twice(reply: Reply) -> Reply:
    """Each row of each list comes twice, as on pages that overlap."""
    return _changed(reply, lambda value: _lists(value, lambda rows: [row for row in rows for _ in (1, 2)]), _twice)


def nothing_found(reply: Reply) -> Reply:
    """Each list of rows is empty, whatever there is."""
    return _changed(reply, lambda value: _lists(value, lambda rows: []), lambda item: b"")


def _twice(item: bytes) -> bytes:
    return item + item


def _with_unknown(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_unknown(each) for each in value]
    if isinstance(value, dict):
        return {name: _with_unknown(each) for name, each in value.items()} | {UNKNOWN: {"a": ["b", None]}}
    return value


def _lists(value: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """A document whose lists of rows (and lists of such lists) are changed."""
    if isinstance(value, dict):
        return {name: _lists(each, change) for name, each in value.items()}
    if isinstance(value, list) and value and all(isinstance(each, dict | list) for each in value):
        return change(value)
    return value


def _changed(reply: Reply, change: Callable[[Any], Any], item: Callable[[bytes], bytes]) -> Reply:
    """A good answer with its document changed: JSON, packed or not, or the items of an RSS document."""
    reply = replace(reply, headers={name: told for name, told in reply.headers.items() if name not in _VALIDATORS})
    if b"<rss " in reply.body:
        return replace(reply, body=_ITEM.sub(lambda found: item(found[0]), reply.body))
    packed = reply.headers.get("content-encoding") == "gzip"
    try:
        document = json.loads(gzip.decompress(reply.body) if packed else reply.body)
    except ValueError:
        return reply
    body = json.dumps(change(document)).encode()
    return replace(reply, body=gzip.compress(body) if packed else body)
