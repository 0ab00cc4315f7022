"""Which words the unhappy posts of a window use more than the brand's earlier posts did. Pure maths.

Knows neither scores nor stores: it is given posts and says words. Hostile texts cost no more than others: each is
cut, its tokens are counted up to a limit, and of the earlier posts only words of the window are remembered.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from math import ceil, log, sqrt

from monitor.analysis._stopwords import STOPWORDS
from monitor.domain import Mention, Term

MAX_CHARACTERS = 2_000  # of one text; a longer one repeats itself
MAX_TOKENS = 300  # of one text
MAX_WORD = 30  # characters; longer ones are noise, not words
MAX_WINDOW = 5_000  # posts
MAX_BEFORE = 10_000  # posts
PRIOR = 50.0  # strength of the prior, in words
LEAST_COUNT = 2  # posts; what only one person says explains nothing
LEAST_SHARE = 0.04  # of the window's stories; a word of a few among hundreds explains little
LEAST_Z = 1.96
COVERED = 2 / 3  # a pair that makes up so much of a word's uses says it better than the word

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"@\w[\w.@-]*")
_WORD = re.compile(r"\w[\w'-]*")

Gram = tuple[str, ...]  # one word, or two that stand side by side
_STORIES: Gram = ()  # stands for "a text that was not copied"; its count is how many there were


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in order, in lower case; without links and handles.

    A hashtag stays, as the word it is: people tag what they talk about. Emoji go: they say how people feel, which
    the score knows already, and not what about.

    >>> tokens("RT @acme: Acme's app is DOWN 😡 again... #outage https://t.co/x")
    ('rt', "acme's", 'app', 'is', 'down', 'again', 'outage')
    """
    cut = unicodedata.normalize("NFKC", html.unescape(text[:MAX_CHARACTERS]))[:MAX_CHARACTERS]
    bare = _HANDLE.sub(" ", _LINK.sub(" ", cut)).replace("’", "'").casefold()
    return tuple(match.group().strip("'-_") for match in islice(_WORD.finditer(bare), MAX_TOKENS))


def gist(text: str) -> str:
    """What makes two texts the same story: their words, whoever is addressed and whatever is linked.

    >>> gist("RT @joe: Never again, @acme! https://t.co/1") == gist("never again")
    True
    """
    words = tokens(text)
    return " ".join(words[1:] if words[:1] == ("rt",) else words) or " ".join(text[:MAX_CHARACTERS].split())


def author_key(mention: Mention) -> tuple[str, str] | None:
    """What makes two posts the same person's; None where the platform does not tell who wrote."""
    author = mention.author
    known = author.native_id or (author.handle and author.handle.casefold())
    return (mention.platform, known) if known else None


def terms(
    window: Sequence[Mention], before: Sequence[Mention], *, names: Iterable[str] = (), limit: int = 10
) -> tuple[Term, ...]:
    """The words and pairs that mark out a window's unhappy posts against earlier posts, strongest first.

    `names` are what the brand is called: they are in every post and explain nothing. A person counts once for a
    word, and a text that is copied counts once. Without earlier posts there is nothing to compare with: no terms.

    >>> from monitor.clock import EPOCH
    >>> from monitor.domain import Author
    >>> def post(n: int, text: str) -> Mention:
    ...     return Mention(platform="x", native_id=str(n), text=text, published_at=EPOCH, author=Author(handle=str(n)))
    >>> calm = [post(n, f"Acme ships parcel number{n} on time, thanks") for n in range(50)]
    >>> angry = [post(n, f"Acme gate{n} delivery: my parcel arrived broken open") for n in range(9)]
    >>> [(term.text, term.count) for term in terms(angry, calm, names=["Acme"])]
    [('delivery', 9), ('arrived broken', 9), ('broken open', 9), ('parcel arrived', 9)]
    """
    own = _own(names)
    seen = _count(_votes(window[:MAX_WINDOW], own))
    least = max(LEAST_COUNT, ceil(LEAST_SHARE * seen[_STORIES]))
    candidates = {gram for gram, count in seen.items() if any(gram) and count >= least}
    usual = _count(_votes(before[-MAX_BEFORE:], own), only=candidates)
    return _readable([(gram, term) for gram in sorted(candidates) for term in _judge(gram, seen, usual)])[:limit]


