"""Normalisation: what every model reads in place of a raw post."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import MAX_CHARACTERS, as_name, names, normalise, spell_out


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("@Acme_Air why? https://t.co/a1", "@user why? http"),
        ("mail me@acme.example", "mail me@acme.example"),
        ("  two\t\nlines\u2003 ", "two lines"),
        ("fish &amp; chips &lt;3", "fish & chips <3"),
        ("zero\u200bwidth \u202eright-to-left", "zerowidth right-to-left"),
        ("half \ud83d of a pair", "half of a pair"),
        ("a\x00b", "ab"),
        ("e\u0301", "é"),
        ("nooooooo!!!!!!", "nooo!!!"),
    ],
)
def test_a_raw_post_is_read_as(raw: str, read: str) -> None:
    assert normalise(raw) == read


def test_ten_thousand_handles_are_read_as_three() -> None:
    assert normalise("@someone " * 10_000) == "@user @user @user"


def test_emoji_are_spelled_out_by_name_without_skin_tones() -> None:
    assert spell_out(normalise("\U0001f44d\U0001f3fd \u2764\ufe0f")) == "thumbs up sign heavy black heart"


def test_hashtags_are_split_where_a_new_word_begins() -> None:
    assert spell_out("#NeverAgain #IBMRocks #wow") == "# Never Again # IBM Rocks # wow"


def test_a_text_of_a_million_characters_costs_no_more_than_a_short_one() -> None:
    begun = time.process_time()
    for text in ("word " * 200_000, "@" * 1_000_000, "\u0301" * 1_000_000, "#Aa" * 300_000, "&amp;" * 200_000):
        assert len(spell_out(normalise(text))) <= MAX_CHARACTERS
    assert time.process_time() - begun < 1.0


@given(st.text(alphabet=st.characters(), max_size=300))
def test_normalising_twice_changes_nothing_but_html_escapes(text: str) -> None:
    plain = text.replace("&", "+")
    assert normalise(normalise(plain)) == normalise(plain)


@given(st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "So", "Mn", "Lo", "Sk"]), max_size=200))
def test_odd_characters_never_raise_and_can_always_be_encoded(text: str) -> None:
    spell_out(normalise(text)).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "target", "named"),
    [
        ("I like acme.", "Acme", True),
        ("#AcmeAir is late", "acme air", True),
        ("Acme-Air's app", "Acme Air", True),
        ("macmed", "Acme", False),
        ("@user is late", "Acme", False),
        ("acme", "", False),
        ("what a day...", "...", False),
        ("a (b) [c", "[c", True),
    ],
)
def test_a_text_names_a_target_or_not(text: str, target: str, named: bool) -> None:
    assert names(text, target) is named


def test_the_name_behind_a_handle_is_its_letters() -> None:
    assert as_name("@Acme_Air") == "Acme_Air"
    assert as_name("x" * 5_000) == "xxx"
    assert as_name("\u200b") is None
