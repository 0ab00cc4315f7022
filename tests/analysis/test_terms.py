"""Which words mark out a window."""

import time
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.terms import gist, log_odds, terms, tokens
from monitor.domain import Author, Mention

START = datetime(2026, 3, 11, tzinfo=UTC)


def post(number: int, text: str, author: str | None = None) -> Mention:
    return Mention(
        platform="x",
        native_id=str(number),
        text=text,
        published_at=START + timedelta(minutes=number),
        author=Author(handle=author or f"person{number}"),
    )


def usual(count: int = 400, seed: int = 7) -> list[Mention]:
    """Earlier posts of a parcel service, in which nothing stands out."""
    chance = Random(seed)
    things = ["parcel", "driver", "app", "price", "van", "letter", "office", "stamp"]
    feelings = ["arrived", "friendly", "slow", "cheap", "works", "waiting", "fine", "delayed"]
    return [post(n, f"Acme {chance.choice(things)} {chance.choice(feelings)} number{n}") for n in range(count)]


def found(texts: list[str], before: list[Mention] | None = None, names: tuple[str, ...] = ("Acme",)) -> dict[str, int]:
    window = [post(1_000 + n, text) for n, text in enumerate(texts)]
    return {term.text: term.count for term in terms(window, usual() if before is None else before, names=names)}


def test_what_is_new_in_the_window_is_found_and_what_is_usual_is_not() -> None:
    complaints = [f"Acme lost my parcel and the refund button is dead number{n}" for n in range(12)]
    assert found(complaints).keys() >= {"refund button", "lost"}
    assert not {"acme", "van", "driver"} & found(complaints).keys()


def test_a_crisis_told_in_many_words_is_found_by_its_common_one() -> None:
    chance = Random(3)
    words = [f"w{n}" for n in range(200)]
    texts = [f"strike {chance.choice(words)} {chance.choice(words)}" for _ in range(30)]
    assert next(iter(found(texts))) == "strike"


def test_the_brands_own_names_explain_nothing_however_they_are_written() -> None:
    texts = [f"Acme Air's #AcmeAir @acmeair ACME AIR lost luggage n{n}" for n in range(9)]
    assert found(texts, names=("Acme Air", "@acmeair")).keys() == {"lost luggage"}


def test_a_word_of_a_brand_of_two_words_still_counts_elsewhere() -> None:
    assert "air" in found([f"Acme Air: no air in here n{n}" for n in range(9)], names=("Acme Air",))


def test_one_person_who_repeats_themselves_counts_once() -> None:
    window = [post(n, f"refund take {n}", author="rosa") for n in range(30)] + [post(99, "other words here")]
    assert terms(window, usual()) == ()


def test_a_text_that_many_copy_counts_once() -> None:
    window = [post(n, "RT @rosa: the refund button is dead https://t.co/" + "x" * n) for n in range(30)]
    assert terms([*window, post(99, "other words here")], usual()) == ()


def test_without_earlier_posts_nothing_is_said() -> None:
    assert found(["refund now please"] * 3 + ["refund later"], before=[]) == {}


def test_an_empty_window_has_no_terms() -> None:
    assert found([]) == {}


def test_hashtags_count_as_their_words_and_links_handles_and_emoji_do_not() -> None:
    assert tokens("#Outage at @joe@example.social 😡 https://a.example/outage?x www.b.example") == ("outage", "at")


def test_escaped_text_and_full_width_letters_are_read_as_written() -> None:
    assert tokens("caf&eacute; &amp; ＲＥＦＵＮＤ don’t") == ("café", "refund", "don't")


def test_the_same_story_has_the_same_gist() -> None:
    assert gist("RT @a: It's DOWN, again!! https://t.co/1") == gist("it’s down again @b")
    assert gist("😡😡") != gist("🎉")


def test_the_order_of_the_posts_does_not_matter_and_ties_go_by_the_alphabet() -> None:
    texts = [f"gamma beta-alpha number{n}" for n in range(10)]
    window = [post(2_000 + n, text) for n, text in enumerate(texts)]
    once = terms(window, usual())
    assert once == terms(list(reversed(window)), usual())
    assert [(-term.z, term.text) for term in once] == sorted((-term.z, term.text) for term in once)


@given(st.lists(st.text(max_size=60), max_size=12), st.lists(st.text(max_size=60), max_size=12))
def test_any_text_gives_terms_that_stand_out_or_none(window: list[str], before: list[str]) -> None:
    result = terms([post(n, text) for n, text in enumerate(window)], [post(n, text) for n, text in enumerate(before)])
    assert all(term.z >= 1.96 and 2 <= term.count <= len(window) for term in result)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_log_odds_has_the_sign_of_the_difference(seen: int, others: int, usual: int, usual_others: int) -> None:
    here, there = seen / (seen + others), usual / max(usual + usual_others, 1)
    z = log_odds(seen, seen + others, usual, usual + usual_others)
    if usual + usual_others > 200 and seen + others > 200 and abs(here - there) > 0.1:
        assert (z > 0) == (here > there)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "@" * 20_000,
        "a-" * 10_000,
        "http://" * 3_000,
        "@a." * 7_000,
        "&amp;" * 4_000,
        "ﷺ" * 20_000,
        "\u0301" * 20_000,
    ],
    ids=["letters", "ats", "dashes", "links", "handles", "entities", "ligatures", "accents"],
)
def test_a_hostile_text_costs_no_more_than_others(text: str) -> None:
    hostile = [post(n, text + str(n)) for n in range(50)]
    started = time.process_time()
    terms(hostile, hostile)
    assert time.process_time() - started < 1.0
