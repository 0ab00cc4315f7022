"""Slices: in which parts of a brand a post is, how many are counted, and which are worth watching."""

from datetime import timedelta

import pytest

from monitor.analysis.slices import (
    LEAST_HISTORY,
    MAX_VALUE,
    MOST_WATCHED,
    NEW_VALUES,
    Room,
    Volume,
    chosen,
    label,
    matches,
    slice_of,
    slices_of,
)
from monitor.domain import WHOLE, Label, ScoredMention
from tests.support.fakes import START, post

DAY = timedelta(days=1)
NOON = START + 14 * DAY


def test_a_post_is_in_a_slice_for_each_thing_that_is_known_of_it() -> None:
    told = slices_of(post(1, region="DE"), "de", {"price": 0.2, "staff": 0.5, "delivery": 0.9})
    assert told == ("platform=x", "touchpoint=delivery", "touchpoint=staff", "language=de", "region=de")


def test_what_is_unknown_is_no_slice() -> None:
    assert slices_of(post(1), None, None) == ("platform=x",)


@pytest.mark.parametrize("value", ["", " \n\t", "\x00\x1f\x85\u2028"])
def test_a_value_without_a_letter_is_no_slice(value: str) -> None:
    assert slice_of("region", value) == WHOLE


def test_a_value_is_cut_and_holds_no_line_break() -> None:
    found = slice_of("region", "Über\r\nall" + "x" * 100_000)
    assert found.startswith("region=über all")
    assert len(found) == len("region=") + MAX_VALUE


def test_a_scored_post_matches_the_slices_that_it_was_counted_in() -> None:
    scored = ScoredMention(
        mention=post(1), brand="Nimbus", model="m", negative=1.0, neutral=0.0, positive=0.0, label=Label.NEGATIVE,
        slices=("platform=x", "touchpoint=price"),
    )  # fmt: skip
    assert [matches(each, scored) for each in (WHOLE, "touchpoint=price", "platform=y")] == [True, True, False]


def test_slices_have_names_for_people() -> None:
    assert [label(each) for each in ("platform=x", "language=xx", "region=new york")] == [
        "on x",
        "in the language xx",
        "in new york",
    ]


# How many are counted


def test_ten_thousand_regions_in_a_day_take_the_room_of_a_few() -> None:
    room = Room.of({}, ())
    assert sum(room.admits(f"region={number}") for number in range(10_000)) == NEW_VALUES
    assert room.admits("region=0"), "the first ones go on"
    assert room.admits("platform=x"), "each kind has its own room"


def test_what_was_there_before_is_not_crowded_out() -> None:
    room = Room.of({"region=de": 50.0}, [f"region={number}" for number in range(NEW_VALUES)])
    assert room.admits("region=de")
    assert not room.admits("region=fr")


def test_the_room_is_the_same_whenever_it_is_looked_at() -> None:
    names = [f"region={number}" for number in range(50)]
    at_once = Room.of({}, ())
    right = [name for name in names if at_once.admits(name)]
    admitted: list[str] = []
    for name in names:
        if Room.of({}, admitted).admits(name):
            admitted.append(name)
    assert admitted == right


# Which are watched


def volumes(**mentions: float) -> list[Volume]:
    whole = Volume(WHOLE, START, 1000.0)
    return [whole, *(Volume(f"platform={name}", START, much) for name, much in mentions.items())]


def test_the_largest_slices_are_watched_but_none_that_is_nearly_the_whole() -> None:
    assert chosen(("platform",), volumes(a=850, b=100, c=27, d=50), NOON) == ("platform=b", "platform=d")


def test_a_pattern_may_name_one() -> None:
    assert chosen(("platform=B", "region"), volumes(b=100, d=50), NOON) == ("platform=b",)
    assert chosen((), volumes(b=100), NOON) == ()


def test_a_slice_is_watched_only_when_there_is_some_history_of_it() -> None:
    fresh = [Volume(WHOLE, START, 1000.0), Volume("platform=b", NOON - LEAST_HISTORY + DAY, 500.0)]
    assert chosen(("platform",), fresh, NOON) == ()
    assert chosen(("platform",), fresh, NOON + DAY) == ("platform=b",)


def test_no_more_are_watched_than_share_the_false_alarms() -> None:
    many = volumes(**{f"p{number:02}": 100.0 for number in range(30)})
    assert len(chosen(("platform",), many, NOON)) == MOST_WATCHED
