"""The ledger: rises are found where they were planted and hardly elsewhere; leads, misses and intervals are exact."""

import random
from datetime import datetime, timedelta
from math import exp

import pytest

from monitor.analysis.ledger import HOUR, Rise, Told, Zones, found_in, hourly, ledger, median
from monitor.clock import parse
from monitor.domain import Complaint

START = parse("2026-03-02T00:00Z")
MINUTE = timedelta(minutes=1)


def complaint(at: datetime, count: int = 1, brand: str = "Acme") -> Complaint:
    return Complaint(brand=brand, created_at=at, native_id=f"{brand}{at}", count=count)


def usual(days: int, *, seed: int = 1, rate: float = 1.0, brand: str = "Acme") -> list[Complaint]:
    """Complaints by day more than by night, as chance has them."""
    chance = random.Random(seed)
    found = []
    for hour in range(days * 24):
        mean = rate * (1.6 if 8 <= hour % 24 < 20 else 0.4)
        at = START + hour * HOUR
        found += [complaint(at + each * HOUR, brand=brand) for each in sorted(_arrivals(chance, mean))]
    return found


def _arrivals(chance: random.Random, mean: float) -> list[float]:
    left, product, found = exp(-mean), chance.random(), []
    while product > left:
        found.append(chance.random())
        product *= chance.random()
    return found


def burst(at: datetime, *, number: int = 30, hours: float = 5.0, brand: str = "Acme") -> list[Complaint]:
    return [complaint(at + timedelta(hours=hours * place / number), brand=brand) for place in range(number)]


def rises(complaints: list[Complaint]) -> list[Rise]:
    return list(found_in("Acme", sorted(complaints, key=lambda each: each.created_at), "UTC"))


def told(at: datetime, *, notified: datetime | None = None, brand: str = "Acme", key: str = "1") -> Told:
    return Told(
        key=key, brand=brand, onset=at - HOUR, fired_at=at, ended=at + 6 * HOUR, notified=notified or at + MINUTE
    )  # fmt: skip


# Rises


def test_a_planted_rise_is_found_with_its_first_complaint_and_its_peak() -> None:
    at = START + timedelta(days=20, hours=13, minutes=10)
    (rise,) = rises(usual(40) + burst(at))
    assert abs(rise.first - at) <= HOUR
    assert at <= rise.seen_at <= at + 4 * HOUR
    assert at - HOUR <= rise.peak <= at + 6 * HOUR
    assert rise.count >= 30
    assert rise.usual < 15


def test_usual_complaints_hardly_ever_look_like_a_rise() -> None:
    found = sum(len(rises(usual(56, seed=seed, rate=rate))) for seed in range(10) for rate in (0.1, 1.0))
    assert found <= 2, "in 160 brand-weeks"


def test_every_morning_is_usual() -> None:
    days = [START + timedelta(days=day, hours=9) for day in range(40)]
    assert rises([complaint(at + place * MINUTE) for at in days for place in range(30)]) == []


def test_a_record_that_is_added_up_by_the_day_is_read_as_well() -> None:
    days = [complaint(START + timedelta(days=day), 40 if day == 30 else 6) for day in range(45)]
    (rise,) = rises(days)
    assert rise.first == START + timedelta(days=30)


def test_the_first_week_of_a_record_tells_no_rise() -> None:
    assert rises(usual(6) + burst(START + timedelta(days=5))) == []


def test_what_comes_later_changes_nothing_that_was_found_before() -> None:
    early, late = START + timedelta(days=15, hours=10), START + timedelta(days=25, hours=10)
    first = rises([*usual(20), *burst(early)])[0]
    both = rises([*usual(40), *burst(early), *burst(late)])
    assert [each.first == first.first for each in both] == [True, False]


# The ledger


def test_the_lead_runs_from_the_message_to_the_first_complaint() -> None:
    at = START + timedelta(days=20, hours=3)
    quiet = [complaint(START + day * timedelta(days=1)) for day in range(40)]
    found = ledger([told(at - 4 * HOUR)], quiet + burst(at, hours=1), zones=Zones())
    (entry,) = found.entries
    assert entry.lead == 4 * HOUR - MINUTE
    assert entry.lead_to_peak is not None
    assert entry.lead_to_peak > entry.lead
    assert (found.rises, found.missed, found.without) == (1, (), 0)


def test_complaints_that_come_first_make_a_lead_below_zero() -> None:
    at = START + timedelta(days=20, hours=3)
    quiet = [complaint(START + day * timedelta(days=1)) for day in range(40)]
    found = ledger([told(at + 2 * HOUR)], quiet + burst(at, hours=8), zones=Zones())
    assert found.entries[0].lead == -(2 * HOUR + MINUTE)


def test_a_peak_that_nobody_was_told_of_is_missed_and_an_alert_without_complaints_is_counted() -> None:
    first, second = START + timedelta(days=20, hours=12), START + timedelta(days=30, hours=12)
    record = usual(40) + burst(first)
    found = ledger([told(second)], record, zones=Zones())
    assert ([abs(each.first - first) <= HOUR for each in found.missed], found.without) == ([True], 1)
    late = told(first + 20 * HOUR)
    assert len(ledger([late], record, zones=Zones()).missed) == 1, "told after its peak"
    untold = Told(key="1", brand="Acme", onset=first, fired_at=first, ended=None)
    found = ledger([untold], record, zones=Zones())
    assert (found.entries[0].lead, len(found.missed), found.lead) == (None, 1, None)


def test_a_rise_counts_once_for_the_incident_that_was_told_first() -> None:
    at = START + timedelta(days=20, hours=12)
    both = [told(at - HOUR, key="b"), told(at - 3 * HOUR, key="a")]
    found = ledger(both, usual(40) + burst(at), zones=Zones())
    assert [(each.told.key, each.shared) for each in found.entries] == [("a", False), ("b", True)]
    assert found.lead is not None
    assert found.lead.number == 1


def test_an_incident_outside_of_the_record_is_not_called_one_without_complaints() -> None:
    found = ledger([told(START + timedelta(days=2)), told(START + timedelta(days=90))], usual(40), zones=Zones())
    assert [each.covered for each in found.entries] == [False, False]
    assert found.without == 0


def test_another_brands_complaints_say_nothing() -> None:
    at = START + timedelta(days=20, hours=12)
    found = ledger([told(at)], usual(40, brand="Other") + burst(at, brand="Other"), zones=Zones())
    assert (found.entries[0].rise, len(found.missed)) == (None, 1)


def test_without_complaints_the_ledger_is_empty_but_for_its_incidents() -> None:
    found = ledger([told(START)], [], zones=Zones())
    assert (len(found.entries), found.rises, found.lead, found.since) == (1, 0, None, None)


# The median


def test_fewer_than_six_have_no_interval() -> None:
    found = median([hours * HOUR for hours in range(5)])
    assert found is not None
    assert (found.middle, found.number, found.low, found.high) == (2 * HOUR, 5, None, None)
    assert median([]) is None


@pytest.mark.parametrize("number", [6, 9, 25, 200])
def test_the_interval_of_the_median_holds_the_truth_as_often_as_it_says(number: int) -> None:
    chance = random.Random(number)
    held = 0
    for _ in range(400):
        found = median([chance.expovariate(1.0) * HOUR for _ in range(number)])
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.6931 * HOUR <= found.high
    assert held / 400 >= 0.93


def test_hours_are_counted_from_the_first_on() -> None:
    found = hourly([complaint(START), complaint(START + 61 * MINUTE, 3)], START, START + 3 * HOUR)
    assert found == [1, 3, 0]
