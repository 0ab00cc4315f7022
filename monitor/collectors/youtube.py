"""YouTube: videos by search, and comments with their replies. Needs an API key in env:YOUTUBE_API_KEY.

(Google Cloud console → APIs → YouTube Data API v3 → Credentials.) Searching is scarce and reading comments is cheap:
since June 2026 the documents give search.list a quota of its own, 100 calls a day, and everything else 10,000 units, a
page of comments costing one; both begin anew at midnight Pacific time. (Where a project still pays 100 units for a
search, set `units_per_search`.) So searches are rare, and the comments of the videos that they found are read often,
along with those of videos and channels that are named. Which, and when, is decided in _youtube_plan.

Threads come newest first. A list is read down to where it was read before and `overlap_seconds` further, so edits and
replies in younger threads are seen, and replies in older ones are not. A thread shows some of its replies; the rest is
fetched when their number changed. Comments that name no brand are dropped later, unless they stand under a place that
is named and `brand` is set. A video without comments is left alone for a week, and a gone one is told as deleted.
What was kept is asked for again by its id every 25 days, from units that are kept for it: see _youtube_recheck.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from monitor import clock
from monitor.collectors import _youtube_read as reads
from monitor.collectors import _youtube_recheck as again
from monitor.collectors._answers import reveal
from monitor.collectors._fields import packed, read_rows, times_of
from monitor.collectors._google import DAILY, GoogleRefusal
from monitor.collectors._newest_first import gap
from monitor.collectors._state import read_state, write_state
from monitor.collectors._youtube_client import YoutubeClient
from monitor.collectors._youtube_options import YoutubeOptions
from monitor.collectors._youtube_plan import CHANNEL, VIDEO, Budget, Place, Plan, until_reset
from monitor.domain import Coverage, Cursor, Deletion, Page, Query, Terms
from monitor.errors import AnswerUnreadable, CollectorError, RateLimited
from monitor.http import GuardedClient, Limits

LATE = timedelta(days=2)  # so much later a search may find a video
LONGEST_SEARCH = 300  # characters
_FORGOTTEN = frozenset({"invalidPageToken", "processingFailure"})


class YoutubeCollector:
    """Searches for videos rarely, and reads comments often."""

    kind: ClassVar[str] = "youtube"
    Options: ClassVar[type[YoutubeOptions]] = YoutubeOptions
    terms: ClassVar[Terms] = Terms(
        share="ids",
        keep=timedelta(days=30),
        note="YouTube API Services Developer Policies, III.E.4: what was read without its owner's consent is renewed or"
        " deleted within 30 days; ids may stay.",
    )
    recheck_every: timedelta = timedelta(days=25)
    recheck_batch: int = again.BATCH

    def __init__(self, name: str, options: YoutubeOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)
        named = [(VIDEO, video) for video in options.videos] + [(CHANNEL, channel) for channel in options.channels]
        self._listed = frozenset(named)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield videos that searches found, where one is due, then comments, place by place."""
        options, memory = self._options, read_state(since)
        self._check_brand(query)
        budget = Budget.read(memory.get("budget"), options.daily_units - self._kept, options.daily_searches, now)
        plan, client = Plan.read(memory, budget, sorted(self._listed)), self._asking(budget, now)
        texts = packed(query.terms, join="|", longest=LONGEST_SEARCH) if options.search else []
        plan.searches = {text: plan.searches.get(text, Place()) for text in texts}
        for text in texts:
            yield from self._search_pages(text, plan, client)
        yield from self._comment_pages(plan, client)

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of videos and comments: those that are left out are gone."""
        memory = read_state(since)
        budget = Budget.read(memory.get("budget"), max(self._kept, 1), 0, now)

        def targets(video: str | None, channel: str | None) -> tuple[str, ...]:
            return self._targets((VIDEO, video or ""), (CHANNEL, channel or ""))

        yield from again.recheck(self._asking(budget, now), ids, memory, targets)

    @property
    def _kept(self) -> int:
        """Units of the day that are kept for reading again."""
        return min(self._options.recheck_units, self._options.daily_units // 10)

    def _asking(self, budget: Budget, now: datetime) -> YoutubeClient:
        headers = {"x-goog-api-key": reveal(self._options.key, self.name, "the API key")}
        return YoutubeClient(
            http=self._client,
            headers=headers,
            base_url=self._options.base_url,
            source=self.name,
            budget=budget,
            now=now,
        )

    def _targets(self, *places: tuple[str, str]) -> tuple[str, ...]:
        """The brand that comments under these places are about, where one of them is named in the settings."""
        return (self._options.brand,) if self._options.brand and self._listed & set(places) else ()

    def _check_brand(self, query: Query) -> None:
        names = [card.name for card in query.brands]
        if self._options.brand and names and self._options.brand.casefold() not in map(str.casefold, names):
            told = ", ".join(names)
            raise CollectorError(f'{self.name}: brand = "{self._options.brand}" is no brand of this source ({told}).')

    @property
    def _quiet(self) -> timedelta:
        return timedelta(hours=self._options.quiet_hours)

    def _search_pages(self, text: str, plan: Plan, client: YoutubeClient) -> Iterator[Page]:
        options, search = self._options, plan.searches[text]
        rest = timedelta(hours=options.search_every_hours)
        rested = search.read_at is None or client.now - clock.from_ms(search.read_at) >= rest
        if not search.reading.running and not rested:
            return
        for _ in range(options.search_pages):
            if not plan.budget.may_search(options.units_per_search):
                return
            search.reading.begin(client.now, lookback=timedelta(hours=options.lookback_hours), overlap=LATE)
            rows: list[Any] = []
            try:
                since, place = search.reading.since, search.reading.place
                rows, token = client.search(text, since, place, units=options.units_per_search)
            except GoogleRefusal as refusal:
                self._search_refused(refusal, search, plan, client.now)
            else:
                search.reading.take(times_of(rows, reads.published), len(rows), token, now=client.now)
                if token is None:
                    search.finish(client.now)
            yield self._found(rows, plan, client)
            if not search.reading.running:
                return

    def _search_refused(self, refusal: GoogleRefusal, search: Place, plan: Plan, now: datetime) -> None:
        """Raise, unless it can go on: a place was forgotten, or only searches are used up and comments are not."""
        if search.reading.place and refusal.reasons & _FORGOTTEN:
            if search.reading.restarts:
                search.finish(now)
            else:
                search.reading.restart()
        elif refusal.reasons & DAILY and plan.places:
            plan.budget.searches = max(plan.budget.searches, plan.budget.searches_a_day)
        else:
            raise self._error(refusal, now) from None

    def _found(self, rows: list[Any], plan: Plan, client: YoutubeClient) -> Page:
        mentions, _, rejects = read_rows(rows, lambda row: reads.video(row, client.now))
        for mention in mentions:
            plan.find(mention.native_id, clock.to_ms(mention.published_at), self._listed, self._options.max_videos)
        page = Page(mentions=tuple(mentions), rejects=tuple(rejects))
        return self._told(page, plan, client, asked=50, rows=len(rows))

    def _comment_pages(self, plan: Plan, client: YoutubeClient) -> Iterator[Page]:
        unknown, left = [], self._options.max_pages
        for place in plan.due(client.now, self._quiet):
            while left > 0:
                left -= 1
                if plan.budget.spent:
                    raise RateLimited(self.name, until_reset(client.now))
                if not plan.budget.may_spend(client.now):
                    yield Page(coverage=Coverage(more_available=True))  # enough for this hour
                    return
                try:
                    yield from self._threads(place, plan, client)
                except GoogleRefusal as refusal:
                    if place[0] == CHANNEL and refusal.status == 404:
                        unknown.append(place[1])
                        break
                    yield from self._place_refused(refusal, place, plan, client)
                if not plan.places[place].reading.running:
                    break
        if unknown:
            raise AnswerUnreadable(f"{self.name}: YouTube knows no channel {', '.join(unknown)}. Check `channels`.")

    def _threads(self, key: tuple[str, str], plan: Plan, client: YoutubeClient) -> Iterator[Page]:
        """One page of threads, with all of their replies."""
        options, place = self._options, plan.places[key]
        lookback, overlap = timedelta(hours=options.lookback_hours), timedelta(seconds=options.overlap_seconds)
        place.reading.begin(client.now, lookback=lookback, overlap=overlap)
        rows, token = client.threads(key, place.reading.place, size=options.page_size)
        targets = self._targets(key)
        mentions, rejects = reads.threads(rows, targets, client.now)
        for thread, total in reads.with_more_replies(rows, plan.replies):
            others = [row for page in client.replies(thread) for row in page]
            place_of = key[1] if key[0] == VIDEO else None
            found, wrong = reads.comments(others, place_of, targets, client.now)
            mentions, rejects = mentions + found, rejects + wrong
            if len(others) >= total:
                plan.replies.pop(thread, None)
                plan.replies[thread] = total
        stuck = token is not None and token == place.reading.place
        below = place.reading.take(times_of(rows, reads.published), len(rows), token, now=client.now)
        if stuck:
            yield gap(place.reading.since, place.reading.seen_down_to)
        if stuck or below or token is None:
            place.finish(client.now)
        page = Page(mentions=tuple(mentions), rejects=tuple(rejects))
        yield self._told(page, plan, client, asked=options.page_size, rows=len(rows))

    def _place_refused(
        self, refusal: GoogleRefusal, key: tuple[str, str], plan: Plan, client: YoutubeClient
    ) -> Iterator[Page]:
        """What a refusal of one place's comments changes. Raises where it is about more than the place."""
        place, page, now = plan.places[key], Page(), client.now
        if place.reading.place and refusal.reasons & _FORGOTTEN:
            if place.reading.restarts:
                yield gap(place.reading.since, place.reading.seen_down_to)
                place.finish(now)
            else:
                place.reading.restart()
        elif key[0] == VIDEO and refusal.reasons & {"videoNotFound", "commentsDisabled"}:
            place.close(now)
            gone = (Deletion(platform=reads.PLATFORM, native_id=key[1]),) if refusal.status == 404 else ()
            page = Page(deletions=gone)
        else:
            raise self._error(refusal, now) from None
        yield self._told(page, plan, client)

    def _error(self, refusal: GoogleRefusal, now: datetime) -> CollectorError:
        return RateLimited(self.name, until_reset(now)) if refusal.reasons & DAILY else refusal.error

    def _told(self, page: Page, plan: Plan, client: YoutubeClient, *, asked: int | None = None, rows: int = 0) -> Page:
        """The page with what is to be remembered, how complete it is, and what it cost."""
        more = plan.unread(client.now, self._quiet)
        return replace(page, cursor=write_state(plan.told()), coverage=client.coverage(asked, rows, more=more))
