"""Score: what is pending goes to the model of its language; scores, stories, votes and counts are one transaction.

Knows the models' protocol and the store; nothing of sources or rules. A post that a model cannot take is set aside
with the reason, and the others go on. One in a language that no model was measured on is kept as unsure, with the
reason and without numbers: it is in no share, and gives no vote.

A post's vote counts for the whole of its brand, and in the same way for each slice that it is in: an author who was
counted once is counted nowhere again, so that the platforms, or the languages, of a brand add up to it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import models
from monitor.analysis.slices import Room, slices_of
from monitor.analysis.votes import Rates, increments, rates_of, voters, weight
from monitor.clock import floor
from monitor.domain import BUCKET, WHOLE, Label, Score
from monitor.errors import ModelUnavailable
from monitor.pipeline.failpoints import reach
from monitor.pipeline.feeling import feeling_of
from monitor.pipeline.program import Stop, never
from monitor.pipeline.stories import group
from monitor.store import Store
from monitor.store.scores import Change, Judgement, Pending, Tally

BATCH = 512
DAY, WEEK = timedelta(days=1), timedelta(days=7)
NO_VOTE = (0.0, 0.0)
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
    before: datetime | None = None,
) -> ScoreReport:
    """Score everything that is pending (`before`: of what was known by then), or as much as there is time for.

    Models are asked for only when needed.
    """
    scored = quarantined = unmeasured = 0
    while not stop() and (batch := store.scores.pending(limit=BATCH, before=before)):
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
            rates = {name: rates_of(asked.confusions(name)) for name in {each.model for each in judged}}
            _save(store, judged, rates, now=now, settle=settle)
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
        return Judgement(item, said.model, None, said.unsure, slices_of(item.mention, said.language, None))
    felt = feeling_of(said.prediction.sentiment, item.mention.rating, unsure_below)
    found = {name: answer for name in ANSWERS if (answer := getattr(said.prediction, name)) is not None}
    if felt.text is not None:  # nothing that the text said is lost under the stars
        found["text"] = {name: getattr(felt.text, name) for name in ("negative", "neutral", "positive")}
    score = Score(
        mention_id=item.mention_id, target=item.target, model=said.model, negative=felt.sentiment.negative,
        neutral=felt.sentiment.neutral, positive=felt.sentiment.positive, label=Label(felt.label),
        answers={name: _short(answer) for name, answer in found.items()} or None,
    )  # fmt: skip
    parts = slices_of(item.mention, said.language, said.prediction.touchpoints)
    return Judgement(item, said.model, score, felt.reason, parts)


def _short(answer: float | Mapping[str, float]) -> object:
    """Probabilities as they are kept: four digits say more than a model knows."""
    if isinstance(answer, float | int):
        return round(answer, 4)
    return {name: round(value, 4) for name, value in answer.items()}


def _save(
    store: Store, judged: Sequence[Judgement], rates: Mapping[str, Rates | None], *, now: datetime, settle: timedelta
) -> None:
    new = sorted((each for each in judged if each.item.before is None and each.item.target), key=_turn)
    told = _stories(store, [each.item for each in new])
    first = [each for each in new if each.score]
    who = {id(each): voters(each.item.mention, each.item.target, told[each.item.mention_id]) for each in first}
    counted = store.scores.voted({voter for each in who.values() for voter in each})
    fresh: dict[int, tuple[float, datetime]] = {}
    votes: dict[int, tuple[float, float]] = {}
    for each in first:
        negative = weight(each.negative or 0.0, rates[each.model])
        votes[id(each)] = increments(negative, who[id(each)], counted)
        for voter in who[id(each)]:
            counted[voter] = max(counted.get(voter, 0.0), negative)
            fresh[voter] = (counted[voter], each.item.mention.published_at)
    store.scores.save(judged, [votes.get(id(each), NO_VOTE)[0] > 0 for each in judged], now=now)
    store.scores.remember_votes(fresh)
    store.scores.count(_tallies(store, [(each, votes[id(each)]) for each in first], settle))
    store.scores.roll_up(_changes(judged))


def _tallies(store: Store, voted: Sequence[tuple[Judgement, tuple[float, float]]], settle: timedelta) -> list[Tally]:
    """What posts add to the whole of their brand and to each slice that they are in, in the order of the votes."""
    inspected = store.detection.inspected({each.item.target for each, _ in voted})
    rooms: dict[tuple[str, datetime], Room] = {}
    sums: dict[tuple[str, datetime, datetime, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for each, (mentions, negatives) in voted:
        if not (mentions or negatives):
            continue
        brand = each.item.target
        slot, known = _slots(each.item, settle, inspected.get(brand))
        day = floor(known, DAY)
        if (brand, day) not in rooms:
            rooms[brand, day] = _room(store, brand, day)
        for part in (WHOLE, *filter(rooms[brand, day].admits, each.slices)):
            cell = sums[brand, slot, known, part]
            cell[0] += mentions
            cell[1] += negatives
    return [Tally(brand, slot, known, m, n, part) for (brand, slot, known, part), (m, n) in sums.items()]


def _room(store: Store, brand: str, day: datetime) -> Room:
    """Which slices a day of a brand is counted in, by what was counted before."""
    before: dict[str, float] = defaultdict(float)
    today = []
    for at, part, mentions in store.scores.days(brand, day - WEEK, day + DAY):
        if part and at == day:
            today.append(part)
        elif part:
            before[part] += mentions
    return Room.of(before, today)


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
