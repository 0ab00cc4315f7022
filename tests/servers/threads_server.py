"""Threads' keyword search on loopback: cursors, Meta's codes under odd statuses, the trap of own posts only."""

from datetime import datetime
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

OWN = "brandhouse"


def graph_error(code: int, status: int = 400) -> Reply:
    return json_reply(
        {"error": {"message": f"Error {code}", "type": "OAuthException", "code": code, "fbtrace_id": "A"}}, status
    )


EXPIRED, FORBIDDEN, BUSY, FAULT = graph_error(190), graph_error(10, 500), graph_error(4, 403), graph_error(2, 500)


class ThreadsServer(Loopback):
    """Holds posts; answers newest first."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.approved = True
        self.posts: list[dict[str, Any]] = []
        self.sensitive: set[str] = set()
        self.reachable: int | None = None  # rows after which paging ends without a word
        self.empty_first = False  # an empty page with a next one comes before all others

    def add(self, at: datetime, text: object = "Acme is late", username: str = "ann", **fields: Any) -> str:
        ident = str(18_000_000 + len(self.posts))
        post = {
            "id": ident,
            "text": text,
            "media_type": "TEXT_POST",
            "permalink": f"https://www.threads.net/@{username}/post/C{ident}",
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}+0000",
            "username": username,
            "has_replies": False,
            "is_quote_post": False,
            "is_reply": False,
        }
        self.posts.append(post | fields)
        return ident

    def reply(self, asked: Asked) -> Reply:
        if asked.params.get("access_token") != self.token:
            return EXPIRED
        if asked.path == "/v1.0/me":
            return json_reply({"username": OWN, "id": "1"})
        if asked.path != "/v1.0/keyword_search":
            return graph_error(2_500)
        return self._page(asked.params)

    def _page(self, params: dict[str, str]) -> Reply:
        if int(params["since"]) < 1_688_540_400 or not 0 < int(params["limit"]) <= 100:
            return graph_error(100)
        if params["q"] in self.sensitive:
            return json_reply({"data": []})
        word = params["q"].lower()
        found = [
            post
            for post in self.posts
            if word in str(post.get("text", "")).lower()
            and (self.approved or post["username"] == OWN)
            and int(params["since"]) <= _second(post) <= int(params["until"])
        ]
        found.sort(key=_second, reverse=True)
        if self.empty_first and "after" not in params:
            return json_reply({"data": [], "paging": {"cursors": {"after": "0"}, "next": "https://graph/next"}})
        start, size = int(params.get("after", 0)), int(params["limit"])
        reach = found[: self.reachable]
        shown = reach[max(0, start - 1) : start + size]  # one row comes twice
        paging: dict[str, Any] = {"cursors": {"before": "b", "after": str(start + size)}}
        if start + size < len(reach):
            paging["next"] = f"https://graph.threads.net/v1.0/keyword_search?access_token={self.token}&after=1"
        return json_reply({"data": shown, "paging": paging} if shown else {"data": []})


def _second(post: dict[str, Any]) -> int:
    return int(clock.parse(post["timestamp"]).timestamp())
