"""One story, many copies: what is a copy of what, and what only sounds alike."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.duplicates import (
    ALIKE,
    BANDS,
    STORY_KEPT,
    Groups,
    alike,
    copy_of,
    sketch_of,
    text_of,
)
from monitor.domain import Mention
from tests.support import processes
from tests.support.fakes import START, post

STORY = "the parcel from Nimbus never came again this week and nobody at the depot answers"
LONG = (
    "This is the third week in a row that the Nimbus courier rang at no door in our street and left a card instead,"
    " and when you ring the number on the card a friendly voice tells you to look at the card"
)
SHORT = "so slow today"


def stories(*posts: Mention) -> list[int]:
    groups = Groups({}, {})
    return [groups.place(copy_of(each)) for each in posts]


def are_one(*texts: str, author: str | None = None) -> bool:
    found = stories(*(post(number, text, author=author or f"a{number}") for number, text in enumerate(texts)))
    return len(set(found)) == 1


def likeness(one: str, other: str) -> float:
    return alike(sketch_of(text_of(one).words).signature, sketch_of(text_of(other).words).signature)


def shared(one: str, other: str) -> float:
    """Exact share of the runs of five characters that both have."""
    first, second = ({text[i : i + 5] for i in range(len(text) - 4)} for text in (one, other))
    return len(first & second) / len(first | second)


@pytest.mark.parametrize(
    "copy",
    [
        STORY.upper(),
        f"{STORY} https://t.co/abc",
        f"@nimbus {STORY}!!! 😡",
        f"RT @ann: {STORY}",
        f"rt @ann {STORY}",
        f"So true, sadly! RT @ann: {STORY}",
        STORY.replace(" ", "\n "),
        STORY.replace("a", "\u200ba"),
        STORY.replace("Nimbus", "𝐍𝐢𝐦𝐛𝐮𝐬"),
        STORY.replace("and", "&amp;"),
        f"{STORY} today",
        STORY.replace("nobody", "#nobody"),
    ],
)
def test_a_copied_text_is_one_story_whatever_was_put_around_it(copy: str) -> None:
    assert are_one(STORY, copy)


@pytest.mark.parametrize(
    "other",
    [
        "the parcel from Nimbus came early again this week, and somebody at the door waved at me",
        "my order at Nimbus was lost and support is closed",
        "nobody answers me, and my Nimbus parcel was never seen again",
        LONG,
    ],
)
def test_texts_about_the_same_thing_in_other_words_are_two_stories(other: str) -> None:
    assert not are_one(STORY, other)


def test_a_short_text_that_many_say_on_their_own_never_joins() -> None:
    assert len(set(stories(*(post(number, SHORT) for number in range(9))))) == 9


def test_a_short_text_that_says_whom_it_repeats_joins_and_only_there() -> None:
    ann, bob, of_ann, of_bob, of_nobody = stories(
        post(1, SHORT, author="ann"), post(2, SHORT, author="bob"),
        post(3, f"RT @Ann: {SHORT}"), post(4, f"this! RT @bob {SHORT}"), post(5, SHORT, author=None),
    )  # fmt: skip
    assert ann == of_ann
    assert bob == of_bob
    assert len({ann, bob, of_nobody}) == 3


def test_repeats_of_a_short_text_that_was_never_read_are_one_story() -> None:
    assert are_one(f"RT @ann: {SHORT}", f"RT @ann: {SHORT} https://x.example/1")


@pytest.mark.parametrize("own", ["", "this!", "same here, every week", f"RT @ann: {STORY}", "RT @ann: so slow"])
def test_a_quote_that_adds_little_belongs_to_what_it_quotes(own: str) -> None:
    first, second = stories(post(1, STORY), post(2, own, quoted="1"))
    assert first == second


def test_a_quote_with_something_to_say_is_a_story_of_its_own() -> None:
    first, second = stories(post(1, STORY), post(2, "mine came after two weeks, and the box was empty", quoted="1"))
    assert first != second


@pytest.mark.parametrize("original", [STORY, SHORT])
def test_quotes_come_together_in_any_order_with_what_they_quote(original: str) -> None:
    posts = [post(1, original), post(2, "this!", quoted="1"), post(3, "look", quoted="1")]
    for order in (posts, posts[::-1], [posts[1], posts[0], posts[2]]):
        assert len(set(stories(*order))) == 1


def test_a_quote_of_a_quote_belongs_to_the_first() -> None:
    assert len(set(stories(post(1, STORY), post(2, "this!", quoted="1"), post(3, "and this!", quoted="2")))) == 1


def test_ids_of_two_platforms_are_two_posts() -> None:
    first, second = stories(post(1, STORY), post(2, "this!", quoted="1", platform="mastodon"))
    assert first != second


def test_a_text_in_a_script_without_spaces_is_long_enough_by_its_signs() -> None:
    assert are_one(
        "ニンバスの荷物が三週間も届かないのに誰も電話に出ない", "ニンバスの荷物が三週間も届かないのに誰も電話に出ない😡"
    )
    assert not are_one("遅すぎる", "遅すぎる")


@pytest.mark.parametrize("text", ["I have been on hold for 28 minutes please help", "how do I get my pass now"])
def test_a_text_of_few_words_joins_by_the_very_same_words_only(text: str) -> None:
    assert are_one(text, f"@nimbus {text.upper()}!")
    assert not are_one(text, f"{text} ok")


def test_vowel_signs_stay_in_their_words() -> None:
    assert text_of("निंबस की डिलीवरी").words == "निंबस की डिलीवरी"


def test_a_campaign_whose_copies_each_change_a_word_is_one_story() -> None:
    words = LONG.split()
    copies = []
    for number in range(60):
        changed = list(words)
        changed[random.Random(number).randrange(len(words))] = f"truly{number}"
        copies.append(" ".join(changed))
    assert are_one(LONG, *copies)


@pytest.mark.parametrize(
    "template",
    [
        "My order {} from Nimbus has not arrived and your customer service does not answer the phone, where is it",
        "I waited {} minutes at the Nimbus shop in town today and nobody helped me at all, never again",
        "Nimbus flight AC{} cancelled without any explanation and we are stuck at the airport until the morning",
    ],
)
def test_people_whose_complaints_differ_in_their_numbers_have_one_story_each(template: str) -> None:
    posts = [post(number, template.format(100 + number)) for number in range(20)]
    assert len(set(stories(*posts))) == 20
    assert are_one(template.format(5), template.format(5) + " please")


def test_a_number_that_is_put_behind_a_copy_parts_nothing() -> None:
    assert are_one(LONG, *(f"{LONG} {number}" for number in range(20)))


def test_small_changes_do_not_lead_step_by_step_to_an_unlike_text() -> None:
    words, steps = LONG.split(), [LONG]
    for place in range(len(words)):
        words[place] = f"other{place}"
        steps.append(" ".join(words))
    found = stories(*(post(number, text) for number, text in enumerate(steps)))
    assert found[0] == found[1] != found[-1]
    for number, story in enumerate(found):
        assert story != found[0] or likeness(steps[0], steps[number]) >= ALIKE


def test_a_shared_band_alone_joins_nothing() -> None:
    first, second = copy_of(post(1, STORY)), copy_of(post(2, LONG))
    sketch = sketch_of(second.text)
    groups = Groups({}, {})
    story = groups.place(first)
    groups.keys.update(dict.fromkeys(sketch.bands, (story, START)))
    assert groups.place(second, sketch) != story


def test_a_text_that_nobody_said_for_days_begins_anew_and_one_that_goes_on_does_not() -> None:
    def near(days: int) -> Mention:
        return post(days, f"{LONG} indeed {days}", at=START + timedelta(days=days))

    first, later = stories(near(0), near(0 + STORY_KEPT.days + 1))
    assert first != later
    assert len(set(stories(*(near(day) for day in range(6))))) == 1


def test_a_text_is_compared_by_its_beginning_so_that_a_long_one_costs_no_more() -> None:
    assert len(copy_of(post(1, "nimbus is late again and again " * 600)).text) == 2_000


def test_the_same_words_have_the_same_numbers_in_every_process() -> None:
    code = (
        "from monitor.analysis.duplicates import sketch_of, number\n"
        f"print(sketch_of({STORY!r}).bands[:2], sketch_of({STORY!r}).signature[:4].hex(), number('a', 'b'))"
    )
    outputs = {processes.python(code).stdout for _ in range(2)}
    assert len(outputs) == 1
    assert str(sketch_of(STORY).bands[:2]) in outputs.pop()


@pytest.mark.parametrize("changed", [1, 3, 6, 12])
def test_likeness_is_estimated_to_within_three_standard_errors(changed: int) -> None:
    words = LONG.casefold().replace(",", "").split()
    other = [*words[:-changed], *(f"x{number}" for number in range(changed))]
    true = shared(" ".join(words), " ".join(other))
    assert likeness(" ".join(words), " ".join(other)) == pytest.approx(true, abs=3 * (true * (1 - true) / 128) ** 0.5)


words = st.sampled_from(
    ["parcel", "nimbus", "late", "again", "never", "@ann", "RT @bob:", "https://a.example", "!", "🙂"]
)
texts = st.lists(words, max_size=12).map(" ".join)


@given(st.lists(texts, max_size=25), st.integers(1, 9))
def test_however_posts_are_split_into_batches_the_stories_are_the_same(said: Sequence[str], size: int) -> None:
    posts = [copy_of(post(number, text, author=f"a{number % 3}")) for number, text in enumerate(said)]
    whole = Groups({}, {})
    at_once = [whole.place(each) for each in posts]
    keys: dict[int, tuple[int, datetime | None]] = {}
    signatures: dict[int, bytes] = {}
    in_parts: list[int] = []
    for start in range(0, len(posts), size):
        groups = Groups(dict(keys), dict(signatures))
        in_parts += [groups.place(each) for each in posts[start : start + size]]
        keys |= {key: groups.keys[key] for key in groups.fresh}
        signatures |= groups.signatures
    assert in_parts == at_once


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    said = text_of(text)
    assert said.words == " ".join(said.words.split())
    assert len(sketch_of(said.words).bands) == BANDS


@given(st.text(min_size=40, max_size=200), st.lists(st.sampled_from("!?. …😡\u200b"), max_size=9))
def test_signs_around_a_text_never_part_it_from_its_story(text: str, signs: list[str]) -> None:
    if text_of(text).whole and text_of(text).repeats is None:
        assert are_one(text, text + " " + "".join(signs))
