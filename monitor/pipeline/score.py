"""Score: what is pending goes through the model; scores, votes and counts are one transaction a batch.

Knows the model's protocol and the store; nothing of sources or rules. A post that the model cannot take is set aside
with the reason, and the others go on.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import models
from monitor.analysis.votes import increments, voters
from monitor.clock import floor
from monitor.domain import BUCKET, Label, Score
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Stop, never
from monitor.store import Store
from monitor.store.scores import Pending, Tally

BATCH = 512
Outcome = models.Prediction | str  # a prediction, or why there is none
Pair = tuple[Pending, Score]


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What scoring did."""

    scored: int = 0
    quarantined: int = 0


def run(
    store: Store,
    scorer: Callable[[], models.Scorer],
    *,
    now: datetime,
    unsure_below: float,
    settle: timedelta,
    stop: Stop = never,
) -> ScoreReport:
    """Score everything that is pending, or as much as there is time for. The model is asked for only when needed."""
    scored = quarantined = 0
    while not stop() and (batch := store.scores.pending(limit=BATCH)):
        model = scorer()
        outcomes = _predict(model, batch)
        reach("score.predicted")
        poison = [(item, said) for item, said in zip(batch, outcomes, strict=True) if isinstance(said, str)]
        pairs = [
            (item, _score(item, said, model.name, unsure_below))
            for item, said in zip(batch, outcomes, strict=True)
            if not isinstance(said, str)
        ]
        with store.transaction():
            for item, reason in poison:
                store.scores.quarantine(item, model=model.name, reason=reason, now=now)
            _save(store, pairs, now=now, settle=settle)
            reach("score.rows_written")
        reach("score.committed")
        scored, quarantined = scored + len(pairs), quarantined + len(poison)
    return ScoreReport(scored, quarantined)


def _predict(model: models.Scorer, batch: Sequence[Pending]) -> list[Outcome]:
    """A prediction for each, or a reason: a batch that fails is halved until the one that breaks it stands alone."""
    try:
        return list(model.predict([item.mention.text for item in batch], [item.target or None for item in batch]))
    except models.ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a stranger's text breaks must not stop the others
        if len(batch) == 1:
            return [f"{type(error).__name__}: {str(error)[:200]}"]
        half = len(batch) // 2
        return _predict(model, batch[:half]) + _predict(model, batch[half:])


def _score(item: Pending, said: models.Prediction, model: str, unsure_below: float) -> Score:
    feeling = said.sentiment
    return Score(
        mention_id=item.mention_id, target=item.target, model=model, negative=feeling.negative,
        neutral=feeling.neutral, positive=feeling.positive, label=Label(models.label_of(feeling, unsure_below)),
    )  # fmt: skip


def _save(store: Store, pairs: Sequence[Pair], *, now: datetime, settle: timedelta) -> None:
    first = [(item, score) for item, score in pairs if item.before is None and item.target]
    who = {id(item): voters(item.mention, item.target) for item, _ in first}
    counted = store.scores.voted({voter for each in who.values() for voter in each})
    fresh: dict[int, tuple[float, datetime]] = {}
    sums: dict[tuple[str, datetime, datetime], list[float]] = defaultdict(lambda: [0.0, 0.0])
    voted: dict[int, bool] = {}
    for item, score in first:
        mentions, negatives = increments(score.negative, who[id(item)], counted)
        voted[id(item)] = mentions > 0
        for voter in who[id(item)]:
            counted[voter] = max(counted.get(voter, 0.0), score.negative)
            fresh[voter] = (counted[voter], item.mention.published_at)
        if mentions or negatives:
            cell = sums[item.target, *_slots(item, settle)]
            cell[0] += mentions
            cell[1] += negatives
    store.scores.save(pairs, [voted.get(id(item), False) for item, _ in pairs], now=now)
    store.scores.remember_votes(fresh)
    store.scores.count(Tally(brand, slot, known, *votes) for (brand, slot, known), votes in sums.items())
    _roll_up(store, pairs)


def _slots(item: Pending, settle: timedelta) -> tuple[datetime, datetime]:
    """The bucket in which a post was published, and the one with which it became known to detection."""
    slot = floor(item.mention.published_at, BUCKET)
    return slot, max(slot, floor(item.known_at - settle, BUCKET))


def _roll_up(store: Store, pairs: Sequence[Pair]) -> None:
    labels: dict[tuple[str, datetime, str], Counter[Label]] = defaultdict(Counter)
    negatives: dict[tuple[str, datetime, str], float] = defaultdict(float)
    for item, score in pairs:
        key = (item.target, floor(item.mention.published_at, BUCKET), item.mention.platform)
        labels[key][score.label] += 1
        negatives[key] += score.negative
        if item.before is not None:
            labels[key][item.before[0]] -= 1
            negatives[key] -= item.before[1]
    store.scores.roll_up(_frozen(labels), negatives)


def _frozen(
    labels: Mapping[tuple[str, datetime, str], Counter[Label]],
) -> dict[tuple[str, datetime, str], dict[Label, int]]:
    return {key: dict(counts) for key, counts in labels.items()}
