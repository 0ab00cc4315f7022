"""A Bluesky account's server on loopback: sessions whose tokens run out, and searchPosts, wrong in its ways.

Its paging can end before its results do, a page can be empty and name a next one, and rows come twice.
"""

import json
from datetime import UTC, datetime
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Reply, json_reply
from tests.servers.repeated import RepeatedParams

HANDLE = "brand.example"
POSTS = "app.bsky.feed.post"
FORBIDDEN = Reply(403, b"<html>Forbidden</html>", {"content-type": "text/html"})
DID = "did:plc:wq4aajammjtxdomz3e23667t"


def error(name: str, status: int = 400, **headers: str) -> Reply:
    return json_reply({"error": name, "message": f"{name}."}, status, **headers)


class PdsServer(RepeatedParams):
    """Holds posts; tokens are good until `expire`."""

    def __init__(self, password: str) -> None:
        super().__init__()
        self.password = password
        self.posts: list[dict[str, Any]] = []
        self.sessions = 0  # logins and refreshes
        self.reachable: int | None = None  # rows after which paging ends without a word
        self.empty_first = False  # an empty page with a next token comes before all others
        self.refuse_refresh = False
        self.refused_words: set[str] = set()
        self.public = False  # whether posts can be asked for without a login, as the network's own servers allow
        self.silent = False  # no post is shown
        self._dead = ""  # the access token that ran out

    @property
    def access(self) -> str:
        return f"access-{self.password}-{self.sessions}"

    @property
    def refresh(self) -> str:
        return f"refresh-{self.password}-{self.sessions}"

    def expire(self) -> None:
        """The access token runs out; the one for refreshing stays good."""
        self._dead = self.access

    def add(self, at: datetime, text: str = "Acme is late", *, indexed: datetime | None = None, **fields: Any) -> str:
        uri = f"at://{DID}/{POSTS}/s{len(self.posts):04d}"
        record = {"$type": POSTS, "text": text, "createdAt": clock.iso(at), "langs": ["en"]}
        post = {
            "uri": uri,
            "cid": "bafy",
            "author": {"did": DID, "handle": "ann.example", "displayName": "Ann"},
            "record": record,
            "replyCount": 1,
            "repostCount": 2,
            "likeCount": 3,
            "quoteCount": 4,
            "indexedAt": clock.iso(indexed or at),
            "brand_new_field": {},
        }
        self.posts.append(post | fields)
        return uri

    def reply(self, asked: Asked) -> Reply:
        method = asked.path.removeprefix("/xrpc/")
        told = asked.headers.get("authorization", "")
        if method == "com.atproto.server.createSession":
            given = json.loads(asked.body)
            if given != {"identifier": HANDLE, "password": self.password}:
                return error("AuthenticationRequired", 401)
            return self._session()
        if method == "com.atproto.server.refreshSession":
            if told != f"Bearer {self.refresh}" or self.refuse_refresh:
                return error("ExpiredToken")
            return self._session()
        if method == "app.bsky.feed.getPosts" and self.public and not told:
            return self._named()
        if method not in ("app.bsky.feed.searchPosts", "app.bsky.feed.getPosts"):
            return error("MethodNotImplemented", 501)
        if told == f"Bearer {self._dead}":
            return error("ExpiredToken")
        if told != f"Bearer {self.access}":
            return FORBIDDEN
        return self._named() if method.endswith("getPosts") else self._search(asked.params)

    def _named(self) -> Reply:
        """Posts by their addresses; those that there are not are left out."""
        uris = self.all_of("uris")
        if not 0 < len(uris) <= 25:
            return error("InvalidRequest")
        found = [] if self.silent else [post for post in self.posts if post["uri"] in uris]
        ends = str(int(datetime(2026, 3, 11, 12, 5, tzinfo=UTC).timestamp()))
        return json_reply({"posts": found}, ratelimit_remaining="2999", ratelimit_reset=ends)

    def post(self, uri: str) -> dict[str, Any]:
        """A post, to be changed."""
        return next(post for post in self.posts if post["uri"] == uri)

    def _session(self) -> Reply:
        self.sessions += 1
        return json_reply({"did": DID, "handle": HANDLE, "accessJwt": self.access, "refreshJwt": self.refresh})

    def _search(self, params: dict[str, str]) -> Reply:
        word = params["q"].strip('"').lower()
        if word in self.refused_words:
            return error("BadQueryString")
        since, until = clock.parse(params["since"]), clock.parse(params["until"])
        found = [
            post
            for post in self.posts
            if word in str(post["record"].get("text")).lower() and since <= _sorted_at(post) < until
        ]
        found.sort(key=_sorted_at, reverse=True)
        start, size = int(params.get("cursor", 0)), int(params["limit"])
        if self.empty_first and "cursor" not in params:
            return json_reply({"cursor": "0", "posts": []})
        reach = found[: self.reachable]
        shown = reach[max(0, start - 1) : start + size]  # one row comes twice
        told: dict[str, Any] = {"hitsTotal": len(found), "posts": shown}
        if start + size < len(reach):
            told["cursor"] = str(start + size)
        return json_reply(told)


def _sorted_at(post: dict[str, Any]) -> datetime:
    told = [post["record"].get("createdAt"), post["indexedAt"]]
    return min(clock.parse(moment) for moment in told if isinstance(moment, str))
