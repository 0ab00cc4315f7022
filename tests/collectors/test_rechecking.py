"""One answer to a question by id, sorted: what stands, what is gone, and what is not known."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.collectors._recheck import FEW, is_believed, judged, parts_of
from monitor.domain import Deletion, Mention
from tests.collectors.case import NOW

HOUR = timedelta(hours=1)


def name_of(row: dict[str, Any]) -> str:
    if not row.get("id"):
        raise ValueError("no id")
    return str(row["id"])


def read(row: dict[str, Any]) -> Mention | Deletion | None:
    if row.get("state") == "hidden":
        return None
    if row.get("state") == "gone":
        return Deletion(platform="p", native_id=row["id"], reason="removed")
    if "text" not in row:
        raise ValueError("no text")
    return Mention(platform="p", native_id=row["id"], text=row["text"], published_at=NOW)


def judge(asked: list[str], rows: list[Any], *, believed: bool = True) -> tuple[set[str], set[str | None], set[str]]:
    """What stands, what is gone, what was checked."""
    page = judged(asked, rows, read, platform="p", name_of=name_of, believed=believed)
    stands = {mention.native_id for mention in page.mentions}
    return stands, {gone.native_id for gone in page.deletions}, set(page.checked)


def test_what_is_left_out_is_gone() -> None:
    assert judge(["a", "b"], [{"id": "a", "text": "x"}]) == ({"a"}, {"b"}, {"a", "b"})


def test_what_is_shown_as_gone_or_not_public_any_more_is_gone_with_its_reason() -> None:
    page = judged(
        ["a", "b"], [{"id": "a", "state": "gone"}, {"id": "b", "state": "hidden"}], read, platform="p", name_of=name_of
    )
    assert [(gone.native_id, gone.reason) for gone in page.deletions] == [("a", "removed"), ("b", "protected")]


def test_a_row_that_cannot_be_read_leaves_its_post_unchecked() -> None:
    assert judge(["a", "b"], [{"id": "a"}, {"id": "b", "text": "x"}]) == ({"b"}, set(), {"b"})


@pytest.mark.parametrize("row", [{"text": "x"}, {"id": None}, "nonsense", None, [1]])
def test_where_a_row_may_be_any_post_nothing_is_gone(row: Any) -> None:
    assert judge(["a", "b"], [row, {"id": "b", "text": "x"}]) == ({"b"}, set(), {"b"})


def test_what_nobody_asked_for_is_passed_over() -> None:
    assert judge(["a"], [{"id": "z", "text": "x"}, {"id": "a", "text": "x"}]) == ({"a"}, set(), {"a"})


def test_an_answer_that_is_not_believed_takes_nothing_away() -> None:
    assert judge(["a"], [], believed=False) == (set(), set(), set())


@given(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), st.lists(st.sampled_from("abcdefgh")))
def test_each_post_is_either_there_or_gone_and_always_checked(asked: list[str], shown: list[str]) -> None:
    stands, gone, checked = judge(asked, [{"id": name, "text": "x"} for name in shown])
    assert stands == set(asked) & set(shown)
    assert gone == set(asked) - set(shown)
    assert checked == set(asked)


def test_nothing_at_all_is_believed_of_a_few_at_once_and_of_many_an_hour_later() -> None:
    memory: dict[str, Any] = {}
    assert is_believed(memory, FEW, 0, NOW)
    assert not is_believed(memory, FEW + 1, 0, NOW)
    assert not is_believed(memory, 100, 0, NOW + HOUR / 2)
    assert is_believed(memory, 100, 0, NOW + HOUR)


def test_one_post_that_is_shown_ends_the_doubt() -> None:
    memory: dict[str, Any] = {}
    assert not is_believed(memory, 100, 0, NOW)
    assert is_believed(memory, 100, 1, NOW + HOUR / 2)
    assert not is_believed(memory, 100, 0, NOW + 2 * HOUR)


@pytest.mark.parametrize("told", ["soon", -1.5, None, 1 << 60])
def test_a_memory_that_cannot_be_is_begun_anew(told: Any) -> None:
    assert not is_believed({"empty": told}, 100, 0, NOW)


def test_questions_hold_so_many_and_each_post_once() -> None:
    assert list(parts_of([*"abcab"], 2)) == [("a", "b"), ("c",)]
    assert list(parts_of([], 2)) == []
