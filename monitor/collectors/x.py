"""X: recent search (seven days back) by tweepy. Yields pages newest first; knows nothing of the store or of scoring.

Needs an app's bearer token in env:X_BEARER_TOKEN (developer portal → app → Keys and tokens). Each post read is billed
(0.005 USD in 2026, an author 0.010; the same post is free again until midnight UTC): `max_pages` bounds a poll.

Searches page from the newest post back to where the last one ended. The cursor holds that end (`since`) until the
last page is read; meanwhile it holds where to go on, so a crash, a rate limit or the bound on pages leaves no gap and
`since` never moves early. The newest id is the greatest number seen, whatever the answer's `newest_id` claims. X
speaks two dialects (tweet.fields, post.fields): the one that is accepted is remembered. Where `since` is older than
seven days, reading starts again from the oldest time that X allows, and `Coverage.since` shows what lies between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from monitor.collectors import _x_query
from monitor.collectors._state import read_state, write_state
from monitor.collectors._x_client import TWEET, Refusal, XClient, credit_error, error_of
from monitor.collectors._x_posts import Answer, Json, read_answer
from monitor.collectors._x_sweep import Sweep
from monitor.domain import Coverage, Cursor, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, SourceDown


@dataclass(frozen=True, kw_only=True)
class XOptions:
    """Settings of a source of kind `x`."""

    token: Secret = field(default=Secret("env:X_BEARER_TOKEN"), metadata={"help": "The app's bearer token."})
    base_url: str = field(
        default="https://api.x.com", metadata={"help": "Where the API is: https, or http on this machine."}
    )
    query: str = field(default="", metadata={"help": "A search in X's own syntax, in place of the brands' names."})
    query_length: int = field(default=512, metadata={"help": "Most characters of a search that your plan allows."})
    retweets: bool = field(default=False, metadata={"help": "Whether to ask for retweets too."})
    authors: bool = field(
        default=True, metadata={"help": "Whether to ask for names and followers of authors, which X may bill."}
    )
    page_size: int = field(default=100, metadata={"help": "Posts on a page, 10 to 100."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one search in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads, at most 168."})
    overlap_seconds: float = field(
        default=60.0, metadata={"help": "How much is read again, for posts that X shows late."}
    )
    price_per_post: float = field(default=0.005, metadata={"help": "US dollars that X bills for a post."})
    price_per_author: float = field(default=0.010, metadata={"help": "US dollars that X bills for an author."})
    timeout: float = field(default=30.0, metadata={"help": "Seconds after which an answer is given up."})

    def __post_init__(self) -> None:
        place = urlsplit(self.base_url)
        if place.scheme != "https" and (place.scheme, place.hostname) not in _LOCAL:
            raise ValueError("base_url must begin with https:// (or http://localhost), or the token could be read")
        if not 10 <= self.page_size <= 100:
            raise ValueError(f"page_size = {self.page_size} is not from 10 to 100")


_LOCAL = [("http", "localhost"), ("http", "127.0.0.1"), ("http", "::1")]


class XCollector:
    """Searches X for everything that the brands are called."""

    kind: ClassVar[str] = "x"
    Options: ClassVar[type[XOptions]] = XOptions

    def __init__(self, name: str, options: XOptions) -> None:
        self.name = name
        self._options = options

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield pages, newest first. Several searches, where the names do not fit into one, follow each other."""
        texts = self._texts(query)
        memory = read_state(since)
        sweeps = {text: Sweep.read(memory.get("sweeps"), text) for text in texts}
        client = self._client(str(memory.get("dialect", TWEET)))
        try:
            for text, sweep in sweeps.items():
                for answer in self._answers(client, text, sweep, now):
                    state = {"dialect": client.dialect, "sweeps": {key: value.told() for key, value in sweeps.items()}}
                    yield self._page(answer, sweep, write_state(state))
                    if unpaid := credit_error(answer.problems, self.name):
                        raise unpaid
        finally:
            client.session.close()

    def _texts(self, query: Query) -> tuple[str, ...]:
        longest = self._options.query_length
        try:
            own = self._options.query.strip()
            texts = (own,) if own else _x_query.build(query, longest=longest, retweets=self._options.retweets)
        except _x_query.TooLong as error:
            raise CollectorError(f"{self.name}: {error}. Shorten the names in config/brands.toml.") from error
        if not texts or len(texts[0]) > longest:
            told = f"is longer than {longest} characters" if texts else "is empty"
            raise CollectorError(
                f"{self.name}: the search {told}. Correct `query`, or the names in config/brands.toml."
            )
        return texts

    def _client(self, dialect: str) -> XClient:
        options = self._options
        try:
            token = options.token.reveal().strip()
        except LookupError as error:
            raise CredentialRefused(f"{self.name}: {error}. Set it to the app's bearer token.") from None
        if not token or not token.isascii() or not token.isprintable():
            raise CredentialRefused(f"{self.name}: {options.token.reference} is no token; check the value.")
        return XClient(token, base_url=options.base_url, dialect=dialect, timeout=options.timeout)

    def _answers(self, client: XClient, text: str, sweep: Sweep, now: datetime) -> Iterator[Answer]:
        """Finish what was begun, then read what is newer, within one bound on the pages."""
        begun = False
        for _ in range(self._options.max_pages):
            if not sweep.running:
                begun = True
                sweep.begin(now, timedelta(hours=self._options.lookback_hours), self._overlap)
            document = self._ask(client, text, sweep, now)
            answer = self._read(document, now)
            sweep.advance(answer.ids, answer.next_token, cut=bool(credit_error(answer.problems, self.name)))
            yield answer
            if begun and not sweep.running:
                return

    @property
    def _overlap(self) -> timedelta:
        return timedelta(seconds=self._options.overlap_seconds)

    def _ask(self, client: XClient, text: str, sweep: Sweep, now: datetime) -> Json:
        """One page; a refusal that names something that can be said otherwise is met by saying it otherwise, once."""
        switched = False
        extra = {"expansions": "author_id", "user_fields": "public_metrics"} if self._options.authors else {}
        while True:
            try:
                parameters = sweep.parameters(self._overlap) | extra
                return client.search(text, max_results=self._options.page_size, **parameters)
            except Refusal as refusal:
                names = refusal.names() if refusal.status == 400 else set()
                if "fields" in names and not switched:
                    switched = True
                    client.switch()
                elif not sweep.mend(names, now):
                    raise error_of(refusal, self.name, now=now) from None
            except OSError as error:
                raise SourceDown(f"{self.name}: X cannot be reached ({type(error).__name__}).") from None
            except ValueError as error:
                raise AnswerUnreadable(f"{self.name}: X's answer cannot be read ({error}).") from None

    def _read(self, document: Json, now: datetime) -> Answer:
        try:
            return read_answer(document, now)
        except ValueError as error:
            raise AnswerUnreadable(f"{self.name}: X's answer cannot be read ({error}).") from None

    def _page(self, answer: Answer, sweep: Sweep, cursor: Cursor) -> Page:
        options = self._options
        coverage = Coverage(
            asked=options.page_size,
            returned=answer.rows,
            more_available=sweep.running,
            since=sweep.covers_from,
            until=sweep.covers_to,
            cost=answer.rows * options.price_per_post + answer.users * options.price_per_author,
        )
        return Page(mentions=answer.mentions, rejects=answer.rejects, cursor=cursor, coverage=coverage)
