"""Who is told."""

import pytest

from monitor.alerting.routing import Route, receivers


def told(routes: list[Route], brand: str = "Acme Air", severity: str = "medium") -> list[str]:
    return [each.receiver for each in receivers(routes, ("console",), brand=brand, severity=severity)]


def test_the_first_route_that_matches_wins() -> None:
    assert told([Route(brands=("Globex",), receivers=("a",)), Route(receivers=("b",)), Route(receivers=("c",))]) == [
        "b"
    ]


def test_a_route_with_continue_asks_the_next_ones_too() -> None:
    assert told([Route(receivers=("a",), continue_=True), Route(receivers=("b",))]) == ["a", "b"]


def test_a_receiver_on_two_routes_is_told_once() -> None:
    assert told([Route(receivers=("a", "b"), continue_=True), Route(receivers=("b", "c"))]) == ["a", "b", "c"]


@pytest.mark.parametrize(("severity", "expected"), [("low", ["console"]), ("medium", ["a"]), ("high", ["a"])])
def test_a_route_leaves_out_what_is_milder_than_it_asks(severity: str, expected: list[str]) -> None:
    assert told([Route(severity="medium", receivers=("a",))], severity=severity) == expected


@pytest.mark.parametrize("pattern", ["acme air", "ACME*", "*air", "a?me air"])
def test_brands_match_by_pattern_whatever_the_case(pattern: str) -> None:
    assert told([Route(brands=("zzz", pattern), receivers=("a",))]) == ["a"]


def test_the_reason_names_the_route_and_what_it_asks() -> None:
    (only,) = receivers([Route(brands=("acme*",), receivers=("a",))], (), brand="Acme", severity="high")
    assert only.reason == 'route 1: brand "acme*", severity low or graver'


def test_without_a_matching_route_the_default_is_told_and_says_so() -> None:
    (only,) = receivers([], ("mail", "mail"), brand="Acme", severity="low")
    assert (only.receiver, only.reason) == ("mail", "no route matches: the default receivers")


def test_a_route_without_receivers_that_matches_falls_back_to_the_default() -> None:
    assert told([Route(receivers=())]) == ["console"]


def test_a_word_that_is_no_severity_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match='"urgent" is not a severity; there are: low, medium, high'):
        told([Route(receivers=("a",))], severity="urgent")
