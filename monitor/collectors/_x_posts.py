"""Reads one answer of X's recent search, in either dialect, into mentions. Knows no network and no cursor.

X renamed its fields in 2026 (referenced_tweets → referenced_posts, note_tweet → note_post, edit_history_tweet_ids →
edit_history_post_ids, retweet_count → repost_count); both names are read everywhere. Long texts stand in note_*, and
`text` holds only their beginning. Every edit of a post is a post of its own, and X hands out any of them that is asked
for: all go by the id of the first, and each tells when it was made, so that an old one never replaces a newer.
"""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from monitor.domain import Author, Engagement, Mention, Reject
from monitor.post_fields import shown, tidy

PLATFORM = "x"
FIRST_SNOWFLAKE = 1_288_834_974_657  # ms since 1970 at which X's ids begin to carry their time
_USUAL = frozenset(
    ("id", "text", "note_tweet", "note_post", "created_at", "author_id", "conversation_id", "lang", "public_metrics")
) | frozenset(("referenced_tweets", "referenced_posts", "edit_history_tweet_ids", "edit_history_post_ids"))

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of X's search, read."""

    mentions: tuple[Mention, ...]
    rejects: tuple[Reject, ...]
    ids: tuple[int, ...]  # of every post of the page, readable or not
    rows: int
    users: int  # that came along, and may be billed
    next_token: str | None
    problems: tuple[Json, ...]  # what X says went wrong although it answered


def read_answer(document: Json, now: datetime) -> Answer:
    """Read a page. A post that cannot be read becomes a reject; raises ValueError where the page is no page at all."""
    rows, problems, meta = document.get("data", []), document.get("errors", []), document.get("meta", {})
    if not isinstance(rows, list) or not isinstance(meta, dict) or not ({"data", "meta"} & document.keys()):
        raise ValueError(f"neither data nor meta; {words(document)}")
    users = _users(document)
    mentions: list[Mention] = []
    rejects: list[Reject] = []
    for place, row in enumerate(rows, start=1):
        try:
            mentions.append(_mention(row, users, now))
        except ValueError as error:
            rejects.append(Reject(line=place, reason=str(error), raw=shown(json.dumps(row))))
    told = tuple(problem for problem in problems if isinstance(problem, dict)) if isinstance(problems, list) else ()
    rejects += [
        Reject(line=None, reason=f"X says: {words(problem)}", raw=shown(json.dumps(problem))) for problem in told
    ]
    token = meta.get("next_token")
    return Answer(
        tuple(mentions), tuple(rejects), _ids(rows), len(rows), len(users), str(token) if token else None, told
    )


def is_bare(document: Json) -> bool:
    """Whether posts came without any of the fields that were asked for: the names of the fields were not understood."""
    rows = document.get("data")
    return (
        isinstance(rows, list) and bool(rows) and not any("created_at" in row for row in rows if isinstance(row, dict))
    )


def words(problem: Json) -> str:
    """What a problem says, in one short line."""
    told = problem.get("detail") or problem.get("message") or problem.get("title") or "no reason given"
    return shown(" ".join(str(told).split()))


def id_time(ident: int) -> datetime | None:
    """When an id was given out; None for an id that carries no time.

    >>> clock.iso(id_time(570306133677760513))
    '2015-02-24T19:35:52.701Z'
    """
    return clock.from_ms((ident >> 22) + FIRST_SNOWFLAKE) if 1 << 50 < ident < 1 << 63 else None


