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

from monitor.analysis.contribution import newcomers, parts, votes
from monitor.analysis.terms import author_key, gist, terms, uses
from monitor.analysis.typical import typical
from monitor.analysis.voices import authors, floods, most_seen, outline, reach, share, stories
from monitor.clock import parse
from monitor.domain import (
    Author,
    Engagement,
    Explanation,
    Flood,
    Hearing,
    Label,
    Mention,
    NearRule,
    Outline,
    Part,
    Phase,
    Range,
    Risk,
    ScoredMention,
    Spike,
    Story,
    Term,
)

VERSION = 2  # of the stored form; a reader refuses what is newer than itself
TOP_POSTS = 5
Counted = tuple[Sequence[Outline], Sequence[Outline]]


def explain(
    spike: Spike,
    window: Sequence[ScoredMention],
    before: Sequence[ScoredMention],
    *,
    brand_names: Iterable[str] = (),
    counted: Counted | None = None,
    widely_seen: Sequence[ScoredMention] = (),
) -> Explanation:
    """Say why a spike was told, from the posts of its window and the brand's earlier ones (both in order of time).

    `brand_names` (what the brand is called) are left out of the terms. What the posts do not tell is None. Where there
    are too many posts to read, `window` and `before` are some of them, evenly spread; `counted` are all of them without
    their words, and `widely_seen` those that most people saw.
    """
    names = tuple(brand_names)
    seen, usual = counted or ([outline(post) for post in window], [outline(post) for post in before])
    unhappy, bad = [post for post in window if post.label is Label.NEGATIVE], [post for post in seen if post.unhappy]
    told = stories(bad)
    loud = floods(bad, told)
    copied = {(told[0].platform, told[0].native_id)} if any(flood.accounts is None for flood in loud) else set()
    counts, known = share(votes(seen)), authors(seen) is not None
    fresh, again = newcomers(seen, usual)
    marking = terms(_each_story(unhappy), [p.mention for p in before], names=names)
    return Explanation(
        spike=spike,
        authors=authors(seen),
        unhappy_authors=authors(bad) if known else None,
        negative_share=counts.estimate if counts else None,
        reach=reach(bad),
        platforms=dict(sorted(Counter(post.platform for post in bad).items())),
        terms=marking,
        top_posts=_top([*unhappy, *widely_seen], copied),
        model=_model(window),
        stories=told,
        floods=loud,
        posts=len(seen),
        parts=(*parts(spike, seen, usual), *_of_terms(spike, marking, window, before, names)),
        typical_posts=typical(unhappy, before, names),
        new_authors=fresh,
        unhappy_before=again,
        share=counts,
    )


def _of_terms(
    spike: Spike, marking: Sequence[Term], window: Sequence[ScoredMention], before: Sequence[ScoredMention],
    names: Iterable[str],
) -> list[Part]:  # fmt: skip
    """What those who use each of the terms have in the spike. Posts use several, so these parts overlap."""
    wanted, own = [term.text for term in marking], tuple(names)
    now, then = _weighed(window, wanted, own), _weighed(before, wanted, own)
    return [
        Part(
            kind="term", value=term.text, posts=term.count, observed=spike.observed * now.get(term.text, 0.0),
            expected=spike.expected * then.get(term.text, 0.0),
        )
        for term in marking
    ]  # fmt: skip


def _weighed(posts: Sequence[ScoredMention], wanted: Sequence[str], names: Iterable[str]) -> dict[str, float]:
    """The part of the unhappiness that posts with each term have."""
    counted = [post for post in posts if post.vote] or posts
    total = sum(post.negative for post in counted)
    found: dict[str, float] = {}
    if total <= 0.0:
        return found
    for post, used in zip(counted, uses([post.mention for post in counted], wanted, names), strict=True):
        for term in used:
            found[term] = found.get(term, 0.0) + post.negative / total
    return found


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


