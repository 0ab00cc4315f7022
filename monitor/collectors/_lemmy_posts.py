"""Reads one row of Lemmy's search, of 0.19 or 1.0, into a mention or a deletion. Knows no network and no paging.

A post's text is its title and its body, in Markdown as it was written.
"""

from datetime import datetime
from urllib.parse import urlsplit

from monitor.collectors._fields import Row, count, ident, instant, part, word
from monitor.collectors._text import squeezed
from monitor.domain import Author, Deletion, Engagement, Mention
from monitor.post_fields import tidy

PLATFORM = "lemmy"
_USUAL = frozenset(
    (
        *("id", "name", "body", "content", "ap_id", "published", "published_at", "updated", "updated_at", "deleted"),
        *("removed", "creator_id", "community_id", "post_id", "path", "local", "score", "upvotes", "downvotes"),
        *("comments", "child_count", "language_id", "embed_title", "embed_description", "embed_video_url"),
        *("thumbnail_url", "featured_community", "featured_local", "locked", "distinguished", "nsfw", "url"),
    )
)


def published(row: Row, what: str) -> datetime:
    """When a row of `what` (posts, comments) was published. Raises ValueError with the reason."""
    thing = part(row, what.removesuffix("s"))
    return instant(thing.get("published_at") or thing.get("published"), "published")


def read_view(row: Row, what: str, now: datetime) -> Mention | Deletion:
    """A row of posts or of comments, in either dialect. Raises ValueError with the reason."""
    thing, post = part(row, what.removesuffix("s")), part(row, "post")
    address = ident(thing.get("ap_id"), "ap_id")
    if thing.get("deleted") is True or thing.get("removed") is True:
        return Deletion(platform=PLATFORM, native_id=address)
    parts = (thing.get(name) for name in ("name", "body", "content"))
    text = tidy(squeezed("\n".join(part for part in parts if isinstance(part, str))))
    if not text:
        raise ValueError("no text")
    edited = thing.get("updated_at") or thing.get("updated")
    community = part(row, "community")
    top = str(thing.get("path") or "").count(".") == 1
    return Mention(
        platform=PLATFORM,
        native_id=address,
        text=text,
        published_at=min(published(row, what), now),
        author=_author(part(row, "creator")),
        engagement=_engagement(part(row, "counts") or thing),
        url=address if address.startswith(("https://", "http://")) else None,
        edited_at=min(instant(edited, "updated"), now) if edited else None,
        conversation_id=word(post.get("ap_id")),
        in_reply_to=word(post.get("ap_id")) if what == "comments" and top else None,
        extra={name: value for name, value in thing.items() if name not in _USUAL}
        | {"community": word(community.get("ap_id") or community.get("actor_id"))},
    )


def _author(creator: Row) -> Author:
    """Named as everywhere in the federation: name@host."""
    address = word(creator.get("ap_id") or creator.get("actor_id"))
    name = word(creator.get("name"))
    host = urlsplit(address).netloc if address and "[" not in address else ""
    return Author(native_id=address, handle=f"{name}@{host}" if name and host else name)


def _engagement(counts: Row) -> Engagement:
    replies = counts["comments"] if "comments" in counts else counts.get("child_count")
    return Engagement(likes=count(counts.get("upvotes")), replies=count(replies))