def uses(posts: Iterable[Mention], wanted: Sequence[str], names: Iterable[str] = ()) -> Iterator[set[str]]:
    """Which of these words and pairs each post uses, as `terms` reads them."""
    own, grams = _own(names), {tuple(each.split(" ")): each for each in wanted}
    for post in posts:
        text = post.text[:MAX_CHARACTERS].casefold()
        near = [gram for gram in grams if all(word in text for word in gram)] if text.isascii() else list(grams)
        said = _grams(post.text, own) if near else set()
        yield {grams[gram] for gram in near if gram in said}


def log_odds(seen: int, total: int, usual: int, usual_total: int) -> float:
    """How much more a word is used in one corpus than in another, in standard errors.

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words");
    the prior is what both corpora say together, worth `PRIOR` words.

    >>> abs(log_odds(10, 100, 100, 1000)) < 0.01
    True
    >>> round(log_odds(10, 100, 10, 1000), 1)
    4.7
    """
    prior = PRIOR * (seen + usual) / (total + usual_total + 1)  # + 1: there is always another word
    here = log((seen + prior) / (total + PRIOR - seen - prior))
    there = log((usual + prior) / (usual_total + PRIOR - usual - prior))
    return (here - there) / sqrt(1 / (seen + prior) + 1 / (usual + prior))


def _own(names: Iterable[str]) -> frozenset[Gram]:
    spelled = [tokens(name.replace("@", " ")) for name in names]
    joined = [("".join(words),) for words in spelled]  # as in a hashtag
    return frozenset(words for words in (*spelled, *joined) if words and words[0])


def _words(text: str, own: frozenset[Gram]) -> list[str]:
    """The words that may explain something, and "" where others stood, so that no pair spans a hole."""
    words = [word.removesuffix("'s") for word in tokens(text)]
    longest = max(map(len, own), default=0)
    for start in range(len(words)):
        for size in range(longest, 0, -1):
            if tuple(words[start : start + size]) in own:
                words[start : start + size] = [""] * len(words[start : start + size])
    return [word if _tells(word) else "" for word in words]


def _tells(word: str) -> bool:
    """
    >>> [word for word in ("the", "404", "7", "x", "refund", "a" * 99) if _tells(word)]
    ['404', 'refund']
    """
    return 2 <= len(word) <= MAX_WORD and word not in STOPWORDS and not (word.isdecimal() and len(word) < 3)


def _grams(text: str, own: frozenset[Gram]) -> set[Gram]:
    words = _words(text, own)
    pairs = {pair for pair in pairwise(words) if all(pair) and pair[0] != pair[1]}
    return {(word,) for word in words if word} | pairs


def _votes(posts: Iterable[Mention], own: frozenset[Gram]) -> Iterator[Gram]:
    """Each word or pair once for each person and story that uses it; and `_STORIES` once for each story."""
    stories: set[str] = set()
    said: set[tuple[tuple[str, str], Gram]] = set()
    for post in posts:
        story = gist(post.text)
        if story in stories:
            continue
        stories.add(story)
        yield _STORIES
        author = author_key(post) or post.key
        fresh = [gram for gram in _grams(post.text, own) if (author, gram) not in said]
        said.update((author, gram) for gram in fresh)
        yield from fresh


def _count(votes: Iterable[Gram], only: set[Gram] | None = None) -> Counter[Gram]:
    """Votes by word or pair; the totals of each length stand under ("",) and ("", ""), of stories under ()."""
    counts: Counter[Gram] = Counter()
    for gram in votes:
        counts[("",) * len(gram)] += 1
        if gram and (only is None or gram in only):
            counts[gram] += 1
    return counts


def _judge(gram: Gram, seen: Counter[Gram], usual: Counter[Gram]) -> Iterator[Term]:
    """The term, where it stands out; words are held against words, pairs against pairs."""
    whole = ("",) * len(gram)
    if not usual[whole]:
        return
    z = log_odds(seen[gram], seen[whole], usual[gram], usual[whole])
    if z >= LEAST_Z:
        yield Term(text=" ".join(gram), count=seen[gram], z=z)


def _readable(found: Sequence[tuple[Gram, Term]]) -> tuple[Term, ...]:
    """Strongest first, without the words that a pair says better."""
    pairs = [(gram, term) for gram, term in found if len(gram) == 2]
    said = {word: max((t.count for g, t in pairs if word in g), default=0) for g, _ in pairs for word in g}
    kept = [term for gram, term in found if len(gram) == 2 or said.get(gram[0], 0) < COVERED * term.count]
    return tuple(sorted(kept, key=lambda term: (-term.z, term.text)))
