"""X by tweepy: recent search, mentions of an account, filtered stream; deletions by compliance jobs. Knows no store.

Needs an app's bearer token in env:X_BEARER_TOKEN (developer portal → app → Keys and tokens). Each post read is billed
(0.005 USD in 2026, an author 0.010, a count 0.005, a mention of the app's own account 0.001; the same post is free
again until midnight UTC): `max_pages` bounds a poll. Each operator is the developer of their own app at X: this program
brings no key and shares none.

A search pages from the newest post back to where the last one ended. The cursor holds that end (`since`) until the
last page is read; meanwhile it holds where to go on, so a crash, a rate limit or the bound on pages leaves no gap and
`since` never moves early. The newest id is the greatest number seen, whatever the answer's `newest_id` claims; tokens
that lead in a circle are left for reading by time. A search that replaces others, as the names or the plan changed,
goes on where they stood. X speaks two dialects (tweet.fields, post.fields): the one that is
accepted is remembered. What is older than X shows (seven days in search, 800 posts in mentions) is told as a gap.

The stream hands out what is posted while it listens, so each poll first searches what lies between its times of
listening. Keyword search returns no retweets since May 2026; the stream and the mentions may. Edits: X makes each a
post of its own, with the ids of all; ours is the first, and the newest text counts. X's compliance documents of 2026
(batch compliance, integration guide): `delete` must go, `rehydrate` is read again, `scrub_geo` concerns places, which
are not kept; posts of protected, suspended and deactivated authors are named one by one, so no job of users is needed.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from monitor import clock
from monitor.collectors import _x_query
from monitor.collectors._fields import instant
from monitor.collectors._state import read_state, write_state
from monitor.collectors._x_client import TWEET, XClient
from monitor.collectors._x_errors import credit_error
from monitor.collectors._x_live import Live
from monitor.collectors._x_options import XOptions
from monitor.collectors._x_posts import Answer
from monitor.collectors._x_read import MENTIONS_KEPT, Listing, Reader
from monitor.collectors._x_recheck import BATCH, EVERY, NEVER, Rechecks
from monitor.collectors._x_sweep import Sweep, swept
from monitor.domain import Cursor, Gap, Page, Query, Terms
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused

__all__ = ["XCollector", "XOptions"]

_ENDPOINTS = {
    "search": "GET /2/tweets/search/recent", "mentions": "GET /2/users/:id/mentions",
    "stream": "GET /2/tweets/search/stream",
}  # fmt: skip
# So many times what was read, and ten more, is clearly more: X says that its counts and searches differ a little.
_MISSED = 1.2


class XCollector:
    """Reads X for everything that the brands are called."""

    kind: ClassVar[str] = "x"
    Options: ClassVar[type[XOptions]] = XOptions
    terms: ClassVar[Terms] = Terms(
        share="ids",
        share_rows=500,
        note="X's developer policy: posts are handed on as ids only, by hand at most 500 a day to a person; what X asks"
        " to delete must be gone within 24 hours.",
    )
    recheck_every: timedelta = EVERY
    recheck_batch: int = BATCH

    def __init__(self, name: str, options: XOptions) -> None:
        self.name = name
        self.endpoint = _ENDPOINTS[options.read]
        self._options = options
        if options.recheck_by == "none":
            self.recheck_every = NEVER

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield pages, newest first. Several searches, where the names do not fit into one, follow each other."""
        memory = read_state(since)
        client = self._client(str(memory.get("dialect", TWEET)))
        reader = Reader(self.name, self._options, client, now)
        try:
            if self._options.read == "mentions":
                yield from self._mentions(reader, memory)
            elif self._options.read == "stream":
                yield from Live(self.name, self._options, reader, self._texts(query)).pages(memory)
            else:
                yield from self._search(reader, self._texts(query), memory)
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
        return XClient(
            token, base_url=options.base_url, dialect=dialect, timeout=options.timeout, authors=options.authors,
            allow_hosts=options.private_hosts,
        )  # fmt: skip

    def _search(self, reader: Reader, texts: tuple[str, ...], memory: dict[str, Any]) -> Iterator[Page]:
        """Every search, from the newest post back to where it ended."""
        sweeps = swept(memory.get("sweeps"), texts)
        told = memory.get("counted")
        counted = {text: told[text] for text in texts if text in told} if isinstance(told, dict) else {}
        for text, sweep in sweeps.items():
            for answer in reader.answers(self._found(reader, text), sweep, reader.newer()):
                page = reader.page(answer, sweep, Cursor(""), price=self._options.price_per_post, more=sweep.running)
                if not sweep.running and self._count_is_due(counted.get(text), reader.now):
                    counted[text] = clock.iso(reader.now)
                    page = self._compared(reader, text, sweep, page)
                state = {"sweeps": {key: value.told() for key, value in sweeps.items()}, "counted": counted}
                yield replace(page, cursor=self._cursor(reader, state))
                self._check_paid(answer)

    def _found(self, reader: Reader, text: str) -> Listing:
        def ask(**parameters: Any) -> Any:
            return reader.client.search(text, **parameters)

        return Listing(ask, self._options.price_per_post)

    def _count_is_due(self, counted: object, now: datetime) -> bool:
        every = timedelta(hours=self._options.counts_every_hours)
        try:
            return bool(every) and instant(counted, "counted") + every <= now
        except ValueError:
            return True  # never yet

    def _compared(self, reader: Reader, text: str, sweep: Sweep, page: Page) -> Page:
        """A sweep's last page, with X's own count of what lay in it; a count that fails is left out."""
        since, until = sweep.covers_from, sweep.covers_to
        if since is None or until is None or since >= until:
            return page
        try:
            total = reader.counted(text, since, until)
        except CollectorError:
            return page
        cost = (page.coverage.cost or 0.0) + self._options.price_per_count
        gaps = page.gaps
        if total > sweep.rows * _MISSED + 10:
            gaps += (Gap(since=since, until=until, reason=f"X counts {total:,} posts, and gave {sweep.rows:,}"),)
        return replace(page, gaps=gaps, coverage=replace(page.coverage, total=total, cost=cost))

    def _mentions(self, reader: Reader, memory: dict[str, Any]) -> Iterator[Page]:
        """What mentions one account. Its number is looked up once."""
        options = self._options
        name = options.account.strip().lstrip("@").lower()
        known = memory.get("account")
        account = options.account_id or (known.get(name) if isinstance(known, dict) else None)
        looked_up = 0.0 if account else options.price_per_author
        account = account or self._number_of(reader, name)
        sweep = Sweep.read(memory.get("sweeps"), account)

        def ask(**parameters: Any) -> Any:
            return reader.client.mentions_of(account, **parameters)

        listing = Listing(ask, options.price_per_mention, MENTIONS_KEPT)
        for answer in reader.answers(listing, sweep, reader.newer()):
            state = {"account": {name: account}, "sweeps": {account: sweep.told()}}
            page = reader.page(answer, sweep, self._cursor(reader, state), price=listing.price, more=sweep.running)
            yield replace(page, coverage=replace(page.coverage, cost=(page.coverage.cost or 0.0) + looked_up))
            looked_up = 0.0
            self._check_paid(answer)

    def _number_of(self, reader: Reader, name: str) -> str:
        document = reader.tried(lambda: reader.client.get_user(username=name))
        found = document.get("data")
        number = str(found.get("id")) if isinstance(found, dict) else ""
        if not (number.isascii() and number.isdigit()):
            raise AnswerUnreadable(f"{self.name}: X knows no account @{name}. Correct `account`.")
        return number

    def _cursor(self, reader: Reader, state: dict[str, Any]) -> Cursor:
        return write_state({"dialect": reader.client.dialect, **{key: value for key, value in state.items() if value}})

    def _check_paid(self, answer: Answer) -> None:
        if unpaid := credit_error(answer.problems, self.name):
            raise unpaid

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts. Those that wait for a compliance job are in the cursor until it is complete."""
        client = self._client(TWEET)
        try:
            reader = Reader(self.name, self._options, client, now)
            yield from Rechecks(self.name, self._options, reader, read_state(since)).pages(ids)
        finally:
            client.session.close()
