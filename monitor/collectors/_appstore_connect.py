"""App Store Connect: the reviews of one's own apps, all countries in one list, newest first. Knows no settings.

Each question carries a token that the team's key signed (ES256), good for 15 minutes; Apple takes 20 at most. Where the
list goes on is an address in the answer: it is followed only within the same list on the same host, because the token
goes along. Requests are counted by the rolling hour, and each answer says how many are left. Ids are not those of the
public lists. Apple does not say whether a changed review moves up; what lies within the overlap is read again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from monitor.collectors._answers import error_of, fetch
from monitor.collectors._apps import Apps, Depth
from monitor.collectors._fields import Row, ident, instant, part, read_rows, stars, times_of, word
from monitor.collectors._newest_first import Reading, gap
from monitor.collectors._signed import key_text, signed_token
from monitor.collectors._state import write_state
from monitor.collectors._text import squeezed
from monitor.collectors._web import document_of
from monitor.domain import Author, Coverage, Mention, Page, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused
from monitor.http import Answer, GuardedClient
from monitor.post_fields import tidy

PLATFORM = "appstore"
AUDIENCE = "appstoreconnect-v1"
LASTS = timedelta(minutes=15)
_LEFT = re.compile(r"user-hour-rem:(\d{1,9})", re.ASCII)
_CODE = re.compile(r"[A-Z_.]{1,80}", re.ASCII)
_USUAL = frozenset(("rating", "title", "body", "reviewerNickname", "createdDate", "territory"))


@dataclass(frozen=True, slots=True)
class ConnectKey:
    """A key of App Store Connect; one without an issuer is a person's own."""

    private_key: Secret
    key_id: str
    issuer_id: str

    def token(self, source: str, *, now: datetime) -> str:
        """A token for the requests of one poll. Raises CredentialRefused."""
        text = key_text(self.private_key, source, "the private key of App Store Connect (the .p8 file)")
        whose = {"iss": self.issuer_id} if self.issuer_id else {"sub": "user"}
        claims = {**whose, "aud": AUDIENCE}
        return signed_token(claims, text, algorithm="ES256", key_id=self.key_id, lasts=LASTS, now=now, source=source)


@dataclass(frozen=True, slots=True)
class _Answered:
    """One page of a list."""

    rows: list[Any]
    place: str | None  # where the list goes on
    left: int | None  # requests within the hour


class _PlaceForgotten(Exception):
    """The list no longer knows the place where it was to go on."""


