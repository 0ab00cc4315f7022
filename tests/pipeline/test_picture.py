"""What a chart of an incident shows: counts as they were known, expectations as they were made, holes as holes."""

from datetime import datetime, timedelta

import pytest

from monitor.charts import spike
from monitor.clock import floor
from monitor.domain import BUCKET, WHOLE, Incident, IncidentStatus, Point, Reading
from monitor.pipeline import picture
from monitor.store import Store
from monitor.store.scores import Tally
from tests.support.fakes import START

DAY = timedelta(days=1)
ONSET = START + timedelta(hours=20)
TOLD = ONSET + timedelta(hours=1)


def incident(*, part: str = WHOLE, onset: datetime = ONSET, drill: bool = False) -> Incident:
    return Incident(
        id=1, brand="Nimbus", rule="rule", opened_at=TOLD, onset=onset, status=IncidentStatus.FIRING, severity="high",
        slice=part, drill=drill,
    )  # fmt: skip


def slots(since: datetime, until: datetime) -> list[datetime]:
    return [since + number * BUCKET for number in range((until - since) // BUCKET)]


@pytest.fixture
def told(store: Store) -> Store:
    """A day of a brand: two posts a slot, ten from the onset on; nobody listened from 5 to 6 o'clock."""
    heard = [slot for slot in slots(START, TOLD) if not timedelta(hours=5) <= slot - START < timedelta(hours=6)]
    some = [slot for slot in heard if slot.minute % 10 == 0]
    with store.transaction():
        store.scores.count(Tally("Nimbus", slot, slot, 9.0, 10.0 if slot >= ONSET else 2.0) for slot in some)
        store.detection.save_readings(
            "rule", "Nimbus", WHOLE,
            [Reading(start=slot, anomaly_score=0.0, expected=1.0, low=0.0, high=4.0) for slot in heard],
        )  # fmt: skip
    return store


def test_the_last_day_is_shown_in_about_150_bars_with_what_was_usual(told: Store) -> None:
    chart = picture.chart(told, incident(), at=TOLD, zone="Europe/Berlin")
    assert chart is not None
    assert (chart.timezone, chart.unit) == ("Europe/Berlin", "negative posts in 10 minutes")
    assert chart.title == "Nimbus: negative posts against what is usual"
    assert len(chart.points) == 21 * 6
    calm, hole, fire = (chart.points[index] for index in (0, 32, -1))
    assert (calm.observed, calm.expected) == (2.0, 2.0)
    assert calm.low == pytest.approx(2 - 2**0.5)
    assert calm.high == pytest.approx(2 + 18**0.5)
    assert hole == Point(start=START + timedelta(minutes=320), observed=None)
    assert fire.observed == 10.0
    assert [(mark.word, mark.at) for mark in chart.marks] == [("onset", ONSET), ("alert", TOLD)]
    assert spike.png(chart)


def test_a_slot_without_posts_is_zero_only_where_somebody_listened(told: Store) -> None:
    chart = picture.chart(told, incident(), at=TOLD, zone="UTC")
    assert chart is not None
    assert sum(point.observed is None for point in chart.points) == 6


def test_it_shows_what_was_known_then_and_not_what_came_later(told: Store) -> None:
    before = picture.chart(told, incident(), at=TOLD, zone="UTC")
    told.scores.count([Tally("Nimbus", ONSET, TOLD + BUCKET, 50.0, 50.0)])
    assert picture.chart(told, incident(), at=TOLD, zone="UTC") == before
    assert picture.chart(told, incident(), at=TOLD + 2 * BUCKET, zone="UTC") != before


def test_late_posts_count_in_the_slot_in_which_they_were_published(told: Store) -> None:
    told.scores.count([Tally("Nimbus", START, START + timedelta(hours=1), 50.0, 50.0)])
    chart = picture.chart(told, incident(), at=TOLD, zone="UTC")
    assert chart is not None
    assert chart.points[0].observed == 52.0


def test_a_slice_is_measured_by_its_own_counts_and_heard_where_the_brand_was(told: Store) -> None:
    told.scores.count([Tally("Nimbus", ONSET, ONSET, 3.0, 3.0, "platform=x")])
    chart = picture.chart(told, incident(part="platform=x", drill=True), at=TOLD, zone="UTC")
    assert chart is not None
    assert chart.title == "[drill] Nimbus on x: negative posts against what is usual"
    assert sum(point.observed or 0.0 for point in chart.points) == 3.0
    assert sum(point.observed is None for point in chart.points) == 6


def test_a_long_incident_is_shown_from_before_its_onset_and_three_days_at_most(told: Store) -> None:
    late = START + 10 * DAY
    with told.transaction():
        told.scores.count(Tally("Nimbus", slot, slot, 1.0, 1.0) for slot in slots(late - 5 * DAY, late))
    chart = picture.chart(told, incident(onset=late - 2 * DAY), at=late, zone="UTC")
    assert chart is not None
    assert chart.points[0].start == late - 2 * DAY - picture.BEFORE
    assert len(chart.points) <= picture.POINTS
    chart = picture.chart(told, incident(onset=late - 4 * DAY), at=late, zone="UTC")
    assert chart is not None
    assert chart.points[0].start == floor(late - 3 * DAY, BUCKET)


def test_where_nothing_is_known_there_is_no_chart(store: Store) -> None:
    assert picture.chart(store, incident(), at=TOLD, zone="UTC") is None


def test_buckets_of_which_most_are_unknown_are_a_hole() -> None:
    four = [Point(start=START + n * BUCKET, observed=1.0 if n == 0 else None) for n in range(4)]
    assert list(picture.merged(four, 4)) == [Point(start=START, observed=None)]
    assert list(picture.merged(four[:2], 4)) == [Point(start=START, observed=1.0)]
