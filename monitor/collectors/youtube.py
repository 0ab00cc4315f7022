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
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from monitor import clock
from monitor.collectors import _youtube_read as reads
from monitor.collectors._answers import check_safe, reveal
from monitor.collectors._fields import packed, read_rows, times_of
from monitor.collectors._google import DAILY, GoogleRefusal
from monitor.collectors._newest_first import gap
from monitor.collectors._state import read_state, write_state
from monitor.collectors._web import check_least
from monitor.collectors._youtube_client import YoutubeClient
from monitor.collectors._youtube_plan import CHANNEL, VIDEO, Budget, Place, Plan, until_reset
from monitor.domain import Coverage, Cursor, Deletion, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, RateLimited
from monitor.http import GuardedClient, Limits

LATE = timedelta(days=2)  # so much later a search may find a video
LONGEST_SEARCH = 300  # characters
_FORGOTTEN = frozenset({"invalidPageToken", "processingFailure"})


@dataclass(frozen=True, kw_only=True)
class YoutubeOptions:
    """Settings of a source of kind `youtube`."""

    key: Secret = field(default=Secret("env:YOUTUBE_API_KEY"), metadata={"help": "The API key."})
    base_url: str = field(default="https://www.googleapis.com/youtube/v3", metadata={"help": "Where the API is."})
    videos: tuple[str, ...] = field(default=(), metadata={"help": "Ids of videos whose comments are always read."})
    channels: tuple[str, ...] = field(
        default=(), metadata={"help": "Ids of channels; the comments under all of their videos are read."}
    )
    brand: str = field(
        default="", metadata={"help": "Brand that comments under `videos` and `channels` are about, named or not."}
    )
    search: bool = field(default=True, metadata={"help": "Whether to search for videos that name the brands."})
    search_every_hours: float = field(default=12.0, metadata={"help": "Hours between two searches."})
    search_pages: int = field(default=3, metadata={"help": "Most calls of one search in one poll, of 50 videos each."})
    daily_searches: int = field(default=100, metadata={"help": "Calls of search.list that a day may cost."})
    daily_units: int = field(default=10_000, metadata={"help": "Units of quota that a day may cost."})
    units_per_search: int = field(
        default=0, metadata={"help": "Units that a search costs besides: 100 in old projects."}
    )
    max_videos: int = field(default=200, metadata={"help": "Most found videos whose comments are read."})
    quiet_hours: float = field(default=12.0, metadata={"help": "Longest time between two readings of a quiet video."})
    page_size: int = field(default=100, metadata={"help": "Threads on a page, at most 100."})
    max_pages: int = field(default=50, metadata={"help": "Most pages of threads in one poll; the rest comes next."})
    lookback_hours: float = field(default=168.0, metadata={"help": "How far back a first reading goes."})
    overlap_seconds: int = field(default=86_400, metadata={"help": "How much is read again, for edits and replies."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_least(self, search_every_hours=0, search_pages=1, daily_searches=0, daily_units=1, units_per_search=0)
        check_least(self, max_videos=0, quiet_hours=0, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0)
        check_least(self, timeout=0.1)


class YoutubeCollector:
    """Searches for videos rarely, and reads comments often."""

    kind: ClassVar[str] = "youtube"
    Options: ClassVar[type[YoutubeOptions]] = YoutubeOptions

    def __init__(self, name: str, options: YoutubeOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)
        named = [(VIDEO, video) for video in options.videos] + [(CHANNEL, channel) for channel in options.channels]
        self._listed = frozenset(named)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield videos that searches found, where one is due, then comments, place by place."""
        options = self._options
        memory = read_state(since)
        budget = Budget.read(memory.get("budget"), options.daily_units, options.daily_searches, now)
        plan = Plan.read(memory, budget, sorted(self._listed))
        client = YoutubeClient(
            http=self._client,
            headers={"x-goog-api-key": reveal(options.key, self.name, "the API key")},
            base_url=options.base_url,
            source=self.name,
            budget=budget,
            now=now,
        )
        texts = packed(query.terms, join="|", longest=LONGEST_SEARCH) if options.search else []
        plan.searches = {text: plan.searches.get(text, Place()) for text in texts}
        for text in texts:
            yield from self._search_pages(text, plan, client)
        yield from self._comment_pages(plan, client)

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
            yield self._found(rows, plan, client.now)
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

    def _found(self, rows: list[Any], plan: Plan, now: datetime) -> Page:
        mentions, _, rejects = read_rows(rows, lambda row: reads.video(row, now))
        for mention in mentions:
            plan.find(mention.native_id, clock.to_ms(mention.published_at), self._listed, self._options.max_videos)
        page = Page(mentions=tuple(mentions), rejects=tuple(rejects))
        return self._told(page, plan, now, asked=50, rows=len(rows))

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
                    yield from self._place_refused(refusal, place, plan, client.now)
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
        targets = (options.brand,) if options.brand and key in self._listed else ()
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
        yield self._told(page, plan, client.now, asked=options.page_size, rows=len(rows))

    def _place_refused(self, refusal: GoogleRefusal, key: tuple[str, str], plan: Plan, now: datetime) -> Iterator[Page]:
        """What a refusal of one place's comments changes. Raises where it is about more than the place."""
        place, page = plan.places[key], Page()
        if place.reading.place and refusal.reasons & _FORGOTTEN:
            if place.reading.restarts:
                yield gap(place.reading.since, place.reading.seen_down_to)
                place.finish(now)
            else:
                place.reading.restart()
        elif key[0] == VIDEO and (refusal.status == 404 or "commentsDisabled" in refusal.reasons):
            place.close(now)
            gone = (Deletion(platform=reads.PLATFORM, native_id=key[1]),) if refusal.status == 404 else ()
            page = Page(deletions=gone)
        else:
            raise self._error(refusal, now) from None
        yield self._told(page, plan, now)

    def _error(self, refusal: GoogleRefusal, now: datetime) -> CollectorError:
        return RateLimited(self.name, until_reset(now)) if refusal.reasons & DAILY else refusal.error

    def _told(self, page: Page, plan: Plan, now: datetime, *, asked: int | None = None, rows: int = 0) -> Page:
        """The page with what is to be remembered, and how complete it is."""
        coverage = Coverage(asked=asked, returned=rows, more_available=plan.unread(now, self._quiet))
        return replace(page, cursor=write_state(plan.told()), coverage=coverage)
