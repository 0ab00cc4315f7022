"""X's v2 recent search on loopback: both dialects, pages, refusals in X's own words. No token is good but its own."""

import random
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

PROBLEMS = "https://api.twitter.com/2/problems/"
COMMON = {"query", "start_time", "end_time", "since_id", "until_id", "max_results", "next_token", "expansions"} | {
    *("user.fields", "sort_order", "media.fields", "place.fields", "poll.fields")
}
EPOCH_MS = 1_288_834_974_657


def snowflake(moment: datetime, number: int = 0) -> int:
    return ((clock.to_ms(moment) - EPOCH_MS) << 22) + number


def problem(name: str, title: str, detail: str, status: int, **more: Any) -> Reply:
    return json_reply({"title": title, "detail": detail, "type": PROBLEMS + name, "status": status} | more, status)


def invalid(parameter: str, value: str, message: str) -> Reply:
    told = [{"parameters": {parameter: [value]}, "message": message}]
    detail = "One or more parameters to your request was invalid."
    return problem("invalid-request", "Invalid Request", detail, 400, errors=told)


def too_many(reset: datetime | None) -> Reply:
    headers = {"x_rate_limit_reset": str(int(reset.timestamp()))} if reset else {}
    return json_reply({"title": "Too Many Requests", "detail": "Too Many Requests", "status": 429}, 429, **headers)


EXPIRED = problem("unauthorized", "Unauthorized", "Unauthorized", 401)
CAPPED = problem("usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", 429, period="Monthly")
UNPAID = problem("client-forbidden", "CreditsDepleted", "Your account has no credits left", 402)
FORBIDDEN = problem("client-forbidden", "Client Forbidden", "Your plan does not include this", 403)


class XServer(Loopback):
    """Holds posts; answers searches newest first."""

    def __init__(self, now: datetime, token: str = "right-token", dialect: str = "tweet") -> None:
        super().__init__()
        self.now = now
        self.token = token
        self.dialect = dialect
        self.lenient = False  # unknown parameters are passed over
        self.order: random.Random | None = None  # pages, and posts on them, in no order
        self.empty_first = False  # an empty page with a next_token comes before all others
        self.errors: list[dict[str, Any]] = []  # come with every page
        self.posts: dict[int, dict[str, Any]] = {}
        self.tokens: dict[str, list[int]] = {}

    def publish(self, count: int, first: datetime, step: timedelta = timedelta(seconds=1)) -> list[int]:
        """Add posts, the oldest first; returns their ids."""
        return [self.add(first + step * number) for number in range(count)]

    def add(self, at: datetime, **fields: Any) -> int:
        ident = fields.pop("ident", None) or snowflake(at, len(self.posts))
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
        if asked.path != "/2/tweets/search/recent":
            return Reply(404)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return EXPIRED
        return self._refusal(asked.params) or self._page(asked.params)

    def _refusal(self, params: dict[str, str]) -> Reply | None:
        known = COMMON | {f"{self.dialect}.fields"}
        for name in params.keys() - known if not self.lenient else ():
            told = f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]"
            return invalid(name, params[name], told)
        if len(params["query"]) > 512:
            return invalid("query", params["query"], "Rules must be less than 512 characters.")
        if not 10 <= int(params.get("max_results", 10)) <= 100:
            return invalid("max_results", params["max_results"], "The `max_results` value is not between 10 and 100")
        oldest = self.now - timedelta(days=7)
        if "since_id" in params and int(params["since_id"]) < snowflake(oldest):
            told = f"'since_id' must be a tweet id created after [{oldest:%Y-%m-%dT%H:%MZ}]."
            return invalid("since_id", params["since_id"], told + " Please use a 'since_id' that is larger")
        if "start_time" in params and clock.parse(params["start_time"]) < oldest:
            return invalid("start_time", params["start_time"], "Invalid 'start_time': must be on or after the oldest")
        if "next_token" in params and params["next_token"] not in self.tokens:
            return invalid("next_token", params["next_token"], "Invalid 'next_token'")
        return None

    def _page(self, params: dict[str, str]) -> Reply:
        size = int(params.get("max_results", 10))
        if "next_token" in params:
            found = self.tokens[params["next_token"]]
        else:
            found = self._found(params)
            if self.empty_first:
                return self._envelope([], found, params)
        return self._envelope(found[:size], found[size:], params)

    def _found(self, params: dict[str, str]) -> list[int]:
        above, below = int(params.get("since_id", 0)), int(params.get("until_id", 1 << 63))
        start = clock.parse(params.get("start_time", "2006-03-21"))
        end = clock.parse(params["end_time"]) if "end_time" in params else self.now - timedelta(seconds=30)
        found = [
            ident
            for ident, post in self.posts.items()
            if above < ident < below and start <= clock.parse(post["created_at"]) <= end
        ]
        found.sort(reverse=True)
        if self.order:
            self.order.shuffle(found)
        return found

    def _envelope(self, ids: list[int], rest: list[int], params: dict[str, str]) -> Reply:
        meta: dict[str, Any] = {"result_count": len(ids)}
        if rest:
            meta["next_token"] = f"token{len(self.tokens)}"
            self.tokens[meta["next_token"]] = rest
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
        return json_reply(document)

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
