"""Why a spike was told: who wrote, where, in which words, and the posts that were seen most. Pure maths.

The same posts give the same explanation, so that one that was stored can be computed again and compared.
Knows no store: `to_json` and `from_json` are the form in which an explanation is kept.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from monitor.analysis.terms import author_key, gist, terms
from monitor.analysis.voices import authors, floods, most_seen, reach, stories
from monitor.clock import parse
from monitor.domain import (
    Author,
    Engagement,
    Explanation,
    Flood,
    Label,
    Mention,
    Phase,
    ScoredMention,
    Spike,
    Story,
    Term,
)

VERSION = 1  # of the stored form; a reader refuses what is newer than itself
TOP_POSTS = 5


def explain(
    spike: Spike,
    window: Sequence[ScoredMention],
    before: Sequence[ScoredMention],
    *,
    brand_names: Iterable[str] = (),
) -> Explanation:
    """Say why a spike was told, from the posts of its window and the brand's earlier ones (both in order of time).

    `brand_names` (what the brand is called) are left out of the terms. What the posts do not tell is None.
    """
    unhappy = [post for post in window if post.label is Label.NEGATIVE]
    told = stories(unhappy)
    loud = floods(unhappy, told)
    copied = {(told[0].platform, told[0].native_id)} if any(flood.accounts is None for flood in loud) else set()
    return Explanation(
        spike=spike,
        authors=authors(window),
        unhappy_authors=authors(unhappy) if authors(window) is not None else None,
        negative_share=_negative_share(window),
        reach=reach(unhappy),
        platforms=dict(sorted(Counter(post.mention.platform for post in unhappy).items())),
        terms=terms(_each_story(unhappy), [p.mention for p in before], names=brand_names),
        top_posts=_top(unhappy, copied),
        model=_model(window),
        stories=told,
        floods=loud,
    )


def _negative_share(window: Sequence[ScoredMention]) -> float | None:
    """Mean probability of being negative, one vote for each author and story."""
    votes = [post.negative for post in window if post.vote] or [post.negative for post in window]
    return sum(votes) / len(votes) if votes else None


def _each_story(unhappy: Sequence[ScoredMention]) -> list[Mention]:
    """The first post of each story: what copies say again, they say with small changes."""
    first: dict[object, Mention] = {}
    for post in unhappy:
        first.setdefault(post.mention.key if post.story is None else post.story, post.mention)
    return list(first.values())


def _top(unhappy: Sequence[ScoredMention], shown: Set[tuple[str, str]]) -> tuple[ScoredMention, ...]:
    """The posts that most people saw, one for each author and each story; unknown last, then the earliest.

    Those in `shown` (by key) are among them however few saw them: a message that speaks of copies shows what is copied.
    """
    chosen: dict[object, ScoredMention] = {}
    told: set[object] = set()
    for post in sorted(unhappy, key=lambda post: (post.mention.key not in shown, most_seen(post))):
        author = author_key(post.mention) or post.mention.key
        same = {gist(post.mention.text)} | ({post.story} if post.story is not None else set())
        if author not in chosen and not same & told:
            chosen[author] = post
            told |= same
        if len(chosen) == TOP_POSTS:
            break
    return tuple(sorted(chosen.values(), key=most_seen))


def _model(window: Sequence[ScoredMention]) -> str | None:
    """The model that scored most of the posts."""
    models = Counter(post.model for post in window)
    return min(models, key=lambda name: (-models[name], name), default=None)


def to_json(explanation: Explanation) -> str:
    """The stored form: one line of JSON, which `from_json` reads back to an equal explanation."""
    record = {"version": VERSION, **asdict(explanation)}
    return json.dumps(record, default=_plain, ensure_ascii=False, allow_nan=True, separators=(",", ":"))


def from_json(text: str) -> Explanation:
    """Read the stored form. Raises ValueError, in one sentence, where it is damaged or of a later version."""
    try:
        record = json.loads(text)
        version = record["version"]
        if version == VERSION:
            return _explanation(record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a stored explanation cannot be read: {type(error).__name__} at {error}") from error
    raise ValueError(f"a stored explanation is of version {version}; this program reads version {VERSION}")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else str(value)


def _explanation(record: Mapping[str, Any]) -> Explanation:
    fields = {name: value for name, value in record.items() if name != "version"}
    return Explanation(
        **fields
        | {
            "spike": _spike(record["spike"]),
            "terms": tuple(Term(**term) for term in record["terms"]),
            "top_posts": tuple(_scored(post) for post in record["top_posts"]),
            "stories": tuple(Story(**story) for story in record.get("stories", ())),
            "floods": tuple(Flood(**flood) for flood in record.get("floods", ())),
        }
    )


def _spike(record: Mapping[str, Any]) -> Spike:
    times = {name: parse(record[name]) for name in ("fired_at", "onset")}
    window = timedelta(seconds=record["window"])
    return Spike(**{**record, **times, "window": window, "phase": Phase(record["phase"])})


def _scored(record: Mapping[str, Any]) -> ScoredMention:
    return ScoredMention(**{**record, "label": Label(record["label"]), "mention": _mention(record["mention"])})


def _mention(record: Mapping[str, Any]) -> Mention:
    times = {name: _time(record[name]) for name in ("published_at", "edited_at", "known_at")}
    parts = {"author": Author(**record["author"]), "engagement": Engagement(**record["engagement"])}
    return Mention(**{**record, **times, **parts, "targets": tuple(record["targets"])})


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse(text)
