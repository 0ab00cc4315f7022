"""What a silence mutes, and for how long."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.routing import About
from monitor.alerting.silences import Matchers, Silence, muting, would_mute
from monitor.clock import parse

NOON = parse("2026-03-02T12:00Z")
HOUR = timedelta(hours=1)
ALERT = About(brand="Acme", severity="medium", rule="counts", slice="touchpoint=delivery", incident=7)


def silence(hours: float = 1, **matchers: object) -> Silence:
    return Silence(
        matchers=Matchers(**matchers),  # type: ignore[arg-type]
        since=NOON, until=NOON + hours * HOUR, by="Ada", why="known",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("matchers", "fits"),
    [
        ({}, True),
        ({"brands": ("ACME",)}, True),
        ({"brands": ("Globex",)}, False),
        ({"brands": ("Globex", "a*")}, True),
        ({"rules": ("share",)}, False),
        ({"slices": ("touchpoint=*",)}, True),
        ({"slices": ("whole",)}, False),
        ({"severity": "low"}, False),
        ({"severity": "medium"}, True),
        ({"incident": 7}, True),
        ({"incident": 8}, False),
        ({"brands": ("acme",), "incident": 8}, False),
    ],
)
def test_all_matchers_must_fit(matchers: dict[str, object], fits: bool) -> None:
    assert Matchers(**matchers).fit(ALERT) is fits  # type: ignore[arg-type]


def test_a_silence_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    one = silence()
    moments = [NOON - timedelta(seconds=1), NOON, NOON + HOUR - timedelta(seconds=1), NOON + HOUR]
    assert [one.active(at) for at in moments] == [False, True, True, False]


def test_of_several_the_one_that_lasts_longest_is_named() -> None:
    found = muting([silence(1), silence(3, brands=("acme",)), silence(9, brands=("globex",))], ALERT, NOON)
    assert found is not None
    assert found.until == NOON + 3 * HOUR
    assert muting([silence(1)], ALERT, NOON + HOUR) is None


def test_of_the_past_it_shows_what_it_would_have_muted() -> None:
    past = [(ALERT, "first"), (About(brand="Globex", severity="low"), "second")]
    assert list(would_mute(Matchers(brands=("acme",)), past)) == ["first"]


WORDS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3).map(tuple)


@given(
    st.builds(
        Matchers,
        brands=WORDS,
        rules=WORDS,
        slices=WORDS,
        severity=st.sampled_from(["low", "medium", "high"]),
        incident=st.none() | st.integers(1, 9),
    )
)
def test_matchers_come_back_from_json_as_they_were(matchers: Matchers) -> None:
    assert Matchers.of(json.loads(json.dumps(matchers.plain()))) == matchers


def test_what_a_later_program_added_is_passed_over() -> None:
    assert Matchers.of({"brands": ["Acme"], "mood": "blue"}) == Matchers(brands=("Acme",))
