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
        self.filters = 0  # made so far
        self.silent = False  # zero results that are wrong
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
        if asked.path == "/2.3/filters/create":
            self.filters += 1
            return packed(self._told() | {"items": [{"filter": "!made", "included_fields": [], "filter_type": "safe"}]})
        if asked.path.startswith("/2.3/posts/"):
            return self._named(asked.path.removeprefix("/2.3/posts/").split(";"), asked.params)
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
        told = self._told(more=len(found) > page * size)
        if self.holes:
            self.holes -= 1
            return packed(told | {"items": [], "has_more": True})
        return packed(told | {"items": shown})

    def _told(self, *, more: bool = False) -> dict[str, Any]:
        self.quota -= 1
        told: dict[str, Any] = {"quota_max": 10_000, "quota_remaining": self.quota, "has_more": more}
        if self.backoff:
            told["backoff"], self.backoff = self.backoff, None
        return told

    def _named(self, numbers: list[str], params: dict[str, str]) -> Reply:
        """Posts by their numbers; those that there are not are left out. The text comes only by a filter."""
        if len(numbers) > 100:
            return error(400, "bad_parameter", "ids")
        found = [item for site, item in self.items if site == params["site"] and str(_number(item)) in numbers]
        rows = [_post(item, whole=params.get("filter") == "!made") for item in found if not self.silent]
        return packed(self._told() | {"items": rows[: int(params.get("pagesize", "30"))]})

    def edit(self, name: str, text: str) -> None:
        item = next(item for site, item in self.items if f"{site}/{_number(item)}" == name)
        item |= {"body": text, "last_edit_date": item["creation_date"] + 60}

    def delete(self, name: str) -> None:
        self.items = [(site, item) for site, item in self.items if f"{site}/{_number(item)}" != name]


def _number(item: dict[str, Any]) -> int:
    return int(item.get("answer_id") or item["question_id"])


def _post(item: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """As /posts has it: with the body as HTML, and neither the excerpt nor the counts of answers."""
    kept = ("score", "creation_date", "last_activity_date", "last_edit_date")
    row = {name: item[name] for name in kept if name in item}
    row |= {"post_id": _number(item), "post_type": item["item_type"], "link": "https://stackoverflow.com/q/1"}
    row |= {"owner": {"account_id": 7, "display_name": "ann"}, "content_license": "CC BY-SA 4.0"}
    return row | ({"title": item["title"], "body": f"<p>{item['body']}</p>"} if whole else {})


def _date(item: dict[str, Any]) -> Any:
    return item["creation_date"]
