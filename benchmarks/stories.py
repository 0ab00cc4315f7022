"""What grouping posts into stories costs, and which pairs of a file's texts are nearly alike, to be read by people.

    python -m benchmarks.stories FILE [--pairs N] [--least 0.6] [--seed N]

The cost is that of the whole step of the score stage, tables and commits included, as processor time and as time on the
clock. Pairs are compared exactly, but for those that share only what hundreds of texts have. `ALIKE` and `ALIKE_WORDS`
were chosen by reading them.
"""

import argparse
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from pathlib import Path

from monitor.analysis.duplicates import text_of
from monitor.clock import SystemClock
from monitor.domain import Mention
from monitor.pipeline.stories import group
from monitor.posts import read_posts
from monitor.store import Store

BATCH = 512
MOST_SHARED = 500  # texts: a run of characters that more of them have says nothing of a pair


@dataclass(frozen=True, slots=True)
class Cost:
    """What grouping took and found."""

    posts: int
    processor: float  # seconds
    clock: float  # seconds
    stories: Counter[int]

    @property
    def copied(self) -> int:
        """Stories that two posts or more tell."""
        return sum(count > 1 for count in self.stories.values())


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and how alike they are."""

    likeness: float
    words: int  # of the shorter
    same_author: bool
    texts: tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stories", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pairs", type=int, default=0, help="so many pairs are printed")
    parser.add_argument("--least", type=float, default=0.6, help="of pairs: least likeness")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args(arguments)
    posts = [post for post in read_posts(asked.file, now=SystemClock().now()) if isinstance(post, Mention)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, Store(Path(folder) / "stories.db") as store:
        cost = measured(store, posts)
    print(f"{cost.posts:,} posts, {len(cost.stories):,} stories, {cost.copied:,} of them told more than once")
    each = 1e6 / max(1, cost.posts)
    print(f"{cost.processor * each:.0f} µs of processor time a post, {cost.clock * each:.0f} µs on the clock")
    if asked.pairs:
        found = list(pairs(posts, asked.least))
        print(f"{len(found):,} pairs of {asked.least} or more:")
        for pair in random.Random(asked.seed).sample(found, min(asked.pairs, len(found))):
            who = "one author" if pair.same_author else "two authors"
            print(f"{pair.likeness:.2f}  {pair.words} words, {who}\n  {pair.texts[0]!r}\n  {pair.texts[1]!r}")
    return 0


def measured(store: Store, posts: Sequence[Mention]) -> Cost:
    """Group the posts in the order of their time, a batch at a time."""
    ordered = sorted(posts, key=lambda post: (post.published_at, post.key))
    with store.transaction():
        store.mentions.upsert(ordered, [("brand",)] * len(ordered), source="benchmark", now=SystemClock().now())
    numbers = {item.mention.key: item.mention_id for item in store.scores.pending(limit=len(ordered))}
    stories: dict[int, int] = {}
    processor, clock = time.process_time(), time.perf_counter()
    for start in range(0, len(ordered), BATCH):
        with store.transaction():
            stories |= group(store, {numbers[post.key]: post for post in ordered[start : start + BATCH]})
    return Cost(
        len(stories), time.process_time() - processor, time.perf_counter() - clock, Counter(stories.values())
    )  # fmt: skip


def pairs(posts: Sequence[Mention], least: float) -> Iterator[Pair]:
    """Every pair of different texts of six words or more that is at least so alike (exact Jaccard of runs of five)."""
    texts = {said.words: (said.size, post) for post in posts if (said := text_of(post.text)).whole}
    runs = {words: frozenset(words[i : i + 5] for i in range(len(words) - 4)) for words in texts}
    for one, other in _candidates(runs, least):
        shared = len(runs[one] & runs[other])
        likeness = shared / (len(runs[one]) + len(runs[other]) - shared)
        if likeness >= least:
            (size, first), (other_size, second) = texts[one], texts[other]
            same = first.author.handle is not None and first.author.handle == second.author.handle
            yield Pair(likeness, min(size, other_size), same, (first.text, second.text))


def _candidates(runs: dict[str, frozenset[str]], least: float) -> set[tuple[str, str]]:
    """Pairs that share one of their rarest runs: others cannot be so alike (prefix filter, Chaudhuri et al. 2006)."""
    common = Counter(run for each in runs.values() for run in each)
    having: dict[str, list[str]] = defaultdict(list)
    for words, each in runs.items():
        rarest = sorted(each, key=lambda run: (common[run], run))
        for run in rarest[: len(rarest) - ceil(least * len(rarest)) + 1]:
            having[run].append(words)
    return {
        (min(pair), max(pair))
        for texts in having.values()
        if len(texts) <= MOST_SHARED
        for pair in combinations(texts, 2)
    }


if __name__ == "__main__":
    raise SystemExit(main())
