"""Reads one row of Stack Exchange's search into a mention. Knows no network and no paging.

A question's text is its title and its body; an answer's is its body alone, as the title is somebody else's.
"""

from dataclasses import replace
from datetime import datetime

from monitor.collectors._fields import Row, count, part, seconds, word
from monitor.collectors._text import plain
from monitor.domain import Author, Engagement, Mention

PLATFORM = "stackexchange"
_OWN_DOMAIN = ("stackoverflow", "serverfault", "superuser", "askubuntu", "stackapps")
_USUAL = frozenset(
    (
        *("item_type", "question_id", "answer_id", "title", "excerpt", "body", "creation_date", "answer_count"),
        *("owner", "has_accepted_answer", "is_accepted", "is_answered", "equivalent_tag_search", "question_score"),
    )
)

_POST = ("post_id", "post_type", "link", "last_edit_date")


def created(row: Row) -> datetime:
    """When a row was written. Raises ValueError with the reason."""
    return seconds(row.get("creation_date"), "creation_date")


def read_item(row: Row, site: str, now: datetime) -> Mention:
    """A question or an answer. Raises ValueError with the reason."""
    kind = row.get("item_type")
    if kind not in ("question", "answer"):
        raise ValueError("item_type is neither question nor answer")
    ident, question = count(row.get(f"{kind}_id")), count(row.get("question_id"))
    if not ident:
        raise ValueError(f"no {kind}_id")
    body = plain(str(row.get("body") or row.get("excerpt") or ""))
    text = body if kind == "answer" else f"{plain(str(row.get('title') or ''))}\n{body}".strip()
    if not text:
        raise ValueError("no text")
    owner, thread = part(row, "owner"), f"{site}/{question}" if question else None
    return Mention(
        platform=PLATFORM,
        native_id=f"{site}/{ident}",
        text=text,
        published_at=min(created(row), now),
        author=Author(native_id=word(owner.get("account_id")), handle=word(owner.get("display_name"))),
        engagement=Engagement(likes=count(row.get("score")), replies=count(row.get("answer_count"))),
        url=f"https://{_domain(site)}/{kind[0]}/{ident}",
        conversation_id=thread,
        in_reply_to=thread if kind == "answer" else None,
        extra={name: value for name, value in row.items() if name not in _USUAL},
    )


def name_of(row: Row, site: str) -> str:
    """The native id of a post that was asked for by its number. Raises ValueError with the reason."""
    number = count(row.get("post_id"))
    if not number:
        raise ValueError("no post_id")
    return f"{site}/{number}"


def read_post(row: Row, site: str, now: datetime) -> Mention:
    """A post that was asked for by its number: the same in other words. Raises ValueError with the reason."""
    kind = word(row.get("post_type"))
    known = {"item_type": kind, f"{kind}_id": row.get("post_id")}
    edited = row.get("last_edit_date")
    mention = read_item({name: value for name, value in row.items() if name not in _POST} | known, site, now)
    return replace(mention, edited_at=min(seconds(edited, "last_edit_date"), now) if edited else None)


def _domain(site: str) -> str:
    """A site's host, by its short name.

    >>> _domain("pt.stackoverflow"), _domain("webapps"), _domain("mathoverflow.net")
    ('pt.stackoverflow.com', 'webapps.stackexchange.com', 'mathoverflow.net')
    """
    if site.endswith((".com", ".net", ".org")):
        return site
    return f"{site}.com" if site.split(".")[-1] in _OWN_DOMAIN else f"{site}.stackexchange.com"
