"""Questions to the YouTube Data API: each is charged to the budget before it is asked. Knows no cursor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from monitor import clock
from monitor.collectors._fields import word
from monitor.collectors._google import ask_google
from monitor.collectors._youtube_plan import Budget, until_reset
from monitor.domain import Coverage
from monitor.errors import AnswerUnreadable
from monitor.http import GuardedClient

REPLY_PAGES = 10  # of one thread
Rows = tuple[list[Any], str | None]  # of one page, and the token of the next


@dataclass(slots=True, kw_only=True)
class YoutubeClient:
    """Asks for one poll of one source. Every question may raise GoogleRefusal and the collectors' errors."""

    http: GuardedClient
    headers: dict[str, str]
    base_url: str
    source: str
    budget: Budget
    now: datetime
    told: int | None = None  # units that were spent when coverage was last told

    def __post_init__(self) -> None:
        self.told = self.budget.units

    def coverage(self, asked: int | None, rows: int, *, more: bool) -> Coverage:
        """What was read, what it cost since this was last asked, and what the day's quota still holds."""
        spent, self.told = self.budget.units - (self.told or 0), self.budget.units
        return Coverage(
            asked=asked,
            returned=rows,
            more_available=more,
            units=float(spent),
            remaining=max(self.budget.units_a_day - self.budget.units, 0),
            resets_at=self.now + until_reset(self.now),
        )

    def search(self, text: str, after: datetime | None, token: str | None, *, units: int) -> Rows:
        """Videos, newest first; costs a call of search.list, and so many units."""
        self.budget.searches += 1
        self.budget.units += units
        asked = {"part": "snippet", "type": "video", "order": "date", "maxResults": "50", "q": text}
        if after is not None:
            asked["publishedAfter"] = clock.iso(after.replace(microsecond=0))
        return self._rows("search", asked, token)

    def threads(self, place: tuple[str, str], token: str | None, *, size: int) -> Rows:
        """Threads of a video or a channel, newest first; costs a unit."""
        self.budget.units += 1
        asked = {"part": "snippet,replies", "order": "time", "textFormat": "plainText", "maxResults": str(size)}
        return self._rows("commentThreads", asked | {place[0]: place[1]}, token)

    def replies(self, thread: str) -> Iterator[list[Any]]:
        """All replies of a thread, page by page; costs a unit each. Ends early where the budget does."""
        token: str | None = None
        asked = {"part": "snippet", "textFormat": "plainText", "maxResults": "100", "parentId": thread}
        for _ in range(REPLY_PAGES):
            if not self.budget.may_spend(self.now):
                return
            self.budget.units += 1
            rows, token = self._rows("comments", asked, token)
            yield rows
            if token is None:
                return

    def named(self, path: str, names: tuple[str, ...]) -> list[Any]:
        """Videos or comments by their ids, 50 at most; costs a unit. Those that there are not are left out."""
        self.budget.units += 1
        rows, _ = self._rows(path, {"part": "snippet", "textFormat": "plainText", "id": ",".join(names)}, None)
        return rows

    def _rows(self, path: str, asked: dict[str, str], token: str | None) -> Rows:
        told = asked | ({"pageToken": token} if token else {})
        url = f"{self.base_url.rstrip('/')}/{path}?{urlencode(told)}"
        document = ask_google(self.http, url, self.source, now=self.now, headers=self.headers)
        rows = document.get("items")
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{self.source}: the answer has no items. Check `base_url`.")
        return rows, word(document.get("nextPageToken"))
