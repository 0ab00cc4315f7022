"""The App Store's public lists of reviews: of any app, one for each country, without a key. Knows no settings.

The newest 500 reviews a country, on ten pages. The list is known to be wrong in four ways. A page with one review
has an object in place of a list. It is empty at times although there are reviews: an empty page is asked for again by
its other address, and one that is still empty where there must be something (the list says how many pages it has, or
had reviews before) is a fault of the server: nothing is taken as read. Its first entry may be the app itself. And
where more than 500 reviews came since the last poll, the rest is told as a gap.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from monitor.collectors._apps import Apps, Depth
from monitor.collectors._fields import Row, count, ident, instant, part, read_rows, stars, times_of, word
from monitor.collectors._newest_first import Reading, gap
from monitor.collectors._state import write_state
from monitor.collectors._text import squeezed
from monitor.collectors._web import ask, document_of
from monitor.domain import Author, Coverage, Engagement, Mention, Page
from monitor.errors import AnswerUnreadable, SourceDown
from monitor.http import GuardedClient
from monitor.post_fields import tidy

PLATFORM = "appstore"
LAST_PAGE = 10
_SPELLINGS = (
    "{base}/{country}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/json",
    "{base}/{country}/rss/customerreviews/id={app}/sortBy=mostRecent/page={page}/json",
)
_USUAL = frozenset(
    ("id", "author", "title", "content", "updated", "link", "im:rating", "im:voteSum", "im:voteCount", "im:version")
)


class PublicLists:
    """Reads the lists of some apps in some countries."""

    def __init__(
        self, source: str, client: GuardedClient, *, base_url: str, countries: tuple[str, ...], depth: Depth
    ) -> None:
        self._source = source
        self._client = client
        self._base = base_url.rstrip("/")
        self._countries = countries
        self._depth = depth

    def pages(self, apps: Apps, before: Mapping[str, Any], *, now: datetime) -> Iterator[Page]:
        """Yield the reviews of each app and country, newest first; `before` is what the cursor holds.

        Raises SourceDown for a list that is empty and must not be, when all the others were read.
        """
        wanted = [(country, app) for country in self._countries for app in apps]
        readings = {f"{country}:{app}": Reading.read(before.get(f"{country}:{app}")) for country, app in wanted}
        empty = []
        for country, app in wanted:
            try:
                yield from self._list_pages(country, app, apps[app], readings, now)
            except _WronglyEmpty:
                empty.append(f"{app} in {country}")
        if empty:
            raise SourceDown(
                f"{self._source}: the App Store shows no reviews of {', '.join(empty)}, though there are some."
                " The next poll tries again."
            )

    def _list_pages(
        self, country: str, app: str, targets: tuple[str, ...], readings: dict[str, Reading], now: datetime
    ) -> Iterator[Page]:
        reading, depth = readings[f"{country}:{app}"], self._depth
        for _ in range(depth.max_pages):
            reading.begin(now, lookback=depth.lookback, overlap=depth.overlap)
            place = reading.place or ""
            number = min(int(place), LAST_PAGE) if place.isdecimal() else 1
            entries, pages = self._entries(country, app, number, now)
            if not entries and (number <= pages > 1 or (number == 1 and reading.done is not None)):
                raise _WronglyEmpty
            below = reading.take(times_of(entries, _updated), len(entries), str(number + 1), now=now)
            if number >= LAST_PAGE and entries and not below:
                yield gap(reading.since, reading.seen_down_to)
            if below or not entries or number >= LAST_PAGE:
                reading.finish()
            mentions, _, rejects = read_rows(entries, lambda row: _mention(row, country, app, targets, now))
            yield Page(
                mentions=tuple(mentions), rejects=tuple(rejects), keep_unmatched=not targets,
                cursor=write_state({key: each.told() for key, each in readings.items()}),
                coverage=_coverage(len(mentions) + len(rejects), readings, reading),
            )  # fmt: skip
            if not reading.running:
                return

    def _entries(self, country: str, app: str, number: int, now: datetime) -> tuple[list[Any], int]:
        """The entries of a page, and how many pages the list says that it has (0: it does not say)."""
        pages = 0
        for spelling in _SPELLINGS:
            url = spelling.format(base=self._base, country=country, app=app, page=number)
            listing = document_of(ask(self._client, url, self._source, now=now), self._source).get("feed")
            if not isinstance(listing, dict):
                raise AnswerUnreadable(f"{self._source}: the answer is no list of reviews. Check `base_url`.")
            entries = listing.get("entry", [])
            pages = max(pages, _page_count(listing))
            if found := entries if isinstance(entries, list) else [entries]:
                return found, pages
        return [], pages


class _WronglyEmpty(Exception):
    """A page without entries where there must be some."""


def _coverage(returned: int, readings: Mapping[str, Reading], reading: Reading) -> Coverage:
    more = any(each.running for each in readings.values())
    return Coverage(returned=returned, more_available=more, since=reading.since)


def _page_count(listing: Row) -> int:
    """The number of the page to which the list's link "last" leads; 0 where it has none."""
    links = listing.get("link")
    for link in links if isinstance(links, list) else []:
        told = part(link, "attributes") if isinstance(link, dict) else {}
        found = re.search(r"/page=(\d{1,4})(?:/|$)", str(told.get("href") or ""), re.ASCII)
        if told.get("rel") == "last" and found:
            return int(found[1])
    return 0


def _label(row: Row, name: str) -> Any:
    """Apple wraps each value: {"label": value}."""
    return part(row, name).get("label")


def _updated(row: Row) -> datetime:
    return instant(_label(row, "updated"), "updated")


def _mention(row: Row, country: str, app: str, targets: tuple[str, ...], now: datetime) -> Mention | None:
    if "im:name" in row and "im:rating" not in row:
        return None  # the app itself
    text = tidy(squeezed(f"{_label(row, 'title') or ''}\n{_label(row, 'content') or ''}"))
    if not text:
        raise ValueError("no text")
    author, given = part(row, "author"), stars(_label(row, "im:rating"))
    number = re.search(r"/id(\d+)", str(_label(author, "uri") or ""), re.ASCII)
    return Mention(
        platform=PLATFORM,
        native_id=f"{country}:{ident(_label(row, 'id'), 'id')}",
        text=text,
        published_at=min(_updated(row), now),
        author=Author(native_id=number[1] if number else None, handle=word(_label(author, "name"))),
        engagement=Engagement(likes=count(_label(row, "im:voteSum"))),
        url=f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews",
        rating=(given - 1) / 4,
        region=country,
        targets=targets,
        extra={"rating": given, "app": app, "country": country, "version": word(_label(row, "im:version"))}
        | {name: value for name, value in row.items() if name not in _USUAL},
    )
