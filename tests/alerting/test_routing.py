"""Who is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.calendars import Calendar, Span
from monitor.alerting.routing import About, Route, ask, told
from monitor.clock import parse

OFFICE = {"office": Calendar(name="office", week={0: (Span(540, 1020),)})}
MONDAY = parse("2026-03-02T10:00Z")


def names(routes: list[Route], brand: str = "Acme Air", severity: str = "medium", **about: str) -> list[str]:
    return [each.receiver for each in told(routes, About(brand=brand, severity=severity, **about))]  # type: ignore[arg-type]


def test_the_first_route_that_matches_wins() -> None:
    assert names([Route(brands=("Globex",), receivers=("a",)), Route(receivers=("b",)), Route(receivers=("c",))]) == [
        "b"
    ]


def test_a_route_with_continue_asks_the_next_ones_too() -> None:
    assert names([Route(receivers=("a",), continue_=True), Route(receivers=("b",))]) == ["a", "b"]


def test_a_receiver_on_two_routes_is_told_once_by_the_first() -> None:
    routes = [Route(receivers=("a", "b"), continue_=True), Route(receivers=("b", "c"))]
    found = told(routes, About(brand="Acme", severity="low"))
    assert [(each.receiver, each.route) for each in found] == [("a", routes[0]), ("b", routes[0]), ("c", routes[1])]


@pytest.mark.parametrize(("severity", "expected"), [("low", []), ("medium", ["a"]), ("high", ["a"])])
def test_a_route_leaves_out_what_is_milder_than_it_asks(severity: str, expected: list[str]) -> None:
    assert names([Route(severity="medium", receivers=("a",))], severity=severity) == expected


@pytest.mark.parametrize("pattern", ["acme air", "ACME*", "*air", "a?me air"])
def test_brands_match_by_pattern_whatever_the_case(pattern: str) -> None:
    assert names([Route(brands=("zzz", pattern), receivers=("a",))]) == ["a"]


@pytest.mark.parametrize(
    ("patterns", "slice_", "fits"),
    [
        (("*",), "", True),
        (("*",), "platform=x", True),
        (("touchpoint=*",), "touchpoint=delivery", True),
        (("touchpoint=*",), "platform=x", False),
        (("touchpoint=*",), "", False),
        (("whole",), "", True),
        (("whole",), "platform=x", False),
        (("platform=x", "whole"), "platform=x", True),
    ],
)
def test_a_route_may_be_for_some_parts_of_a_brand(patterns: tuple[str, ...], slice_: str, fits: bool) -> None:
    assert names([Route(slices=patterns, receivers=("a",))], slice=slice_) == (["a"] if fits else [])


def test_a_route_may_be_for_some_rules() -> None:
    assert names([Route(rules=("share*",), receivers=("a",))], rule="Share of voice") == ["a"]
    assert names([Route(rules=("share*",), receivers=("a",))], rule="counts") == []


@pytest.mark.parametrize(("hour", "expected"), [("08:59", ["night"]), ("09:00", ["day"]), ("17:00", ["night"])])
def test_a_route_may_be_for_some_hours(hour: str, expected: list[str]) -> None:
    routes = [Route(receivers=("day",), calendar="office"), Route(receivers=("night",))]
    found = told(routes, About(brand="Acme", severity="low"), at=parse(f"2026-03-02T{hour}Z"), calendars=OFFICE)
    assert [each.receiver for each in found] == expected


def test_the_reason_names_the_route_and_what_it_asks() -> None:
    plain = Route(brands=("acme*",), receivers=("a",), continue_=True)
    narrow = Route(receivers=("b",), rules=("c*",), slices=("platform=*",), calendar="office")
    about = About(brand="Acme", severity="high", rule="counts", slice="platform=x")
    one, other = told([plain, narrow], about, at=MONDAY, calendars=OFFICE)
    assert one.reason == 'route 1: brand "acme*", severity low or graver'
    assert other.reason == (
        'route 2: brand "*", severity low or graver, rule "c*", slice "platform=*", within the hours of "office"'
    )


def test_each_route_says_why_it_does_not_fit() -> None:
    routes = [
        Route(receivers=("a",), brands=("Globex",)),
        Route(receivers=("a",), severity="high"),
        Route(receivers=("a",), rules=("share",)),
        Route(receivers=("a",), slices=("platform=*",)),
        Route(receivers=("a",), calendar="office"),
        Route(receivers=("a",)),
        Route(receivers=("a",)),
    ]
    about = About(brand="Acme", severity="low", rule="counts")
    said = list(ask(routes, about, at=parse("2026-03-03T10:00Z"), calendars=OFFICE))
    assert [each.reason for each in said] == [
        'brand "Acme" fits none of "Globex"',
        "severity low is milder than high",
        'rule "counts" fits none of "share"',
        'slice "whole" fits none of "platform=*"',
        'it is not within the hours of "office"',
        'brand "*", severity low or graver',
        "not asked, because route 6 fits and does not say continue",
    ]
    assert [each.fits for each in said].index(True) == 5


def test_a_word_that_is_no_severity_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match='"urgent" is not a severity; there are: low, medium, high'):
        names([Route(receivers=("a",))], severity="urgent")


ROUTES = st.lists(
    st.builds(
        Route,
        receivers=st.lists(st.sampled_from("abc"), min_size=1, max_size=2).map(tuple),
        brands=st.sampled_from([("*",), ("acme",), ("globex",)]),
        severity=st.sampled_from(["low", "medium", "high"]),
        continue_=st.booleans(),
    ),
    max_size=5,
)


@given(routes=ROUTES, severity=st.sampled_from(["low", "medium", "high"]))
def test_only_routes_up_to_the_first_that_fits_without_continue_decide(routes: list[Route], severity: str) -> None:
    order = ["low", "medium", "high"]
    fitting = [
        route
        for route in routes
        if route.brands != ("globex",) and order.index(route.severity) <= order.index(severity)
    ]
    last = next((n for n, route in enumerate(fitting) if not route.continue_), len(fitting))
    wanted = dict.fromkeys(name for route in fitting[: last + 1] for name in route.receivers)
    assert names(routes, "Acme", severity) == list(wanted)
