"""Whose voices a window's posts are: how many people, how far they reach, which of them only repeat. Pure maths.

Counts posts and people as they are, copies included; that a copy is no vote of its own is said in votes.py.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from monitor.analysis.terms import author_key
from monitor.domain import Flood, Mention, ScoredMention, Story

MOST_STORIES = 5
FEW_ACCOUNTS = 3
FLOOD_POSTS = 10  # with fewer unhappy posts, few accounts are nothing odd
EACH_WRITES = 3  # posts at least: an account that wrote once or twice floods nothing


def authors(posts: Sequence[ScoredMention]) -> int | None:
    """Distinct authors; None where there are posts but none tells its author."""
    found = {author_key(post.mention) for post in posts} - {None}
    return len(found) if found or not posts else None


def reach(posts: Sequence[ScoredMention]) -> int | None:
    """Followers of the distinct authors together; None where none is known."""
    followers: dict[tuple[str, str], int] = {}
    for post in posts:
        key = author_key(post.mention)
        if key and post.mention.author.followers is not None:
            followers[key] = max(followers.get(key, 0), post.mention.author.followers)
    return sum(followers.values()) if followers else None


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


def stories(posts: Sequence[ScoredMention]) -> tuple[Story, ...]:
    """The stories that two posts or more tell, the most copied first."""
    told: dict[int, list[ScoredMention]] = defaultdict(list)
    for post in posts:
        if post.story is not None:
            told[post.story].append(post)
    found = [_story(copies) for copies in told.values() if len(copies) > 1]
    return tuple(sorted(found, key=lambda each: (-each.posts, each.platform, each.native_id))[:MOST_STORIES])


def _story(copies: Sequence[ScoredMention]) -> Story:
    platform, native_id = min(copies, key=most_seen).mention.key
    return Story(
        posts=len(copies), authors=authors(copies), reach=reach(copies), platform=platform, native_id=native_id
    )  # fmt: skip


def floods(posts: Sequence[ScoredMention], told: Sequence[Story]) -> tuple[Flood, ...]:
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


def _few_accounts(posts: Sequence[ScoredMention]) -> tuple[Flood, ...]:
    wrote = Counter(key for post in posts if (key := author_key(post.mention)))
    written = 0
    for accounts, (_, count) in enumerate(wrote.most_common(FEW_ACCOUNTS), 1):
        written += count
        if count < EACH_WRITES:
            break
        if 2 * written > len(posts):
            return (Flood(posts=written, total=len(posts), accounts=accounts),)
    return ()
