"""Scores: what is pending, what a model said, and the counts that follow from it, all in one transaction.

Knows how votes are remembered; what a vote is worth is decided by the caller. Nothing here runs a model.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.clock import from_ms, to_ms
from monitor.domain import WHOLE, Label, Mention, Score
from monitor.store.database import Connection
from monitor.store.mentions import READ, mention_of

DAY = 86_400_000  # milliseconds
_LABELS = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE, Label.UNSURE)
_ROLLUP = (
    "insert into rollups (brand, slot, platform, mentions, negative, neutral, positive, unsure, expected_negatives,"
    " unmeasured) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set"
    " mentions = mentions + excluded.mentions, negative = negative + excluded.negative,"
    " neutral = neutral + excluded.neutral, positive = positive + excluded.positive,"
    " unsure = unsure + excluded.unsure, unmeasured = unmeasured + excluded.unmeasured,"
    " expected_negatives = expected_negatives + excluded.expected_negatives"
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A mention that waits for its score toward one brand.

    `before` is what was counted for it earlier: its label, and its probability of being negative, None where no model
    could say.
    """

    mention_id: int
    target: str
    mention: Mention
    known_at: datetime  # when the program first knew that the post is about the brand
    before: tuple[Label, float | None] | None
    story: int | None = None  # that it was put into already, as a post about another brand


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is kept of a mention that waited: its score, or None where no model may say; and why its label is unsure."""

    item: Pending
    model: str
    score: Score | None
    reason: str | None = None
    slices: tuple[str, ...] = ()  # that the post is in

    @property
    def label(self) -> Label:
        """Unsure where there is no score."""
        return Label.UNSURE if self.score is None else self.score.label

    @property
    def negative(self) -> float | None:
        """Probability of being negative; None where no model may say."""
        return None if self.score is None else self.score.negative


@dataclass(slots=True)
class Change:
    """What one batch adds to a cell of the rollups; a re-scored post takes out what was counted for it before."""

    labels: Counter[Label] = field(default_factory=Counter)
    unmeasured: int = 0  # of the unsure ones
    negatives: float = 0.0

    def add(self, label: Label, negative: float | None, times: int = 1) -> None:
        """Count a post, or with -1 take it out; `negative` is None where no model may say."""
        self.labels[label] += times
        self.unmeasured += times * (negative is None)
        self.negatives += times * (negative or 0.0)


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes for a brand, or a slice of it: published in one slot, known in another."""

    brand: str
    slot: datetime
    known_slot: datetime
    mentions: float
    negatives: float
    slice: str = WHOLE


