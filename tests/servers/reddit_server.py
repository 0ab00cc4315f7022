"""Reddit's API on loopback: tokens, search and comments as listings, seconds-left limits, and its ways to be wrong."""

import base64
from datetime import datetime
from html import escape
from typing import Any

from tests.servers.loopback import Asked, Loopback, Reply, json_reply

BLOCKED = Reply(403, b"<!doctype html><title>Blocked</title>whoa there, pardner!", {"content-type": "text/html"})
PRIVATE = json_reply({"reason": "private", "message": "Forbidden", "error": 403}, 403)
EXPIRED = json_reply({"message": "Unauthorized", "error": 401}, 401)
NO_GRANT = json_reply({"error": "unsupported_grant_type"})


def too_many(seconds: str | None) -> Reply:
    headers = {"x_ratelimit_used": "1000", "x_ratelimit_remaining": "0.0"}
    told = headers | ({"x_ratelimit_reset": seconds} if seconds is not None else {})
    return json_reply({"message": "Too Many Requests", "error": 429}, 429, **(told if seconds is not None else {}))


class RedditServer(Loopback):
    """Holds submissions and comments; listings are newest first, and `reachable` rows deep."""

    def __init__(self, secret: str, *, reachable: int = 1_000) -> None:
        super().__init__()
        self.secret = secret
        self.reachable = reachable
        self.posts: list[dict[str, Any]] = []
        self.tokens = 0  # given so far; only the newest is good
        self.token_reply: Reply | None = None
        self.remaining = 990.0
        self.silent: set[str] = set()  # kinds whose listings are empty and should not be
        self.empty_first = False  # an empty page with an `after` comes before all others
        self.always_after = False  # the last page names a next one, which is empty

    def submit(self, at: datetime, title: str = "Acme & others", text: str = "Is <it> late?", **fields: Any) -> str:
        data = {"title": title, "selftext": text, "is_self": True, "num_comments": 2, "num_crossposts": 1}
        return self._add("t3", at, data | {"upvote_ratio": 0.9, "removed_by_category": None} | fields)

    def comment(self, at: datetime, text: str = "Acme isn't <good>", **fields: Any) -> str:
        return self._add("t1", at, {"body": text, "link_id": "t3_abc", "parent_id": "t1_def", **fields})

    def _add(self, kind: str, at: datetime, fields: dict[str, Any]) -> str:
        ident = f"x{len(self.posts):05d}"
        data = {
            "id": ident,
            "name": f"{kind}_{ident}",
            "author": "ann",
            "author_fullname": "t2_ann",
            "created_utc": float(int(at.timestamp())),
            "edited": False,
            "subreddit": "acme",
            "permalink": f"/r/acme/comments/abc/x/{ident}/",
            "score": 5,
            "brand_new_field": [1],
        } | fields
        self.posts.append({"kind": kind, "data": data})
        return f"{kind}_{ident}"

    def data(self, name: str) -> dict[str, Any]:
        """A post's fields, to be changed."""
        data: dict[str, Any] = next(post["data"] for post in self.posts if post["data"]["name"] == name)
        return data

    def delete(self, name: str) -> None:
        """Its author deletes a post: it is still there by name, without text and author."""
        data = self.data(name)
        data |= {"before": {key: data.get(key) for key in ("author", "body", "selftext", "removed_by_category")}}
        gone = {"body": "[deleted]"} if name.startswith("t1_") else {"selftext": "[deleted]"}
        data |= gone | {"author": "[deleted]", "removed_by_category": "deleted" if name.startswith("t3_") else None}

    def restore(self, name: str) -> None:
        data = self.data(name)
        data |= {key: value for key, value in data.pop("before").items() if value is not None}
        data["removed_by_category"] = None

    def remove(self, name: str) -> None:
        """A post is no longer shown at all."""
        self.posts = [post for post in self.posts if post["data"]["name"] != name]

    def reply(self, asked: Asked) -> Reply:
        if "(by /u/" not in asked.headers.get("user-agent", ""):
            return BLOCKED
        if asked.path == "/api/v1/access_token":
            return self.token_reply or self._token(asked)
        if asked.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return EXPIRED
        if asked.path == "/api/info":
            return self._named(asked.params)
        _, subreddits, what = asked.path.removeprefix("/").split("/")
        return self._listing("t3" if what == "search" else "t1", subreddits, asked.params)

    def _token(self, asked: Asked) -> Reply:
        basic = base64.b64encode(f"the-id:{self.secret}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}" or asked.body != b"grant_type=client_credentials":
            return EXPIRED
        self.tokens += 1
        return json_reply({"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 3_600})

    def _listing(self, kind: str, subreddits: str, params: dict[str, str]) -> Reply:
        words = [word.strip('"').lower() for word in params.get("q", "").split(" OR ")]
        inside = None if subreddits == "all" else subreddits.lower().split("+")
        found = [post for post in self.posts if post["kind"] == kind and _is_in(post["data"], inside, words)]
        found.sort(key=lambda post: float(post["data"]["created_utc"] or 0), reverse=True)
        rows = found[: self.reachable] if kind not in self.silent else []
        after, size = params.get("after"), int(params["limit"])
        if self.empty_first and not after:
            return self._page([], "t3_top", params)
        names = [post["data"]["name"] for post in rows]
        place = -1 if after in (None, "t3_top") else len(rows)  # gone: the list seems to end
        start = (names.index(after) if after in names else place) + 1
        shown = rows[start : start + size]
        more = start + size < len(rows) or (self.always_after and shown)
        return self._page(shown, shown[-1]["data"]["name"] if more else None, params)

    def _named(self, params: dict[str, str]) -> Reply:
        """Posts by name, in no order that was asked for; those that there are not are left out."""
        names = params["id"].split(",")
        if len(names) > 100:
            return json_reply({"message": "Bad Request", "error": 400}, 400)
        rows = [post for post in self.posts if post["data"]["name"] in names]
        return self._page([] if "t3" in self.silent else rows, None, params)

    def _page(self, rows: list[dict[str, Any]], after: str | None, params: dict[str, str]) -> Reply:
        self.remaining = max(self.remaining - 1, 0.0)
        shown = rows if params.get("raw_json") == "1" else [_escaped(row) for row in rows]
        headers = {"x_ratelimit_remaining": str(self.remaining), "x_ratelimit_reset": "42", "x_ratelimit_used": "9"}
        data = {"after": after, "before": None, "children": shown, "modhash": "", "new": 1}
        return json_reply({"kind": "Listing", "data": data}, 200, **headers)


def _is_in(data: dict[str, Any], inside: list[str] | None, words: list[str]) -> bool:
    text = f"{data.get('title') or ''} {data.get('selftext') or ''}".lower()
    return (inside is None or str(data["subreddit"]).lower() in inside) and any(word in text for word in words)


def _escaped(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: escape(value) for name, value in row["data"].items() if name in ("title", "selftext", "body")}
    return row | {"data": row["data"] | texts}
