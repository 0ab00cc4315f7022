"""Why an alert fired, and what people work on: explanations, incidents, alerts. Knows no rule and no receiver.

A value that is unknown is None, never 0 and never "". All times are aware and UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

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


class Outline(NamedTuple):
    """A scored post without its words, as counting needs it; what a deleted post leaves is one without an author."""

    platform: str
    native_id: str
    author: str | None  # what makes two posts of this platform the same person's
    handle: str | None
    followers: int | None
    thread: str | None
    story: int | None
    negative: float  # probability
    likeliest: int  # place of the likeliest of negative, neutral, positive
    unhappy: bool  # labelled negative
    vote: bool
    seen: int | None  # how many people it reached at least
    at: int  # published, in milliseconds since 1970
    slices: tuple[str, ...] = ()  # that it was counted in beside the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one platform, touchpoint, author, thread, … has in a spike: of the negatives seen, and of those expected.

    `observed` and `expected` are votes, in the unit of the spike: over all values of one kind, the line for the others
    among them, they add up to the spike's own (terms overlap, and do not).
    """

    kind: str  # "platform", "touchpoint", "language", "region", "author", "thread", "story" or "term"
    value: str | None  # None: all others, or posts that tell none
    posts: int  # unhappy posts of the window, copies included
    observed: float
    expected: float
    platform: str | None = None  # of authors, threads and stories: one of their posts, …
    native_id: str | None = None  # … and its id there

    @property
    def excess(self) -> float:
        """Its part of what is more than usual."""
        return self.observed - self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An estimated share and the range in which it lies with 90 % certainty, each 0 … 1."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """How many people may be lost: so many who read or wrote it, times a rate that is an assumption of the settings."""

    of: str  # "reached" or "unhappy": whom the rate is applied to
    people: int
    rate: float

    @property
    def lost(self) -> float:
        """People at risk."""
        return self.people * self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """A source that was not fully heard while a spike built up, so that the alert may miss something."""

    source: str
    state: str  # "blind", "quiet", "partial", …
    since: datetime
    until: datetime | None = None  # None: it lasted when the alert fired
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRule:
    """Another rule, or another part of the brand, that came at least half way to firing at that time."""

    rule: str
    slice: str
    score: float  # evidence over threshold: 1 is just enough to fire


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
    posts: int | None = None  # scored posts of the window, copies included
    parts: tuple[Part, ...] = ()  # who and what makes up the excess; by kind, the largest first
    typical_posts: tuple[ScoredMention, ...] = ()  # what most of the unhappy posts sound like
    new_authors: int | None = None  # of the unhappy authors, those not heard of the brand in the time before
    unhappy_before: int | None = None  # of the unhappy authors, those who were unhappy in the time before
    share: Range | None = None  # the negative share with what so few posts leave open
    corrected: Range | None = None  # the same, corrected for how often the model is known to be wrong
    risks: tuple[Risk, ...] = ()
    hearing: tuple[Hearing, ...] = ()  # none: every source was heard
    near: tuple[NearRule, ...] = ()
    rule_version: str | None = None  # the rule's kind and options


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"  # still firing, and somebody has it
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What people work on: one fire of one brand, whichever rules and parts of the brand speak of it."""

    id: int
    brand: str
    rule: str  # that it opened with; others may have joined
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
    reopened_at: datetime | None = None  # it was over, and the same fire came back


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an incident's history; none is ever changed or taken out."""

    incident_id: int
    at: datetime
    actor: str  # a person's name, or "monitor"
    kind: str  # "opened", "joined", "worsened", "left", "resolved", "reopened", "acknowledged", "assigned", "noted", …
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule speaking of an incident: first, worse, or over."""

    id: int
    incident_id: int
    phase: Phase
    at: datetime
    explanation: Explanation
