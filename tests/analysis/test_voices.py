"""Few voices or many: which stories are copied, and who floods."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.voices import FLOOD_POSTS, floods, outline, stories
from monitor.domain import Author, Flood, Label, Outline, ScoredMention, Story
from tests.support.fakes import post


def said(number: int, *, by: str | None, story: int | None = None, followers: int | None = None) -> Outline:
    mention = post(number, author=Author(handle=by, followers=followers))
    return outline(
        ScoredMention(
            mention=mention, brand="Nimbus", model="m", negative=0.9, neutral=0.1, positive=0.0, label=Label.NEGATIVE,
            story=story,
        )
    )  # fmt: skip


def by_authors(*counts: int) -> list[Outline]:
    authors = [f"a{place}" for place, count in enumerate(counts) for _ in range(count)]
    return [said(number, by=name) for number, name in enumerate(authors)]


def told(posts: Sequence[Outline]) -> tuple[Flood, ...]:
    return floods(posts, stories(posts))


def test_a_story_has_its_copies_its_authors_and_their_reach_together() -> None:
    posts = [
        said(1, by="ann", story=7, followers=50), said(2, by="bob", story=7, followers=900),
        said(3, by="ann", story=7, followers=60), said(4, by="cid", story=8), said(5, by="dan", story=None),
    ]  # fmt: skip
    assert stories(posts) == (Story(posts=3, authors=2, reach=960, platform="x", native_id="2"),)


def test_what_the_posts_do_not_tell_is_not_known_of_their_story() -> None:
    (story,) = stories([said(1, by=None, story=7), said(2, by=None, story=7)])
    assert (story.authors, story.reach) == (None, None)


def test_posts_without_a_story_are_no_copies_of_each_other() -> None:
    assert stories([said(1, by="ann"), said(2, by="bob")]) == ()


def test_the_most_copied_stories_come_first_and_few_are_told() -> None:
    posts = [
        said(story * 10 + copy, by=f"{story}-{copy}", story=story) for story in range(9) for copy in range(story + 1)
    ]
    assert [story.posts for story in stories(posts)] == [9, 8, 7, 6, 5]


def test_few_accounts_that_write_most_of_it_are_told_as_few_as_they_are() -> None:
    assert told(by_authors(15, 14, 12, *[1] * 11)) == (Flood(posts=29, total=52, accounts=2),)
    assert told(by_authors(30, *[1] * 22)) == (Flood(posts=30, total=52, accounts=1),)
    assert told(by_authors(10, 9, 9, *[1] * 20)) == (Flood(posts=28, total=48, accounts=3),)


def test_many_voices_are_no_flood() -> None:
    assert told(by_authors(*[1] * 50)) == ()
    assert told(by_authors(*[3] * 12)) == ()
    assert told(by_authors(20, *[1] * 20)) == (), "half is not most"
    assert told(by_authors(2, 2, 2, *[1] * 4)) == (), "each wrote twice"


def test_with_few_posts_nothing_is_a_flood() -> None:
    assert told(by_authors(FLOOD_POSTS - 1)) == ()


def test_one_text_that_most_posts_copy_is_told() -> None:
    posts = [said(n, by=f"a{n}", story=1 if n < 38 else n) for n in range(52)]
    assert told(posts) == (Flood(posts=38, total=52),)


def test_posts_of_unknown_authors_count_in_the_whole_and_for_nobody() -> None:
    posts = [said(n, by="ann" if n < 10 else None) for n in range(25)]
    assert told(posts) == ()


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", None]), st.integers(1, 4) | st.none()), max_size=40))
def test_what_is_told_is_true(wrote: list[tuple[str | None, int | None]]) -> None:
    posts = [said(number, by=by, story=story) for number, (by, story) in enumerate(wrote)]
    for flood in told(posts):
        assert flood.total == len(posts) < 2 * flood.posts
        counts = sorted((sum(by == name for by, _ in wrote) for name in "abcd"), reverse=True)
        if flood.accounts is not None:
            assert flood.posts == sum(counts[: flood.accounts])
    for story in stories(posts):
        assert story.posts >= 2
