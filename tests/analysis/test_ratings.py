"""Stars beside a text."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.analysis.ratings import disagree, with_stars

ratings = st.floats(0, 1)
shares = st.tuples(*(st.floats(0.01, 1) for _ in range(3))).map(lambda t: tuple(part / sum(t) for part in t))
Three = tuple[float, float, float]


@given(shares, ratings)
def test_what_comes_out_are_probabilities(text: Three, rating: float) -> None:
    both = with_stars(text, rating)
    assert sum(both) == pytest.approx(1)
    assert all(0 <= part <= 1 for part in both)


@given(shares)
def test_a_text_without_stars_stays_as_it_was(text: Three) -> None:
    assert with_stars(text, None) == text
    assert with_stars(text, float("nan")) == text


@given(shares, ratings, ratings)
def test_more_stars_never_make_a_text_unhappier(text: Three, one: float, other: float) -> None:
    fewer, more = sorted((one, other))
    low, high = with_stars(text, fewer), with_stars(text, more)
    assert low[2] / low[0] <= high[2] / high[0] * (1 + 1e-9)


@given(shares, shares, ratings)
def test_of_two_texts_with_equal_stars_the_happier_one_stays_the_happier(
    one: Three, other: Three, rating: float
) -> None:
    assume(one[2] / one[0] < other[2] / other[0])
    low, high = with_stars(one, rating), with_stars(other, rating)
    assert low[2] / low[0] <= high[2] / high[0] * (1 + 1e-9)


def test_stars_decide_where_the_text_says_little() -> None:
    little = (0.3, 0.4, 0.3)
    assert with_stars(little, 0.0)[0] > 0.7
    assert with_stars(little, 1.0)[2] > 0.6
    assert max(range(3), key=with_stars(little, 0.5).__getitem__) == 1


def test_stars_never_overrule_a_text_that_is_all_but_certain() -> None:
    assert with_stars((0.001, 0.009, 0.99), 0.0)[2] > 0.8


def test_stars_count_for_less_than_if_they_were_another_person() -> None:
    """Independent evidence would multiply the odds by 0.62 / 0.04."""
    even = with_stars((0.4, 0.2, 0.4), 0.0)
    assert 5 < even[0] / even[2] < 0.62 / 0.04


def test_a_rating_past_the_ends_counts_as_the_end() -> None:
    assert with_stars((0.3, 0.4, 0.3), -2.0) == with_stars((0.3, 0.4, 0.3), 0.0)
    assert with_stars((0.3, 0.4, 0.3), 9.0) == with_stars((0.3, 0.4, 0.3), 1.0)


@pytest.mark.parametrize(
    ("text", "stars", "contradict"),
    [
        ((0.03, 0.07, 0.90), 1, True),
        ((0.90, 0.07, 0.03), 5, True),
        ((0.03, 0.07, 0.90), 2, False),
        ((0.90, 0.07, 0.03), 4, False),
        ((0.90, 0.07, 0.03), 1, False),
        ((0.10, 0.20, 0.70), 1, False),
        ((0.05, 0.90, 0.05), 1, False),
    ],
)
def test_only_a_clear_text_and_clear_stars_contradict_each_other(text: Three, stars: int, contradict: bool) -> None:
    assert disagree(text, (stars - 1) / 4) is contradict
    assert disagree(text, None) is False
