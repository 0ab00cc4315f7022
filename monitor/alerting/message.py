"""Writes the message that tells people of an alert, from templates that the user may change. Pure but for reading them.

Knows no receiver's format, limits or address.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.alerting import sample, words
from monitor.alerting.plain_text import Harmless, link, quoted
from monitor.alerting.texts import Texts
from monitor.clock import iso
from monitor.domain import Alert, Explanation, Incident, Message, Phase, ScoredMention, Story, real_brand

TERMS = 8  # of an explanation's, as many as a message shows
SOURCES = 4  # that were not heard, and rules that nearly fired
HELD = timedelta(minutes=30)  # a message so late says that its numbers are not of now
PLACES = ("platform", "touchpoint", "language", "region")


class Templates:
    """The texts that tell of an alert: opened.j2, worsened.j2 and closed.j2 of one folder.

    Each is tried on an invented alert at once, so that a mistake shows at the start and not in a crisis.
    Raises SettingsError, naming file and line, where one is missing, cannot be read, or cannot be filled.
    """

    def __init__(self, folder: Path) -> None:
        self._texts = Texts(folder, [phase.value for phase in Phase])
        for phase in Phase:
            for invented in (sample.alert(phase), sample.bare(phase)):
                self.message(*invented, receiver="", zone="UTC")

    def message(
        self, alert: Alert, incident: Incident, *, receiver: str, zone: str, part: str | None = None,
        told: datetime | None = None,
    ) -> Message:  # fmt: skip
        """What a receiver is told of an alert; times are shown in `zone` (IANA name).

        `part` is the part of the brand's posts that it is about, in words ("about delivery"); left out, the slice is
        said as it is written. `told` is when it is told, where that may be later than the alert.

        The same alert gives a receiver the same key each time, so that a repeat can be dropped.
        Raises SettingsError where the template cannot be filled.
        """
        names = {**_names(alert, incident, ZoneInfo(zone), part), **_delay(alert, told or alert.at, ZoneInfo(zone))}
        title, body = self._texts.filled(_phase(alert, incident).value, names)
        return Message(
            key=_key(alert, receiver),
            title=title,
            body=body,
            severity=incident.severity,
            brand=incident.brand,
            facts=facts(alert, incident),
            drill=incident.drill,
        )


def facts(alert: Alert, incident: Incident) -> Mapping[str, object]:
    """The alert as data, for receivers that read data: JSON values only, texts as they were posted.

    Times are ISO 8601 with a Z, lengths are seconds, unknown is null.
    """
    told, shown = alert.explanation, ("top_posts", "typical_posts")
    explanation = {name: value for name, value in _data(told).items() if name not in ("spike", *shown)}
    posts = {name: [_post_data(post) for post in getattr(told, name)] for name in shown}
    about = {
        "incident": incident.id, "opened_at": iso(incident.opened_at), "incident_severity": incident.severity,
        "status": incident.status.value, "owner": incident.owner, "drill": incident.drill,
    }  # fmt: skip
    return {**about, "alert": alert.id, **_data(told.spike), **explanation, **posts}


def _phase(alert: Alert, incident: Incident) -> Phase:
    """A new spike of an incident that is not new reads as "worse", not as another beginning."""
    return Phase.WORSENED if alert.phase is Phase.OPENED and alert.at > incident.opened_at else alert.phase


def _key(alert: Alert, receiver: str) -> str:
    spike = alert.explanation.spike  # two rules may speak of one incident in one moment, and both be news
    parts = (str(alert.incident_id), alert.phase.value, iso(alert.at), spike.rule, spike.slice, receiver)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _names(alert: Alert, incident: Incident, zone: ZoneInfo, part: str | None) -> dict[str, object]:
    """Everything that a template may use; listed for readers at the top of opened.j2."""
    explanation = alert.explanation
    slice_ = explanation.spike.slice
    return {
        "brand": real_brand(incident.brand),
        "part": (part or words.part(slice_)) if slice_ else None,
        "drill": incident.drill,
        "owner": None if incident.owner is None else quoted(incident.owner, 60),
        "again": incident.reopened_at == alert.at,
        "rule": explanation.spike.rule,
        "severity": incident.severity,
        "incident": incident.id,
        "model": None if explanation.model is None else Harmless(explanation.model),
        "zone": zone.key,
        "at": words.moment(alert.at, zone),
        "onset": words.moment(incident.onset, zone),
        "since": words.lately(incident.onset, alert.at, zone),
        "opened": words.moment(incident.opened_at, zone),
        "lead": words.length(alert.at - incident.onset) if alert.at > incident.onset else None,
        "lasted": words.length(alert.at - incident.opened_at),
        **_counts(explanation, zone),
        **_people(explanation),
        **_reasons(explanation, zone),
        "terms": [(term.text, term.count) for term in explanation.terms[:TERMS]],
        "posts": [_post(post, explanation.stories) for post in explanation.top_posts],
        "typical": [_post(post, explanation.stories) for post in _others(explanation)],
    }


def _delay(alert: Alert, told: datetime, zone: ZoneInfo) -> dict[str, object]:
    held = told - alert.at
    return {"late": words.length(held) if held >= HELD else None, "told_at": words.clock(alert.at, zone)}


def _counts(explanation: Explanation, zone: ZoneInfo) -> dict[str, object]:
    spike = explanation.spike
    start = spike.fired_at - spike.window
    return {
        "observed": words.number(spike.observed),
        "expected": words.number(spike.expected),
        "times": words.number(spike.observed / spike.expected) if spike.expected > 0 else None,
        "mentions": _number(spike.mentions),
        "chance": words.chance(spike.probability),
        "score": words.number(spike.score),
        "window": words.window(spike.window),
        "between": words.between(start, spike.fired_at, zone),
        "weekday": words.weekday(start, zone),
    }


def _people(explanation: Explanation) -> dict[str, object]:
    authors, unhappy = explanation.authors, explanation.unhappy_authors
    return {
        "authors": _number(authors),
        "unhappy_authors": _number(unhappy),
        "unhappy_share": words.percent(unhappy / authors) if authors and unhappy is not None else None,
        "reach": _number(explanation.reach),
        "new_authors": _number(explanation.new_authors),
        "unhappy_before": _number(explanation.unhappy_before),
        "negative_share": _percent(explanation.negative_share),
        "share_range": words.between_shares(explanation.share),
        "corrected_share": None if explanation.corrected is None else words.percent(explanation.corrected.estimate),
        "corrected_range": words.between_shares(explanation.corrected),
        "risks": [words.risk(each) for each in explanation.risks if each.people],
        "platforms": sorted(explanation.platforms.items(), key=lambda pair: (-pair[1], pair[0])),
        "few_voices": [words.few_voices(each.posts, each.total, each.accounts) for each in explanation.floods],
    }


def _reasons(explanation: Explanation, zone: ZoneInfo) -> dict[str, object]:
    """Where the excess comes from, and what the alert may miss."""
    whole = explanation.spike.observed - explanation.spike.expected
    return {
        "shares": [(kind, parts) for kind in PLACES if (parts := words.shares_of(explanation.parts, kind, whole))],
        "thread": next(iter(words.largest(explanation.parts, "thread", whole)), None),
        "hearing": [words.unheard(each, zone) for each in explanation.hearing[:SOURCES]],
        "near": [words.near(each) for each in explanation.near[:SOURCES]],
    }


def _others(explanation: Explanation) -> list[ScoredMention]:
    """The typical posts that are not shown as the most seen."""
    shown = {post.mention.key for post in explanation.top_posts}
    return [post for post in explanation.typical_posts if post.mention.key not in shown]


def _post(post: ScoredMention, stories: Sequence[Story]) -> dict[str, object]:
    author = post.mention.author
    told = {(story.platform, story.native_id): story for story in stories}.get(post.mention.key)
    return {
        "author": quoted(author.handle or "somebody", 60),
        "platform": post.mention.platform,
        "followers": _number(author.followers),
        "text": quoted(post.mention.text),
        "link": link(post.mention.url),
        "copies": words.copies(told.posts, told.authors, told.reach) if told else None,
    }


def _number(value: float | None) -> str | None:
    return None if value is None else words.number(value)


def _percent(value: float | None) -> str | None:
    return None if value is None else words.percent(value)


def _post_data(post: ScoredMention) -> Mapping[str, object]:
    mention = post.mention
    return {
        "platform": mention.platform,
        "id": mention.native_id,
        "url": mention.url,
        "author": mention.author.handle,
        "followers": mention.author.followers,
        "published_at": iso(mention.published_at),
        "text": mention.text,
        "negative": post.negative,
    }


def _data(record: object) -> dict[str, object]:
    """A frozen value as JSON values."""
    return {item.name: _plain(getattr(record, item.name)) for item in fields(record)}  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return _data(value)
    return dict(value) if isinstance(value, Mapping) else value
