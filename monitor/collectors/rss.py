"""News, blogs and forums by RSS or Atom: one feed a source. Yields every entry; matching is done later.

Fetched by the guarded client, and only if it changed since (ETag, Last-Modified). feedparser is given bytes and
nothing else, as it would open a path or an address by itself. An entry without an id goes by a hash of its link and
title; one without a date is as old as the poll that first saw it, which the cursor remembers.
"""

import calendar
import hashlib
import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import feedparser
import httpx2

from monitor import clock
from monitor.collectors._state import read_state, write_state
from monitor.collectors._text import plain, squeezed
from monitor.collectors._web import ask, check_address, check_least
from monitor.domain import Author, Coverage, Cursor, Mention, Page, Query, Reject, Terms
from monitor.errors import AnswerUnreadable
from monitor.http import Answer, GuardedClient, Limits
from monitor.post_fields import shown, tidy

MAX_ENTRIES = 1_000
MAX_ATTRIBUTES = 2_000  # of one tag: the XML reader's time grows with their square
_ATTRIBUTE = re.compile(rb"=[\s\0]*[\"']")
_VALIDATORS = {"etag": "if-none-match", "last-modified": "if-modified-since"}


@dataclass(frozen=True, kw_only=True)
class RssOptions:
    """Settings of a source of kind `rss`."""

    url: str = field(metadata={"help": "Address of the feed, http or https."})
    platform: str = field(default="rss", metadata={"help": "Platform that its entries are shown under."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    max_bytes: int = field(default=5_000_000, metadata={"help": "Largest feed that is read."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("url", self.url)
        check_least(self, timeout=0.1, max_bytes=1)


class RssCollector:
    """Reads one feed."""

    kind: ClassVar[str] = "rss"
    Options: ClassVar[type[RssOptions]] = RssOptions
    terms: ClassVar[Terms] = Terms(
        note="Each publisher has its own terms (the page or the feed names them): link what you show, and hand on no"
        " more than they allow."
    )

    def __init__(self, name: str, options: RssOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(size=options.max_bytes, seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield one page: the feed as it is, or nothing new."""
        memory = read_state(since)
        if memory.get("address") != self._address():
            memory = {}
        told = {header: str(memory[name]) for name, header in _VALIDATORS.items() if memory.get(name)}
        answer = ask(self._client, self._options.url, self.name, now=now, headers=told)
        if answer.status == 304:
            yield Page()
            return
        yield self._page(answer, memory, now)

    def _page(self, answer: Answer, memory: dict[str, Any], now: datetime) -> Page:
        feed = self._feed(answer)
        entries, language = feed.entries, feed.feed.get("language")
        undated: dict[str, str] = {}
        before = memory.get("undated")
        mentions, rejects = [], []
        for place, entry in enumerate(entries[:MAX_ENTRIES], start=1):
            try:
                mention = self._mention(entry, before if isinstance(before, dict) else {}, undated, now)
                mentions.append(replace(mention, lang=_language(entry) or _short(language)))
            except ValueError as error:
                rejects.append(Reject(line=place, reason=str(error), raw=shown(str(entry.get("link", "")))))
        validators = {name: answer.headers[name] for name in _VALIDATORS if name in answer.headers}
        cursor = write_state({"address": self._address(), "undated": undated, **validators})
        left = len(entries) > MAX_ENTRIES
        coverage = Coverage(asked=MAX_ENTRIES, returned=len(mentions), more_available=left, total=len(entries))
        return Page(mentions=tuple(mentions), rejects=tuple(rejects), cursor=cursor, coverage=coverage)

    def _address(self) -> str:
        """A mark of the address, by which a change of it is seen; an address may hold a key, so it is not kept."""
        return hashlib.sha256(self._options.url.encode()).hexdigest()[:16]

    def _feed(self, answer: Answer) -> Any:
        if any(len(_ATTRIBUTE.findall(part)) > MAX_ATTRIBUTES for part in answer.body.split(b"<") if len(part) > 6_000):
            raise AnswerUnreadable(f"{self.name}: the feed has a tag of over {MAX_ATTRIBUTES:,} attributes.")
        headers = {"content-type": answer.headers.get("content-type", "")}
        try:
            # nh3 cleans every text afterwards; feedparser's own cleaning and link resolving are slow, and not safer.
            feed = feedparser.parse(
                io.BytesIO(answer.body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
            )
        except Exception as error:  # noqa: BLE001 - it guesses at broken text, and each guess may fail in its own way
            raise AnswerUnreadable(f"{self.name}: the feed cannot be read ({type(error).__name__}).") from None
        if not feed.entries and not feed.get("version"):
            raise AnswerUnreadable(f"{self.name}: what stands at the address is no feed. Check `url`.")
        return feed

    def _mention(self, entry: Any, before: dict[str, str], undated: dict[str, str], now: datetime) -> Mention:
        title, body = _title(entry), _body(entry)
        text = title if body.startswith(title) and len(title) == len(body) else f"{title}\n{body}".strip()
        if not text.strip():
            raise ValueError("no text")
        link = str(entry.get("link") or "")
        ident = self._ident(str(entry.get("id") or ""), link, title)
        published = _time(entry.get("published_parsed") or dict.get(entry, "updated_parsed"))
        if published is None:
            key = hashlib.sha256(ident.encode("utf-8", "replace")).hexdigest()[:16]
            undated[key] = str(before.get(key) or clock.iso(now))
            published = clock.parse(undated[key])
        return Mention(
            platform=self._options.platform,
            native_id=ident,
            text=tidy(text),
            published_at=min(published, now),
            author=Author(handle=shown(plain(str(entry.get("author") or ""))) or None),
            url=_link(link),
        )

    def _ident(self, told: str, link: str, title: str) -> str:
        """The entry's id, made unique among feeds: one that is no address or URN may be a mere number."""
        if not told.strip():
            return "sha256:" + hashlib.sha256(f"{link}\x1f{title}".encode("utf-8", "replace")).hexdigest()[:32]
        ident = tidy(told.strip())[:2_000]
        return ident if ":" in ident else f"{httpx2.URL(self._options.url).host}:{ident}"


def _title(entry: Any) -> str:
    return _text(entry.get("title_detail") or {"value": entry.get("title") or ""})


def _body(entry: Any) -> str:
    for part in [*(entry.get("content") or []), entry.get("summary_detail") or {}]:
        if text := _text(part):
            return text
    return ""


def _text(part: Any) -> str:
    value = str(part.get("value") or "")
    return tidy(squeezed(value)) if part.get("type") == "text/plain" else plain(value)


def _time(moment: time.struct_time | None) -> datetime | None:
    """feedparser's UTC time; None where there is none, or where it is out of any calendar."""
    try:
        found = clock.EPOCH + timedelta(seconds=calendar.timegm(moment)) if moment else None
    except (ValueError, OverflowError):
        return None
    return found if found and found >= clock.EPOCH else None


def _link(link: str) -> str | None:
    """An entry's link where it is one that people may follow; anything else is dropped."""
    return tidy(link)[:2_000] if link.lower().startswith(("http://", "https://")) else None


def _language(entry: Any) -> str | None:
    parts = (entry.get("title_detail") or {}, entry.get("summary_detail") or {})
    return next((short for part in parts if (short := _short(part.get("language")))), None)


def _short(language: object) -> str | None:
    """ISO 639-1 of a language tag: "en" of "en-GB"."""
    told = str(language or "")[:2].lower()
    return told if len(told) == 2 and told.isalpha() else None
