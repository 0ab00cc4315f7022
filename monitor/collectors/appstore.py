"""App Store: the public list of customer reviews of any app, one for each country; no key.

The newest 500 reviews a country, on ten pages. The list is known to be wrong in four ways. A page with one review
has an object in place of a list. It is empty at times although there are reviews: an empty page is asked for again by
its other address, and one that is still empty where there must be something (the list says how many pages it has, or
had reviews before) is a fault of the server: nothing is taken as read. Its first entry may be the app itself. And
where more than 500 reviews came since the last poll, the rest is told as a gap.

An edited review moves to the top with its old id. Stars are kept in `extra` as `rating`; ids begin with the country.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from monitor.collectors._fields import Row, count, ident, instant, part, read_rows, stars, times_of, word
from monitor.collectors._newest_first import Reading, gap
from monitor.collectors._state import read_state, write_state
from monitor.collectors._text import squeezed
from monitor.collectors._web import ask, check_address, check_least, document_of
from monitor.domain import Author, Coverage, Cursor, Engagement, Mention, Page, Query
from monitor.errors import AnswerUnreadable, SourceDown
from monitor.http import GuardedClient, Limits
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


@dataclass(frozen=True, kw_only=True)
class AppstoreOptions:
    """Settings of a source of kind `appstore`."""

    apps: tuple[str, ...] = field(metadata={"help": 'Ids of apps: the number in their address, as in "1234567890".'})
    countries: tuple[str, ...] = field(
        default=("us",), metadata={"help": "Countries whose stores are read, by their two letters."}
    )
    brand: str = field(
        default="", metadata={"help": "Brand that every review is about; without one, reviews are about nobody."}
    )
    base_url: str = field(default="https://itunes.apple.com", metadata={"help": "Where the lists are."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one list in one poll; the rest comes next."})
    lookback_hours: float = field(default=720.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(default=86_400, metadata={"help": "How much is read again, for reviews shown late."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_least(self, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)
        if not self.apps or not all(re.fullmatch(r"\d{1,20}", app, re.ASCII) for app in self.apps):
            raise ValueError('apps must be numbers, as in ["1234567890"]')
        if not self.countries or not all(re.fullmatch(r"[a-z]{2}", country) for country in self.countries):
            raise ValueError('countries must be two small letters each, as in ["us", "gb"]')


class AppstoreCollector:
    """Reads the reviews of one or more apps in one or more countries."""

    kind: ClassVar[str] = "appstore"
    Options: ClassVar[type[AppstoreOptions]] = AppstoreOptions

    def __init__(self, name: str, options: AppstoreOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the reviews of each app and country, newest first; the query plays no part.

        A list that is empty and must not be is told when all the others were read.
        """
        before = read_state(since)
        wanted = [(country, app) for country in self._options.countries for app in self._options.apps]
        readings = {f"{country}:{app}": Reading.read(before.get(f"{country}:{app}")) for country, app in wanted}
        empty = []
        for country, app in wanted:
            try:
                yield from self._list_pages(country, app, readings, now)
            except _WronglyEmpty:
                empty.append(f"{app} in {country}")
        if empty:
            raise SourceDown(
                f"{self.name}: the App Store shows no reviews of {', '.join(empty)}, though there are some."
                " The next poll tries again."
            )

    def _list_pages(self, country: str, app: str, readings: dict[str, Reading], now: datetime) -> Iterator[Page]:
        reading, options = readings[f"{country}:{app}"], self._options
        for _ in range(options.max_pages):
            lookback, overlap = timedelta(hours=options.lookback_hours), timedelta(seconds=options.overlap_seconds)
            reading.begin(now, lookback=lookback, overlap=overlap)
            place = reading.place or ""
            number = min(int(place), LAST_PAGE) if place.isdecimal() else 1
            entries, pages = self._entries(country, app, number, now)
            if not entries and (number <= pages > 1 or (number == 1 and reading.done is not None)):
                raise _WronglyEmpty
            times = times_of(entries, _updated)
            below = reading.take(times, len(entries), str(number + 1), now=now)
            if number >= LAST_PAGE and entries and not below:
                yield gap(reading.since, reading.seen_down_to)
            if below or not entries or number >= LAST_PAGE:
                reading.finish()
            yield self._page(country, app, entries, readings, now)
            if not reading.running:
                return

    def _entries(self, country: str, app: str, number: int, now: datetime) -> tuple[list[Any], int]:
        """The entries of a page, and how many pages the list says that it has (0: it does not say)."""
        pages = 0
        for spelling in _SPELLINGS:
            base = self._options.base_url.rstrip("/")
            url = spelling.format(base=base, country=country, app=app, page=number)
            listing = document_of(ask(self._client, url, self.name, now=now), self.name).get("feed")
            if not isinstance(listing, dict):
                raise AnswerUnreadable(f"{self.name}: the answer is no list of reviews. Check `base_url`.")
            entries = listing.get("entry", [])
            pages = max(pages, _page_count(listing))
            if found := entries if isinstance(entries, list) else [entries]:
                return found, pages
        return [], pages

    def _page(self, country: str, app: str, entries: list[Any], readings: dict[str, Reading], now: datetime) -> Page:
        targets = (self._options.brand,) if self._options.brand else ()
        mentions, _, rejects = read_rows(entries, lambda row: _mention(row, country, app, targets, now))
        coverage = Coverage(
            returned=len(mentions) + len(rejects),
            more_available=any(reading.running for reading in readings.values()),
            since=readings[f"{country}:{app}"].since,
        )
        return Page(
            mentions=tuple(mentions),
            rejects=tuple(rejects),
            cursor=write_state({key: reading.told() for key, reading in readings.items()}),
            keep_unmatched=not targets,
            coverage=coverage,
        )


class _WronglyEmpty(Exception):
    """A page without entries where there must be some."""


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
    author = part(row, "author")
    number = re.search(r"/id(\d+)", str(_label(author, "uri") or ""), re.ASCII)
    return Mention(
        platform=PLATFORM,
        native_id=f"{country}:{ident(_label(row, 'id'), 'id')}",
        text=text,
        published_at=min(_updated(row), now),
        author=Author(native_id=number[1] if number else None, handle=word(_label(author, "name"))),
        engagement=Engagement(likes=count(_label(row, "im:voteSum"))),
        url=f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews",
        targets=targets,
        extra={"rating": stars(_label(row, "im:rating")), "app": app, "country": country}
        | {"version": word(_label(row, "im:version"))}
        | {name: value for name, value in row.items() if name not in _USUAL},
    )
