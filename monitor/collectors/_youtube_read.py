"""YouTube's videos, threads and comments as mentions. Knows no network and no quota."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor import clock
from monitor.collectors._fields import Row, count, ident, instant, part, read_rows, word
from monitor.collectors._text import plain, squeezed
from monitor.domain import Author, Engagement, Mention, Reject
from monitor.post_fields import tidy

PLATFORM = "youtube"
_USUAL_VIDEO = frozenset(
    ("publishedAt", "channelId", "title", "description", "thumbnails", "channelTitle", "publishTime", "videoId")
)
_USUAL_COMMENT = frozenset(
    (
        *(
            "authorDisplayName",
            "authorProfileImageUrl",
            "authorChannelUrl",
            "authorChannelId",
            "videoId",
            "textDisplay",
        ),
        *("textOriginal", "canRate", "viewerRating", "likeCount", "publishedAt", "updatedAt", "parentId", "channelId"),
    )
)


def video_id(row: Row) -> str:
    """The id of a video that a search found."""
    return ident(part(row, "id").get("videoId"), "videoId")


def video(row: Row, now: datetime) -> Mention:
    """A video as a mention: its title and the beginning of its description, which come as HTML."""
    snippet, found = part(row, "snippet"), video_id(row)
    text = tidy(f"{plain(str(snippet.get('title') or ''))}\n{plain(str(snippet.get('description') or ''))}".strip())
    if not text:
        raise ValueError("no text")
    return Mention(
        platform=PLATFORM,
        native_id=found,
        text=text,
        published_at=min(published(row), now),
        author=Author(
            native_id=word(snippet.get("channelId")), handle=word(plain(str(snippet.get("channelTitle") or "")))
        ),
        url=f"https://www.youtube.com/watch?v={found}",
        conversation_id=found,
        extra={"kind": "video"} | {name: value for name, value in snippet.items() if name not in _USUAL_VIDEO},
    )


def name_of(row: Row) -> str:
    """The id of a video or a comment that was asked for by it."""
    return ident(row.get("id"), "id")


def still(row: Row, now: datetime) -> Mention:
    """A video that was asked for by its id: here nothing is HTML, and the description is whole."""
    snippet, found = part(row, "snippet"), name_of(row)
    text = tidy(squeezed(f"{snippet.get('title') or ''}\n{snippet.get('description') or ''}"))
    if not text:
        raise ValueError("no text")
    return replace(video(row | {"id": {"videoId": found}}, now), text=text)


def place_of(row: Row) -> tuple[str | None, str | None]:
    """The video, and the channel, that a comment stands under, where it tells."""
    snippet = part(row, "snippet")
    return word(snippet.get("videoId")), word(snippet.get("channelId"))


def published(row: Row) -> datetime:
    """When a video, a comment, or a thread's first comment was published."""
    first = part(part(row, "snippet"), "topLevelComment")
    return instant(part(first or row, "snippet").get("publishedAt"), "publishedAt")


def threads(rows: Iterable[Any], targets: tuple[str, ...], now: datetime) -> tuple[list[Mention], list[Reject]]:
    """The first comments of threads, and those replies that came along with them."""
    mentions: list[Mention] = []
    rejects: list[Reject] = []
    for row in rows:
        thread = row if isinstance(row, dict) else {}
        snippet = part(thread, "snippet")
        first = snippet.get("topLevelComment")
        place = word(snippet.get("videoId"))
        replies = count(snippet.get("totalReplyCount"))
        for found, wrong in (
            comments([first], place, targets, now, replies=replies),
            comments(replies_of(thread), place, targets, now),
        ):
            mentions += found
            rejects += wrong
    return mentions, rejects


def replies_of(thread: Row) -> list[Any]:
    """The replies that came along with a thread; there may be more."""
    found = part(thread, "replies").get("comments")
    return found if isinstance(found, list) else []


def with_more_replies(rows: Iterable[Any], known: Mapping[str, int]) -> list[tuple[str, int]]:
    """The threads whose other replies are still to be fetched, and how many replies each has; `known` were read."""
    found = []
    for row in rows:
        thread = row if isinstance(row, dict) else {}
        total, name = count(part(thread, "snippet").get("totalReplyCount")) or 0, word(thread.get("id"))
        if name and total > len(replies_of(thread)) and known.get(name) != total:
            found.append((name, total))
    return found


def comments(
    rows: Iterable[Any], place: str | None, targets: tuple[str, ...], now: datetime, *, replies: int | None = None
) -> tuple[list[Mention], list[Reject]]:
    """Comments under one video (None: it is not known which), and those that cannot be read."""
    mentions, _, rejects = read_rows(rows, lambda row: comment(row, place, targets, now, replies))
    return mentions, rejects


def comment(
    row: Row, place: str | None, targets: tuple[str, ...], now: datetime, replies: int | None = None
) -> Mention:
    """One comment. Raises ValueError with the reason."""
    snippet, found = part(row, "snippet"), ident(row.get("id"), "id")
    original = snippet.get("textOriginal")  # by its words for the author only; in fact for everybody
    text = tidy(squeezed(str(original if original is not None else snippet.get("textDisplay") or "")))
    if not text:
        raise ValueError("no text")
    at = min(instant(snippet.get("publishedAt"), "publishedAt"), now)
    changed = instant(snippet["updatedAt"], "updatedAt") if snippet.get("updatedAt") else at
    watched = word(snippet.get("videoId")) or place
    return Mention(
        platform=PLATFORM,
        native_id=found,
        text=text,
        published_at=at,
        author=Author(
            native_id=word(part(snippet, "authorChannelId").get("value")),
            handle=word(snippet.get("authorDisplayName")),
        ),
        engagement=Engagement(likes=count(snippet.get("likeCount")), replies=replies),
        url=f"https://www.youtube.com/watch?v={watched}&lc={found}" if watched else None,
        edited_at=min(changed, now) if changed - at >= clock.MILLISECOND else None,
        conversation_id=watched,
        in_reply_to=word(snippet.get("parentId")) or watched,
        targets=targets,
        extra={"kind": "comment"} | {name: value for name, value in snippet.items() if name not in _USUAL_COMMENT},
    )
