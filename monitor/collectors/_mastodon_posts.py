"""Reads one status of the Mastodon API into a mention. Knows no network and no paging.

A federated status has its own id on every server and one `uri` everywhere: that is its key, so copies are one mention.
Only what its author made `public` is kept; what is unlisted, for followers or direct is passed over without a word.
"""

from datetime import datetime

from monitor.collectors._fields import Row, count, ident, instant, part, word
from monitor.collectors._text import plain
from monitor.domain import Author, Engagement, Mention

PLATFORM = "mastodon"
_USUAL = frozenset(
    (
        *("id", "created_at", "in_reply_to_id", "in_reply_to_account_id", "sensitive", "spoiler_text", "visibility"),
        *("language", "uri", "url", "replies_count", "reblogs_count", "favourites_count", "quotes_count", "edited_at"),
        *("content", "reblog", "application", "account", "media_attachments", "mentions", "tags", "emojis", "card"),
        *("poll", "quote", "quote_approval", "filtered", "tagged_collections", "text"),
        *("favourited", "reblogged", "muted", "bookmarked", "pinned"),  # what the account that asks did with it
    )
)


def read_row(row: Row, host: str, now: datetime) -> Mention | None:
    """A row of any list: a notification holds the status within. Raises ValueError with the reason."""
    if "type" not in row or "visibility" in row:
        return read_status(row, host, now)
    status = part(row, "status")
    return read_status(status, host, now) if row["type"] == "mention" and status else None


def is_old(row: object, start: datetime) -> bool:
    """Whether a row is from before a time, as far as it tells."""
    try:
        return isinstance(row, dict) and instant(row.get("created_at"), "created_at") < start
    except ValueError:
        return False


def read_status(row: Row, host: str, now: datetime) -> Mention | None:
    """A status as `host` shows it; None for one that is not public. Raises ValueError with the reason."""
    row = part(row, "reblog") or row
    if row.get("visibility") != "public":
        if not row.get("visibility"):
            raise ValueError("no visibility")
        return None
    parts = (plain(str(row.get(name) or "")) for name in ("spoiler_text", "content"))
    text = "\n".join(part for part in parts if part)
    if not text:
        raise ValueError("no text")
    edited = row.get("edited_at")
    return Mention(
        platform=PLATFORM,
        native_id=ident(row.get("uri"), "uri"),
        text=text,
        published_at=min(instant(row.get("created_at"), "created_at"), now),
        author=_author(part(row, "account"), host),
        engagement=_engagement(row),
        url=_link(row.get("url")) or _link(row.get("uri")),
        lang=_language(row.get("language")),
        edited_at=min(instant(edited, "edited_at"), now) if edited else None,
        quoted=word(part(part(row, "quote"), "quoted_status").get("uri")),
        extra=_extra(row, host),
    )


def _author(account: Row, host: str) -> Author:
    """Named as everywhere in the federation: an account of the server that was asked comes without its host."""
    acct = word(account.get("acct"))
    handle = acct if acct is None or "@" in acct else f"{acct}@{host}"
    return Author(
        native_id=word(account.get("uri")) or word(account.get("url")) or handle,
        handle=handle,
        followers=count(account.get("followers_count")),
    )


def _engagement(row: Row) -> Engagement:
    return Engagement(
        likes=count(row.get("favourites_count")),
        replies=count(row.get("replies_count")),
        reposts=count(row.get("reblogs_count")),
        quotes=count(row.get("quotes_count")),
    )


def _extra(row: Row, host: str) -> dict[str, object]:
    """Unknown fields, and what the server calls it: replies are told by such local ids only."""
    local = {name: row[name] for name in ("id", "in_reply_to_id") if row.get(name)}
    return {name: value for name, value in row.items() if name not in _USUAL} | {"on": {"host": host} | local}


def _link(value: object) -> str | None:
    """An address that people may follow."""
    told = word(value)
    return told if told and told.startswith(("https://", "http://")) else None


def _language(value: object) -> str | None:
    told = word(value)
    return told.split("-")[0].lower() if told else None
