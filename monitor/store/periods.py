"""Periods: what a stretch of time brought of a brand, for heartbeats and digests; who was not reached in it.

Knows rows and sums; nothing of what is much or little. Rehearsals are in none of the numbers.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import Label
from monitor.store.database import Connection

MOST_POSTS = 100_000  # of a brand and period whose touchpoints are counted, the newest
_MILLISECOND = timedelta(milliseconds=1)
_WHO = "coalesce(m.author_id, m.author)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Posts by label. `judged` leaves out those in a language that no model was measured on."""

    posts: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unsure: int = 0
    unmeasured: int = 0
    negatives: float = 0.0  # expected: the sum of probabilities

    @property
    def judged(self) -> int:
        """Posts that a model could judge."""
        return self.posts - self.unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Somebody who was unhappy with a brand, and is not any more."""

    platform: str
    native_id: str  # of the happy post
    author: str | None
    text: str
    url: str | None
    at: datetime  # of the happy post
    unhappy_at: datetime  # of the last unhappy one before


class Periods:
    """Sums over stretches of publication."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def platforms(self, brand: str, since: datetime, until: datetime) -> dict[str, Counts]:
        """A brand's posts published in [since, until), by platform."""
        rows = self._c.rows(
            "select platform, sum(mentions), sum(negative), sum(neutral), sum(positive), sum(unsure), sum(unmeasured),"
            " sum(expected_negatives) from rollups where brand = ? and slot >= ? and slot < ?"
            " group by platform having sum(mentions) > 0 order by 2 desc, 1",
            brand, to_ms(since), to_ms(until),
        )  # fmt: skip
        return {row[0]: _counts(row[1:]) for row in rows}

    def days(self, brand: str, since: datetime, until: datetime) -> list[Counts]:
        """The same, one for each 24 hours from `since` on; a day without posts is all zeros."""
        day = timedelta(days=1) // _MILLISECOND
        rows = self._c.rows(
            "select (slot - ?2) / ?4, sum(mentions), sum(negative), sum(neutral), sum(positive), sum(unsure),"
            " sum(unmeasured), sum(expected_negatives) from rollups where brand = ?1 and slot >= ?2 and slot < ?3"
            " group by 1",
            brand, to_ms(since), to_ms(until), day,
        )  # fmt: skip
        found = {row[0]: _counts(row[1:]) for row in rows}
        return [found.get(number, Counts()) for number in range(-((since - until) // timedelta(days=1)))]

    def touchpoints(self, brand: str, since: datetime, until: datetime) -> dict[str, Counts]:
        """A brand's posts by what they are about; a post may be about several things, or about nothing that is known.

        Of very many posts, the newest.
        """
        rows = self._c.stream(
            "select slices, label, negative from targets where brand = ? and published_at >= ? and published_at < ?"
            " and slices like '%touchpoint=%' order by published_at desc limit ?",
            brand, to_ms(since), to_ms(until), MOST_POSTS,
        )  # fmt: skip
        labels: dict[str, Counter[str]] = {}
        sums: dict[str, float] = {}
        for slices, label, negative in rows:
            for line in slices.split("\n"):
                kind, _, name = line.partition("=")
                if kind == "touchpoint":
                    labels.setdefault(name, Counter())[label if negative is not None else ""] += 1
                    sums[name] = sums.get(name, 0.0) + (negative or 0.0)
        return {name: _of_labels(count, sums[name]) for name, count in sorted(labels.items())}

    def returns(self, brand: str, since: datetime, until: datetime, *, before: datetime, limit: int) -> list[Return]:
        """Authors with a positive post in [since, until) who had a negative one earlier, after `before`; newest first.

        Each author once, with the last positive post; whoever is unhappy again since is not among them. Where a
        platform tells no author, nobody can be told apart.
        """
        rows = self._c.rows(
            f"with said as (select m.platform, {_WHO} as who, t.label, t.published_at, t.mention_id, m.author, m.text,"
            " m.url, m.native_id from targets t join mentions m on m.id = t.mention_id where t.brand = ?1"
            " and t.published_at >= ?2 and t.published_at < ?4 and t.label in (?5, ?6)"
            f" and m.deleted_at is null and m.drill = 0 and {_WHO} is not null),"
            " happy as (select *, max(published_at) as at from said where label = ?6 and published_at >= ?3"
            " group by platform, who),"
            " unhappy as (select platform, who, max(published_at) as at from said where label = ?5"
            " group by platform, who)"
            " select h.platform, h.author, h.text, h.url, h.at, u.at, h.native_id from happy h join unhappy u"
            " on u.platform = h.platform and u.who = h.who and u.at < h.at order by h.at desc limit ?7",
            brand, to_ms(before), to_ms(since), to_ms(until), Label.NEGATIVE.value, Label.POSITIVE.value, limit,
        )  # fmt: skip
        return [
            Return(
                platform=row[0], native_id=row[6], author=row[1], text=row[2], url=row[3], at=from_ms(row[4]),
                unhappy_at=from_ms(row[5]),
            )
            for row in rows
        ]  # fmt: skip

    def given_up(self, since: datetime) -> list[tuple[str, datetime, str]]:
        """Receivers with dead letters that were queued after a moment: the newest one's time, and why it died."""
        rows = self._c.rows(  # the bare column comes from the row of the maximum, as SQLite promises
            "select receiver, max(coalesce(queued_at, due_at)), last_error from outbox where state = 'dead'"
            " and coalesce(queued_at, due_at) > ? group by receiver order by receiver",
            to_ms(since),
        )
        return [(row[0], from_ms(row[1]), row[2] or "") for row in rows]


def _counts(row: tuple[Any, ...]) -> Counts:
    return Counts(
        posts=row[0], negative=row[1], neutral=row[2], positive=row[3], unsure=row[4], unmeasured=row[5],
        negatives=row[6],
    )  # fmt: skip


def _of_labels(count: Counter[str], negatives: float) -> Counts:
    return Counts(
        posts=sum(count.values()), negative=count[Label.NEGATIVE], neutral=count[Label.NEUTRAL],
        positive=count[Label.POSITIVE], unsure=count[Label.UNSURE] + count[""], unmeasured=count[""],
        negatives=negatives,
    )  # fmt: skip
