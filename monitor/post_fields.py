"""One row's fields become a mention: which types and times are believed, and how text is kept. Knows no file.

Every refusal is a ValueError whose message is the reason, in words. What is decided for every reader stands at the
top of monitor/posts.py.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor import clock
from monitor.domain import MAX_TEXT, Author, Engagement, Mention
from monitor.words import normal

MAX_FIELD = 2_000  # characters of a name, an address, an id
MAX_COUNT = 1 << 53  # likes and the like; more is a mistake, and would not fit where it is stored
STARS = (1, 5)  # the fewest and the most that `rating` may be
RAW_SHOWN = 200  # characters of a bad row that are kept

_WORDS = ("id", "created_at", "brand", "target", "author", "lang", "url", "platform", "region")
_COUNTS = ("retweets", "likes", "replies", "followers")
_KNOWN = frozenset(("text", "rating", *_WORDS, *_COUNTS))
_ODD = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows become mentions."""

    now: datetime  # aware, UTC: the time of rows that tell none, and the latest that is believed
    platform: str = "file"  # for rows that name none
    event_time: bool = False  # replay: each post became known when it was published


def to_mention(fields: Mapping[str, object], reading: Reading) -> Mention:
    """Make a mention of one row's fields. Raises ValueError with the reason, in words."""
    get = fields.get
    text = _text(get("text"))
    author = _short(get("author"), "author")
    told = get("created_at")
    published = _time(told, reading.now)
    platform = _short(get("platform"), "platform") or reading.platform
    ident = _ident(get("id")) or content_id(platform, author, published if told else None, text)
    followers = _count(get("followers"), "followers")
    return Mention(
        platform=platform,
        native_id=ident,
        text=text,
        published_at=published,
        author=Author(handle=author, followers=followers) if author or followers else Author(),
        engagement=_engagement(fields),
        url=_short(get("url"), "url"),
        lang=_short(get("lang"), "lang"),
        rating=_rating(get("rating")),
        region=_short(get("region"), "region"),
        targets=_targets(get("brand"), get("target")),
        extra={name: value for name, value in fields.items() if name not in _KNOWN},
        known_at=published if reading.event_time else None,
    )


def content_id(platform: str, author: str | None, published: datetime | None, text: str) -> str:
    """An id for a post that has none: the same content has the same id, wherever and whenever it is read.

    >>> content_id("file", "ann", None, "Late again") == content_id("file", "ann", None, "Late again")
    True
    """
    moment = clock.iso(published) if published else ""
    content = "\x1f".join((platform, author or "", moment, text))
    return "sha256:" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:32]


def tidy(text: str) -> str:
    """Text as it is kept: NFC, no NUL, no lone surrogate, at most MAX_TEXT characters.

    >>> tidy("cafe\\u0301\\x00 \\ud800")
    'café \ufffd'
    """
    if text.isascii() and "\x00" not in text:
        return text[:MAX_TEXT]
    return normal("NFC", whole(text[: 4 * MAX_TEXT]))[:MAX_TEXT]


def shown(raw: str | bytes) -> str:
    """A bad row as people are shown it: readable, and cut to 200 characters."""
    text = raw[: 4 * RAW_SHOWN].decode("utf-8", "replace") if isinstance(raw, bytes) else raw[:RAW_SHOWN]
    return whole(text.strip()[:RAW_SHOWN])


_LONE = re.compile("[\ud800-\udfff]")


def check_text(value: object) -> None:
    """Raise ValueError for a text that is not made of whole characters: it was cut in the middle of one."""
    if isinstance(value, str) and _LONE.search(value):
        raise ValueError("text holds half of a character (a lone surrogate)")


def _text(value: object) -> str:
    if isinstance(value, str):
        text = tidy(value)
        if text.strip():
            return text
    if value is None or isinstance(value, str):
        raise ValueError("no text")
    raise ValueError(f"text is not a string but {kind(value)}")


def _short(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a string but {kind(value)}")
    if len(value) > MAX_FIELD:
        raise ValueError(f"{name} is longer than {MAX_FIELD:,} characters")
    return (whole(value) if not value.isascii() or "\x00" in value else value).strip() or None


def _ident(value: object) -> str | None:
    if isinstance(value, float):
        raise ValueError("id is a number with a fraction; write ids as text")
    return _short(value, "id")


def _time(value: object, now: datetime) -> datetime:
    if value is None or value == "":
        return now
    if not isinstance(value, str):
        raise ValueError(f"created_at is not a string but {kind(value)}")
    try:
        moment = clock.parse(value)
    except ValueError as error:
        raise ValueError(f"created_at is not an ISO 8601 time: {shown(value)[:40]!r}") from error
    if moment < clock.EPOCH:
        raise ValueError(f"created_at is impossible (before 1970): {shown(value)[:40]!r}")
    return min(moment, now)


def _count(value: object, name: str) -> int | None:
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None or not 0 <= number <= MAX_COUNT:
        raise ValueError(f"{name} is not a whole number from 0: {shown(str(value)[:40])!r}")
    return number


def _number(value: object) -> int | None:
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= len(str(MAX_COUNT)) + 2:
        try:
            value = float(value)
        except ValueError:
            return None
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _rating(value: object) -> float | None:
    """Stars from 1 to 5, as the share of the way from the fewest to the most."""
    if value is None or value == "":
        return None
    fewest, most = STARS
    try:
        stars = float(value) if isinstance(value, str) and len(value) <= RAW_SHOWN else value
    except ValueError:
        stars = value
    if isinstance(stars, bool) or not isinstance(stars, int | float) or not fewest <= stars <= most:
        raise ValueError(f"rating is not a number of stars from {fewest} to {most}: {shown(str(value)[:40])!r}")
    return (stars - fewest) / (most - fewest)


def _engagement(fields: Mapping[str, object]) -> Engagement:
    likes = _count(fields.get("likes"), "likes")
    replies = _count(fields.get("replies"), "replies")
    reposts = _count(fields.get("retweets"), "retweets")
    return Engagement(likes=likes, replies=replies, reposts=reposts)


def _targets(*values: object) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for value in values:
        for name in value if isinstance(value, list) else (value,):
            if target := _short(name, "brand or target"):
                names[target] = None
    return tuple(names)


def kind(value: object) -> str:
    """What a value is, in words for a refusal."""
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), type(value).__name__)


def whole(text: str) -> str:
    """Text without NUL, and with U+FFFD for each lone surrogate, so that it can be written as UTF-8."""
    return _ODD.sub(lambda found: "" if found[0] == "\x00" else "\ufffd", text)


def cleaned(value: object) -> object:
    """A JSON value whose texts and names are all whole."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {whole(name): cleaned(item) for name, item in value.items()}
    return value
