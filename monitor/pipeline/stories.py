"""Stories: posts that are scored for the first time are put into the story that they tell. Called by the score stage.

Joins the words of analysis/duplicates.py to what the store remembers; decides nothing itself. Everything happens in the
caller's transaction, and in the order in which votes count, so that the same posts make the same stories however they
are split into batches.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from monitor.analysis.duplicates import Copy, Groups, Sketch, copy_of, name_of, sketch_of
from monitor.domain import Mention
from monitor.store import Store


def group(store: Store, mentions: Mapping[int, Mention]) -> dict[int, int]:
    """The story of each of these mentions, given by number in the order in which votes count; kept in the store."""
    posts = {number: copy_of(mention) for number, mention in mentions.items()}
    groups = Groups(_named(store, mentions.values(), posts.values()), {})
    unread = {post.text for post in posts.values() if groups.needs_sketch(post)}
    sketches = {text: sketch_of(text) for text in unread}
    _add_candidates(store, groups, sketches.values())
    stories = {number: groups.place(post, sketches.get(post.text)) for number, post in posts.items()}
    store.stories.assign(stories)
    _remember(store, groups)
    return stories


def _named(store: Store, mentions: Iterable[Mention], posts: Iterable[Copy]) -> dict[int, tuple[int, datetime | None]]:
    """What the names of these posts lead to, those of the posts that they quote among them."""
    keys: dict[int, tuple[int, datetime | None]] = {}
    keys.update(store.stories.known({name for post in posts for name in post.names}))
    quoted = {(mention.platform, mention.quoted) for mention in mentions if mention.quoted}
    for post, story in store.stories.of_posts(sorted(quoted)).items() if quoted else ():
        keys[name_of(*post)] = (story, None)
    return keys


def _add_candidates(store: Store, groups: Groups, sketches: Iterable[Sketch]) -> None:
    """What words like these lead to, and the signatures of every story that the posts may belong to."""
    groups.keys.update(store.stories.known({band for sketch in sketches for band in sketch.bands}))
    groups.signatures.update(store.stories.signatures({story for story, _ in groups.keys.values()}))


def _remember(store: Store, groups: Groups) -> None:
    known = {key: groups.keys[key] for key in groups.fresh}
    store.stories.remember(
        {key: (story, at) for key, (story, at) in known.items() if at is not None},
        {story: (groups.signatures.get(story), at) for story, at in groups.touched.items()},
    )
