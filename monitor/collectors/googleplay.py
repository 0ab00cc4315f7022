"""Google Play: reviews of your own apps by the official androidpublisher API, most recently changed first.

Needs a service account that may reply to reviews in the Play Console: `service_account` names its key, the JSON file as
it was downloaded; the program signs with it and keeps the access token in memory. Without one, an access token of scope
`androidpublisher` is read from `token` anew for each question; it is good for an hour, so something must renew it
("file:/run/play-token", written every half hour by `gcloud auth print-access-token`).

The API shows reviews with a text, of production builds, of the last seven days, and its lists are known to end early:
poll hourly, so that each list is short. A last page that is full, and does not reach what was read before, is told as a
gap, and so are days that passed unread. A review carries the time of its last change only. The apps are those of the
source, or the package names on the brand cards. Stars become the mention's rating, and stand in `extra` as they came;
replies of the developer are passed over. The text may be title, tab, body.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from monitor import clock
from monitor.collectors._answers import check_safe, reveal
from monitor.collectors._apps import Apps, wanted_apps
from monitor.collectors._fields import part, read_rows, times_of, word
from monitor.collectors._google import GoogleRefusal, ask_google
from monitor.collectors._google_account import TOKEN_URL, ServiceAccount
from monitor.collectors._googleplay_reviews import changed, mention_of
from monitor.collectors._newest_first import Reading, gap
from monitor.collectors._state import read_state, write_state
from monitor.collectors._web import check_least
from monitor.domain import Coverage, Cursor, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CredentialRefused
from monitor.http import GuardedClient, Limits

WINDOW = timedelta(days=7)  # of reviews that the API shows
SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_PACKAGE = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class GoogleplayOptions:
    """Settings of a source of kind `googleplay`."""

    apps: tuple[str, ...] = field(
        default=(),
        metadata={"help": 'Package names of your own apps, as in "com.example.shop"; empty: those of the brand cards.'},
    )
    brand: str = field(
        default="", metadata={"help": "Brand that every review is about; empty: the brand with the app on its card."}
    )
    service_account: Secret | None = field(
        default=None, metadata={"help": "The JSON file of a service account's key, the whole text."}
    )
    token: Secret | None = field(
        default=None, metadata={"help": "An access token of scope androidpublisher, in place of a service account."}
    )
    base_url: str = field(
        default="https://androidpublisher.googleapis.com/androidpublisher/v3",
        metadata={"help": "Where the API is."},
    )
    oauth_url: str = field(default=TOKEN_URL, metadata={"help": "Where a service account gets its access tokens."})
    page_size: int = field(default=100, metadata={"help": "Reviews on a page, at most 100."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one app in one poll; the rest comes next."})
    overlap_seconds: int = field(default=3_600, metadata={"help": "How much is read again, for reviews shown late."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_safe("oauth_url", self.oauth_url, self.allow_private_hosts)
        check_least(self, page_size=1, max_pages=1, overlap_seconds=0, timeout=0.1)
        if not self.service_account and not self.token:
            raise ValueError('there is no key; write service_account = "file:PATH" (or token = "file:PATH")')
        if not all(_PACKAGE.fullmatch(app) for app in self.apps):
            raise ValueError('apps must be package names, as in ["com.example.shop"]')


class GoogleplayCollector:
    """Reads the reviews of one or more apps."""

    kind: ClassVar[str] = "googleplay"
    Options: ClassVar[type[GoogleplayOptions]] = GoogleplayOptions

    def __init__(self, name: str, options: GoogleplayOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)
        key, place = options.service_account, options.oauth_url
        self._account = ServiceAccount(name, key, self._client, url=place, scope=SCOPE) if key else None

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the reviews of each app, most recently changed first; of the query, the cards' apps play a part."""
        before = read_state(since)
        apps = wanted_apps(self._options.apps, self._options.brand, query, _PACKAGE, self.name, rivals=False)
        memory = _Memory(
            apps,
            {app: Reading.read(part(before, "apps").get(app)) for app in apps},
            {app: moment for app, moment in part(before, "read").items() if type(moment) is int},
        )
        refused = []
        for app in apps:
            if unread := memory.unread_days(app, now):
                yield unread
            try:
                yield from self._app_pages(app, memory, now)
            except (AnswerUnreadable, CredentialRefused) as error:
                refused.append(error)  # of one app; the others are read all the same
        if refused:
            raise refused[0]

    def _app_pages(self, app: str, memory: "_Memory", now: datetime) -> Iterator[Page]:
        reading, options = memory.readings[app], self._options
        for _ in range(options.max_pages):
            reading.begin(now, lookback=WINDOW, overlap=timedelta(seconds=options.overlap_seconds))
            rows, place = self._ask(app, reading, now)
            if rows is None:
                yield from self._forgotten(app, memory, now)
                continue
            stuck = place is not None and place == reading.place
            below = reading.take(times_of(rows, changed), len(rows), None if stuck else place, now=now)
            ended = reading.place is None
            if stuck or (ended and not below and len(rows) >= options.page_size):
                yield gap(reading.since, reading.seen_down_to)
            if ended or below:
                memory.finish(app, now)
            yield self._page(app, rows, memory, now)
            if not reading.running:
                return

    def _forgotten(self, app: str, memory: "_Memory", now: datetime) -> Iterator[Page]:
        """Google no longer knows the place in the list: it is read from its top once more, and then left."""
        reading = memory.readings[app]
        if reading.restarts:
            yield gap(reading.since, reading.seen_down_to)
            memory.finish(app, now)
        else:
            reading.restart()
        yield self._page(app, [], memory, now)

    def _ask(self, app: str, reading: Reading, now: datetime) -> tuple[list[Any] | None, str | None]:
        """The rows of one page and where the next is; None where the token of the page is no longer good."""
        asked = {"maxResults": str(self._options.page_size)} | ({"token": reading.place} if reading.place else {})
        url = f"{self._options.base_url.rstrip('/')}/applications/{quote(app, safe='')}/reviews?{urlencode(asked)}"
        try:
            document = self._answer(url, now)
        except GoogleRefusal as refusal:
            if refusal.status == 400 and reading.place:
                return None, None
            raise self._error(app, refusal) from None
        rows = document.get("reviews", [])
        if not isinstance(rows, list) or "error" in document:  # none is told by leaving them out
            raise AnswerUnreadable(f"{self.name}: the answer is no list of reviews. Check `base_url`.")
        return rows, word(part(document, "tokenPagination").get("nextPageToken"))

    def _answer(self, url: str, now: datetime) -> dict[str, Any]:
        if self._account is None:
            return self._with_token(url, now)
        try:
            return self._with_token(url, now)
        except GoogleRefusal as refusal:
            if refusal.status != 401:
                raise
        self._account.forget()  # it may have been taken back before its time: a new one is tried once
        return self._with_token(url, now)

    def _with_token(self, url: str, now: datetime) -> dict[str, Any]:
        own, account = self._options.token, self._account
        token = account.token(now=now) if account else reveal(own, self.name, "an access token")
        return ask_google(self._client, url, self.name, now=now, headers={"authorization": f"Bearer {token}"})

    def _error(self, app: str, refusal: GoogleRefusal) -> Exception:
        if refusal.status == 401 and self._account is not None:
            return CredentialRefused(
                f"{self.name}: Google refuses the service account's token (401). Check its rights in the Play Console."
            )
        if refusal.status == 401:
            return CredentialRefused(
                f"{self.name}: Google refuses the token (401); it is good for an hour. Renew it where it is kept."
            )
        if refusal.status == 404:
            return AnswerUnreadable(f"{self.name}: Google Play knows no app {app!r}. Check `apps`.")
        return refusal.error

    def _page(self, app: str, rows: list[Any], memory: "_Memory", now: datetime) -> Page:
        targets = memory.apps[app]
        mentions, _, rejects = read_rows(rows, lambda row: mention_of(row, app, targets, now))
        coverage = Coverage(
            asked=self._options.page_size,
            returned=len(rows),
            more_available=memory.readings[app].running,
            since=memory.readings[app].since,
        )
        return Page(
            mentions=tuple(mentions),
            rejects=tuple(rejects),
            cursor=memory.cursor(),
            keep_unmatched=not targets,
            coverage=coverage,
        )


@dataclass(slots=True)
class _Memory:
    """What is remembered of each app: where its reading stands, and when one last came to its end."""

    apps: Apps
    readings: dict[str, Reading]
    read: dict[str, int]  # milliseconds since 1970

    def cursor(self) -> Cursor:
        return write_state({"apps": {app: each.told() for app, each in self.readings.items()}, "read": self.read})

    def finish(self, app: str, now: datetime) -> None:
        self.readings[app].finish()
        self.read[app] = clock.to_ms(now)

    def unread_days(self, app: str, now: datetime) -> Page | None:
        """The days that the API no longer shows, and that no reading saw."""
        last = self.read.get(app)
        if last is None or clock.from_ms(last) >= now - WINDOW:
            return None
        return gap(clock.from_ms(last), now - WINDOW)
