"""GDELT's DOC 2.0 on loopback: no paging, quarters of an hour, refusals in plain text with status 200."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.loopback import Asked, Loopback, Reply, json_reply

TEXT = {"content-type": "text/html; charset=utf-8"}
BUSY = Reply(429, b"Please limit requests to one every 5 seconds or contact us for larger queries.", TEXT)
BUSY_200 = Reply(200, BUSY.body, TEXT)
TOO_SHORT = Reply(200, b"Your query was too short or too long.\n", TEXT)


def _moment(digits: str) -> datetime:
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


class GdeltServer(Loopback):
    """Holds articles; gives the newest `reachable` of a range."""

    def __init__(self, reachable: int = 250) -> None:
        super().__init__()
        self.reachable = reachable
        self.articles: list[dict[str, Any]] = []
        self.refused: set[str] = set()  # searches that it finds too short

    def add(self, at: datetime, title: str = "Acme isn&#39;t late , says Acme", **fields: Any) -> str:
        """Returns the address."""
        address = f"https://news.example/{len(self.articles)}"
        quarter = at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
        article = {
            "url": address,
            "url_mobile": "",
            "title": title,
            "seendate": quarter.strftime("%Y%m%dT%H%M%SZ"),
            "socialimage": "",
            "domain": "news.example",
            "language": "German",
            "sourcecountry": "Germany",
            "brand_new_field": 1,
        }
        self.articles.append(article | fields)
        return address

    def reply(self, asked: Asked) -> Reply:
        params = asked.params
        if "user-agent" not in asked.headers:
            return BUSY
        if params["query"] in self.refused or len(params["query"]) > 250:
            return TOO_SHORT
        if " OR " in params["query"] and not params["query"].startswith("("):
            return Reply(200, b"Queries containing OR'd terms must be surrounded by ().", TEXT)
        if int(params["maxrecords"]) > 250:
            return Reply(200, b"Only 250 records can be had.", TEXT)
        start, end = _moment(params["startdatetime"]), _moment(params["enddatetime"])
        words = [word.lower() for word in re.findall(r'"([^"]+)"', params["query"])]
        found = [
            article
            for article in self.articles
            if any(word in str(article["title"]).lower() for word in words)
            and start <= datetime.strptime(article["seendate"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) <= end
        ]
        found.sort(key=lambda article: str(article["seendate"]), reverse=True)
        shown = found[: min(self.reachable, int(params["maxrecords"]))]
        return json_reply({"articles": shown} if shown else {})
