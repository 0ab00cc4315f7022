"""What a stranger's post may hold that no row can: lone surrogates, numbers past 64 bits. Knows no table.

Collectors clean what they read; this is the last door, so that one odd post never stops its page.
"""

from dataclasses import replace

from monitor.domain import Author, Engagement, Mention

_MOST = (1 << 63) - 1


def text(value: str) -> str:
    r"""Text that can be written as UTF-8.

    >>> text("a\ud800")
    'a?'
    """
    return value.encode("utf-8", "replace").decode()


def mention(post: Mention) -> Mention:
    """The post itself, unless it holds what cannot be written."""
    author, seen = post.author, post.engagement
    words = (
        post.platform, post.native_id, post.text, post.url, post.lang, author.native_id, author.handle,
        post.conversation_id, post.in_reply_to, post.quoted,
    )  # fmt: skip
    counts = (author.followers, seen.likes, seen.replies, seen.reposts, seen.quotes, seen.views)
    try:
        "".join(filter(None, words)).encode()
    except UnicodeEncodeError:
        return _mended(post)
    return post if max(filter(None, counts), default=0) <= _MOST else _mended(post)


def _mended(post: Mention) -> Mention:
    author, seen = post.author, post.engagement
    return replace(
        post,
        platform=text(post.platform), native_id=text(post.native_id), text=text(post.text), url=_text(post.url),
        lang=_text(post.lang), conversation_id=_text(post.conversation_id), in_reply_to=_text(post.in_reply_to),
        quoted=_text(post.quoted),
        author=Author(
            native_id=_text(author.native_id), handle=_text(author.handle), followers=_count(author.followers)
        ),
        engagement=Engagement(
            likes=_count(seen.likes), replies=_count(seen.replies), reposts=_count(seen.reposts),
            quotes=_count(seen.quotes), views=_count(seen.views),
        ),
    )  # fmt: skip


def _text(value: str | None) -> str | None:
    return None if value is None else text(value)


def _count(value: int | None) -> int | None:
    """A number that no platform can mean is unknown."""
    return None if value is None or value > _MOST else value
