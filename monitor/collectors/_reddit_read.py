"""Reddit's submissions (t3) and comments (t1) as mentions and deletions. Knows no network.

Of the hundred or so fields of a post only a few are kept in `extra`; what is new among them is not looked for.
"""

from datetime import datetime
from typing import Any

from monitor.collectors._fields import Row, count, ident, part, seconds, word
from monitor.collectors._text import squeezed
from monitor.domain import Author, Deletion, Engagement, Mention
from monitor.post_fields import tidy

PLATFORM = "reddit"
SUBMISSION, COMMENT = "t3", "t1"
_GONE = frozenset(("[deleted]", "[removed]", "[ Removed by Reddit ]"))
_KEPT = ("subreddit", "upvote_ratio", "over_18", "crosspost_parent", "link_title")


def created(row: Row) -> datetime:
    """When a post was written."""
    return seconds(part(row, "data").get("created_utc"), "created_utc")


def name_of(row: Row) -> str:
    """What Reddit calls a post: t3_… or t1_…."""
    return word(part(row, "data").get("name")) or f"{row.get('kind')}_{ident(part(row, 'data').get('id'), 'id')}"


def still(row: Row, now: datetime) -> Mention | Deletion:
    """What a post is now that was kept before: with its account gone, it is to be taken away as well."""
    if part(row, "data").get("author") in (None, "[deleted]"):
        return Deletion(platform=PLATFORM, native_id=name_of(row))
    return post(row, now)


def post(row: Row, now: datetime) -> Mention | Deletion:
    """A post, or the news that it is gone: removed by somebody, or its text replaced by a mark."""
    kind, data = row.get("kind"), part(row, "data")
    if kind not in (SUBMISSION, COMMENT):
        raise ValueError("neither a submission nor a comment")
    name = name_of(row)
    at = min(created(row), now)
    body = str(data.get("selftext" if kind == SUBMISSION else "body") or "").strip()
    author = word(data.get("author"))
    if author == "[deleted]":
        author = None  # the account is gone; what it wrote may still stand
    if body in _GONE or data.get("removed_by_category") is not None:
        removed = body in _GONE - {"[deleted]"} or data.get("removed_by_category") not in (None, "deleted")
        return Deletion(platform=PLATFORM, native_id=name, reason="removed" if removed else "deleted")
    text = tidy(squeezed(f"{data.get('title') or ''}\n{body}" if kind == SUBMISSION else body))
    if not text:
        raise ValueError("no text")
    edited = data.get("edited")
    return Mention(
        platform=PLATFORM,
        native_id=name,
        text=text,
        published_at=at,
        author=Author(native_id=word(data.get("author_fullname")) if author else None, handle=author),
        engagement=_engagement(data),
        url=_address(data, name),
        edited_at=min(seconds(edited, "edited"), now) if type(edited) in (int, float) else None,
        conversation_id=word(data.get("link_id")) or name,
        in_reply_to=word(data.get("parent_id")),
        extra=_extra(data),
    )


def _engagement(data: Row) -> Engagement:
    """The score is likes less dislikes; below zero it says nothing about likes."""
    hidden = data.get("score_hidden") is True
    return Engagement(
        likes=None if hidden else count(data.get("score")),
        replies=count(data.get("num_comments")) if "link_id" not in data else None,
        reposts=count(data.get("num_crossposts")),
    )


def _address(data: Row, name: str) -> str:
    path = data.get("permalink")
    if isinstance(path, str) and path.startswith("/") and not path.startswith("//"):
        return tidy(f"https://www.reddit.com{path}")[:2_000]
    submission = str(word(data.get("link_id")) or name).removeprefix("t3_")
    return f"https://www.reddit.com/comments/{submission}" + (
        f"/_/{name.removeprefix('t1_')}" if name.startswith("t1_") else ""
    )


def _extra(data: Row) -> dict[str, Any]:
    kept = {name: data[name] for name in _KEPT if data.get(name) not in (None, "")}
    link = data.get("url")
    own = data.get("is_self") is True or "link_id" in data
    return kept | ({"link": tidy(link)[:2_000]} if isinstance(link, str) and link and not own else {})
