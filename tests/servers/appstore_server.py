"""The App Store's public customer reviews on loopback: ten pages a country, and its ways to be wrong."""

import re
from datetime import datetime
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

_ADDRESSES = (
    re.compile(r"/(?P<country>..)/rss/customerreviews/page=(?P<page>\d+)/id=(?P<app>\d+)/sortby=mostrecent/json"),
    re.compile(r"/(?P<country>..)/rss/customerreviews/id=(?P<app>\d+)/sortBy=mostRecent/page=(?P<page>\d+)/json"),
)
APP = {"im:name": {"label": "Acme Shop"}, "title": {"label": "Acme Shop"}, "id": {"label": "https://apps.example/1"}}


class AppstoreServer(Loopback):
    """Holds reviews by country and app; `page_size` to a page, most recently changed first."""

    def __init__(self, page_size: int = 10) -> None:
        super().__init__()
        self.page_size = page_size
        self.reviews: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.empty: set[tuple[str, int]] = set()  # pages that are empty and should not be, by spelling or "any"
        self.with_app = False  # the first entry is the app itself
        self.counted = True  # the list says how many pages it has

    def add(self, at: datetime, *, country: str = "us", app: str = "1", **fields: Any) -> str:
        reviews = self.reviews.setdefault((country, app), [])
        number = str(7_000 + len(reviews))
        review = {
            "id": number,
            "title": "Slow & late",
            "content": "It isn't <good>",
            "im:rating": "2",
            "im:version": "3.4.3",
            "im:voteSum": "1",
            "im:voteCount": "2",
            "updated": at.isoformat(timespec="seconds"),
        } | fields
        reviews.append(review)
        return f"{country}:{number}"

    def edit(self, ident: str, at: datetime, text: str, *, app: str = "1") -> None:
        """Change a review's text; it moves to the top."""
        country, number = ident.split(":")
        review = next(each for each in self.reviews[country, app] if each["id"] == number)
        review |= {"content": text, "updated": clock.iso(at)}

    def reply(self, asked: Asked) -> Reply:
        for spelling, address in enumerate(_ADDRESSES):
            if found := address.fullmatch(asked.path):
                return self._page(found["country"], found["app"], int(found["page"]), spelling)
        return Reply(404)

    def _page(self, country: str, app: str, number: int, spelling: int) -> Reply:
        if number > 10:
            return Reply(400, b"CustomerReviews RSS page depth is limited to 10")
        reviews = sorted(self.reviews.get((country, app), []), key=_time, reverse=True)
        shown: list[Any] = [_entry(review) for review in reviews[(number - 1) * self.page_size :][: self.page_size]]
        if {("any", number), (str(spelling), number)} & self.empty:
            shown = []
        if self.with_app and shown:
            shown.insert(0, APP)
        listing: dict[str, Any] = {"author": {"name": {"label": "iTunes Store"}}, "brandNew": {"label": "1"}}
        if shown:
            listing["entry"] = shown if len(shown) > 1 else shown[0]
        if self.counted:
            last = max(1, min(10, -(-len(reviews) // self.page_size)))
            href = f"https://itunes.apple.com/{country}/rss/customerreviews/page={last}/id={app}/sortby=mostrecent/xml"
            listing["link"] = [
                {"attributes": {"rel": "self", "href": "x"}},
                {"attributes": {"rel": "last", "href": href}},
            ]
        return json_reply({"feed": listing})


def _time(review: dict[str, Any]) -> datetime:
    return clock.parse(review["updated"]) if review.get("updated") else clock.EPOCH


def _entry(review: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {name: {"label": value} for name, value in review.items() if value is not None}
    uri = "https://itunes.apple.com/us/reviews/id638572168"
    return entry | {"author": {"name": {"label": "Ann"}, "uri": {"label": uri}}, "im:newField": {"label": "x"}}
