"""Beside a source's own row: its gaps, its polls and their cost, its states, the waits that a key's sources share."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Coverage
from monitor.store import Store
from monitor.store.gaps import Gaps
from monitor.store.polls import RECHECK, Poll, Spent
from monitor.store.states import LONGEST_WAIT, QUIET
from tests.support.fakes import START

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def hour(number: float) -> datetime:
    return START + HOUR * number


# Gaps


def ranges(store: Store, source: str = "x") -> list[tuple[float, float | None, bool]]:
    """(since, until, filled), in hours."""
    return [
        ((gap.since - START) / HOUR, None if gap.until is None else (gap.until - START) / HOUR, bool(gap.filled_at))
        for gap in store.sources.ranges.of(source)
    ]


def test_a_gap_that_is_read_later_is_filled_and_stays_to_be_seen(store: Store) -> None:
    store.sources.gap("x", hour(2), hour(4), "cut", now=hour(5))
    store.sources.ranges.fill("x", hour(1), hour(6), now=hour(7))
    (gap,) = store.sources.ranges.of("x")
    assert (gap.reason, gap.found_at, gap.filled_at) == ("cut", hour(5), hour(7))


def test_a_gap_that_is_read_in_part_is_split(store: Store) -> None:
    store.sources.gap("x", hour(0), hour(9), "cut", now=hour(9))
    store.sources.ranges.fill("x", hour(3), hour(4), now=hour(10))
    assert ranges(store) == [(0, 3, False), (3, 4, True), (4, 9, False)]
    store.sources.ranges.fill("x", hour(0), hour(1), now=hour(10))
    store.sources.ranges.fill("x", hour(8), hour(12), now=hour(10))
    assert ranges(store) == [(0, 1, True), (1, 3, False), (3, 4, True), (4, 8, False), (8, 9, True)]


def test_only_the_gaps_of_that_source_are_filled(store: Store) -> None:
    for name in ("x", "y"):
        store.sources.gap(name, hour(0), hour(2), "cut", now=hour(3))
    store.sources.ranges.fill("x", hour(0), hour(2), now=hour(3))
    assert (ranges(store), ranges(store, "y")) == ([(0, 2, True)], [(0, 2, False)])


def test_a_gap_that_goes_on_is_one_and_one_without_length_is_none(store: Store) -> None:
    for number in range(3):
        store.sources.gap("x", hour(number), hour(number + 1), "cut", now=hour(9))
    store.sources.gap("x", hour(5), hour(5), "cut", now=hour(9))
    store.sources.gap("x", hour(3), hour(4), "for another reason", now=hour(9))
    assert ranges(store) == [(0, 3, False), (3, 4, False)]


def test_a_gap_that_is_told_again_is_missing_again(store: Store) -> None:
    store.sources.gap("x", hour(0), hour(2), "cut", now=hour(3))
    store.sources.ranges.fill("x", hour(0), hour(2), now=hour(3))
    store.sources.gap("x", hour(0), hour(3), "cut", now=hour(4))
    assert ranges(store) == [(0, 3, False)]


def test_a_poll_that_reads_to_the_end_has_read_what_was_missed_while_nobody_asked(store: Store) -> None:
    store.sources.gap("x", hour(0), hour(1), "cut", now=hour(1))
    store.sources.failed("x", "down", now=hour(2))
    store.sources.ranges.begin("x", hour(3), "capped", now=hour(3))
    store.sources.ranges.begin("x", hour(4), "capped", now=hour(4))
    store.sources.succeeded("x", now=hour(5), whole=False)
    assert ranges(store) == [(0, 1, False), (2, 5, False), (3, 5, False)]
    store.sources.succeeded("x", now=hour(6), whole=True)
    assert ranges(store) == [(0, 1, False), (2, 5, True), (3, 5, True)]


spans = st.tuples(st.integers(0, 20), st.integers(1, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), spans), max_size=8))
def test_what_is_missing_is_what_was_told_and_not_read_since(
    store: Store, steps: list[tuple[bool, tuple[int, int]]]
) -> None:
    gaps: Gaps = store.sources.ranges
    store._connection.execute("delete from gaps")
    missing: set[int] = set()
    for found, (since, until) in steps:
        if found:
            gaps.add("x", hour(since), hour(until), "cut", now=hour(99))
            missing |= set(range(since, until))
        else:
            gaps.fill("x", hour(since), hour(until), now=hour(99))
            missing -= set(range(since, until))
    told: set[int] = set()
    for low, high, filled in ranges(store):
        if not filled and high is not None:
            told |= set(range(round(low), round(high)))
    assert missing <= told, "nothing that is missing is lost from sight"


# Polls


def test_the_pages_of_a_poll_are_taken_together(store: Store) -> None:
    for page, more in enumerate((True, True, False)):
        coverage = Coverage(asked=10, returned=10 - page, more_available=more, total=30, since=START, until=hour(1))
        store.sources.record("x", coverage, added=3, rejected=page, now=hour(1))
    store.sources.record("y", Coverage(returned=99), added=9, rejected=0, now=hour(1))
    store.sources.polls.broke_off("x", now=hour(2))
    assert store.sources.polls.newest("x") == [
        Poll(hour(1), returned=27, added=9, rejected=3, whole=True, total=30),
        Poll(hour(2), returned=0, added=0, rejected=0, whole=False),
    ]


def test_all_that_a_page_says_of_limits_is_kept(store: Store) -> None:
    coverage = Coverage(returned=1, units=100.0, remaining=0, resets_at=hour(2), cost=0.5)
    store.sources.record("x", coverage, added=1, rejected=0, now=hour(1))
    assert store._connection.rows("select units, remaining, resets_at - at, cost from polls") == [
        (100.0, 0, 3_600_000, 0.5)
    ]


def test_polls_that_find_nothing_are_seen_and_take_one_row_a_minute(store: Store) -> None:
    for second in range(0, 180, 5):
        store.sources.polls.nothing("x", now=START + timedelta(seconds=second))
        store.sources.polls.broke_off("y", now=START + timedelta(seconds=second))
    assert [poll.at for poll in store.sources.polls.newest("x")] == [
        START + MINUTE * n + timedelta(seconds=55) for n in range(3)
    ]
    assert all(poll.whole for poll in store.sources.polls.newest("x"))
    assert [poll.whole for poll in store.sources.polls.newest("y")] == [False] * 3


def test_costs_are_summed_from_a_moment_on_with_those_of_re_checks(store: Store) -> None:
    for number, cost in enumerate((1.0, 2.0, None, 4.0)):
        store.sources.record("x", Coverage(returned=1, cost=cost, units=1), added=0, rejected=0, now=hour(number))
    store.sources.record("x" + RECHECK, Coverage(returned=1, cost=8.0), added=0, rejected=0, now=hour(9))
    assert store.sources.polls.spent("x", hour(1)) == Spent(14.0, 3.0)
    assert store.sources.polls.spent("other", START) == Spent(None, None)
    assert store.sources.polls.a_poll("x", now=hour(99)) == (1 + 2 + 4) / 3
    assert store.sources.polls.a_poll("other", now=hour(99)) is None


def test_days_are_told_newest_first_and_only_those_with_costs(store: Store) -> None:
    for day, cost in ((0, 1.0), (1, None), (2, 3.0), (2, 1.0), (3, 9.0)):
        store.sources.record("x", Coverage(returned=1, cost=cost), added=0, rejected=0, now=START + HOUR * 24 * day)
    assert store.sources.polls.days("x", START + HOUR * 72) == [4.0, 1.0]


def test_a_rate_is_what_came_after_the_first_poll_of_a_stretch(store: Store) -> None:
    for number, added in enumerate((1000, 20, 40)):
        store.sources.record("x", Coverage(returned=added), added=added, rejected=0, now=hour(number / 2))
    assert store.sources.polls.rate("x", START, hour(5)) == 60.0
    assert store.sources.polls.rate("x", START, hour(0.2)) is None


# States


def test_a_state_keeps_its_start_while_it_lasts_and_may_come_again(store: Store) -> None:
    states = store.sources.states
    states.open("x", QUIET, hour(1), "0 of 20")
    states.open("x", QUIET, hour(2), "0 of 40")
    assert [(each.since, each.until, each.detail) for each in states.of("x")] == [(hour(1), None, "0 of 40")]
    states.close("x", QUIET, now=hour(3))
    states.close("x", QUIET, now=hour(4))
    assert states.lasting() == {}
    states.open("x", QUIET, hour(5), "again")
    assert [(each.since, each.until) for each in states.of("x")] == [(hour(1), hour(3)), (hour(5), None)]
    assert list(states.lasting()) == ["x"]


def test_a_state_never_ends_before_it_began(store: Store) -> None:
    store.sources.states.open("x", QUIET, hour(5), "")
    store.sources.states.close("x", QUIET, now=hour(1))
    assert store.sources.states.of("x")[0].until == hour(5)


def test_a_name_of_a_field_is_new_once(store: Store) -> None:
    states = store.sources.states
    assert states.unseen_fields("x", ["b", "a", "b\ud800"], now=START) == ["b", "a", "b?"]
    assert states.unseen_fields("x", ["a", "c"], now=START) == ["c"]
    assert states.unseen_fields("y", ["a"], now=START) == ["a"]


def test_a_wait_is_the_longer_one_of_two_and_ends_with_its_time(store: Store) -> None:
    states = store.sources.states
    states.wait("key", hour(5), "long", now=hour(1))
    states.wait("key", hour(2), "short", now=hour(1.5))
    assert states.waits(now=hour(4), credential="key")["key"].until == hour(5)
    assert states.waits(now=hour(4), credential="other") == {}
    assert states.waits(now=hour(5)) == {}


def test_a_clock_that_was_set_back_makes_no_wait_longer(store: Store) -> None:
    states = store.sources.states
    states.wait("key", hour(100), "wrong clock", now=hour(99))
    assert states.waits(now=hour(1)) == {}
    states.wait("key", hour(2), "right clock", now=hour(1))
    assert states.waits(now=hour(1))["key"].until == hour(2)


def test_no_platform_can_ask_to_wait_for_ever(store: Store) -> None:
    store.sources.states.wait("key", hour(24 * 4000), "for ever", now=START)
    assert store.sources.states.waits(now=START)["key"].until == START + LONGEST_WAIT
