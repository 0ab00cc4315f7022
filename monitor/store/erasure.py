"""Erasure beyond a post's own row: what alerts and messages quote of a deleted post goes too. Knows no platform.

The alert keeps its numbers and its words; the place of the post in it stays as a tombstone.
"""

import json
from typing import Any

from monitor.store.database import Connection

WITHDRAWN = "This text quoted a post that its author has deleted since, so it was withdrawn. The title stands."


def forget_quotes(connection: Connection, platform: str, native_id: str) -> None:
    """Blank a post wherever an alert or a message quotes it; call it in the transaction that deletes the post."""
    needle = '"native_id":' + json.dumps(native_id, ensure_ascii=False)
    rows = connection.rows("select id, explanation from alerts where instr(explanation, ?) > 0", needle)
    for number, text in rows:
        record = json.loads(text)
        quotes = [post["mention"] for post in record["top_posts"] if _is(post["mention"], platform, native_id)]
        if not quotes:
            continue
        for mention in quotes:
            mention |= {"text": "", "url": None, "extra": {}, "conversation_id": None, "in_reply_to": None}
            mention["author"] = dict.fromkeys(mention["author"])
        compact = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        connection.execute("update alerts set explanation = ? where id = ?", compact, number)
        _withdraw(connection, number, platform, native_id)


def _withdraw(connection: Connection, alert_id: int, platform: str, native_id: str) -> None:
    """A rendered text cannot be mended word by word: it goes as a whole, and the title says what there was."""
    for number, text in connection.rows("select id, message from outbox where alert_id = ?", alert_id):
        message = json.loads(text)
        posts = message["facts"].get("top_posts", [])
        left = [post for post in posts if (post.get("platform"), post.get("id")) != (platform, native_id)]
        message |= {"body": WITHDRAWN, "facts": {**message["facts"], "top_posts": left}}
        connection.execute("update outbox set message = ? where id = ?", json.dumps(message), number)


def _is(mention: dict[str, Any], platform: str, native_id: str) -> bool:
    return (mention["platform"], mention["native_id"]) == (platform, native_id)
