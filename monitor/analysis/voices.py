"""Whose voices a window's posts are: how many people, how far they reach, which of them only repeat. Pure maths.

Counts posts and people as they are, copies included; that a copy is no vote of its own is said in votes.py.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from math import sqrt

from monitor.analysis.terms import author_key
from monitor.clock import to_ms
from monitor.domain import Flood, Label, Mention, Outline, Range, ScoredMention, Story

MOST_STORIES = 5
FEW_ACCOUNTS = 3
FLOOD_POSTS = 10  # with fewer unhappy posts, few accounts are nothing odd
EACH_WRITES = 3  # posts at least: an account that wrote once or twice floods nothing
_Z90 = 1.6449


def outline(post: ScoredMention) -> Outline:
    """A post without its words."""
    mention, said = post.mention, (post.negative, post.neutral, post.positive)
    known = author_key(mention)
    return Outline(
        platform=mention.platform, native_id=mention.native_id, author=known[1] if known else None,
        handle=mention.author.handle, followers=mention.author.followers, thread=mention.conversation_id,
        story=post.story, negative=post.negative, likeliest=said.index(max(said)),
        unhappy=post.label is Label.NEGATIVE, vote=post.vote, seen=seen(mention), at=to_ms(mention.published_at),
        slices=post.slices,
    )  # fmt: skip


def authors(posts: Sequence[Outline]) -> int | None:
    """Distinct authors; None where there are posts but none tells its author."""
    found = {(post.platform, post.author) for post in posts if post.author}
    return len(found) if found or not posts else None


def reach(posts: Sequence[Outline]) -> int | None:
    """Followers of the distinct authors together; None where none is known."""
    followers: dict[tuple[str, str], int] = {}
    for post in posts:
        if post.author and post.followers is not None:
            key = (post.platform, post.author)
            followers[key] = max(followers.get(key, 0), post.followers)
    return sum(followers.values()) if followers else None


def share(votes: Sequence[Outline]) -> Range | None:
    """The mean probability of being negative, with Wilson's 90 % interval (1927) for so many votes; None of none."""
    count = len(votes)
    if not count:
        return None
    mean = sum(post.negative for post in votes) / count
    z2 = _Z90 * _Z90
    middle = (mean + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z90 / (1 + z2 / count) * sqrt(mean * (1 - mean) / count + z2 / (4 * count * count))
    return Range(estimate=mean, low=max(0.0, min(middle - half, mean)), high=min(1.0, max(middle + half, mean)))


def seen(mention: Mention) -> int | None:
    """How many people a post reached at least: the largest of views, followers and reposts; None where none is known.

    >>> from monitor.clock import EPOCH
    >>> from monitor.domain import Author
    >>> seen(Mention(platform="x", native_id="1", text="", published_at=EPOCH, author=Author(followers=30)))
    30
    """
    known = (mention.engagement.views, mention.author.followers, mention.engagement.reposts)
    return max((number for number in known if number is not None), default=None)


def most_seen(post: ScoredMention) -> tuple[bool, int, datetime, tuple[str, str]]:
    """Sorts posts by how many saw them; unknown last, then the earliest."""
    reached = seen(post.mention)
    return (reached is None, -(reached or 0), post.mention.published_at, post.mention.key)


def stories(posts: Sequence[Outline]) -> tuple[Story, ...]:
    """The stories that two posts or more tell, the most copied first."""
    told: dict[int, list[Outline]] = defaultdict(list)
    for post in posts:
        if post.story is not None:
            told[post.story].append(post)
    found = [_story(copies) for copies in told.values() if len(copies) > 1]
    return tuple(sorted(found, key=lambda each: (-each.posts, each.platform, each.native_id))[:MOST_STORIES])


def _story(copies: Sequence[Outline]) -> Story:
    first = min(copies, key=lambda each: (each.seen is None, -(each.seen or 0), each.at, each.platform, each.native_id))
    return Story(
        posts=len(copies), authors=authors(copies), reach=reach(copies), platform=first.platform,
        native_id=first.native_id,
    )  # fmt: skip


def floods(posts: Sequence[Outline], told: Sequence[Story]) -> tuple[Flood, ...]:
    """Whether few accounts, or one of the stories that are told (the most copied first), make up most of the posts.

    Few accounts: the fewest that wrote more than half, at most `FEW_ACCOUNTS`.
    """
    total = len(posts)
    if total < FLOOD_POSTS:
        return ()
    found = _few_accounts(posts)
    if told and 2 * told[0].posts > total:
        found = (*found, Flood(posts=told[0].posts, total=total))
    return found


def _few_accounts(posts: Sequence[Outline]) -> tuple[Flood, ...]:
    wrote = Counter((post.platform, post.author) for post in posts if post.author)
    written = 0
    for accounts, (_, count) in enumerate(wrote.most_common(FEW_ACCOUNTS), 1):
        written += count
        if count < EACH_WRITES:
            break
        if 2 * written > len(posts):
            return (Flood(posts=written, total=len(posts), accounts=accounts),)
    return ()
