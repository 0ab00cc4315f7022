"""X's v2 on loopback: search, mentions, counts, both dialects, refusals in X's words. No token is good but its own."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply
from tests.servers.x_http import take_over
from tests.servers.x_jobs_server import Jobs
from tests.servers.x_stream_server import Streaming
from tests.servers.x_words import CAPPED, EXPIRED, FORBIDDEN, PROBLEMS, UNPAID, invalid, missing, snowflake, too_many

__all__ = ["CAPPED", "EXPIRED", "FORBIDDEN", "PROBLEMS", "UNPAID", "XServer", "invalid", "snowflake", "too_many"]

COMMON = {"query", "start_time", "end_time", "since_id", "until_id", "max_results", "next_token", "expansions"} | {
    *("user.fields", "sort_order", "media.fields", "place.fields", "poll.fields", "pagination_token", "ids")
}


class XServer(Streaming, Jobs, Loopback):
    """Holds posts; answers searches newest first."""

    def __init__(self, now: datetime, token: str = "the-right-token", dialect: str = "tweet") -> None:
        Loopback.__init__(self)
        Streaming.__init__(self)
        Jobs.__init__(self)
        take_over(self)
        self.now = now
        self.token = token
        self.dialect = dialect
        self.lenient = False  # unknown parameters are passed over
        self.order: random.Random | None = None  # pages, and posts on them, in no order
        self.empty_first = False  # an empty page with a next_token comes before all others
        self.circling = False  # a page's token leads to the same page
        self.hollow = False  # every page says that there is a next one
        self.rough: random.Random | None = None  # any posts of those that fit, tokens unread, ids compared as text
        self.counted_too_many = 0
        self.limits: dict[str, str] = {}  # headers of every answer
        self.errors: list[dict[str, Any]] = []  # come with every page
        self.accounts = {"acme": "42"}
        self.most_mentions = 800
        self.posts: dict[int, dict[str, Any]] = {}
        self.tokens: dict[str, list[int]] = {}

    def publish(self, count: int, first: datetime, step: timedelta = timedelta(seconds=1)) -> list[int]:
        """Add posts, the oldest first; returns their ids."""
        return [self.add(first + step * number) for number in range(count)]

    def add(self, at: datetime, **fields: Any) -> int:
        ident = fields.pop("ident", None) or (len(self.posts) + 1 if self.rough else snowflake(at, len(self.posts)))
        self.posts[ident] = {
            "id": str(ident),
            "text": f"Post {len(self.posts)} about Acme &amp; others",
            "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "author_id": str(1_000 + len(self.posts) % 7),
            "lang": "en",
            "conversation_id": str(ident),
            "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
            "edit_history_tweet_ids": [str(ident)],
            "brand_new_field": {"nobody": ["knows", "it"]},
        } | fields
        return ident

    def reply(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return EXPIRED
        path, params = asked.path, asked.params
        if path.startswith("/2/users/by/username/"):
            return self._account(path.rpartition("/")[2])
        if path == "/2/tweets/search/stream/rules":
            return self.reply_to_rules(asked)
        if path.startswith("/2/compliance/jobs"):
            return self.reply_to_jobs(asked)
        if path == "/2/tweets/counts/recent":
            return self._counts(params)
        return self._refusal(params) or self._posts(path, params)

    def _posts(self, path: str, params: dict[str, str]) -> Reply:
        if path == "/2/tweets/search/stream":
            return self.reply_to_stream(params)
        if path == "/2/tweets":
            return self.reply_to_lookup(params)
        if path == "/2/tweets/search/recent" or path.startswith("/2/users/"):
            return self._page(params, most=self.most_mentions if "users" in path else None)
        return Reply(404)

    def _account(self, name: str) -> Reply:
        if name not in self.accounts:
            return json_reply({"errors": [missing(name, "user")]})
        return json_reply({"data": {"id": self.accounts[name], "username": name, "name": "Acme"}})

    def _refusal(self, params: dict[str, str]) -> Reply | None:
        known = COMMON | {f"{self.dialect}.fields"}
        for name in params.keys() - known if not self.lenient else ():
            told = f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]"
            return invalid(name, params[name], told)
        if len(params.get("query", "")) > 512:
            return invalid("query", params["query"], "Rules must be less than 512 characters.")
        if not 10 <= int(params.get("max_results", 10)) <= 100:
            return invalid("max_results", params["max_results"], "The `max_results` value is not between 10 and 100")
        return self._refused_range(params)

    def _refused_range(self, params: dict[str, str]) -> Reply | None:
        oldest = self.now - timedelta(days=7)
        if "since_id" in params and int(params["since_id"]) < snowflake(oldest) and not self.rough:
            told = f"'since_id' must be a tweet id created after [{oldest:%Y-%m-%dT%H:%MZ}]."
            return invalid("since_id", params["since_id"], told + " Please use a 'since_id' that is larger")
        if "start_time" in params and clock.parse(params["start_time"]) < oldest:
            return invalid("start_time", params["start_time"], "Invalid 'start_time': must be on or after the oldest")
        for name in ("next_token", "pagination_token"):
            if name in params and params[name] not in self.tokens and not self.rough:
                return invalid(name, params[name], f"Invalid '{name}'")
        return None

    def _page(self, params: dict[str, str], most: int | None = None) -> Reply:
        size = int(params.get("max_results", 10))
        if self.rough:
            return self._any(params, size, self.rough)
        token = params.get("next_token") or params.get("pagination_token")
        if token:
            found = self.tokens[token]
        else:
            found = self._found(params)[:most]
            if self.empty_first:
                return self._envelope([], found, params)
        return self._envelope(found[:size], found if self.circling and len(found) > size else found[size:], params)

    def _any(self, params: dict[str, str], size: int, chance: random.Random) -> Reply:
        found = self._found(params)
        chance.shuffle(found)
        document = self.envelope(found[:size], params)
        if len(found) >= size:
            document["meta"]["next_token"] = "always the same"
        return json_reply(document)

    def _found(self, params: dict[str, str]) -> list[int]:
        start = clock.parse(params.get("start_time", "2006-03-21"))
        latest = self.now if self.rough else self.now - timedelta(seconds=30)
        end = clock.parse(params["end_time"]) if "end_time" in params else latest
        within = [
            ident
            for ident, post in self.posts.items()
            if self._is_between(ident, params) and start <= clock.parse(post["created_at"]) <= end
        ]
        within.sort(reverse=True)
        if self.order:
            self.order.shuffle(within)
        return within

    def _is_between(self, ident: int, params: dict[str, str]) -> bool:
        if self.rough:
            return params.get("since_id", "") < str(ident) < params.get("until_id", "x")
        return int(params.get("since_id", 0)) < ident < int(params.get("until_id", 1 << 63))

    def _counts(self, params: dict[str, str]) -> Reply:
        start, end = clock.parse(params["start_time"]), clock.parse(params["end_time"])
        times = [clock.parse(post["created_at"]) for post in self.posts.values()]
        number = sum(start <= moment < end for moment in times) + self.counted_too_many
        name = f"{self.dialect}_count"
        slots = [
            {"start": clock.iso(start - timedelta(hours=1)), "end": clock.iso(start), name: 5_000},
            {"start": clock.iso(start), "end": clock.iso(end), name: number},
        ]
        return json_reply({"data": slots, "meta": {f"total_{name}": 5_000 + number}})

    def _envelope(self, ids: list[int], rest: list[int], params: dict[str, str]) -> Reply:
        document = self.envelope(ids, params)
        if rest or self.hollow:
            token = "circle" if self.circling else f"token{len(self.tokens)}"
            document["meta"]["next_token"] = token
            self.tokens[token] = rest
        good = json_reply(document)
        return replace(good, headers={**good.headers, **self.limits})

    def envelope(self, ids: list[int], params: dict[str, str]) -> dict[str, Any]:
        meta: dict[str, Any] = {"result_count": len(ids)}
        newest = "newest_id" if self.dialect == "tweet" else "most_recent_post_id"
        if ids:
            meta |= {newest: str(ids[0]), "oldest_id": str(ids[-1])}
        document: dict[str, Any] = {"meta": meta}
        if ids:
            document["data"] = [self._spoken(self.posts[ident], params) for ident in ids]
            if params.get("expansions") == "author_id":
                document["includes"] = {"users": self._users(ids, params)}
        if self.errors:
            document["errors"] = self.errors
        return document

    def _spoken(self, post: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        wanted = params.get(f"{self.dialect}.fields", "").split(",")
        shown = {name: value for name, value in post.items() if name in {"id", "text", "brand_new_field"}}
        for name, value in post.items():
            spoken = name.replace("tweet", self.dialect)
            if spoken in wanted:
                shown[spoken] = value
        metrics = shown.get("public_metrics")
        if metrics and self.dialect == "post":
            shown["public_metrics"] = {name.replace("retweet", "repost"): count for name, count in metrics.items()}
        return shown

    def _users(self, ids: list[int], params: dict[str, str]) -> list[dict[str, Any]]:
        metrics = (
            {"public_metrics": {"followers_count": 42}} if "public_metrics" in params.get("user.fields", "") else {}
        )
        authors = sorted({self.posts[ident]["author_id"] for ident in ids})
        return [{"id": author, "username": f"user{author}", "name": "A User"} | metrics for author in authors]