def earlier_id(ident: int, by: timedelta) -> int:
    """The id that would have been given out so much earlier; the same where ids carry no time."""
    back = (by // clock.MILLISECOND) << 22
    return max(ident - back, 1) if id_time(ident) else ident


def _mention(row: object, users: Mapping[str, Json], now: datetime) -> Mention:
    if not isinstance(row, dict):
        raise ValueError("a post is not an object")
    this = _id(row.get("id"))
    first = min(versions(row))
    told = _time(row, this)
    edited = min(id_time(this) or told, now) if this != first else None
    published = min((id_time(first) or told) if edited else told, now)
    author = _author(row.get("author_id"), users)
    metrics = row.get("public_metrics")
    return Mention(
        platform=PLATFORM,
        native_id=str(first),
        text=_text(row),
        published_at=published,
        author=author,
        engagement=_engagement(metrics if isinstance(metrics, dict) else {}),
        url=f"https://x.com/{author.handle or 'i/web'}/status/{this}",
        lang=_language(row.get("lang")),
        edited_at=edited,
        conversation_id=_string(row.get("conversation_id")),
        in_reply_to=_referenced(row, "replied_to"),
        quoted=_referenced(row, "quoted", "retweeted", "reposted"),
        extra={name: value for name, value in row.items() if name not in _USUAL},
    )


def versions(row: Json) -> list[int]:
    """The ids of all versions of a post, the one at hand among them. Raises ValueError."""
    history = row.get("edit_history_tweet_ids") or row.get("edit_history_post_ids") or []
    others = [_id(ident) for ident in history] if isinstance(history, list) else []
    return [_id(row.get("id")), *others]


def _id(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"id is not a number in digits: {shown(text)[:40]!r}")
    return int(text)


def _ids(rows: list[object]) -> tuple[int, ...]:
    found = []
    for row in rows:
        try:
            found.append(_id(row.get("id")) if isinstance(row, dict) else 0)
        except ValueError:
            continue
    return tuple(ident for ident in found if ident)


def _time(row: Json, ident: int) -> datetime:
    told = row.get("created_at")
    if told is None and (moment := id_time(ident)):
        return moment
    try:
        moment = clock.parse(told if isinstance(told, str) else "")
    except ValueError as error:
        raise ValueError(f"created_at is not a time: {shown(str(told))[:40]!r}") from error
    if moment < clock.EPOCH:
        raise ValueError("created_at is impossible (before 1970)")
    return moment


def _text(row: Json) -> str:
    note = row.get("note_tweet") or row.get("note_post")
    whole = note.get("text") if isinstance(note, dict) else None
    text = whole if isinstance(whole, str) and whole.strip() else row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("no text")
    return tidy(html.unescape(text))


def _users(document: Json) -> dict[str, Json]:
    includes = document.get("includes")
    users = includes.get("users", []) if isinstance(includes, dict) else []
    return {str(user.get("id")): user for user in users if isinstance(user, dict)} if isinstance(users, list) else {}


def _author(ident: object, users: Mapping[str, Json]) -> Author:
    known = users.get(str(ident), {})
    metrics = known.get("public_metrics")
    followers = _count(metrics, "followers_count") if isinstance(metrics, dict) else None
    return Author(native_id=_string(ident), handle=_string(known.get("username")), followers=followers)


def _engagement(metrics: Json) -> Engagement:
    return Engagement(
        likes=_count(metrics, "like_count"),
        replies=_count(metrics, "reply_count"),
        reposts=_count(metrics, "retweet_count", "repost_count"),
        quotes=_count(metrics, "quote_count"),
        views=_count(metrics, "impression_count"),
    )


def _count(metrics: Json, *names: str) -> int | None:
    for name in names:
        value = metrics.get(name)
        if type(value) is int and 0 <= value < 1 << 53:
            return value
    return None


def _referenced(row: Json, *how: str) -> str | None:
    """The post that this one answers, quotes or repeats."""
    related = row.get("referenced_tweets") or row.get("referenced_posts")
    for post in related if isinstance(related, list) else []:
        if isinstance(post, dict) and post.get("type") in how:
            return _string(post.get("id"))
    return None


def _language(value: object) -> str | None:
    return None if value in ("und", "zxx", "qme", "qht", "qst", "qct", "qam") else _string(value)


def _string(value: object) -> str | None:
    return (
        shown(str(value)) if value is not None and not isinstance(value, bool | dict | list) and value != "" else None
    )
