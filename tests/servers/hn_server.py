"""Algolia's search_by_date for Hacker News: newest first, at most `reachable` hits however one pages.

And Hacker News's own API for single items, which still knows those that are deleted or dead.
"""

import re
from datetime import datetime
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply


class HnServer(Loopback):
    """Holds hits; answers by words of the text and by created_at_i."""

    def __init__(self, reachable: int = 1_000) -> None:
        super().__init__()
        self.reachable = reachable
        self.hits: list[dict[str, Any]] = []
        self.fates: dict[str, str] = {}  # id → "deleted" or "dead"

    def add(self, at: datetime, text: str = "<p>Acme isn&#x27;t bad</p>", **fields: Any) -> str:
        ident = str(40_000_000 + len(self.hits))
        hit = {
            "objectID": ident,
            "created_at": clock.iso(at),
            "created_at_i": int(at.timestamp()),
            "author": "pg",
            "comment_text": text,
            "story_id": 1,
            "parent_id": 2,
            "story_title": "A story",
            "points": None,
            "_tags": ["comment"],
            "brand_new_field": 1,
        }
        self.hits.append(hit | fields)
        return ident

    def reply(self, asked: Asked) -> Reply:
        if item := re.fullmatch(r"/v0/item/(\d+)\.json", asked.path):
            return json_reply(self._item(item[1]))
        if asked.path != "/api/v1/search_by_date":
            return Reply(404)
        bounds = re.findall(r"created_at_i(<=|>=|<|>)(\d+)", asked.params.get("numericFilters", ""))
        found = [hit for hit in self.hits if all(_holds(hit.get("created_at_i"), *bound) for bound in bounds)]
        word = asked.params["query"].lower()
        found = [hit for hit in found if word in str(hit.get("comment_text", "")).lower()]
        found.sort(key=lambda hit: hit.get("created_at_i") or 0, reverse=True)
        size, page = min(int(asked.params["hitsPerPage"]), self.reachable), int(asked.params["page"])
        shown = found[: self.reachable][page * size : (page + 1) * size]
        return json_reply({"hits": shown, "nbHits": len(found), "page": page, "nbPages": 1, "hitsPerPage": size})

    def _item(self, ident: str) -> dict[str, Any] | None:
        hit = next((hit for hit in self.hits if hit["objectID"] == ident), None)
        if hit is None:
            return None
        item = {"id": int(ident), "time": hit["created_at_i"], "type": "comment", "parent": hit["parent_id"]}
        fate = self.fates.get(ident)
        if fate == "deleted":
            return item | {"deleted": True}
        told = item | {"by": hit["author"], "text": hit["comment_text"], "kids": [int(ident) + 1]}
        return told | {"text": "[flagged]", "dead": True} if fate == "dead" else told


def _holds(value: Any, sign: str, bound: str) -> bool:
    if not isinstance(value, int):
        return True
    limit = int(bound)
    return {"<=": value <= limit, ">=": value >= limit, "<": value < limit, ">": value > limit}[sign]
