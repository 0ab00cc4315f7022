"""Which brands a post names."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.brands import Matcher, query
from monitor.clock import EPOCH
from monitor.domain import Brand, Mention
from monitor.words import plain
from tests.support.fakes import post

NIMBUS = Brand(name="Nimbus", names=("Nimbus Air",), handles=("nimbusair",), hashtags=("flynimbus",),
               exclude=("nimbus 2000", "cumulus nimbus"))  # fmt: skip
OTHERS = (Brand(name="C++ & Co."), Brand(name="L'Été", names=("Ete",)), Brand(name="東京電力"), Brand(name="Q"))
MATCHER = Matcher((NIMBUS, *OTHERS))


@pytest.mark.parametrize(
    "text",
    [
        "Nimbus", "NIMBUS is late", "why,nimbus?", "(nimbus)", "nimbus's fault", "Ｎｉｍｂｕｓ lost my bag", "#Nimbus",
        "thanks @NimbusAir", "@nimbusair: help", "so #flynimbus!", "ask nimbus air", "nimbus\nair", "😡nimbus😡",
        "nimbus 2000 is a broom, Nimbus is an airline", "Nimbus\u00a0again",
    ],
)  # fmt: skip
def test_a_post_names_a_brand(text: str) -> None:
    assert MATCHER.named_in(text) == ("Nimbus",)


@pytest.mark.parametrize(
    "text",
    [
        "", "clouds", "nimbuses", "xnimbus", "nimbus_fan", "nimbus7", "@nimbus", "@nimbusairlines", "#flynimbusnow",
        "a Nimbus 2000 broom", "dark cumulus nimbus", "flynimbus", "nimbusair",
    ],
)  # fmt: skip
def test_a_post_does_not_name_a_brand(text: str) -> None:
    assert MATCHER.named_in(text) == ()


def test_names_of_any_signs_and_scripts_are_found_as_they_are_written() -> None:
    assert MATCHER.named_in("I like C++ & Co. a lot") == ("C++ & Co.",)
    assert MATCHER.named_in("at l’été today") == ("L'Été",)
    assert MATCHER.named_in("at L'E\u0301te\u0301 today") == ("L'Été",)
    assert MATCHER.named_in("「東京電力」 again") == ("東京電力",)
    assert MATCHER.named_in("C and Co") == ()


def test_every_brand_of_a_post_is_told_in_the_order_of_the_cards() -> None:
    assert MATCHER.named_in("q or nimbus?") == ("Nimbus", "Q")


def test_what_the_source_says_stands() -> None:
    assert MATCHER.match(post(1, "Nimbus", targets=("Somebody",))) == ("Somebody",)


def test_a_brands_own_posts_are_not_word_of_mouth_about_it_but_may_be_about_another() -> None:
    assert MATCHER.match(post(1, "Nimbus and Q", author="NimbusAir")) == ("Q",)
    assert MATCHER.match(post(1, "Nimbus and Q", author="ann")) == ("Nimbus", "Q")


def test_nobody_is_watched_for_without_cards() -> None:
    assert Matcher(()).match(post(1, "Nimbus")) == ()


def test_signs_that_mean_something_in_a_pattern_mean_nothing_in_a_card() -> None:
    odd = Matcher([Brand(name=".*", names=("[a-z]+", "(x"), exclude=("a|b",))])
    assert odd.named_in("anything at all") == ()
    assert odd.named_in("this is .* indeed") == (".*",)
    assert odd.named_in("this is (x indeed") == (".*",)


def test_time_is_linear_in_the_text_whatever_a_card_holds() -> None:
    evil = Matcher([Brand(name="a" * 90, names=tuple("a" * n for n in range(60, 90)), exclude=("a" * 40 + " ",))])
    began = time.process_time()
    evil.named_in(("a" * 59 + " ") * 330)
    evil.named_in("a" * 20_000)
    assert time.process_time() - began < 2


@given(st.text(max_size=200) | st.text(st.characters(), max_size=20))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert set(MATCHER.named_in(text)) <= {"Nimbus", *(brand.name for brand in OTHERS)}


@given(st.text(st.characters(codec="utf-8", categories=["Zs", "Po", "Sc"]), max_size=5))
def test_what_stands_around_a_name_as_a_sign_does_not_hide_it(around: str) -> None:
    quiet = around.replace("@", "").replace("'", "")
    assert "Nimbus" in MATCHER.named_in(f"{quiet} nimbus {quiet}")


def test_a_lone_surrogate_does_not_hide_a_name() -> None:
    assert MATCHER.named_in("\ud83d nimbus") == ("Nimbus",)


def test_plain_text_is_stable() -> None:
    assert plain(plain("Ｎimbus’ CAFÉ ß")) == plain("Ｎimbus’ CAFÉ ß")


def test_a_query_asks_once_for_everything_that_the_brands_are_called() -> None:
    asked = query([NIMBUS, Brand(name="Cirrus", names=("Cirrus", "Nimbus"), handles=("c",), exclude=("x",))])
    assert asked.terms == ("Nimbus", "Nimbus Air", "Cirrus")
    assert (asked.handles, asked.hashtags) == (("nimbusair", "c"), ("flynimbus",))
    assert asked.exclude == ("nimbus 2000", "cumulus nimbus", "x")


def test_a_brand_that_a_row_writes_in_another_case_is_the_one_of_the_card() -> None:
    matcher = Matcher([Brand(name="Acme")])
    mention = Mention(platform="x", native_id="1", text="hm", published_at=EPOCH, targets=("ACME", "acme", "Other"))
    assert matcher.match(mention) == ("Acme", "Other")
