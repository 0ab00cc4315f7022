"""Hours on the wall, over clock changes and holidays, against a look at every minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.calendars import Calendar, Span
from monitor.clock import parse

MINUTE = timedelta(minutes=1)
DAILY = range(7)


def calendar(*spans: tuple[int, int], days: range = DAILY, zone: str = "UTC", **more: object) -> Calendar:
    found = tuple(Span(start, end) for start, end in spans)
    return Calendar(name="hours", timezone=zone, week=dict.fromkeys(days, found), **more)  # type: ignore[arg-type]


def minutes_within(of: Calendar, start: str, hours: int = 24) -> int:
    """How many minutes of a stretch lie within the hours."""
    return sum(of.contains(parse(start) + n * MINUTE) for n in range(hours * 60))


def test_hours_begin_with_their_first_minute_and_end_before_their_last() -> None:
    office = calendar((9 * 60, 12 * 60 + 30), (13 * 60 + 30, 18 * 60), days=range(5), zone="Europe/Berlin")
    within = {at: office.contains(parse(f"2026-03-02T{at}+01:00")) for at in
              ("08:59", "09:00", "12:29", "12:30", "13:30", "17:59", "18:00")}  # fmt: skip
    assert [at for at, inside in within.items() if inside] == ["09:00", "12:29", "13:30", "17:59"]
    assert not office.contains(parse("2026-03-07T10:00+01:00")), "a Saturday"


def test_a_holiday_has_its_own_hours_and_one_without_a_year_comes_every_year() -> None:
    shop = calendar((9 * 60, 18 * 60), holidays=frozenset({"12-25", "2026-12-24"}), holiday_hours=(Span(600, 720),))
    assert [span.start for span in shop.hours(date(2026, 12, 24))] == [600]
    assert [span.start for span in shop.hours(date(2027, 12, 24))] == [540]
    assert [span.start for span in shop.hours(date(2031, 12, 25))] == [600]


def test_a_span_in_the_hour_that_is_left_out_does_not_happen() -> None:
    assert minutes_within(calendar((120, 180), zone="Europe/Berlin"), "2026-03-29T00:00+01:00") == 0
    assert minutes_within(calendar((130, 150), zone="Europe/Berlin"), "2026-03-29T00:00+01:00") == 0


def test_a_span_that_reaches_into_the_hour_that_is_left_out_ends_or_begins_at_the_jump() -> None:
    ends, begins = calendar((60, 150), zone="Europe/Berlin"), calendar((150, 240), zone="Europe/Berlin")
    assert ends.until(parse("2026-03-29T01:30+01:00")) == parse("2026-03-29T01:00Z")
    assert begins.until(parse("2026-03-29T00:30+01:00")) == parse("2026-03-29T01:00Z")


def test_a_span_in_the_hour_that_comes_twice_happens_twice() -> None:
    twice = calendar((120, 150), zone="Europe/Berlin")
    assert minutes_within(twice, "2026-10-25T00:00+02:00", hours=25) == 60
    edges = [parse("2026-10-25T00:00+02:00")]
    for _ in range(4):
        edges.append(twice.until(edges[-1]) or edges[-1])
    assert [f"{edge:%H:%M}" for edge in edges[1:]] == ["00:00", "00:30", "01:00", "01:30"]


def test_hours_that_never_begin_or_never_end_have_no_end() -> None:
    assert calendar((0, 1440)).until(parse("2026-03-02T00:00Z")) is None
    assert calendar().until(parse("2026-03-02T00:00Z")) is None


def test_a_night_is_one_stretch_over_midnight() -> None:
    night = calendar((0, 7 * 60), (22 * 60, 1440), zone="America/New_York")
    assert night.until(parse("2026-03-02T23:00-05:00")) == parse("2026-03-03T07:00-05:00")


CHANGES = {
    "Europe/Berlin": ("2026-03-28", "2026-10-24"),
    "America/St_Johns": ("2026-03-07", "2026-10-31"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),  # by half an hour
    "Africa/Cairo": ("2026-04-23", "2026-10-29"),  # at midnight
    "UTC": ("2026-03-28", "2026-10-24"),
}


@pytest.mark.parametrize("zone", CHANGES)
@settings(max_examples=12, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 1440), min_size=2, max_size=4, unique=True).map(sorted),
    hour=st.integers(0, 47),
    late=st.booleans(),
    holiday=st.booleans(),
)
def test_the_end_of_the_hours_is_the_first_minute_at_which_it_is_otherwise(
    zone: str, cuts: list[int], hour: int, late: bool, holiday: bool
) -> None:
    day = date.fromisoformat(CHANGES[zone][late])
    spans = [(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    days = frozenset({f"{day + timedelta(days=1):%m-%d}"} if holiday else ())
    hours = calendar(*spans, zone=zone, holidays=days)
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(hours=hour)
    looked = next(
        (at + n * MINUTE for n in range(1, 72 * 60) if hours.contains(at + n * MINUTE) is not hours.contains(at)), None
    )
    assert looked is not None or spans == [(0, 1440)], "only whole days never end"
    if looked is not None:
        assert hours.until(at) == looked
