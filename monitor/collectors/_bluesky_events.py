"""Lines of a Jetstream, versions 1 and 2, as events; which lines need not be read; records as mentions.

Knows no network. A line names its place: the time at which the server witnessed it (microseconds since 1970) and, in
version 2, its number. A post's key is at://did/app.bsky.feed.post/rkey.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.collectors._fields import instant, part, word
from monitor.collectors._names import Names
from monitor.domain import Author, Mention, Query
from monitor.post_fields import cleaned, tidy

PLATFORM = "bluesky"
POSTS = "app.bsky.feed.post"
GONE = frozenset(("takendown", "suspended", "deleted", "deactivated"))  # an account that may no longer be shown
_DID = re.compile(r"did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,200}")
_KEY = re.compile(r"[A-Za-z0-9._~:-]{1,512}")
_MICROSECOND = timedelta(microseconds=1)
_USUAL = frozenset(("$type", "text", "createdAt", "langs", "reply", "facets", "embed", "entities"))
# The place of a line that begins as the servers write it; another is read whole. A record cannot stand before these.
_START = re.compile(r'\{"did":"did:[^"]{1,230}","time_us":(\d{15,17}),')
_START_2 = re.compile(
    r'\{"\$type":"message","payload":\{"\$type":"[a-zA-Z.]{1,80}#[a-z]{1,20}","seq":(\d{1,16}),'
    r'"did":"did:[^"]{1,230}","time":"([0-9T:.Z+-]{20,35})"'
)
_MUST = ('"delete"', '"account"', '#account"', '#info"', '"error"')  # lines that are never passed over
_KEY_OF_TEXT = '"text"'
_TEXT = re.compile(r'"text":"([^"\\]*(?:\\.[^"\\]*)*)"')


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the stream a line stands."""

    time_us: int
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line that was read."""

    kind: str  # commit, account, identity, sync, info, error
    place: Place | None
    did: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: Any = None
    status: str | None = None  # of an account that is not active
    name: str = ""  # of a notice or an error

    @property
    def uri(self) -> str:
        """The key of the post that a commit is about."""
        return f"at://{self.did}/{self.collection}/{self.rkey}"


class Sieve:
    """Tells lines that cannot name any of what is asked for, before they are read as JSON."""

    def __init__(self, query: Query) -> None:
        self._names = Names(query)
        self.may_match = self._names.may_match  # False only for a text without any of the names

    def must_read(self, line: str) -> bool:
        """False only for a line that is a post without any of the names in its text, or nothing that is ever kept."""
        if self._names.all or "\\u" in line or any(mark in line for mark in _MUST):
            return True
        texts = _TEXT.findall(line)
        return len(texts) != line.count(_KEY_OF_TEXT) or any(map(self.may_match, texts))


def place_of(line: str) -> Place | None:
    """Where a line stands, read without the rest of it where that can be done; None where it tells no place."""
    if found := _START.match(line):
        return Place(int(found[1]))
    if found := _START_2.match(line):
        return Place(_micros(found[2]), int(found[1]))
    try:
        return event_of(line).place
    except ValueError:
        return None


def notice_of(line: str) -> str:
    """The name of a notice or an error about the stream itself; "" where a line is neither."""
    try:
        return event_of(line).name
    except ValueError:
        return ""


def event_of(line: str) -> Event:
    """What a line says. Raises ValueError with the reason, in words."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("a line is not JSON") from None
    if not isinstance(told, dict):
        raise ValueError("a line is not an object")
    if told.get("$type") == "error":
        return Event(kind="error", place=None, name=word(told.get("error") or told.get("name")) or "")
    body = told.get("payload")
    return _event_2(body) if isinstance(body, dict) else _event_1(told)


def _event_1(told: dict[str, Any]) -> Event:
    kind, moment = told.get("kind"), told.get("time_us")
    if not isinstance(kind, str) or type(moment) is not int or not 0 <= moment < 1 << 60:
        raise ValueError("a line without kind and time_us")
    commit, account = part(told, "commit"), part(told, "account")
    return _event(kind, Place(moment), told.get("did"), commit, account)


