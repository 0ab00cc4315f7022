"""GDELT's DOC 2.0: news of the last three months in 65 languages, titles only. No key; taken when it can be had.

GDELT allows one question every five seconds and refuses many more when it is busy (429, a plain sentence with status
200, or no answer at all): each is a wait, not a fault. So a poll asks one question, and each search has its turn. There
is no paging: a slice of time that comes back full (250 articles) is halved, down to the quarter of an hour in which
GDELT gathers; what is more than that is told as a gap. Articles are found by their text in English translation, but
only titles are sent: those whose title names no brand are passed over later. An article's id is a hash of its address.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from monitor import clock
from monitor.collectors._answers import error_of
from monitor.collectors._fields import read_rows, word
from monitor.collectors._gdelt_words import document, is_busy, is_refusal, language, searches
from monitor.collectors._state import read_state, write_state
from monitor.collectors._text import plain
from monitor.collectors._turns import TURN, in_turn, next_turn
from monitor.collectors._web import check_address, check_least
from monitor.domain import Author, Coverage, Cursor, Mention, Page, Query, Reject, Terms
from monitor.errors import AnswerUnreadable, CollectorError, RateLimited, SourceDown
from monitor.http import Answer, GuardedClient, HttpError, Limits, Unreachable
from monitor.post_fields import cleaned, shown

PLATFORM = "gdelt"
FULL = 250  # articles in one answer, at most
QUARTER = 900  # seconds: GDELT looks at the news every quarter of an hour
REACH = timedelta(days=88)  # three months, and something to spare
WAIT = timedelta(minutes=1)
_USUAL = frozenset(("url", "title", "seendate", "domain", "language", "socialimage", "url_mobile"))


@dataclass(frozen=True, kw_only=True)
class GdeltOptions:
    """Settings of a source of kind `gdelt`."""

    base_url: str = field(default="https://api.gdeltproject.org/api/v2/doc/doc", metadata={"help": "Where the API is."})
    query: str = field(default="", metadata={"help": "A search in GDELT's own syntax, in place of the brands' names."})
    page_size: int = field(default=FULL, metadata={"help": "Articles in one answer, at most 250."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(default=7_200, metadata={"help": "How much is read again, for what GDELT sees late."})
    timeout: float = field(default=30.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_least(self, page_size=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)


@dataclass(slots=True)
class _Round:
    """One search from `at` up to `high`, slice by slice; seconds since 1970."""

    at: int
    high: int
    slice: int

    @classmethod
    def resume(cls, told: Any, present: int, options: GdeltOptions) -> "_Round":
        """The round that a cursor tells of, or the next one."""
        known = {name: value for name, value in told.items() if type(value) is int} if isinstance(told, dict) else {}
        floor = present - REACH // timedelta(seconds=1)
        if {"at", "high", "slice"} <= known.keys():
            at, high, length = known["at"], known["high"], known["slice"]
        else:
            back = int(options.lookback_hours * 3_600)
            at = known["done"] - options.overlap_seconds if "done" in known else present - back
            high, length = present, present - at
        return cls(max(at, floor), max(high, floor), max(length, QUARTER))

    def told(self) -> dict[str, int]:
        """What a cursor must hold."""
        if self.at >= self.high:
            return {"done": self.high}
        return {"at": self.at, "high": self.high, "slice": self.slice}

    @property
    def until(self) -> int:
        """Where the slice ends."""
        return min(self.at + self.slice, self.high)

    def halves(self, rows: int, full: int) -> bool:
        """Whether an answer may hold less than there is, and a shorter slice can be asked for."""
        return rows >= full and self.until - self.at > QUARTER

    def advance(self, rows: int, full: int) -> bool:
        """Note an answer; whether the slice held more than can be had, though it cannot be cut any more."""
        if self.halves(rows, full):
            self.slice = max((self.until - self.at) // 2, QUARTER)
            return False
        self.at = self.until
        if rows < full // 2:
            self.slice *= 2
        return rows >= full


class GdeltCollector:
    """Asks for one slice of one search in each poll."""

    kind: ClassVar[str] = "gdelt"
    Options: ClassVar[type[GdeltOptions]] = GdeltOptions
    terms: ClassVar[Terms] = Terms(
        note="GDELT's terms of use: whoever shows what it found cites the GDELT Project and links to gdeltproject.org."
    )

    def __init__(self, name: str, options: GdeltOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the articles of the slice whose turn it is."""
        own = self._options.query.strip()
        texts = (own,) if own else searches((*query.terms, *query.handles, *query.hashtags))
        if not texts:
            return
        before = read_state(since)
        told = before.get("texts")
        memory = {text: told[text] for text in texts if text in told} if isinstance(told, dict) else {}
        text = self._first(in_turn(texts, before.get(TURN)), memory)
        turn = _Round.resume(memory.get(text), clock.to_ms(now) // 1_000, self._options)
        answer = self._ask(text, turn, now)
        articles, refused = self._articles(answer)
        if refused:
            memory[text] = {"done": turn.high}
            aside = Reject(line=None, reason=f"GDELT refuses this search: {refused}", raw=shown(text))
            state = {"texts": memory, **next_turn(texts, text, unfinished=False)}
            yield Page(rejects=(aside,), cursor=write_state(state))
            raise AnswerUnreadable(f"{self.name}: GDELT refuses the search {shown(text)}: {refused}")
        yield from self._told(texts, text, turn, articles, memory, now)

    def _first(self, texts: list[str], memory: dict[str, Any]) -> str:
        """A search that is still in its round comes before those that are done with theirs."""
        return next((text for text in texts if "done" not in (memory.get(text) or {})), texts[0])

    def _told(
        self,
        texts: tuple[str, ...],
        text: str,
        turn: _Round,
        articles: list[Any],
        memory: dict[str, Any],
        now: datetime,
    ) -> Iterator[Page]:
        since, until = clock.from_ms(turn.at * 1_000), clock.from_ms(turn.until * 1_000)
        mentions, _, rejects = read_rows(articles, lambda row: _mention(row, now))
        if turn.halves(len(articles), self._full):
            rejects = []  # they come again, in a shorter slice
        stuck = turn.advance(len(articles), self._full)
        memory[text] = turn.told()
        unread = any("done" not in (memory.get(each) or {}) for each in texts)
        cursor = write_state({"texts": memory, **next_turn(texts, text, unfinished=turn.at < turn.high)})
        coverage = Coverage(
            asked=self._full, returned=len(articles), more_available=stuck or unread, since=since, until=until
        )
        rows = Page(
            mentions=tuple(mentions), rejects=tuple(rejects), coverage=coverage, cursor=None if stuck else cursor
        )
        yield rows
        if stuck:
            yield Page(cursor=cursor, coverage=Coverage(more_available=unread))

    @property
    def _full(self) -> int:
        return min(self._options.page_size, FULL)

    def _ask(self, text: str, turn: _Round, now: datetime) -> Answer:
        asked = {
            "query": text,
            "mode": "artlist",
            "format": "json",
            "maxrecords": str(self._full),
            "sort": "datedesc",
            "startdatetime": _digits(turn.at),
            "enddatetime": _digits(max(turn.until - 1, turn.at)),  # the end belongs to a range, and to one only
        }
        try:
            answer = self._client.get(f"{self._options.base_url}?{urlencode(asked)}")
        except Unreachable as error:
            if error.sent:  # it took the question and did not answer: that is how it sheds load
                raise RateLimited(self.name, WAIT) from None
            raise SourceDown(f"{self.name}: {error} The next poll tries again.") from None
        except HttpError as error:
            raise AnswerUnreadable(f"{self.name}: {error}") from None
        if answer.status != 200:
            raise self._refusal(answer, now)
        return answer

    def _refusal(self, answer: Answer, now: datetime) -> CollectorError:
        if answer.status == 429 and "retry-after" not in answer.headers:
            return RateLimited(self.name, WAIT)
        return error_of(answer, self.name, now)

    def _articles(self, answer: Answer) -> tuple[list[Any], str]:
        """The articles of an answer, and what GDELT says where it refuses the search; an empty object is no news."""
        text = answer.body.decode("utf-8", "replace").strip()
        try:
            told = cleaned(document(text)) if text[:1] in ("{", "[") else None
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict) and (not told or isinstance(told.get("articles"), list)):
            articles = told.get("articles")
            return articles if isinstance(articles, list) else [], ""
        if is_busy(text):
            raise RateLimited(self.name, WAIT)
        if told is None and text[:1] not in ("{", "[") and is_refusal(text):
            return [], " ".join(shown(text).split()).rstrip(".") + "."
        raise AnswerUnreadable(f"{self.name}: the answer holds no articles. Check `base_url`.")


def _digits(seconds: int) -> str:
    return clock.from_ms(seconds * 1_000).strftime("%Y%m%d%H%M%S")


def _mention(row: dict[str, Any], now: datetime) -> Mention:
    address, seen = word(row.get("url")), row.get("seendate")
    if not address or not address.lower().startswith(("http://", "https://")):
        raise ValueError("no url")
    text = plain(str(row.get("title") or ""))
    if not text:
        raise ValueError("no title")
    try:
        moment = datetime.strptime(str(seen), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"seendate is not a time: {shown(str(seen))[:40]!r}") from None
    return Mention(
        platform=PLATFORM,
        native_id="sha256:" + hashlib.sha256(address.partition("#")[0].encode()).hexdigest()[:32],
        text=text,
        published_at=min(moment, now),
        author=Author(handle=word(row.get("domain"))),
        url=address,
        lang=language(row.get("language")),
        region=word(row.get("sourcecountry")),
        extra={name: value for name, value in row.items() if name not in _USUAL},
    )