_NAMES = {
    "authors": "the number of authors", "unhappy_authors": "the number of unhappy authors",
    "negative_share": "the negative share", "platforms": "the posts by platform", "terms": "the words that stand out",
    "top_posts": "the posts that were seen most", "stories": "the stories", "floods": "the few voices",
    "posts": "the number of posts", "typical_posts": "the typical posts", "new_authors": "the number of new authors",
    "unhappy_before": "the number of those who were unhappy before", "share": "the range of the negative share",
    "corrected": "the corrected share", "risks": "the people at risk", "hearing": "what was known of the sources",
    "near": "the rules that nearly fired", "rule_version": "the rule", "parts": "the parts of the excess",
}  # fmt: skip
_OLD = frozenset(("authors", "unhappy_authors", "negative_share", "reach", "platforms", "terms", "top_posts", "model"))


def differences(stored: Explanation, again: Explanation) -> list[str]:
    """What came out differently when an explanation was computed again, in words; nothing where all is the same.

    A record of the first version has fewer numbers, and only those are compared.
    """
    left, right = (json.loads(to_json(each)) for each in (stored, again))
    for record in (left, right):
        for each in record["hearing"]:
            del each["detail"]  # in words that grow while a state lasts
    held = [name for name in left if stored.posts is not None or name in _OLD]
    found = [name for name in held if left[name] != right[name]]
    told = [_NAMES.get(name, f"the {name}") for name in found if name != "parts"]
    return told + ([f"the parts of the excess by {kind}" for kind in _kinds(left, right)] if "parts" in found else [])


def _kinds(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    by: list[dict[str, list[object]]] = [{}, {}]
    for place, record in enumerate((left, right)):
        for part in record["parts"]:
            by[place].setdefault(part["kind"], []).append(part)
    return [kind for kind in dict.fromkeys((*by[0], *by[1])) if by[0].get(kind) != by[1].get(kind)]


def to_json(explanation: Explanation) -> str:
    """The stored form: one line of JSON, which `from_json` reads back to an equal explanation."""
    record = {"version": VERSION, **asdict(explanation)}
    return json.dumps(record, default=_plain, ensure_ascii=False, allow_nan=True, separators=(",", ":"))


def from_json(text: str) -> Explanation:
    """Read the stored form. Raises ValueError, in one sentence, where it is damaged or of a later version."""
    try:
        record = json.loads(text)
        version = record["version"]
        if version in (1, VERSION):
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
            "parts": tuple(Part(**part) for part in record.get("parts", ())),
            "typical_posts": tuple(_scored(post) for post in record.get("typical_posts", ())),
            "share": _range(record.get("share")),
            "corrected": _range(record.get("corrected")),
            "risks": tuple(Risk(**risk) for risk in record.get("risks", ())),
            "hearing": tuple(_hearing(each) for each in record.get("hearing", ())),
            "near": tuple(NearRule(**each) for each in record.get("near", ())),
        }
    )


def _range(record: Mapping[str, float] | None) -> Range | None:
    return None if record is None else Range(**record)


def _hearing(record: Mapping[str, Any]) -> Hearing:
    return Hearing(**{**record, "since": parse(record["since"]), "until": _time(record["until"])})


def _spike(record: Mapping[str, Any]) -> Spike:
    times = {name: parse(record[name]) for name in ("fired_at", "onset")}
    window = timedelta(seconds=record["window"])
    return Spike(**{**record, **times, "window": window, "phase": Phase(record["phase"])})


def _scored(record: Mapping[str, Any]) -> ScoredMention:
    values = {**record, "label": Label(record["label"]), "mention": _mention(record["mention"])}
    return ScoredMention(**values | {"slices": tuple(record.get("slices", ()))})


def _mention(record: Mapping[str, Any]) -> Mention:
    times = {name: _time(record[name]) for name in ("published_at", "edited_at", "known_at")}
    parts = {"author": Author(**record["author"]), "engagement": Engagement(**record["engagement"])}
    return Mention(**{**record, **times, **parts, "targets": tuple(record["targets"])})


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse(text)
