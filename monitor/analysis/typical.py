"""Which posts say what most say: the ones nearest to the middle of all. Pure maths on words; needs no model.

A post is the words in it, each weighted by how rare it is among all posts that were read (tf-idf); the middle is the
sum of the unhappy posts' directions, and the most typical post points nearest to it (cosine, as in Rocchio's centroid).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt

from monitor.analysis._stopwords import STOPWORDS
from monitor.analysis.terms import author_key, gist, tokens
from monitor.domain import ScoredMention

TYPICAL = 3
LOOKED_AT = 800  # unhappy posts, the newest
COMPARED = 1_200  # posts that say how rare a word is
LEAST_WORDS = 2
LEAST_POSTS = 4  # of fewer, none is more typical than the others
_FEW = 2  # of the posts at least: a word of one alone says nothing of the middle


def typical(
    unhappy: Sequence[ScoredMention], before: Sequence[ScoredMention], names: Iterable[str] = ()
) -> tuple[ScoredMention, ...]:
    """The most typical of the unhappy posts, one for each author and story; none where there are hardly any.

    `names` are what the brand is called: they are in every post. The same posts give the same choice.
    """
    own = {word for name in names for word in tokens(name.replace("@", " "))}
    posts = unhappy[-LOOKED_AT:]
    words = [_words(post, own) for post in posts]
    if len(posts) < LEAST_POSTS:
        return ()
    weights = _weights(words, [_words(post, own) for post in before[-COMPARED:]])
    vectors = [_direction(each, weights) for each in words]
    middle: dict[str, float] = {}
    for vector in vectors:
        for word, value in vector.items():
            middle[word] = middle.get(word, 0.0) + value
    near = [sum(value * middle[word] for word, value in vector.items()) for vector in vectors]
    order = sorted(range(len(posts)), key=lambda at: (-near[at], posts[at].mention.published_at, posts[at].mention.key))
    return _each_once([posts[at] for at in order if len(words[at]) >= LEAST_WORDS and near[at] > 0.0])


def _words(post: ScoredMention, own: set[str]) -> tuple[str, ...]:
    said = dict.fromkeys(word.removesuffix("'s") for word in tokens(post.mention.text))
    return tuple(word for word in said if len(word) > 1 and word not in STOPWORDS and word not in own)


def _weights(words: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> Mapping[str, float]:
    """How much each word says: the logarithm of how rare it is; those of one post alone are left out."""
    here = Counter(word for each in words for word in each)
    there = Counter(word for each in others for word in each)
    total = len(words) + len(others) + 1
    return {word: log(total / (count + there[word])) for word, count in here.items() if count >= _FEW}


def _direction(words: Sequence[str], weights: Mapping[str, float]) -> dict[str, float]:
    vector = {word: weights[word] for word in words if word in weights}
    # A post of two known words would point wherever they do: what else it says counts as doubt.
    length = sqrt(sum(value * value for value in vector.values()) + (len(words) - len(vector)))
    return {word: value / length for word, value in vector.items()} if length > 0.0 else {}


def _each_once(posts: Iterable[ScoredMention]) -> tuple[ScoredMention, ...]:
    chosen: list[ScoredMention] = []
    told: set[object] = set()
    for post in posts:
        same: set[object] = {author_key(post.mention) or post.mention.key, gist(post.mention.text)}
        same |= {post.story} if post.story is not None else set()
        if not same & told:
            chosen.append(post)
            told |= same
        if len(chosen) == TYPICAL:
            break
    return tuple(chosen)
