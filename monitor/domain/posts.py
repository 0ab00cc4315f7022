"""Posts and those who wrote them: what a source brings, what a platform lets us keep, what a model says of it.

A value that is unknown is None, never 0 and never "". All times are aware and UTC.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

MAX_TEXT = 20_000  # characters of a post that are kept; longer ones are cut at the collector's edge


@dataclass(frozen=True, slots=True)
class Secret:
    """Names where a secret is ("env:NAME" or "file:PATH"); the value is read only when used, and never printed."""

    reference: str

    def reveal(self) -> str:
        """Read the value now. Raises LookupError, in a sentence without the value, where there is none."""
        scheme, _, place = self.reference.partition(":")
        if scheme == "file":
            try:
                return Path(place).read_text("utf-8").strip()
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is not text in UTF-8"  # never the text itself
                raise LookupError(f"{self.reference}: cannot read the file ({reason})") from None
        value = os.environ.get(place, "") if scheme == "env" else ""
        if not value:
            raise LookupError(f"{self.reference} is not set; looked in the environment")
        return value


class Label(StrEnum):
    """What a post feels toward its target; `unsure` when the model's doubt is too large to say."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a post."""

    native_id: str | None = None
    handle: str | None = None
    followers: int | None = None  # when collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """What others did with a post, as last seen."""

    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None
    quotes: int | None = None
    views: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One public post that matched a query; its key is (platform, native_id)."""

    platform: str
    native_id: str
    text: str
    published_at: datetime
    author: Author = Author()
    engagement: Engagement = Engagement()
    url: str | None = None
    lang: str | None = None  # as the platform tells it, ISO 639
    edited_at: datetime | None = None
    conversation_id: str | None = None
    in_reply_to: str | None = None
    quoted: str | None = None  # native id of the post that it quotes or repeats
    rating: float | None = None  # stars that came with it, from 0 (the fewest) to 1 (all of them)
    region: str | None = None  # where it was written or published, as the source tells: a country, or a place
    targets: tuple[str, ...] = ()  # brands it is about, where the source says so; else they are matched
    extra: Mapping[str, object] = field(default_factory=dict)  # unknown fields, passed through untouched
    known_at: datetime | None = None  # replay: when the program first could have known; else time of collection

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one and the same post wherever it is read again."""
        return (self.platform, self.native_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A platform says that a post may no longer be shown, or may be again."""

    platform: str
    native_id: str | None = None  # None: every post of `author_id`
    author_id: str | None = None
    deleted_at: datetime | None = None
    reason: str = "deleted"  # or "protected", "suspended", "deactivated", "not refreshed": in the platform's sense
    restored: bool = False  # it may be shown again: it is kept once it is read again, in this page or a later one


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that could not become a mention: set aside, counted, shown; never lost."""

    line: int | None  # 1-based line of the file, or place in the answer
    reason: str
    raw: str  # what it looked like, cut to a readable length


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to resume reading a source; the text means something only to its collector."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A range of publication that could not be read."""

    since: datetime
    until: datetime
    reason: str  # in a few words, as shown to people


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one page says of how complete the reading was, and of what it used up."""

    asked: int | None = None  # most rows that were asked for
    returned: int = 0
    more_available: bool = False  # the platform holds more than was read: a gap, unless a later page fills it
    total: int | None = None  # the platform's own count, where it tells one
    since: datetime | None = None  # published_at of the range that was asked for, where there is one
    until: datetime | None = None
    cost: float | None = None  # in US dollars, where the platform bills by the row
    units: float | None = None  # of the platform's own quota, where it counts by other things than requests
    remaining: int | None = None  # requests (or units) that the platform allows until `resets_at`
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a source: all of it is stored in one transaction, or nothing of it."""

    mentions: tuple[Mention, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    rejects: tuple[Reject, ...] = ()
    cursor: Cursor | None = None  # a later read that starts here loses nothing; None: keep the cursor of before
    keep_unmatched: bool = False  # files that a person gives: a post that names no brand is kept, as about nobody
    gaps: tuple[Gap, ...] = ()  # found now: they could not be read
    filled: tuple[tuple[datetime, datetime], ...] = ()  # ranges, once gaps, that were read now
    checked: tuple[str, ...] = ()  # native ids that a re-check asked about and got an answer for
    at: datetime | None = None  # when it came in, where a poll listens for long; None: at the poll's `now`
    coverage: Coverage = Coverage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a platform's rules let people do with its posts beyond their own walls, and how fresh copies must be."""

    share: str = "all"  # what may be handed on: "all" columns, or "ids" only
    share_rows: int | None = None  # most rows handed on in a day; None: no limit is named
    keep: timedelta | None = None  # a copy older than this is re-checked or erased; None: no term is named
    note: str = ""  # what must be said beside, or where the rule stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A brand card: who we watch for (or compare with), and what its names do not mean."""

    name: str
    about: str = ""
    not_: tuple[str, ...] = ()  # what we are not, in words, for people who judge matches
    names: tuple[str, ...] = ()  # names and spellings; the card's own name is always one of them
    handles: tuple[str, ...] = ()  # without the @
    hashtags: tuple[str, ...] = ()  # without the #
    exclude: tuple[str, ...] = ()  # phrases in which a name means something else
    exact: tuple[str, ...] = ()  # names that count only as they are written here, case and signs included
    companions: tuple[str, ...] = ()  # words of which one must stand beside a name; empty: none is needed
    exclude_authors: tuple[str, ...] = ()  # handles or ids whose posts are never word of mouth
    apps: tuple[str, ...] = ()  # its apps in the stores: package names and numbers
    competitor: bool = False  # watched for comparison: measured, never alerted on
    timezone: str = "UTC"  # IANA name: its day, its week
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a source is asked for: everything that the watched brands are called."""

    terms: tuple[str, ...] = ()  # names and phrases
    handles: tuple[str, ...] = ()  # without the @
    hashtags: tuple[str, ...] = ()  # without the #
    exclude: tuple[str, ...] = ()  # phrases that mean something else
    languages: tuple[str, ...] = ()  # ISO 639-1; empty: all
    brands: tuple[Brand, ...] = ()  # the cards that the words come from, for platforms whose search can say more


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a model says of a mention, toward one brand (or toward nobody: target "")."""

    mention_id: int
    target: str
    model: str
    negative: float
    neutral: float
    positive: float
    label: Label
    answers: Mapping[str, object] | None = None  # what else the model says (complaint, emotion, …); None: nothing

    @property
    def polarity(self) -> float:
        """P(positive) - P(negative), from -1 to +1."""
        return self.positive - self.negative


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredMention:
    """A mention as the detector's evidence: what it says of one brand, and how sure the model is."""

    mention: Mention
    brand: str
    model: str
    negative: float
    neutral: float
    positive: float
    label: Label
    vote: bool = True  # False: the same author or the same story was counted already
    story: int | None = None  # posts with the same number tell one story; None: it was never put into any
    slices: tuple[str, ...] = ()  # that it was counted in beside the whole, as in "touchpoint=delivery"
