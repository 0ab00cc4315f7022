"""Staying within a cap: less often, then less, then nothing until the cap starts anew; each with a reason."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.budget import Caps, Plan, Spending, Step, day_of, forecast, month_of, next_month, plan
from monitor.clock import parse

NOON = parse("2026-03-30T12:00Z")
FIVE = timedelta(minutes=5)
ORDER = list(Step)
LESS = {Step.FEWER: "competitors", Step.FEWEST: "competitors and hashtags"}


def planned(today: float, a_poll: float | None, daily: float | None = 10.0, monthly: float | None = None) -> Plan:
    spending = Spending(today=today, month=today + 20.0, a_poll=a_poll)
    return plan(spending, Caps(daily=daily, monthly=monthly), every=FIVE, now=NOON, left_out=LESS)


def test_without_a_cap_or_a_price_nothing_is_thinned() -> None:
    assert planned(99.0, 5.0, daily=None) == Plan(step=Step.FULL, every=FIVE)
    assert planned(5.0, None).step is Step.FULL
    assert planned(5.0, 0.0).step is Step.FULL


def test_it_is_read_less_often_first_then_asked_for_less_then_not_at_all() -> None:
    steps = [planned(10.0 - left, 0.1).step for left in (20, 10, 3, 1.5, 0.5, 0.05)]
    assert steps == [Step.FULL, Step.LONGER, Step.LONGER, Step.FEWER, Step.FEWEST, Step.NOTHING]


def test_the_interval_is_just_long_enough_and_never_longer_than_eight_times() -> None:
    assert planned(10.0 - 7.2, 0.1).every == 2 * FIVE  # 144 polls until midnight, money for 72
    assert planned(10.0 - 0.5, 0.1).every == 8 * FIVE


def test_the_reason_says_what_is_spent_and_when_the_cap_starts_anew() -> None:
    told = planned(10.5, 0.1)
    assert told.words == "not read: $10.50 of the day's $10.00 is spent; the cap starts anew at 2026-03-31T00:00:00Z"
    assert told.until == parse("2026-03-31T00:00Z")
    assert planned(5.0, 0.1).words.startswith("read every 14 min and not every 5 min: $5.00 of the day's $10.00")


def test_the_cap_that_binds_more_decides() -> None:
    assert planned(0.0, 0.1, daily=1000.0, monthly=20.0).step is Step.NOTHING
    told = planned(0.0, 0.1, daily=1000.0, monthly=30.0)
    assert (told.step, told.until) == (Step.LONGER, parse("2026-04-01T00:00Z"))


def test_a_source_that_has_nothing_to_leave_out_is_only_read_less_often() -> None:
    spending = Spending(today=9.5, month=0.0, a_poll=0.1)
    told = plan(spending, Caps(daily=10.0), every=FIVE, now=NOON)
    assert (told.step, told.every) == (Step.LONGER, 8 * FIVE)
    assert "asked" not in told.words
    hashtags = plan(spending, Caps(daily=10.0), every=FIVE, now=NOON, left_out={Step.FEWEST: "hashtags"})
    assert hashtags.words.startswith("read every 40 min and not every 5 min, and not asked for hashtags: $9.50")


def test_the_first_poll_of_a_day_is_begun_however_dear_polls_were() -> None:
    assert planned(0.0, 50.0).step is Step.FEWEST
    assert planned(0.1, 50.0).step is Step.NOTHING


def test_where_both_caps_are_reached_it_waits_for_the_later_one() -> None:
    assert planned(10.0, 0.1, daily=10.0, monthly=20.0).until == parse("2026-04-01T00:00Z")


def test_a_cap_of_nothing_allows_nothing() -> None:
    assert planned(0.0, None, daily=0.0).step is Step.NOTHING


@given(
    st.floats(0, 20), st.floats(0.0001, 5), st.floats(0.01, 20), st.floats(0.01, 500),
    st.floats(0, 9000),
)  # fmt: skip
def test_more_money_never_means_less_reading(
    today: float, a_poll: float, daily: float, monthly: float, hours: float
) -> None:
    now = NOON + timedelta(hours=hours)
    spending = Spending(today=today, month=today, a_poll=a_poll)

    def of(times: float) -> Plan:
        return plan(spending, Caps(daily=daily * times, monthly=monthly * times), every=FIVE, now=now)

    poor, rich = of(1), of(2)
    assert ORDER.index(rich.step) <= ORDER.index(poor.step)
    assert FIVE <= rich.every <= 8 * FIVE
    assert all((each.step is Step.FULL) == (each.words == "") for each in (poor, rich))
    if poor.step is not Step.NOTHING:
        dear = a_poll > min(daily, monthly) - today + 1e-9
        assert not dear or today == 0.0, "no poll is begun that breaks the cap by itself, but the first one"


def test_days_and_months_are_those_of_utc() -> None:
    late = parse("2026-12-31T23:30:00-01:00")
    assert day_of(late) == month_of(late) == parse("2027-01-01T00:00Z")
    assert next_month(parse("2026-12-31T23:59Z")) == parse("2027-01-01T00:00Z")
    assert next_month(parse("2026-01-31T12:00Z")) == parse("2026-02-01T00:00Z")


@pytest.mark.parametrize(
    ("month", "a_day", "expected"), [(None, None, None), (3.0, None, 3.0), (None, 2.0, 3.0), (10.0, 2.0, 13.0)]
)
def test_a_month_costs_what_it_did_and_what_its_rest_will(
    month: float | None, a_day: float | None, expected: float | None
) -> None:
    assert forecast(month, a_day, now=NOON) == expected
