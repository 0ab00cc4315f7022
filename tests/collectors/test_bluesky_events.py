"""Lines of Bluesky's stream that need not be read, and those that cannot be."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.brands import Matcher
from monitor.collectors._bluesky_events import Sieve, event_of, place_of
from monitor.collectors._names import needle_of
from monitor.domain import Brand, Query
from monitor.words import as_tags, plain

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ACME = Query(terms=("Acme",))


LINE = (
    '{"did":"did:plc:a","time_us":1783175888090631,"kind":"commit",'
    '"commit":{"operation":"create","record":{"text":"%s"}}}'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Acme", "ACME"),
        ("Acme", "\\u0061cme"),
        ("Acme", "ＡＣＭＥ"),
        ("AT&T", "AT\\u0026T"),
        ("O'Neill", "O’NEILL"),
        ("a/b c", "a\\/b c"),
        ('the "B"', 'the \\"B\\"'),
        ("Straße", "STRASSE"),
        ("İstanbul", "İSTANBUL"),
        ("Ｎimbus", "nimbus"),
        ("Café", "Cafe\u0301"),
    ],
)
def test_no_line_that_could_match_is_passed_over(name: str, text: str) -> None:
    assert Sieve(Query(terms=(name,))).must_read(LINE % text)


NAMES = st.text(st.sampled_from("aAcmeME&/\"\\ ’'éЖ漢\n"), min_size=1, max_size=6)


@given(st.lists(NAMES, max_size=60), st.text(st.sampled_from("aAcmeME&/\"\\ ’'éЖ漢\n\u0301x"), max_size=40))
def test_one_pass_says_what_a_plain_search_for_each_name_says(names: list[str], text: str) -> None:
    sieve = Sieve(Query(terms=tuple(names)))
    needles = {needle_of(name) for name in names} | {tag for name in names for tag in as_tags(plain(name))}
    assert sieve.may_match(text) == any(needle in plain(text) for needle in needles)
    line = LINE.replace('"%s"', json.dumps(text, ensure_ascii=False))
    assert sieve.must_read(line) or not sieve.may_match(text)


ODD = st.text(st.sampled_from("aAtT-& '’ʼ#@\u00ad\u200b\u0301\u0336\n漢"), min_size=1, max_size=8)


@given(ODD.filter(lambda name: bool(name.strip())), st.lists(ODD, max_size=4))
def test_what_a_brand_card_would_take_is_never_passed_over(name: str, around: list[str]) -> None:
    text = name.join([*around, ""])
    query = Query(terms=(name,))
    if Matcher([Brand(name=name)]).named_in(text):
        assert Sieve(query).may_match(text)
        assert Sieve(query).must_read(LINE.replace('"%s"', json.dumps(text, ensure_ascii=False)))


def test_a_name_beside_the_text_is_no_reason_to_read_a_line() -> None:
    sieve = Sieve(Query(terms=("create", "post", "commit")))
    assert not sieve.must_read(LINE % "good morning")
    assert sieve.must_read(LINE % "a post")
    assert sieve.must_read(LINE.replace('"text":', '"text": ') % "good morning")  # written otherwise: read whole


def test_a_line_without_any_name_is_passed_over_and_deletes_are_not() -> None:
    sieve = Sieve(Query(terms=("Acme",), hashtags=("nimbus",)))
    assert not sieve.must_read(LINE % "good morning, Zürich")
    assert sieve.must_read(LINE.replace('"create"', '"delete"') % "")
    assert sieve.must_read('{"did":"did:plc:a","time_us":1,"kind":"account","account":{"active":false}}')


def test_a_place_is_found_where_the_server_wrote_it_and_not_where_a_record_says_so() -> None:
    told = '{"commit":{"record":{"time_us":7}},"did":"did:plc:a","time_us":1783175888090631,"kind":"commit"}'
    place = place_of(told)
    assert place is not None
    assert place.time_us == 1_783_175_888_090_631


@pytest.mark.parametrize(
    "line", ["[]", "nonsense", "{}", '{"kind":"commit","time_us":"1"}', '{"payload":{}}', "[" * 9_999]
)
def test_a_line_that_is_no_event_is_refused_in_words(line: str) -> None:
    with pytest.raises(ValueError, match=r"line|message"):
        event_of(line)
    assert place_of(line) is None