def _event_2(body: dict[str, Any]) -> Event:
    kind = str(body.get("$type") or "").rpartition("#")[2]
    if kind == "info":
        return Event(kind=kind, place=None, name=word(body.get("name")) or "")
    seq = body.get("seq")
    if not kind or type(seq) is not int:
        raise ValueError("a message without $type and seq")
    place = Place(_micros(str(body.get("witnessedAt") or body.get("time"))), seq)
    return _event(kind, place, body.get("did"), body, part(body, "account"))


def _event(kind: str, place: Place, did: object, commit: dict[str, Any], account: dict[str, Any]) -> Event:
    owner = did if isinstance(did, str) and _DID.fullmatch(did) else ""
    if kind == "account":
        status = None if account.get("active") is not False else str(account.get("status") or "")
        return Event(kind=kind, place=place, did=owner, status=status)
    if kind != "commit" or commit.get("collection") != POSTS:
        return Event(kind=kind, place=place, did=owner)
    rkey = commit.get("rkey")
    if not owner or not isinstance(rkey, str) or not _KEY.fullmatch(rkey):
        raise ValueError("a commit without did and rkey")
    operation, record = str(commit.get("operation")), commit.get("record")
    return Event(
        kind=kind, place=place, did=owner, operation=operation, collection=POSTS, rkey=rkey, record=record
    )  # fmt: skip


def _micros(text: str) -> int:
    try:
        return (clock.parse(text) - clock.EPOCH) // _MICROSECOND
    except ValueError:
        raise ValueError("a time that cannot be read") from None


def moment_of(place: Place, now: datetime) -> datetime:
    """When a line was witnessed; never later than now."""
    return min(clock.EPOCH + place.time_us * _MICROSECOND, now) if place.time_us < 1 << 52 else now


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - clock.EPOCH) // _MICROSECOND


def mention_of(uri: str, record: object, *, witnessed: datetime, edited: bool = False) -> Mention | None:
    """A post's record as a mention; None where it has no text. Raises ValueError with the reason, in words.

    The time is the platform's own rule for sorting: the earlier of what the author's program says and what a server
    witnessed, so that nobody publishes in the future.
    """
    if not isinstance(record, dict):
        raise ValueError("a post without a record")
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("the post's text is not a string")
    if not (kept := tidy(text)).strip():
        return None
    did, _, rkey = uri.removeprefix("at://").partition(f"/{POSTS}/")
    reply = part(record, "reply")
    known = {name: cleaned(value) for name, value in record.items() if name not in _USUAL}
    return Mention(
        platform=PLATFORM,
        native_id=uri,
        text=kept,
        published_at=min(time_or_none(record.get("createdAt")) or witnessed, witnessed),
        author=Author(native_id=did),
        url=f"https://bsky.app/profile/{did}/post/{rkey}",
        lang=_language(record.get("langs")),
        edited_at=witnessed if edited else None,
        conversation_id=word(part(reply, "root").get("uri")) or uri,
        in_reply_to=word(part(reply, "parent").get("uri")),
        quoted=_quoted(part(record, "embed")),
        extra=known,
    )


def _quoted(embed: dict[str, Any]) -> str | None:
    """The post that an embed repeats, alone or beside pictures; other records (lists and the like) are none."""
    record = part(embed, "record")
    uri = word(part(record, "record").get("uri")) or word(record.get("uri"))
    return uri if uri and f"/{POSTS}/" in uri else None


def time_or_none(value: object) -> datetime | None:
    """An ISO 8601 time; None for anything else."""
    try:
        return instant(value, "")
    except ValueError:
        return None


def _language(tags: object) -> str | None:
    first = str(tags[0]).partition("-")[0].lower() if isinstance(tags, list) and tags else ""
    return first if len(first) in (2, 3) and first.isascii() and first.isalpha() else None
