"""Times: text, milliseconds and slots; always aware, always UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import clock

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
STEPS = st.integers(1, 7 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@given(TIMES)
def test_a_time_survives_as_milliseconds(moment: datetime) -> None:
    kept = clock.from_ms(clock.to_ms(moment))
    assert kept <= moment < kept + timedelta(milliseconds=1)


@given(TIMES)
def test_a_time_survives_as_text_to_the_millisecond(moment: datetime) -> None:
    text = clock.iso(moment)
    assert text.endswith("Z")
    assert abs(clock.parse(text) - moment) < timedelta(milliseconds=1)


@given(TIMES, STEPS)
def test_a_slot_holds_its_time_and_begins_on_the_grid(moment: datetime, step: timedelta) -> None:
    start = clock.floor(moment, step)
    assert start <= moment < start + step
    assert (start - clock.EPOCH) % step == timedelta(0)
    assert clock.floor(start, step) == start


@given(TIMES, TIMES)
def test_milliseconds_keep_the_order(one: datetime, other: datetime) -> None:
    assert (one <= other) <= (clock.to_ms(one) <= clock.to_ms(other))


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-02-30", "9999-12-31T23:59:59-10:00", "0001-01-01T00:00+10:00"]
)
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse(text)


@pytest.mark.parametrize("text", ["", "5", "m", "5x", "-5m", "5 m m", "1e3s", "nan s", "infd", "."])
def test_what_is_no_duration_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse_duration(text)


def test_the_systems_clock_knows_its_zone() -> None:
    before = datetime.now(UTC)
    now = clock.SystemClock().now()
    assert now.tzinfo is UTC
    assert timedelta(0) <= now - before < timedelta(seconds=10)


def test_a_fake_clock_moves_only_when_it_is_moved() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    fake = clock.FakeClock(start)
    assert fake.now() == fake.now() == start
    fake.advance(timedelta(hours=1))
    assert fake.now() - start == timedelta(hours=1)


def test_another_zone_is_turned_into_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert clock.iso(datetime(2026, 3, 2, 9, tzinfo=tokyo)) == "2026-03-02T00:00:00Z"
