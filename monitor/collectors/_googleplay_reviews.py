"""A review of Google Play as a mention. Knows no network."""

from datetime import datetime
from urllib.parse import urlencode

from monitor.collectors._fields import Row, count, ident, part, seconds, stars, word
from monitor.collectors._text import squeezed
from monitor.domain import Author, Engagement, Mention
from monitor.post_fields import tidy

PLATFORM = "googleplay"
_USUAL = frozenset(
    ("text", "lastModified", "starRating", "reviewerLanguage", "thumbsUpCount", "thumbsDownCount", "originalText")
)


def changed(row: Row) -> datetime:
    """When the user last changed the review. Raises ValueError."""
    return seconds(part(_user_comment(row), "lastModified").get("seconds"), "lastModified")


def mention_of(row: Row, app: str, targets: tuple[str, ...], now: datetime) -> Mention:
    """What the user says. Raises ValueError with the reason, in words."""
    said = _user_comment(row)
    title, _, body = str(said.get("text") or "").partition("\t")
    text = tidy(squeezed(f"{title}\n{body}"))
    if not text:
        raise ValueError("no text")
    review, given = ident(row.get("reviewId"), "reviewId"), stars(said.get("starRating"))
    return Mention(
        platform=PLATFORM,
        native_id=review,
        text=text,
        published_at=min(changed(row), now),
        author=Author(handle=word(row.get("authorName"))),
        engagement=Engagement(likes=count(said.get("thumbsUpCount"))),
        url=f"https://play.google.com/store/apps/details?{urlencode({'id': app, 'reviewId': review})}",
        lang=_language(said.get("reviewerLanguage")),
        rating=(given - 1) / 4,
        targets=targets,
        extra={"rating": given, "app": app} | {name: value for name, value in said.items() if name not in _USUAL},
    )


def _user_comment(row: Row) -> Row:
    """What the user says; what the developer answered stands beside it."""
    comments = row.get("comments")
    for comment in comments if isinstance(comments, list) else []:
        if isinstance(comment, dict) and part(comment, "userComment"):
            return part(comment, "userComment")
    raise ValueError("no userComment")


def _language(told: object) -> str | None:
    """ISO 639-1 of a language tag: "en" of "en_GB"."""
    short = str(told or "").replace("_", "-").split("-")[0].lower()
    return short if len(short) == 2 and short.isalpha() else None
