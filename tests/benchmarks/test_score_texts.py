"""The made-up posts of the scoring benchmark must not flatter the scorer."""

from statistics import mean

from benchmarks.score_texts import posts
from models.text import normalise


def test_no_two_posts_are_duplicates_for_the_scorer() -> None:
    assert len({normalise(post) for post in posts(3_000, seed=7)}) == 3_000


def test_the_same_seed_gives_the_same_posts_and_another_seed_others() -> None:
    assert posts(50, seed=1) == posts(50, seed=1)
    assert not set(posts(50, seed=1)) & set(posts(50, seed=2))


def test_the_posts_are_as_long_as_posts_are() -> None:
    lengths = [len(post.split()) for post in posts(1_000, seed=7)]
    assert 15 < mean(lengths) < 35
    assert max(lengths) > 2 * min(lengths)
