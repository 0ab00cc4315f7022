"""Which notices leave, with whom, and when again."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.grouping import HANDFUL, STORM, newest, plan, sift
from monitor.clock import parse
from monitor.domain import Notice, NoticeState, Phase

NOW = parse("2026-03-02T12:00Z")
MINUTE = timedelta(minutes=1)


def notice(number: int, group: str = "a", **fields: object) -> Notice:
    values: dict[str, object] = {
        "id": number, "alert_id": number, "incident_id": number, "receiver": "team", "group_key": group,
        "state": NoticeState.WAITING, "due_at": NOW, "quiet": None, "urgent": "high", "wait": 5 * MINUTE,
        "repeat": timedelta(0), "slice": "", "phase": Phase.OPENED, "at": NOW, "brand": group, "rule": "counts",
        "severity": "low",
    }  # fmt: skip
    return Notice(**{**values, **fields})  # type: ignore[arg-type]


def test_a_group_waits_until_its_interval_is_over_to_the_moment() -> None:
    one = notice(1)
    early, late = NOW - 5 * MINUTE + timedelta(seconds=1), NOW - 5 * MINUTE
    assert plan([one], {"a": early}, at=NOW).later == {early + 5 * MINUTE: (one,)}
    assert [batch.key for batch in plan([one], {"a": late}, at=NOW).batches] == ["a"]


def test_after_a_storms_message_everything_waits_for_the_interval() -> None:
    found = plan([notice(1), notice(2, "b")], {STORM: NOW - MINUTE}, at=NOW)
    assert found.batches == ()
    assert [len(some) for some in found.later.values()] == [2]


def test_messages_that_left_lately_count_towards_the_handful() -> None:
    left = {f"left {n}": NOW - MINUTE for n in range(HANDFUL)}
    assert [batch.key for batch in plan([notice(1)], left, at=NOW).batches] == [STORM]
    long_ago = {f"left {n}": NOW - 9 * MINUTE for n in range(HANDFUL)}
    assert [batch.key for batch in plan([notice(1)], long_ago, at=NOW).batches] == ["a"]


def test_the_last_word_on_each_incident_is_listed_the_gravest_first() -> None:
    found = newest([
        notice(1, incident_id=1), notice(2, incident_id=1, phase=Phase.WORSENED, at=NOW + MINUTE),
        notice(3, incident_id=2, severity="high"), notice(4, incident_id=3, phase=Phase.CLOSED),
        notice(5, incident_id=4, at=NOW + 2 * MINUTE),
    ])  # fmt: skip
    assert [each.id for each in found] == [3, 2, 5, 4]


def test_ends_are_told_to_those_who_heard_of_the_beginning() -> None:
    end = notice(1, phase=Phase.CLOSED)
    assert sift([end], {1}, at=NOW).tell == (end,)
    assert sift([end], set(), at=NOW).passed == {"they were not told that it began": (end,)}
    begun = notice(2, incident_id=1, over_at=NOW)
    assert sift([begun, end], set(), at=NOW).tell == (begun, end)


def test_what_was_held_and_is_over_is_not_told_and_neither_is_its_end() -> None:
    held, end = notice(1, state=NoticeState.HELD, over_at=NOW), notice(2, incident_id=1, phase=Phase.CLOSED)
    assert sift([held, end], set(), at=NOW).tell == ()
    assert sift([held], set(), at=NOW - MINUTE).tell == (held,), "it fires still"


NOTICES = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 10)), max_size=30).map(
    lambda pairs: [notice(number, group, wait=wait * MINUTE) for number, (group, wait) in enumerate(pairs)]
)
LEFT = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e", "y", "z", STORM]),
    st.integers(0, 20).map(lambda minutes: NOW - minutes * MINUTE),
)


@given(NOTICES, LEFT)
def test_every_notice_leaves_or_waits_and_none_does_both(notices: list[Notice], left: dict[str, datetime]) -> None:
    found = plan(notices, left, at=NOW)
    leaving = [each.id for batch in found.batches for each in batch.notices]
    waiting = [each.id for some in found.later.values() for each in some]
    assert sorted(leaving + waiting) == [each.id for each in notices]
    assert all(due > NOW for due in found.later)


@given(NOTICES, LEFT)
def test_no_receiver_gets_more_than_a_handful_and_one_within_an_interval(
    notices: list[Notice], left: dict[str, datetime]
) -> None:
    found = plan(notices, left, at=NOW)
    if found.batches and found.batches[0].key != STORM:
        interval = max(each.wait for batch in found.batches for each in batch.notices)
        assert len(found.batches) + sum(moment + interval > NOW for moment in left.values()) <= HANDFUL
    assert len(found.batches) <= HANDFUL
