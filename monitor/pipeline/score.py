"""Score: what is pending goes through the model; scores, votes and counts are one transaction a batch.

Knows the model's protocol and the store; nothing of sources or rules. A post that the model cannot take is set aside
with the reason, and the others go on.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import models
from monitor.analysis.votes import increments, voters
from monitor.clock import floor
from monitor.domain import BUCKET, Label, Score
from monitor.errors import ModelUnavailable
from monitor.pipeline.failpoints import reach
from monitor.pipeline.program import Stop, never
from monitor.store import Store
from monitor.store.scores import Pending, Tally

BATCH = 512
ANSWERS = ("complaint", "emotion", "irony", "offensive", "touchpoints")  # of a prediction, beside sentiment
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
        outcomes = list(zip(batch, _predict(model, batch), strict=True))
        reach("score.predicted")
        with store.transaction():
            same = store.scores.unchanged(batch)
            outcomes = [each for each in outcomes if (each[0].mention_id, each[0].target) in same]
            poison = [(item, said) for item, said in outcomes if isinstance(said, str)]
            pairs = [
                (item, _score(item, said, model.name, unsure_below))
                for item, said in outcomes
                if not isinstance(said, str)
            ]
            for item, reason in poison:
                store.scores.quarantine(item, model=model.name, reason=reason, now=now)
            _save(store, pairs, now=now, settle=settle)
            reach("score.rows_written")
        reach("score.committed")
        scored, quarantined = scored + len(pairs), quarantined + len(poison)
    return ScoreReport(scored, quarantined)


def _predict(model: models.Scorer, batch: Sequence[Pending]) -> list[Outcome]:
    """A prediction for each, or a reason: a batch that fails is halved until the one that breaks it stands alone.

    Raises ModelUnavailable where it is the model that fails, and not a text.
    """
    try:
        return _asked(model, [item.mention.text for item in batch], [item.target or None for item in batch])
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
    except Exception as error:  # noqa: BLE001 - whatever a stranger's text breaks must not stop the others
        if len(batch) == 1:
            _check(model, error)
            return [f"{type(error).__name__}: {str(error)[:200]}"]
        half = len(batch) // 2
        return _predict(model, batch[:half]) + _predict(model, batch[half:])


def _asked(model: models.Scorer, texts: Sequence[str], targets: Sequence[str | None]) -> list[Outcome]:
    """What the model says; a prediction that is not made of numbers is none."""
    said = model.predict(texts, targets)
    if len(said) != len(texts):
        raise ValueError(f"{len(said)} predictions for {len(texts)} texts")
    return [each if isfinite(each.sentiment.polarity + each.sentiment.neutral) else "not a number" for each in said]


def _check(model: models.Scorer, error: Exception) -> None:
    """Raise ModelUnavailable where even a plain sentence fails: then no post is to blame."""
    try:
        _asked(model, ["The parcel came on Monday."], [None])
    except Exception:  # noqa: BLE001 - see above
        raise ModelUnavailable(
            f"{model.name}: cannot score ({type(error).__name__}: {str(error)[:200]})."
            " The posts wait; run `run_monitor.py doctor`."
        ) from error


def _score(item: Pending, said: models.Prediction, model: str, unsure_below: float) -> Score:
    feeling = said.sentiment
    return Score(
        mention_id=item.mention_id, target=item.target, model=model, negative=feeling.negative,
        neutral=feeling.neutral, positive=feeling.positive, label=Label(models.label_of(feeling, unsure_below)),
        answers={name: _short(getattr(said, name)) for name in ANSWERS if getattr(said, name) is not None} or None,
    )  # fmt: skip


def _short(answer: float | Mapping[str, float]) -> object:
    """Probabilities as they are kept: four digits say more than a model knows."""
    if isinstance(answer, float | int):
        return round(answer, 4)
    return {name: round(value, 4) for name, value in answer.items()}


def _save(store: Store, pairs: Sequence[Pair], *, now: datetime, settle: timedelta) -> None:
    first = sorted(((i, s) for i, s in pairs if i.before is None and i.target), key=lambda pair: _turn(pair[0]))
    inspected = store.detection.inspected({item.target for item, _ in first})
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
            cell = sums[item.target, *_slots(item, settle, inspected.get(item.target))]
            cell[0] += mentions
            cell[1] += negatives
    store.scores.save(pairs, [voted.get(id(item), False) for item, _ in pairs], now=now)
    store.scores.remember_votes(fresh)
    store.scores.count(Tally(brand, slot, known, *votes) for (brand, slot, known), votes in sums.items())
    _roll_up(store, pairs)


def _turn(item: Pending) -> tuple[datetime, datetime, tuple[str, str]]:
    """The order in which votes count, which is the same however the posts came in."""
    return item.known_at, item.mention.published_at, item.mention.key


def _slots(item: Pending, settle: timedelta, inspected: datetime | None) -> tuple[datetime, datetime]:
    """The bucket in which a post was published, and the one with which it became known to detection.

    That is never one that was inspected already, whatever the clock or a slow source did: it would be lost. As long as
    nothing of a brand was inspected, its past is history to learn from, as if it had been known when it was published.
    """
    slot = floor(item.mention.published_at, BUCKET)
    if inspected is None:
        return slot, slot
    return slot, max(slot, floor(item.known_at - settle, BUCKET), inspected)


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
