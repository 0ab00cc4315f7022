"""Why an alert fired, and what people work on: explanations, incidents, alerts. Knows no rule and no receiver.

A value that is unknown is None, never 0 and never "". All times are aware and UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.domain.counts import WHOLE, Phase, Spike
from monitor.domain.posts import ScoredMention


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or pair of words that the window's unhappy posts use more than before."""

    text: str
    count: int  # unhappy posts of the window that use it
    z: float  # log-odds ratio in standard errors (Monroe, Colaresi & Quinn 2008)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What several of the window's unhappy posts are copies of."""

    posts: int
    authors: int | None  # distinct ones; None where the posts tell none
    reach: int | None  # followers of these authors together, where known
    platform: str  # of the copy that most people saw, …
    native_id: str  # … and its id there


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """Few voices make up most of the window's unhappy posts: few accounts, or copies of one text."""

    posts: int  # from these accounts, or with this text
    total: int  # all unhappy posts of the window
    accounts: int | None = None  # None: copies of one text, whoever wrote them


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why an alert fired: stored with it, and enough to say it again without the posts."""

    spike: Spike
    authors: int | None  # distinct authors in the window; None where the posts tell none
    unhappy_authors: int | None  # of these, with at least one post labelled negative
    negative_share: float | None  # expected share of negatives among the window's posts; None without posts
    reach: int | None  # followers of the distinct unhappy authors together, where known
    platforms: Mapping[str, int]  # posts labelled negative, by platform
    terms: tuple[Term, ...]
    top_posts: tuple[ScoredMention, ...]  # most seen first
    model: str | None
    stories: tuple[Story, ...] = ()  # told by two posts or more, the most copied first
    floods: tuple[Flood, ...] = ()  # none: many people wrote in their own words, or nobody knows who


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # still firing, and somebody has it
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What people work on: one episode of one rule for one brand."""

    id: int
    brand: str
    rule: str
    opened_at: datetime
    onset: datetime
    status: IncidentStatus
    severity: str
    resolved_at: datetime | None = None
    slice: str = WHOLE  # that it opened with; others may have joined
    owner: str | None = None  # who has it
    acknowledged_at: datetime | None = None
    real: bool | None = None  # what a person said it was; None: nobody said
    drill: bool = False  # a rehearsal: in no statistic


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an incident's history; none is ever changed or taken out."""

    incident_id: int
    at: datetime
    actor: str  # a person's name, or "monitor"
    kind: (
        str  # "opened", "joined", "worsened", "acknowledged", "assigned", "noted", "judged", "silenced", "resolved", …
    )
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule speaking of an incident: first, worse, or over."""

    id: int
    incident_id: int
    phase: Phase
    at: datetime
    explanation: Explanation
