"""Strangers' text made harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.plain_text import QUOTED, Harmless, link, neutral, quoted

ACTING = ("@e", "<!", "<@", "<h", "](", "][", "]:", "``")
hostile = st.text(st.sampled_from("@<>!#[]()`:eh \n\u200b\u200d\u202e\x00\x1b😡e\ud83d"), max_size=40) | st.text()


@given(hostile)
def test_nothing_is_left_that_a_chat_program_would_act_on(text: str) -> None:
    shown = neutral(text)
    assert not [acting for acting in ACTING if acting in shown]
    hidden = {letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co")}
    assert hidden <= {"\n", "\u200b", "\u200d"}


@given(hostile)
def test_doing_it_twice_is_doing_it_once(text: str) -> None:
    assert neutral(neutral(text)) == neutral(text)


@given(hostile)
def test_a_quote_is_one_short_line(text: str) -> None:
    line = quoted(text)
    assert "\n" not in line
    assert len(line.replace("\u200b", "")) <= QUOTED


def test_plain_words_and_emoji_of_several_parts_stay_as_they_are() -> None:
    family = "👨\u200d👩\u200d👧 naïve café, 50 % <3 at 5 @ noon"
    assert neutral(family) == family.replace("<3", "<\u200b3")


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "ftp://example.org/a",
        "file:///etc/hostname",
        "javascript:alert(1)",
        "//example.org/a",
        "https://",
        "https://user@evil.example/",
        "http://[broken",
        "https://example.org/" + "a" * 3_000,
    ],
)
def test_only_plain_web_addresses_are_shown(address: str | None) -> None:
    assert link(address) is None


@given(st.text())
def test_an_address_cannot_carry_anything_but_an_address(tail: str) -> None:
    shown = link("https://example.org/" + tail)
    if shown is not None:
        assert isinstance(shown, Harmless)
        assert shown.isascii()
        assert not set(shown) & set(' <>"`{}|\\^[]()\n\r\t\x00')


def test_an_address_cannot_ping_everybody() -> None:
    assert link("https://example.org/@everyone/@Here/@joe") == "https://example.org/%40everyone/%40Here/@joe"
