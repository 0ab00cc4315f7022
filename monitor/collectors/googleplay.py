"""Google Play: reviews of your own apps by the official androidpublisher API, most recently changed first.

Needs an access token of scope `androidpublisher` in env:GOOGLE_PLAY_TOKEN, of an account that may reply to reviews in
the Play Console. Such a token is good for an hour, so name a file that something renews ("file:/run/play-token",
written every half hour by `gcloud auth print-access-token`); it is read anew for each question. A service account's
own key is not used here: signing for it (RS256) needs a library that this program does not have.

The API shows reviews with a text, of production builds, of the last seven days; so poll hourly. Its lists are known
to end early: a last page that is full, and does not reach what was read before, is told as a gap, and so are days that
passed unread. A review carries the time of its last change only. Stars are kept in `extra` as `rating`; replies of
the developer are passed over. The text may be title, tab, body.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from monitor import clock
from monitor.collectors._answers import check_safe, reveal
from monitor.collectors._fields import Row, count, ident, part, read_rows, seconds, stars, times_of, word
from monitor.collectors._google import GoogleRefusal, ask_google
from monitor.collectors._newest_first import Reading, gap
from monitor.collectors._state import read_state, write_state
from monitor.collectors._text import squeezed
from monitor.collectors._web import check_least
from monitor.domain import Author, Coverage, Cursor, Engagement, Mention, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CredentialRefused
from monitor.http import GuardedClient, Limits
from monitor.post_fields import tidy

PLATFORM = "googleplay"
WINDOW = timedelta(days=7)  # of reviews that the API shows
_USUAL = frozenset(
    ("text", "lastModified", "starRating", "reviewerLanguage", "thumbsUpCount", "thumbsDownCount", "originalText")
)


@dataclass(frozen=True, kw_only=True)
class GoogleplayOptions:
    """Settings of a source of kind `googleplay`."""

    apps: tuple[str, ...] = field(metadata={"help": 'Package names of your own apps, as in "com.example.shop".'})
    brand: str = field(
        default="", metadata={"help": "Brand that every review is about; without one, reviews are about nobody."}
    )
    token: Secret = field(
        default=Secret("env:GOOGLE_PLAY_TOKEN"), metadata={"help": "An access token of scope androidpublisher."}
    )
    base_url: str = field(
        default="https://androidpublisher.googleapis.com/androidpublisher/v3",
        metadata={"help": "Where the API is."},
    )
    page_size: int = field(default=100, metadata={"help": "Reviews on a page, at most 100."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one app in one poll; the rest comes next."})
    overlap_seconds: int = field(default=3_600, metadata={"help": "How much is read again, for reviews shown late."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_least(self, page_size=1, max_pages=1, overlap_seconds=0, timeout=0.1)
        if not self.apps:
            raise ValueError('apps names no app; write package names, as in ["com.example.shop"]')


class GoogleplayCollector:
    """Reads the reviews of one or more apps."""

    kind: ClassVar[str] = "googleplay"
    Options: ClassVar[type[GoogleplayOptions]] = GoogleplayOptions

    def __init__(self, name: str, options: GoogleplayOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the reviews of each app, most recently changed first; the query plays no part."""
        before = read_state(since)
        memory = _Memory(
            {app: Reading.read(part(before, "apps").get(app)) for app in dict.fromkeys(self._options.apps)},
            {app: moment for app, moment in part(before, "read").items() if type(moment) is int},
        )
        for app in memory.readings:
            if unread := memory.unread_days(app, now):
                yield unread
            yield from self._app_pages(app, memory, now)

    def _app_pages(self, app: str, memory: "_Memory", now: datetime) -> Iterator[Page]:
        reading, options = memory.readings[app], self._options
        for _ in range(options.max_pages):
            reading.begin(now, lookback=WINDOW, overlap=timedelta(seconds=options.overlap_seconds))
            rows, place = self._ask(app, reading, now)
            if rows is None:
                yield from self._forgotten(app, memory, now)
                continue
            stuck = place is not None and place == reading.place
            below = reading.take(times_of(rows, _changed), len(rows), None if stuck else place, now=now)
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
        token = reveal(self._options.token, self.name, "an access token")
        try:
            document = ask_google(self._client, url, self.name, now=now, headers={"authorization": f"Bearer {token}"})
        except GoogleRefusal as refusal:
            if refusal.status == 400 and reading.place:
                return None, None
            raise self._error(app, refusal) from None
        rows = document.get("reviews", [])
        if not isinstance(rows, list) or "error" in document:  # none is told by leaving them out
            raise AnswerUnreadable(f"{self.name}: the answer is no list of reviews. Check `base_url`.")
        return rows, word(part(document, "tokenPagination").get("nextPageToken"))

    def _error(self, app: str, refusal: GoogleRefusal) -> Exception:
        if refusal.status == 401:
            return CredentialRefused(
                f"{self.name}: Google refuses the token (401); it is good for an hour. Renew it where it is kept."
            )
        if refusal.status == 404:
            return AnswerUnreadable(f"{self.name}: Google Play knows no app {app!r}. Check `apps`.")
        return refusal.error

    def _page(self, app: str, rows: list[Any], memory: "_Memory", now: datetime) -> Page:
        options = self._options
        targets = (options.brand,) if options.brand else ()
        mentions, _, rejects = read_rows(rows, lambda row: _mention(row, app, targets, now))
        coverage = Coverage(
            asked=options.page_size,
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


def _user_comment(row: Row) -> Row:
    """What the user says; what the developer answered stands beside it."""
    comments = row.get("comments")
    for comment in comments if isinstance(comments, list) else []:
        if isinstance(comment, dict) and part(comment, "userComment"):
            return part(comment, "userComment")
    raise ValueError("no userComment")


def _changed(row: Row) -> datetime:
    return seconds(part(_user_comment(row), "lastModified").get("seconds"), "lastModified")


def _mention(row: Row, app: str, targets: tuple[str, ...], now: datetime) -> Mention:
    said = _user_comment(row)
    title, _, body = str(said.get("text") or "").partition("\t")
    text = tidy(squeezed(f"{title}\n{body}"))
    if not text:
        raise ValueError("no text")
    review = ident(row.get("reviewId"), "reviewId")
    return Mention(
        platform=PLATFORM,
        native_id=review,
        text=text,
        published_at=min(_changed(row), now),
        author=Author(handle=word(row.get("authorName"))),
        engagement=Engagement(likes=count(said.get("thumbsUpCount"))),
        url=f"https://play.google.com/store/apps/details?{urlencode({'id': app, 'reviewId': review})}",
        lang=_language(said.get("reviewerLanguage")),
        targets=targets,
        extra={"rating": stars(said.get("starRating")), "app": app}
        | {name: value for name, value in said.items() if name not in _USUAL},
    )


def _language(told: object) -> str | None:
    """ISO 639-1 of a language tag: "en" of "en_GB"."""
    short = str(told or "").replace("_", "-").split("-")[0].lower()
    return short if len(short) == 2 and short.isalpha() else None
