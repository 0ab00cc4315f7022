"""What cards may say of their names, texts that hide or imitate names, and a slow matcher that must agree."""

import time
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.brands import Matcher, query
from monitor.domain import Author, Brand, Mention
from monitor.words import plain
from tests.support.fakes import post

ACME = Brand(name="Acme", names=("Acme Air", "McDonald's", "T-Mobile", "AT&T One"),
             handles=("acme", "acme@mastodon.example", "acme.bsky.example"), hashtags=("FlyAcme",))  # fmt: skip
SCRIPTS = Brand(name="ソニー", names=("東京電力", "삼성", "ปตท", "เซ็นทรัล", "ກສິກອນ", "អង្គរ", "မြန်မာ", "Яндекс"))
SIGNS = Brand(name="Gap", names=("U.S. Steel",), exact=("Gap", "Yahoo!", "C++", "AT&T", "L'Été"))
ALL = Matcher((ACME, SCRIPTS, SIGNS))


@pytest.mark.parametrize(
    "text",
    [
        "Acmeの新製品", "新しいAcmeを買った", "Acme는 좋다", "Acmeом доволен", "Acme’s", "Acmeʼs", "l’Acme", "d'Acme",
        "Acme-owned", "ex‑Acme", "_Acme_ is", "*Acme*", "Acme/Other", "Acme™ is", "Acme®is", "Acme❤️",
        "1️⃣Acme", "👩‍🚀Acme",
        "McDonald’s", "mcdonald`s", "MCDONALDʼS", "T‑Mobile", "T–Mobile", "ＡＣＭＥ", "𝐀𝐜𝐦𝐞", "A̶c̶m̶e̶", "ACME\n AIR",
        "acme.example is down", "2 Acme", "#Acme", "#ACME",
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written_and_joined(text: str) -> None:
    assert ALL.named_in(text) == ("Acme",)


@pytest.mark.parametrize(
    "text",
    [
        "acmes", "tacme", "acme7", "7acme", "acme_fan", "fan_acme", "áacme", "acméa", "O'Acme", "acme\u0301",
        "x@acme", "info@acme.example", "acme@mail.example", "@acmefan", "@acme_fan", "@acme-fan", "@fan.acme",
        "https://news.example/acme-recall", "www.acme.example", "acme.example/help?x=1", "https://x.example/@acme",
        "acmé", "#acmefan", "#lacme",
    ],
)  # fmt: skip
def test_a_name_inside_something_else_does_not_count(text: str) -> None:
    assert ALL.named_in(text) == ()


@pytest.mark.parametrize("hidden", ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u034f"])
def test_signs_without_width_hide_no_name(hidden: str) -> None:
    assert ALL.named_in(f"an Ac{hidden}m{hidden}{hidden}e today") == ("Acme",)
    assert ALL.named_in(f"an {hidden}Acme{hidden} today") == ("Acme",)
    assert ALL.named_in(f"T{hidden}-Mobile") == ("Acme",)


def test_a_space_without_width_ends_a_word_and_a_soft_hyphen_does_not() -> None:
    assert ALL.named_in("Acme\u200bCorp") == ("Acme",)
    assert ALL.named_in("Acme\u00adlike") == ()


@pytest.mark.parametrize(
    "text",
    [
        "新しいソニーのカメラ", "ソニーがいい", "昨日東京電力から", "삼성", "삼성이 좋다", "삼성은요, 삼성에서는",
        "삼성입니다",
        "บริษัทปตทดีมาก", "ไปเซ็นทรัลมา", "ຢູ່ກສິກອນແລ້ວ", "នៅអង្គរវត្ត", "ကမြန်မာမှာ", "ｿﾆｰだ", "Яндекс", "the ソニーcamera",
        "삼\u200b성",
    ],
)  # fmt: skip
def test_scripts_without_spaces_are_read_in_running_text(text: str) -> None:
    assert ALL.named_in(text) == ("ソニー",)


@pytest.mark.parametrize("text", ["삼성전자", "새삼성", "Яндекса", "яЯндекс", "ソニ", "ปตท์"])
def test_other_words_in_such_scripts_are_other_words(text: str) -> None:
    assert ALL.named_in(text) == ()


@pytest.mark.parametrize("text", ["#FlyAcme", "#flyacme!", "#BoycottACMENow", "#LoveFlyAcme", "#acmeair",
                                  "#AcmeFail", "#BoycottAcmeAir", "#acme_air", "#stop_acme",
                                  "#Acme2027", "#attone", "＃acme"])  # fmt: skip
def test_hashtags_are_read_word_by_word(text: str) -> None:
    assert ALL.named_in(f"so {text} again") == ("Acme",)


@pytest.mark.parametrize(
    "text",
    [
        "flyacme",
        "#acmefan",
        "#loveacme",
        "acmefail",
        "boycottacme",
        "#boycottacmes",
        "#pacmefail",
        "acmeair",
        "#flyacmenow",
        "&#acmeair",
        "C#acmeair",
    ],
)
def test_a_hashtag_in_one_piece_is_one_word(text: str) -> None:
    assert ALL.named_in(text) == ()


@pytest.mark.parametrize(
    "text",
    ["@ACME", "@acme: help", "@acme.bsky.example", "@acme@mastodon.example", "今日は@acmeさん", "(@acme)", "＠acme"],
)
def test_handles_are_found_with_and_without_their_server(text: str) -> None:
    assert ALL.named_in(text) == ("Acme",)


@pytest.mark.parametrize(
    "text", ["#boycottacme", "#BOYCOTTACME", "#deleteacme", "#acmefail", "#acmesucks!", "#ACMEDOWN", "#acmeoutage2027",
             "#cancelflyacme", "#acmeairscam", "#boycott_acme"]
)  # fmt: skip
def test_an_angry_hashtag_in_one_piece_is_read_as_words(text: str) -> None:
    assert ALL.named_in(f"so {text} again") == ("Acme",)


def test_an_angry_hashtag_that_is_a_common_word_is_excluded_as_words() -> None:
    epic = Matcher([Brand(name="Epic", exclude=("epic fail",))])
    assert (epic.named_in("#epicfail"), epic.named_in("#boycottepic")) == ((), ("Epic",))


@pytest.mark.parametrize("text", ["at&amp;t", "AT&#38;T", "AT&#x26;T's", "AT&t &amp; AT&amp;T"])
def test_signs_that_are_written_as_in_a_web_page_are_signs(text: str) -> None:
    assert Matcher([Brand(name="AT&T")]).named_in(text) == ("AT&T",)


@pytest.mark.parametrize("text", ["&#26032;Acme", "Acme&#8203;Corp", "so &#35;acmefail"])
def test_the_quick_look_reads_them_too(text: str) -> None:
    assert ALL.match(post(1, text)) == ALL.named_in(text) == ("Acme",)


@pytest.mark.parametrize(
    ("name", "text"),
    [("يوسف", "قال يُوسُف"), ("שופרסל", "שׁוּפֶּרְסָל"), ("Iş Bankası", "İŞ BANKASI"), ('Toys "R" Us', "at Toys “R” Us")],
)
def test_vowel_points_quotes_and_turkish_capitals_hide_no_name(name: str, text: str) -> None:
    assert Matcher([Brand(name=name)]).named_in(text) == (name,)


def test_a_handle_with_its_server_only_is_not_everybody_of_that_name() -> None:
    full = Matcher([Brand(name="Whoever", handles=("acme@mastodon.example",))])
    assert full.named_in("thanks @acme@mastodon.example!") == ("Whoever",)
    assert full.named_in("thanks @acme and @acme@else.example") == ()


@pytest.mark.parametrize(
    "text", ["Gap", "the Gap.", "#Gap", "Yahoo!", "Yahoo!!", "Yahoo!ニュース", "C++", "C++17", "AT&T’s", "L’Été"]
)
def test_an_exact_name_counts_as_it_is_written(text: str) -> None:
    assert ALL.named_in(text) == ("Gap",)


@pytest.mark.parametrize(
    "text", ["gap", "GAP", "Gaps", "Yahoo", "yahoo!", "c++", "C+", "AT&t", "AT T", "at&t", "L'été", "U.S. Steels"]
)
def test_an_exact_name_counts_in_no_other_way(text: str) -> None:
    assert ALL.named_in(text) == ()


def test_exact_names_are_compared_at_their_own_place_where_letters_grow_without_case() -> None:
    """ß becomes two letters without its case, and a Turkish İ three bytes that fold to one."""
    assert ALL.named_in("Straße, İzmir, ʼN: Gap") == ("Gap",)
    assert ALL.named_in("Straße, İzmir, ʼN: gap") == ()
    assert Matcher([Brand(name="Migros")]).named_in("MİGROS'ta") == ("Migros",)


def test_a_sign_that_ends_a_name_ends_the_word_but_for_signs_that_join() -> None:
    steel = Matcher([Brand(name="U.S.")])
    assert steel.named_in("in the U.S. today") == ("U.S.",)
    assert steel.named_in("in the U.S.A. today") == ()
    assert Matcher([Brand(name=".NET")]).named_in("shop.network") == ()


def test_an_excluded_phrase_counts_where_it_stands_or_for_the_whole_post() -> None:
    gap = Matcher([Brand(name="Gap", exclude=("gap year", "Mind the gap", "pie"))])
    assert gap.named_in("a gap year at Gap") == ("Gap",)
    assert gap.named_in("mind  the Gap!") == gap.named_in("my #GapYear") == gap.named_in("#gapyear") == ()
    assert gap.named_in("Gap, and a pie") == ()
    assert gap.named_in("Gap, and pieces") == ("Gap",)


def test_an_excluded_phrase_is_about_its_own_card() -> None:
    both = Matcher([Brand(name="Gap", exclude=("gap year", "pie")), Brand(name="Year", names=("gap",))])
    assert both.named_in("gap year, pie") == ("Year",)


def test_a_name_needs_one_of_its_companions_and_a_handle_or_hashtag_needs_none() -> None:
    ring = Matcher(
        [
            Brand(
                name="Ring", handles=("ring",), hashtags=("RingDoorbell", "ring"), companions=("doorbell", "Türklingel")
            )
        ]
    )
    assert ring.named_in("my ring") == ring.named_in("my ring and doorbells") == ring.named_in("#ring") == ()
    assert ring.named_in("Ring's DOORBELL") == ring.named_in("#Ring türklingel") == ("Ring",)
    assert ring.named_in("@ring hello") == ring.named_in("#RingDoorbell") == ("Ring",)


@pytest.mark.parametrize(
    "author",
    [
        Author(handle="spam"),
        Author(handle="@SPAM"),
        Author(native_id="did:plc:Ab1"),
        Author(handle="own"),
        Author(handle="@Own"),
    ],
)
def test_posts_of_excluded_authors_and_of_the_brand_itself_are_not_word_of_mouth(author: Author) -> None:
    cards = (
        Brand(name="Acme", handles=("own",), exclude_authors=("@spam", "did:plc:Ab1")),
        Brand(name="Other", handles=("other",)),
    )
    said = Mention(
        platform="x", native_id="1", text="Acme, Other", published_at=post(1, "").published_at, author=author
    )
    assert Matcher(cards).match(said) == ("Other",)
    assert [(each.brand, each.counts) for each in Matcher(cards).explain(said)] == [("Acme", False), ("Other", True)]


def test_two_cards_may_share_an_account_and_a_name() -> None:
    cards = Matcher(
        [Brand(name="A1", names=("group",), handles=("g",)), Brand(name="B1", names=("group",), handles=("g",))]
    )
    assert cards.named_in("the group") == cards.named_in("@g") == ("A1", "B1")
    assert cards.match(post(1, "the group", author="g")) == ()


def test_an_app_that_a_source_knows_is_its_brands() -> None:
    cards = Matcher([Brand(name="Acme", apps=("com.example.acme", "123456789"))])
    assert cards.match(post(1, "bad", targets=("com.example.acme", "123456789", "other.app"))) == ("Acme", "other.app")


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("during", "during", "inside another word"),
        ("See https://a.example/ring", "ring", "inside a link"),
        ("@ring7", "ring7", "inside an account's name"),
        ("a RING road", "RING", "excluded by ring road"),
        ("Ring!", "Ring", "no companion beside it"),
        ("gap bell", "gap", "not written so: Gap"),
        ("Ring bell", "Ring", "named: Ring"),
    ],
)
def test_each_name_is_told_with_the_reason(text: str, words: str, reason: str) -> None:
    card = Brand(name="Ring", exact=("Gap",), exclude=("ring road",), companions=("bell",))
    (found,) = Matcher([card]).explain(post(1, text))
    assert (found.brand, found.words, found.reason) == ("Ring", words, reason)
    assert found.counts == (Matcher([card]).named_in(text) == ("Ring",))


def test_what_the_source_says_is_told_so() -> None:
    (found,) = ALL.explain(post(1, "hm", targets=("ACME",)))
    assert (found.brand, found.counts, found.reason) == ("Acme", True, "told by the source")


def test_a_query_asks_for_exact_names_too() -> None:
    assert query([SIGNS]).terms == ("Gap", "U.S. Steel", "Yahoo!", "C++", "AT&T", "L'Été")
    assert query([SIGNS]).brands == (SIGNS,)


# Hostile texts


NESTED = Matcher([Brand(name="a" * 100, names=tuple("a" * length for length in range(1, 100)))])
MANY = Matcher(
    [Brand(name=f"B{block}", names=tuple(f"name{block} {number}" for number in range(100))) for block in range(100)]
)


@pytest.mark.parametrize(
    "text",
    [
        "b" + "a" * 20_000, "\u0301" * 20_000, "a" + "\u0301\u0316" * 10_000, "#" * 20_000, "#aA" * 6_000, "@" * 20_000,
        "#" + "aA" * 10_000, "a." * 10_000, "https://" * 2_500, "\u200b " * 10_000, "a\u200b" * 10_000, "İ" * 20_000,
        "은" * 20_000, "삼성은" * 6_000, "_" * 20_000, "'" * 20_000, "name7 1 " * 2_500 + "x", "\ud83d" * 20_000,
        "ß#aA\u200b" * 4_000, "gap year " * 2_200, "www." * 5_000, "@a.a" * 5_000,
    ],
    ids=range(22),
)  # fmt: skip
def test_hostile_texts_take_no_long_time(text: str) -> None:
    yearly = Matcher([Brand(name="Gap", exclude=("gap year", "year gap"), companions=("a",)), SCRIPTS])
    began = time.process_time()
    for matcher in (NESTED, MANY, yearly):
        matcher.match(post(1, text))
        assert len(matcher.explain(post(1, text))) <= 10_000
    assert time.process_time() - began < 4


def test_ten_thousand_names_are_told_apart() -> None:
    assert MANY.named_in("name7 1 or name99 99, not name7 100 or name100 1") == ("B7", "B99")


# The same by a slower way


ALPHABET = {
    "a": "latin",
    "b": "latin",
    "1": "any",
    "я": "cyrillic",
    "漢": "run",
    "タ": "run",
    "힘": "hangul",
    " ": "",
    "-": "",
    "!": "",
}
SLOW_NAMES = ("a", "ab", "ba", "a b", "b-a", "漢", "漢a", "タ漢", "힘", "1a", "я", "a!", "ab ab")


def apart(before: str, after: str) -> bool:
    """Whether a word may end between two signs: the rule as people would say it."""
    kinds = {ALPHABET[before], ALPHABET[after]}
    if "" in kinds or "run" in kinds:
        return True  # a sign or a space; a script without spaces
    return len(kinds) == 2 and "any" not in kinds  # two alphabets; a digit goes with all of them


def slow(names: Sequence[str], text: str) -> bool:
    for name, start in product(names, range(len(text))):
        end = start + len(name)
        if text[start:end] != name:
            continue
        before = start == 0 or apart(text[start - 1], text[start])
        after = end == len(text) or name[-1] == "!" or apart(text[end - 1], text[end])
        if before and after:
            return True
    return False


@given(st.text(st.sampled_from(sorted(ALPHABET)), max_size=14))
def test_a_slow_search_finds_the_same(text: str) -> None:
    compared = " ".join(text.split())
    for name in SLOW_NAMES:
        assert Matcher([Brand(name=name)]).named_in(text) == ((name,) if slow([name], compared) else ())
    assert bool(Matcher([Brand(name="漢b", names=SLOW_NAMES)]).named_in(text)) == slow(("漢b", *SLOW_NAMES), compared)


@given(
    st.text(max_size=60),
    st.sampled_from(["Acme", "東京電力", "삼성", "C++", "Яндекс", "@acme", "#FlyAcme"]),
    st.text(max_size=60),
)
def test_a_name_between_spaces_is_always_found(before: str, name: str, after: str) -> None:
    free = before.replace("/", "").replace("#", "").replace("@", "")
    assert ALL.named_in(f"{free} {name} {after}")


@given(st.text(max_size=300))
def test_what_is_explained_is_what_is_matched(text: str) -> None:
    told = {each.brand for each in ALL.explain(post(1, text)) if each.counts}
    assert told == set(ALL.named_in(text)) == set(ALL.match(post(1, text)))


@given(st.text(max_size=100), st.text(max_size=100))
def test_the_plain_form_of_words_is_the_words_in_plain_form(first: str, second: str) -> None:
    assert plain(f"{first} . {second}") == " ".join(f"{plain(first)} . {plain(second)}".split())
