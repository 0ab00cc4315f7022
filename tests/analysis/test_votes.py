"""One vote for each author and each story."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.votes import AUTHOR_MEMORY, STORY_MEMORY, Rates, increments, rates_of, voters, weight
from monitor.domain import Author
from tests.support.fakes import START, post

STORY = 7


def test_a_post_without_an_author_and_a_story_speaks_for_nobody_known() -> None:
    assert voters(post(1, "Nimbus is slow today", author=None), "Nimbus") == ()


def test_an_author_is_known_by_the_number_of_the_platform_before_the_name() -> None:
    first = post(1, "a", author=Author(native_id="7", handle="ann"))
    renamed = post(2, "b", author=Author(native_id="7", handle="anna"))
    other = post(3, "c", author=Author(native_id="8", handle="ann"))
    assert voters(first, "Nimbus") == voters(renamed, "Nimbus") != voters(other, "Nimbus")


def test_case_does_not_make_two_authors_but_the_platform_does() -> None:
    ann = voters(post(1, "a", author="ann"), "Nimbus")
    assert voters(post(2, "a", author="Ann"), "Nimbus") == ann
    assert voters(post(3, "a", author="ann", platform="mastodon"), "Nimbus") != ann


def test_an_author_has_a_voice_for_each_brand() -> None:
    assert not set(voters(post(1), "Nimbus", STORY)) & set(voters(post(1), "Cirrus", STORY))


def test_an_author_is_forgotten_after_some_hours_and_a_story_after_a_day() -> None:
    def kept(after: timedelta) -> int:
        later = voters(post(2, at=START + after, author="ann"), "Nimbus", STORY)
        return len(set(voters(post(1, author="ann"), "Nimbus", STORY)) & set(later))

    assert kept(AUTHOR_MEMORY - timedelta(seconds=1)) == 2
    assert kept(AUTHOR_MEMORY) == 1
    assert kept(STORY_MEMORY) == 0


def test_posts_of_one_story_share_a_voice_and_those_of_two_do_not() -> None:
    first, copy = voters(post(1, author=None), "Nimbus", 7), voters(post(2, author=None), "Nimbus", 7)
    assert first == copy != ()
    assert not set(first) & set(voters(post(3, author=None), "Nimbus", 8))


def test_what_cannot_be_written_as_utf_8_still_has_a_number() -> None:
    assert all(0 <= number < 1 << 63 for number in voters(post(1, author="\udfff"), "Nimbus\ud800", STORY))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_an_author_adds_up_to_one_mention_and_to_the_unhappiest_thing_that_they_said(said: list[float]) -> None:
    counted: dict[int, float] = {}
    mentions = negatives = 0.0
    for negative in said:
        more = increments(negative, [1], counted)
        counted[1] = max(counted.get(1, 0.0), negative)
        mentions, negatives = mentions + more[0], negatives + more[1]
    assert mentions == 1
    assert negatives == pytest.approx(max(said))


@given(st.floats(0, 1), st.dictionaries(st.integers(0, 4), st.floats(0, 1)))
def test_a_vote_never_takes_anything_away(negative: float, counted: dict[int, float]) -> None:
    mentions, negatives = increments(negative, [0, 1, 2], counted)
    assert mentions in (0.0, 1.0)
    assert 0.0 <= negatives <= negative


def test_somebody_unknown_is_always_counted() -> None:
    assert increments(0.5, [], {1: 0.9}) == (1.0, 0.5)


# What a model is known to get wrong


@pytest.mark.parametrize(
    "confusions",
    [[], [((0, 0), (0, 0))], [((0, 0), (5, 5))], [((50, 50), (40, 60))], [((0, 10), (10, 0))]],
)
def test_without_rates_that_can_be_believed_a_probability_stands(confusions: list[tuple[tuple[int, ...], ...]]) -> None:
    assert rates_of(confusions) is None
    assert weight(0.5, rates_of(confusions)) == 0.5


def test_three_classes_count_as_negative_and_not() -> None:
    rates = rates_of([((8, 1, 1), (1, 8, 1), (1, 1, 8))])
    assert rates is not None
    assert (rates.hits, rates.slips) == (0.8, 0.1)


def test_corrected_votes_give_the_true_share_of_posts_that_are_surely_one_or_the_other() -> None:
    """A model that says 0.8 of unhappy posts and 0.2 of calm ones: of ten, four are unhappy."""
    rates = Rates(hits=0.8, slips=0.2)
    assert sum(weight(each, rates) for each in [0.8] * 4 + [0.2] * 6) == pytest.approx(4.0)
    assert sum([0.8] * 4 + [0.2] * 6) == pytest.approx(4.4)


@pytest.mark.parametrize("probability", [0.0, 0.003, 0.5, 0.997, 1.0])
def test_a_weight_is_a_share_and_its_sums_are_exact(probability: float) -> None:
    one = weight(probability, Rates(0.82, 0.13))
    assert 0.0 <= one <= 1.0
    assert sum([one] * 1000) == one * 1000
