"""Score: what is pending goes to the model of its language; scores, stories, votes and counts are one transaction.

Knows the models' protocol and the store; nothing of sources or rules. A post that a model cannot take is set aside
with the reason, and the others go on. One in a language that no model was measured on is kept as unsure, with the
reason and without numbers: it is in no share, and gives no vote.
"""

from collections import defaultdict
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
from monitor.pipeline.feeling import feeling_of
from monitor.pipeline.program import Stop, never
from monitor.pipeline.stories import group
from monitor.store import Store
from monitor.store.scores import Change, Judgement, Pending, Tally

BATCH = 512
ANSWERS = ("complaint", "emotion", "irony", "offensive", "touchpoints")  # of a prediction, beside sentiment
Outcome = models.Answer | str  # an answer, or why none could be had


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What scoring did."""

    scored: int = 0
    quarantined: int = 0
    unmeasured: int = 0  # in a language that no model was measured on


def run(
    store: Store,
    router: Callable[[], models.Router],
    *,
    now: datetime,
    unsure_below: float,
    settle: timedelta,
    stop: Stop = never,
) -> ScoreReport:
    """Score everything that is pending, or as much as there is time for. Models are asked for only when needed."""
    scored = quarantined = unmeasured = 0
    while not stop() and (batch := store.scores.pending(limit=BATCH)):
        asked = _router(router)
        outcomes = list(zip(batch, _answers(asked, batch), strict=True))
        reach("score.predicted")
        with store.transaction():
            same = store.scores.unchanged(batch)
            outcomes = [each for each in outcomes if (each[0].mention_id, each[0].target) in same]
            poison = [(item, said) for item, said in outcomes if isinstance(said, str)]
            judged = [_judged(item, said, unsure_below) for item, said in outcomes if not isinstance(said, str)]
            for item, reason in poison:
                store.scores.quarantine(item, model=_asked_for(asked, item).name, reason=reason, now=now)
            _save(store, judged, now=now, settle=settle)
            reach("score.rows_written")
        reach("score.committed")
        unknown = sum(each.score is None for each in judged)
        scored, quarantined = scored + len(judged) - unknown, quarantined + len(poison)
        unmeasured += unknown
    return ScoreReport(scored, quarantined, unmeasured)


def _router(router: Callable[[], models.Router]) -> models.Router:
    try:
        asked = router()
        asked.first.scorer()
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
    return asked


def _answers(router: models.Router, batch: Sequence[Pending]) -> list[Outcome]:
    """An answer for each, or a reason: a batch that fails is halved until the one that breaks it stands alone.

    Raises ModelUnavailable where it is a model that fails, and not a text.
    """
    try:
        return _asked(router, batch)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
    except Exception as error:  # noqa: BLE001 - whatever a stranger's text breaks must not stop the others
        if len(batch) == 1:
            _check(_asked_for(router, batch[0]), error)
            return [f"{type(error).__name__}: {str(error)[:200]}"]
        half = len(batch) // 2
        return _answers(router, batch[:half]) + _answers(router, batch[half:])


def _asked(router: models.Router, batch: Sequence[Pending]) -> list[Outcome]:
    """What the models say; a prediction that is not made of numbers is none."""
    mentions = [item.mention for item in batch]
    said = router.answer(
        [mention.text for mention in mentions], [item.target or None for item in batch],
        [mention.lang for mention in mentions],
    )  # fmt: skip
    return ["not a number" if each.prediction and not _is_finite(each.prediction) else each for each in said]


def _asked_for(router: models.Router, item: Pending) -> models.Scorer:
    """The model that reads a mention."""
    return router.reader_of(item.mention.text, item.mention.lang).scorer()


def _is_finite(said: models.Prediction) -> bool:
    return isfinite(said.sentiment.polarity + said.sentiment.neutral)


def _check(model: models.Scorer, error: Exception) -> None:
    """Raise ModelUnavailable where even a plain sentence fails: then no post is to blame."""
    try:
        (_,) = model.predict(["The parcel came on Monday."], [None])
    except Exception:  # noqa: BLE001 - see above
        raise ModelUnavailable(
            f"{model.name}: cannot score ({type(error).__name__}: {str(error)[:200]})."
            " The posts wait; run `run_monitor.py doctor`."
        ) from error


def _judged(item: Pending, said: models.Answer, unsure_below: float) -> Judgement:
    """What is kept of an answer: what a model may not say is unknown, and nothing it says beside counts either."""
    if said.prediction is None:
        return Judgement(item, said.model, None, said.unsure)
    felt = feeling_of(said.prediction.sentiment, item.mention.rating, unsure_below)
    found = {name: answer for name in ANSWERS if (answer := getattr(said.prediction, name)) is not None}
    if felt.text is not None:  # nothing that the text said is lost under the stars
        found["text"] = {name: getattr(felt.text, name) for name in ("negative", "neutral", "positive")}
    score = Score(
        mention_id=item.mention_id, target=item.target, model=said.model, negative=felt.sentiment.negative,
        neutral=felt.sentiment.neutral, positive=felt.sentiment.positive, label=Label(felt.label),
        answers={name: _short(answer) for name, answer in found.items()} or None,
    )  # fmt: skip
    return Judgement(item, said.model, score, felt.reason)


def _short(answer: float | Mapping[str, float]) -> object:
    """Probabilities as they are kept: four digits say more than a model knows."""
    if isinstance(answer, float | int):
        return round(answer, 4)
    return {name: round(value, 4) for name, value in answer.items()}


def _save(store: Store, judged: Sequence[Judgement], *, now: datetime, settle: timedelta) -> None:
    new = sorted((each for each in judged if each.item.before is None and each.item.target), key=_turn)
    told = _stories(store, [each.item for each in new])
    first = [(each.item, each.score) for each in new if each.score]
    inspected = store.detection.inspected({item.target for item, _ in first})
    who = {id(item): voters(item.mention, item.target, told[item.mention_id]) for item, _ in first}
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
    store.scores.save(judged, [voted.get(id(each.item), False) for each in judged], now=now)
    store.scores.remember_votes(fresh)
    store.scores.count(Tally(brand, slot, known, *votes) for (brand, slot, known), votes in sums.items())
    store.scores.roll_up(_changes(judged))


def _stories(store: Store, items: Sequence[Pending]) -> dict[int, int]:
    """The story of each mention that names a brand; one that names several is in one story, whenever each is scored."""
    known = {item.mention_id: item.story for item in items if item.story is not None}
    return known | group(store, {item.mention_id: item.mention for item in items if item.mention_id not in known})


def _turn(judged: Judgement) -> tuple[datetime, datetime, tuple[str, str]]:
    """The order in which votes count, which is the same however the posts came in."""
    item = judged.item
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


def _changes(judged: Sequence[Judgement]) -> dict[tuple[str, datetime, str], Change]:
    """What the charts gain; a post that is scored again leaves the place that it was counted in."""
    changes: dict[tuple[str, datetime, str], Change] = defaultdict(Change)
    for each in judged:
        item = each.item
        cell = changes[item.target, floor(item.mention.published_at, BUCKET), item.mention.platform]
        cell.add(each.label, each.negative)
        if item.before is not None:
            cell.add(*item.before, times=-1)
    return changes
