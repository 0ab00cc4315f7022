"""Discord's guild message search on loopback: arrays of arrays, an index that is not ready, waits as fractions."""

from datetime import datetime
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

EPOCH_MS = 1_420_070_400_000
GUILD, CHANNEL = "613425648685547541", "697138785317814292"

INDEXING = json_reply(
    {
        "message": "Index not yet available. Try again later",
        "code": 110000,
        "documents_indexed": 0,
        "retry_after": 2.5,
    },
    202,
)
LIMITED = json_reply({"message": "You are being rate limited.", "retry_after": 64.57, "global": False}, 429)
WRONG_TOKEN = json_reply({"message": "401: Unauthorized", "code": 0}, 401)
NO_ACCESS = json_reply({"message": "Missing Access", "code": 50001}, 403)


def snowflake(moment: datetime, number: int = 0) -> int:
    return (clock.to_ms(moment) - EPOCH_MS << 22) + number


class DiscordServer(Loopback):
    """Holds messages; answers newest first, at times with fewer than it was asked for."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.messages: list[dict[str, Any]] = []
        self.indexing = False  # old messages are not in the index yet
        self.short_by = 0  # rows fewer than the limit, though there are more
        self.textless = False  # the bot lacks the intent
        self.around: list[dict[str, Any]] = []  # messages that stand around each hit

    def add(self, at: datetime, content: object = "Acme is late <3", **fields: Any) -> str:
        ident = str(snowflake(at, len(self.messages)))
        message = {
            "id": ident,
            "type": 0,
            "content": content,
            "channel_id": CHANNEL,
            "author": {"id": "53908099506183680", "username": "ann", "global_name": "Ann", "bot": False},
            "timestamp": at.isoformat(timespec="microseconds"),
            "edited_timestamp": None,
            "attachments": [],
            "embeds": [],
            "hit": True,
            "brand_new_field": 1,
        }
        self.messages.append(message | fields)
        return ident

    def reply(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bot {self.token}":
            return WRONG_TOKEN
        if asked.path != f"/api/v10/guilds/{GUILD}/messages/search":
            return json_reply({"message": "Unknown Guild", "code": 10004}, 404)
        return self._page(asked.params)

    def _page(self, params: dict[str, str]) -> Reply:
        if not 1 <= int(params["limit"]) <= 25:
            return json_reply({"message": "Invalid Form Body", "code": 50035}, 400)
        word = params["content"].lower()
        found = [
            message
            for message in self.messages
            if int(params["min_id"]) < int(message["id"]) < int(params["max_id"])
            and word in str(message["content"]).lower()
            and params.get("channel_id", CHANNEL) == message["channel_id"]
        ]
        found.sort(key=lambda message: int(message["id"]), reverse=True)
        shown = found[: max(int(params["limit"]) - self.short_by, 1)]
        if self.textless:
            shown = [message | {"content": ""} for message in shown]
        return json_reply(
            {
                "doing_deep_historical_index": self.indexing,
                "total_results": len(found),
                "messages": [[*self.around, message] for message in shown],
            }
        )
