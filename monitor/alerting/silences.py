"""Silences: what a person muted until when, and which past alerts that would have muted. Pure. Knows no store.

A silence of the settings file and one that a person added are the same thing, but for where they are ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from monitor.alerting.routing import EVERYTHING, WHOLE_WORD, About, pattern_of
from monitor.alerting.severity import SEVERITIES, rank

Past = TypeVar("Past")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matchers:
    """Which alerts are meant: all of them must fit."""

    brands: tuple[str, ...] = EVERYTHING
    rules: tuple[str, ...] = EVERYTHING
    slices: tuple[str, ...] = EVERYTHING
    severity: str = SEVERITIES[-1]  # the gravest that is muted
    incident: int | None = None  # only this one; None: any

    def fit(self, about: About) -> bool:
        """Whether an alert is meant.

        >>> Matchers(brands=("acme",), severity="medium").fit(About(brand="Acme", severity="high"))
        False
        """
        return (
            (self.incident is None or self.incident == about.incident)
            and rank(about.severity) <= rank(self.severity)
            and pattern_of(self.brands, about.brand) is not None
            and pattern_of(self.rules, about.rule) is not None
            and pattern_of(self.slices, about.slice or WHOLE_WORD) is not None
        )

    def plain(self) -> Mapping[str, object]:
        """As JSON values, without what is not asked for."""
        said: dict[str, object] = {}
        for key in ("brands", "rules", "slices"):
            if getattr(self, key) != EVERYTHING:
                said[key] = list(getattr(self, key))
        if self.severity != SEVERITIES[-1]:
            said["severity"] = self.severity
        return said if self.incident is None else {**said, "incident": self.incident}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Matchers":
        """From JSON values. What a later program may have added is passed over."""
        known = {key: value for key, value in plain.items() if key in cls.__dataclass_fields__}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in known.items()
        }
        return cls(**values)

    def words(self) -> str:
        """What is meant, for people.

        >>> Matchers(brands=("Acme",), slices=("touchpoint=*",)).words(), Matchers(incident=7).words()
        ('brand Acme, slice touchpoint=*', 'incident 7')
        """
        said = [f"incident {self.incident}"] if self.incident is not None else []
        for word, patterns in (("brand", self.brands), ("rule", self.rules), ("slice", self.slices)):
            said += [f"{word} {' or '.join(patterns)}"] if patterns != EVERYTHING else []
        said += [f"severity {self.severity} or milder"] if self.severity != SEVERITIES[-1] else []
        return ", ".join(said) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A person mutes alerts, for a while and for a reason."""

    matchers: Matchers
    since: datetime
    until: datetime
    by: str
    why: str
    id: int | None = None  # None: it stands in the settings file
    ended_at: datetime | None = None  # earlier than meant
    ended_by: str | None = None

    def active(self, at: datetime) -> bool:
        """Whether it mutes at a moment: from `since` on, until `until`, or until it was ended."""
        return self.since <= at < self.until and (self.ended_at is None or at < self.ended_at)

    @property
    def name(self) -> str:
        """How it is spoken of."""
        return "a silence of alerts.toml" if self.id is None else f"silence {self.id}"


def muting(silences: Iterable[Silence], about: About, at: datetime) -> Silence | None:
    """The silence that mutes an alert at a moment; of several the one that lasts longest."""
    fitting = [each for each in silences if each.active(at) and each.matchers.fit(about)]
    return max(fitting, key=lambda each: each.until, default=None)


def would_mute(matchers: Matchers, past: Iterable[tuple[About, Past]]) -> Iterator[Past]:
    """Of what was told in the past, all that a silence with these matchers would have muted."""
    return (told for about, told in past if matchers.fit(about))
