"""Stack Exchange's /search/excerpts: bounds included, newest first, always packed; it asks for patience in its body."""

import gzip
import json
from datetime import datetime
from typing import Any

from tests.servers.loopback import Asked, Loopback, Reply


def packed(document: object, status: int = 200) -> Reply:
    headers = {"content-type": "application/json; charset=utf-8", "content-encoding": "gzip"}
    return Reply(status, gzip.compress(json.dumps(document).encode()), headers)


def error(code: int, name: str, message: str, status: int = 400) -> Reply:
    return packed({"error_id": code, "error_message": message, "error_name": name}, status)


THROTTLED = error(502, "throttle_violation", "too many requests from this IP, more requests available in 82216 seconds")
BAD_KEY = error(400, "bad_parameter", "`key` doesn't match a known application")
BAD_SITE = error(400, "bad_parameter", "No site found for name `nowhere`")


class StackexchangeServer(Loopback):
    """Holds rows of sites."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[tuple[str, dict[str, Any]]] = []
        self.quota = 10_000
        self.backoff: int | None = None  # told with the next answer
        self.holes = 0  # so many answers are empty although they say that there is more

    def add(
        self, at: datetime, text: str = "Acme isn&#39;t &lt;bad&gt;", *, answer: bool = False,
        site: str = "stackoverflow", **fields: Any,
    ) -> str:  # fmt: skip
        """One question or answer; returns its native id."""
        number = 70_000_000 + len(self.items)
        item = {
            "item_type": "question",
            "question_id": number,
            "title": "Trouble with &quot;it&quot;",
            "score": -2,
            "excerpt": f'… <span class="highlight">{text}</span> …',
            "body": text,
            "answer_count": 3,
            "creation_date": int(at.timestamp()),
            "last_activity_date": int(at.timestamp()),
            "tags": ["acme"],
        }
        if answer:
            item |= {"item_type": "answer", "answer_id": number, "question_id": 5, "score": 4}
            del item["answer_count"]
        self.items.append((site, item | fields))
        return f"{site}/{number}"

    def reply(self, asked: Asked) -> Reply:
        if asked.path != "/2.3/search/excerpts":
            return error(404, "no_method", "this method does not exist")
        params, word = asked.params, asked.params["q"].lower()
        if (params["sort"], params["order"]) != ("creation", "desc"):
            return error(400, "bad_parameter", "sort")
        found = [item for site, item in self.items if site == params["site"] and word in str(item["body"]).lower()]
        low, high = int(params["fromdate"]), int(params["todate"])
        found = [item for item in found if not isinstance(_date(item), int) or low <= _date(item) <= high]
        found.sort(key=lambda item: _date(item) if isinstance(_date(item), int) else high, reverse=True)
        size, page = int(params["pagesize"]), int(params["page"])
        shown = found[(page - 1) * size : page * size]
        self.quota -= 1
        told: dict[str, Any] = {
            "quota_max": 10_000,
            "quota_remaining": self.quota,
            "has_more": len(found) > page * size,
        }
        if self.backoff:
            told["backoff"], self.backoff = self.backoff, None
        if self.holes:
            self.holes -= 1
            return packed(told | {"items": [], "has_more": True})
        return packed(told | {"items": shown})


def _date(item: dict[str, Any]) -> Any:
    return item["creation_date"]
