"""Mastodon's API as its code has it: ids that carry time, timelines that page by id, a search that does not."""

import json
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Reply, json_reply
from tests.servers.repeated import RepeatedParams

Status = dict[str, Any]


class MastodonServer(RepeatedParams):
    """Holds statuses; `known` ones of other servers can be put in as they are."""

    def __init__(self, now: datetime, token: str = "secret", host: str = "social.example") -> None:
        super().__init__()
        self.now = now
        self.token = token
        self.name = host
        self.statuses: list[Status] = []
        self.notices: list[dict[str, Any]] = []
        self.searching = True  # whether there is a search engine
        self.scoped = True  # whether the token may search
        self.offsets = True  # whether the search knows them
        self.cap = 40
        self.remaining = 300
        self.lists = True  # whether several statuses can be asked for by their ids: since 4.3
        self.secure = False  # whether it speaks to other servers only, and to nobody else
        self.events: list[bytes] = []  # what its stream says
        self.ending_of_stream = "close"  # or "stay", "drop"
        self.stream_refusal: Reply | None = None
        self.streaming = ""  # where the stream is, as the instance tells it
        self.tuned: list[tuple[str, str | None]] = []  # who listened: path with its query, and credential
        self._count = 0

    def add(
        self, at: datetime, text: str = "<p>Acme is late</p>", *, tags: tuple[str, ...] = ("acme",), **fields: Any
    ) -> str:
        """One status; returns its uri."""
        self._count += 1
        ident = str((clock.to_ms(at) << 16) + self._count)
        uri = f"https://{self.name}/users/ann/statuses/{ident}"
        status = {
            "id": ident,
            "created_at": clock.iso(at),
            "in_reply_to_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "uri": uri,
            "edited_at": None,
            "url": f"https://{self.name}/@ann/{ident}",
            "content": text,
            "reblog": None,
            "brand_new_field": 1,
            "replies_count": 1,
            "reblogs_count": 2,
            "favourites_count": 3,
            "quotes_count": 0,
            "card": None,
            "account": {
                "id": "7",
                "acct": "ann",
                "uri": f"https://{self.name}/users/ann",
                "followers_count": 12,
                "url": f"https://{self.name}/@ann",
                "note": "<p>me</p>",
            },
            "tags": [{"name": tag, "url": f"https://{self.name}/tags/{tag}"} for tag in tags],
        }
        self.statuses.append(status | fields)
        return str((status | fields)["uri"])

    def federate(self, uri: str, origin: "MastodonServer") -> None:
        """A copy of another server's status: its own id, the same uri."""
        known = next(status for status in origin.statuses if status["uri"] == uri)
        account = known["account"] | {"id": "99", "acct": f"ann@{origin.name}"}
        self.add(
            clock.parse(known["created_at"]), known["content"], uri=uri, account=account, favourites_count=0,
        )  # fmt: skip

    def notify(self, at: datetime, kind: str = "mention", **fields: Any) -> str:
        """One notification; returns the uri of its status, which is in no timeline."""
        uri = self.add(at, "<p>@acme hello</p>", tags=(), **fields)
        status = self.statuses.pop()
        number = str(20 + len(self.notices))
        self.notices.append({"id": number, "type": kind, "created_at": clock.iso(at), "status": status})
        return uri

    def edit(self, uri: str, text: str, at: datetime) -> None:
        status = next(status for status in self.statuses if status["uri"] == uri)
        status |= {"content": text, "edited_at": clock.iso(at)}

    def delete(self, uri: str) -> None:
        self.statuses = [status for status in self.statuses if status["uri"] != uri]

    def number(self, uri: str) -> str:
        """What the server calls a status itself."""
        return next(str(status["id"]) for status in self.statuses if status["uri"] == uri)

    def say(self, event: str, data: object) -> None:
        """One event of the stream."""
        told = data if isinstance(data, str) else json.dumps(data)
        self.events.append(f"event: {event}\ndata: {told}\n\n".encode())

    def stream(self, handler: BaseHTTPRequestHandler) -> bool:
        """In pieces of no length that is told, as the streaming server sends it; ends as it is told to."""
        if not handler.path.startswith("/api/v1/streaming/"):
            return False
        given = handler.headers.get("authorization")
        self.tuned.append((handler.path, given))
        refusal = self.stream_refusal or (None if given == f"Bearer {self.token}" else json_reply({"error": "no"}, 401))
        if refusal:
            handler.send_response(refusal.status)
            handler.send_header("content-length", "0")
            handler.end_headers()
            return True
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for piece in [b":)\n", *self.events]:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if self.ending_of_stream == "stay":
            self.ending.wait(30)
        elif self.ending_of_stream == "close":
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True
        return True

    def too_many(self, after: timedelta | None) -> Reply:
        told = {"x-ratelimit-reset": (self.now + after).isoformat().replace("+00:00", "Z")} if after else {}
        return json_reply({"error": "Too many requests"}, 429, **told)

    def reply(self, asked: Asked) -> Reply:
        given = asked.headers.get("authorization")
        if given not in (None, f"Bearer {self.token}"):
            return json_reply({"error": "The access token is invalid"}, 401)
        self.remaining -= 1
        found = self._answer(asked, allowed=given is not None)
        headers = {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": str(max(0, self.remaining)),
            "x-ratelimit-reset": (self.now + timedelta(seconds=200)).isoformat().replace("+00:00", "Z"),
        }
        return Reply(found.status, found.body, {**found.headers, **headers})

    def _answer(self, asked: Asked, *, allowed: bool) -> Reply:
        if asked.path == "/api/v2/search":
            return self._search(asked.params, allowed=allowed)
        if asked.path == "/api/v2/instance":
            return json_reply({"version": "4.5.0", "configuration": {"urls": {"streaming": self.streaming}}})
        if asked.path.startswith("/api/v1/statuses"):
            return self._named(asked.path.removeprefix("/api/v1/statuses").removeprefix("/"))
        if asked.path.startswith("/users/"):  # as servers ask each other
            known = any(status["uri"].endswith(asked.path) for status in self.statuses)
            return json_reply({"type": "Note"} if known else {}, 401 if self.secure else 200 if known else 410)
        if asked.path == "/api/v1/notifications":
            if not allowed:
                return json_reply({"error": "This method requires an authenticated user"}, 422)
            return self._paged([note for note in self.notices if note["type"] == "mention"], asked.params)
        _, found, tag = asked.path.partition("/api/v1/timelines/tag/")
        if not found:
            return Reply(404, b"<html>Not found</html>")
        tagged = [status for status in self.statuses if tag in [each["name"] for each in status["tags"]]]
        return self._paged(tagged, asked.params)

    def _named(self, number: str) -> Reply:
        """One status, or several of which those that there are not are left out."""
        if self.secure:
            return json_reply({"error": "This method requires an authenticated user"}, 422)
        if number:
            found = [status for status in self.statuses if status["id"] == number]
            return json_reply(found[0]) if found else json_reply({"error": "Record not found"}, 404)
        numbers = self.all_of("id[]")
        if not self.lists:
            return Reply(404, b"<html>Not found</html>")
        if len(numbers) > 20:
            return json_reply({"error": "Too many statuses requested"}, 422)
        return json_reply([status for status in self.statuses if status["id"] in numbers])

    def _paged(self, rows: list[dict[str, Any]], params: dict[str, str]) -> Reply:
        """Newest first; by min_id the page is the one just above it, otherwise the newest that fit."""
        limit = min(int(params.get("limit", "20")), self.cap)
        rows = sorted(rows, key=lambda row: (len(row["id"]), row["id"]), reverse=True)
        if "max_id" in params:
            rows = [row for row in rows if _order(row["id"]) < _order(params["max_id"])]
        if "min_id" in params:
            rows = [row for row in rows if _order(row["id"]) > _order(params["min_id"])]
            return json_reply(rows[-limit:])
        return json_reply(rows[:limit])

    def _search(self, params: dict[str, str], *, allowed: bool) -> Reply:
        """Bounds by id become bounds in time, to the second; what fits comes newest first."""
        if allowed and not self.scoped:
            return json_reply({"error": "This action is outside the authorized scopes"}, 403)
        rows = [status for status in self.statuses if self.searching and allowed]
        if params.get("resolve") == "true":
            rows = [status for status in self.statuses if params["q"] == status["uri"]]
            return json_reply({"accounts": [], "statuses": rows, "hashtags": []})
        rows = [row for row in rows if params["q"].strip('"').lower() in str(row["content"]).lower()]
        if "min_id" in params:
            after = clock.to_ms(clock.floor(clock.from_ms(int(params["min_id"]) >> 16), timedelta(seconds=1)))
            rows = [row for row in rows if int(row["id"]) >> 16 > after]
        rows.sort(key=lambda row: int(row["id"]), reverse=True)
        start, limit = int(params.get("offset", "0")) if self.offsets else 0, min(int(params["limit"]), self.cap)
        return json_reply({"accounts": [], "statuses": rows[start : start + limit], "hashtags": []})


def _order(ident: str) -> tuple[int, str]:
    return len(ident), ident