class Scores:
    """What models said."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def pending(self, *, limit: int, before: datetime | None = None) -> list[Pending]:
        """Mentions without a score of their present text: new ones first, in the order in which they became known; of
        one moment in an order that hangs on nothing else. `before`: only those that were known by then."""
        moment = None if before is None else to_ms(before)
        found = self._c.rows(
            f"select t.mention_id, t.brand, t.label, t.negative, t.collected_at, m.story, {READ} from targets t"
            " join mentions m on m.id = t.mention_id where t.pending > 0 and (? is null or t.collected_at < ?)"
            " order by t.pending, t.collected_at, t.published_at, m.platform, m.native_id, t.brand limit ?",
            moment, moment, limit,
        )  # fmt: skip
        return [
            Pending(
                mention_id=row[0], target=row[1], mention=mention_of(row[6:]), known_at=from_ms(row[4]),
                before=(Label(row[2]), row[3]) if row[2] is not None else None, story=row[5],
            )
            for row in found
        ]  # fmt: skip

    def unchanged(self, items: Iterable[Pending]) -> set[tuple[int, str]]:
        """Which of these still wait with the text and stars that were read; call it in the transaction that saves.

        The others were edited or deleted while the model was at work.
        """
        read = {(item.mention_id, item.target): (item.mention.text, item.mention.rating) for item in items}
        rows = self._c.rows(
            "select t.mention_id, t.brand, m.text, m.rating from targets t join mentions m on m.id = t.mention_id"
            " where t.pending > 0 and t.mention_id in (select value from json_each(?))",
            json.dumps([number for number, _ in read]),
        )
        return {(number, brand) for number, brand, *now in rows if read.get((number, brand)) == tuple(now)}

    def pending_count(self) -> int:
        """How many scores are missing."""
        return int(self._c.rows("select count(*) from targets where pending > 0")[0][0])

    def oldest_pending(self) -> datetime | None:
        """When the oldest post that was never scored became known; detection waits there."""
        found = self._c.rows("select min(collected_at) from targets where pending > 0 and pending = 1")[0][0]
        return None if found is None else from_ms(found)

    def voted(self, voters: Iterable[int]) -> dict[int, float]:
        """How unhappy each of these voters was counted already; those who are missing were not counted."""
        rows = self._c.rows(
            "select voter, negative from votes where voter in (select value from json_each(?))",
            json.dumps(list(voters)),
        )
        return dict(rows)

    def remember_votes(self, votes: Mapping[int, tuple[float, datetime]]) -> None:
        """Keep what was counted for each voter, and when the post was published."""
        self._c.many(
            "insert into votes (voter, negative, published_at) values (?, ?, ?)"
            " on conflict do update set negative = max(negative, excluded.negative)",
            [(voter, negative, to_ms(at)) for voter, (negative, at) in votes.items()],
        )

    def save(self, judged: Sequence[Judgement], votes: Sequence[bool], *, now: datetime) -> None:
        """Keep judgements as the ones in force, and their scores in the history.

        Where a model may not say, what the same weights said before (of an earlier text, under earlier settings) goes.
        """
        self._c.many(
            "update targets set pending = 0, model = ?, negative = ?, neutral = ?, positive = ?, label = ?, reason = ?,"
            " vote = coalesce(vote, ?), slices = coalesce(slices, ?) where mention_id = ? and brand = ?",
            [
                (
                    j.model, *_three(j.score), j.label.value, j.reason, int(vote), "\n".join(j.slices),
                    j.item.mention_id, j.item.target,
                )
                for j, vote in zip(judged, votes, strict=True)
            ],
        )  # fmt: skip
        self._c.many(
            "insert into scores (mention_id, target, model, negative, neutral, positive, label, answers, reason,"
            " scored_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set negative = excluded.negative,"
            " neutral = excluded.neutral, positive = excluded.positive, label = excluded.label,"
            " answers = excluded.answers, reason = excluded.reason, scored_at = excluded.scored_at",
            [
                (s.mention_id, s.target, s.model, *_three(s), s.label.value,
                 None if s.answers is None else json.dumps(s.answers), j.reason, to_ms(now))
                for j in judged if (s := j.score) is not None
            ],
        )  # fmt: skip
        self._c.many(
            "delete from scores where mention_id = ? and target = ? and model = ?",
            [(j.item.mention_id, j.item.target, j.model) for j in judged if j.score is None],
        )

    def count(self, tallies: Iterable[Tally]) -> None:
        """Add votes to what detection reads, and to the sums of their days."""
        rows = [(t.brand, t.slice, to_ms(t.known_slot), to_ms(t.slot), t.mentions, t.negatives) for t in tallies]
        self._c.many(
            "insert into tallies (brand, slice, known_slot, slot, mentions, negatives) values (?, ?, ?, ?, ?, ?)"
            " on conflict do update set mentions = mentions + excluded.mentions,"
            " negatives = negatives + excluded.negatives",
            rows,
        )
        days: dict[tuple[str, int, str], float] = defaultdict(float)
        for brand, part, known, _, mentions, _ in rows:
            days[brand, known // DAY * DAY, part] += mentions
        self._c.many(
            "insert into slice_days (brand, day, slice, mentions) values (?, ?, ?, ?)"
            " on conflict do update set mentions = mentions + excluded.mentions",
            [(*key, mentions) for key, mentions in days.items()],
        )

    def days(self, brand: str, since: datetime, until: datetime) -> list[tuple[datetime, str, float]]:
        """Votes that became known on each day of [since, until), by slice: days, slices, votes."""
        rows = self._c.rows(
            "select day, slice, mentions from slice_days where brand = ? and day >= ? and day < ? order by day, slice",
            brand, to_ms(since), to_ms(until),
        )  # fmt: skip
        return [(from_ms(day), part, mentions) for day, part, mentions in rows]

    def slices(self) -> set[str]:
        """Every slice in which anything was ever counted, of any brand."""
        return {row[0] for row in self._c.rows("select distinct slice from slice_days")}

    def roll_up(self, changes: Mapping[tuple[str, datetime, str], Change]) -> None:
        """Add posts by brand, slot and platform to what charts read."""
        self._c.many(
            _ROLLUP,
            [
                (
                    brand, to_ms(slot), platform, sum(each.labels.values()),
                    *(each.labels[label] for label in _LABELS), each.negatives, each.unmeasured,
                )
                for (brand, slot, platform), each in changes.items()
            ],
        )  # fmt: skip

    def quarantine(self, poison: Pending, *, model: str, reason: str, now: datetime) -> None:
        """Set aside a post that the model cannot take, so that the others go on."""
        self._c.execute(
            "insert or replace into quarantine (mention_id, target, model, reason, at) values (?, ?, ?, ?, ?)",
            poison.mention_id, poison.target, model, reason, to_ms(now),
        )  # fmt: skip
        self._c.execute(
            "update targets set pending = 0 where mention_id = ? and brand = ?", poison.mention_id, poison.target
        )

    def rescore_all(self) -> int:
        """Leave every living post pending again, as after a change of the model."""
        return self._c.execute(
            "update targets set pending = case when label is null then 1 else 2 end"
            " where mention_id in (select id from mentions where deleted_at is null)"
        )


def _three(score: Score | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if score is None else (score.negative, score.neutral, score.positive)