class ConnectLists:
    """Reads the lists of some apps."""

    def __init__(
        self, source: str, client: GuardedClient, key: ConnectKey, *, base_url: str, page_size: int, depth: Depth
    ) -> None:
        self._source = source
        self._client = client
        self._key = key
        self._base = base_url.rstrip("/")
        self._size = page_size
        self._depth = depth

    def pages(self, apps: Apps, before: Mapping[str, Any], *, now: datetime) -> Iterator[Page]:
        """Yield the reviews of each app, newest first; `before` is what the cursor holds.

        An app that Apple refuses is told when the others were read.
        """
        token = self._key.token(self._source, now=now)
        readings = {app: Reading.read(before.get(f"own:{app}")) for app in apps}
        refused: list[CollectorError] = []
        for app in apps:
            try:
                yield from self._list_pages(app, apps[app], readings, token, now)
            except (AnswerUnreadable, CredentialRefused) as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def _list_pages(
        self, app: str, targets: tuple[str, ...], readings: dict[str, Reading], token: str, now: datetime
    ) -> Iterator[Page]:
        reading, depth = readings[app], self._depth
        for _ in range(depth.max_pages):
            reading.begin(now, lookback=depth.lookback, overlap=depth.overlap)
            try:
                answered = self._ask(app, reading.place, token, now)
            except _PlaceForgotten:
                answered = _Answered([], None, None)
                if not reading.restarts:
                    reading.restart()  # from the top, once
                    yield self._page(app, targets, answered, readings, now)
                    continue
            stuck = answered.place is not None and answered.place == reading.place
            broken = reading.place is not None and answered.place is None and not answered.rows
            place = None if stuck else answered.place
            below = reading.take(times_of(answered.rows, _created), len(answered.rows), place, now=now)
            if stuck or broken:  # it was to go on, and does not
                yield gap(reading.since, reading.seen_down_to)
            if below or place is None:
                reading.finish()
            yield self._page(app, targets, answered, readings, now)
            if not reading.running:
                return

    def _page(
        self, app: str, targets: tuple[str, ...], answered: _Answered, readings: Mapping[str, Reading], now: datetime
    ) -> Page:
        mentions, _, rejects = read_rows(answered.rows, lambda row: _mention(row, app, targets, now))
        coverage = Coverage(
            asked=self._size, returned=len(answered.rows), more_available=any(r.running for r in readings.values()),
            since=readings[app].since, remaining=answered.left,
        )  # fmt: skip
        return Page(
            mentions=tuple(mentions), rejects=tuple(rejects), keep_unmatched=not targets, coverage=coverage,
            cursor=write_state({f"own:{app}": reading.told() for app, reading in readings.items()}),
        )  # fmt: skip

    def _ask(self, app: str, place: str | None, token: str, now: datetime) -> _Answered:
        path = f"{self._base}/v1/apps/{app}/customerReviews"
        url = f"{path}?{place or urlencode({'sort': '-createdDate', 'limit': str(self._size)})}"
        answer = fetch(self._client, url, self._source, headers={"authorization": f"Bearer {token}"})
        if place and answer.status == 400:
            raise _PlaceForgotten
        if not 200 <= answer.status < 300:
            raise self._refusal(app, answer, now)
        document = document_of(answer, self._source)
        rows = document.get("data")
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{self._source}: the answer is no list of reviews. Check `connect_url`.")
        left = _LEFT.search(answer.headers.get("x-rate-limit", ""))
        goes_on = self._next(path, part(document, "links").get("next"))
        return _Answered(rows, goes_on, int(left[1]) if left else None)

    def _next(self, path: str, link: object) -> str | None:
        """Where the list goes on: what follows the ? of an address of this very list."""
        if link is None:
            return None
        before, _, place = str(link).partition("?")
        if not place or _same(before) != _same(path) or not place.isascii() or not place.isprintable() or " " in place:
            raise AnswerUnreadable(f"{self._source}: the list of reviews goes on elsewhere, where no key is sent.")
        return place

    def _refusal(self, app: str, answer: Answer, now: datetime) -> CollectorError:
        usual, code = error_of(answer, self._source, now), _code(answer)
        told = f"{answer.status} {code}".strip()
        if answer.status == 401:
            words = "Check `key_id`, `issuer_id` and `private_key`, and this machine's clock."
            return CredentialRefused(f"{self._source}: Apple refuses the key ({told}). {words}")
        if answer.status == 403:
            words = "Give the key a role that may (Customer Support, for one), and look for agreements to be signed."
            return CredentialRefused(f"{self._source}: the key may not read the reviews of {app} ({told}). {words}")
        if answer.status == 404:
            return AnswerUnreadable(f"{self._source}: App Store Connect knows no app {app} of this key. Check `apps`.")
        return usual


def _same(address: str) -> tuple[str, str, str]:
    """What of an address says who is asked, and for what. One that cannot be read is nobody's."""
    try:
        place = urlsplit(address)
        return place.scheme, place.netloc.lower().removesuffix(":443"), place.path
    except ValueError:
        return "", "", ""


def _code(answer: Answer) -> str:
    """Apple's word for what is wrong; empty where the answer holds none."""
    try:
        code = json.loads(answer.body.decode("utf-8"))["errors"][0]["code"]
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _created(row: Row) -> datetime:
    return instant(part(row, "attributes").get("createdDate"), "createdDate")


def _mention(row: Row, app: str, targets: tuple[str, ...], now: datetime) -> Mention:
    said = part(row, "attributes")
    text = tidy(squeezed(f"{said.get('title') or ''}\n{said.get('body') or ''}"))
    if not text:
        raise ValueError("no text")
    given = stars(said.get("rating"))
    return Mention(
        platform=PLATFORM,
        native_id=ident(row.get("id"), "id"),
        text=text,
        published_at=min(_created(row), now),
        author=Author(handle=word(said.get("reviewerNickname"))),
        url=f"https://apps.apple.com/app/id{app}?see-all=reviews",
        rating=(given - 1) / 4,
        region=word(said.get("territory")),
        targets=targets,
        extra={"rating": given, "app": app, "country": word(said.get("territory"))}
        | {name: value for name, value in said.items() if name not in _USUAL},
    )
