"""Where nothing was listened to."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.coverage import FOREVER, Range, blind
from tests.support.fakes import START

HOUR = timedelta(hours=1)


def hours(since: float, until: float | None) -> Range:
    return START + HOUR * since, None if until is None else START + HOUR * until


def seen(ranges: list[tuple[datetime, datetime]]) -> list[tuple[float, float | None]]:
    return [((a - START) / HOUR, None if b == FOREVER else (b - START) / HOUR) for a, b in ranges]


def test_one_source_that_listens_is_enough() -> None:
    assert blind([[hours(0, 6)], []]) == []
    assert blind([[hours(0, 6)], [hours(6, 9)]]) == []


def test_no_source_has_no_holes() -> None:
    assert blind([]) == []


def test_a_hole_that_is_open_reaches_as_far_as_the_others_do() -> None:
    assert seen(blind([[hours(2, None)]])) == [(2, None)]
    assert seen(blind([[hours(2, None)], [hours(0, 3), hours(5, None)]])) == [(2, 3), (5, None)]


def test_holes_that_touch_or_overlap_are_one_stretch() -> None:
    assert seen(blind([[hours(5, 9), hours(0, 3), hours(3, 4), hours(2, 3.5)]])) == [(0, 4), (5, 9)]
    assert seen(blind([[hours(0, 3), hours(3, 6)], [hours(1, 5)]])) == [(1, 5)]


ranges = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 8) | st.none()).map(
        lambda pair: hours(pair[0], None if pair[1] is None else pair[0] + pair[1])
    ),
    max_size=5,
)


@given(st.lists(ranges, min_size=1, max_size=3))
def test_a_moment_is_blind_when_it_lies_in_a_hole_of_every_source(sources: list[list[Range]]) -> None:
    found = blind(sources)
    assert found == sorted(found)
    for half in range(60):
        moment = START + HOUR / 2 * half + HOUR / 4
        inside = any(since <= moment < until for since, until in found)
        assert inside == all(any(a <= moment < (b or FOREVER) for a, b in each) for each in sources)
