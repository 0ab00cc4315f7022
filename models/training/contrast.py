"""Posts in which two names fare differently: what teaches the encoder to look at the one that is asked about.

Part of models/training/: knows labelled posts, nothing of torch or files. Posts with a named target mostly speak of
one thing only, so that their label can be told without the name. Here two such posts, of different targets and labels,
stand side by side, or two clauses of our own about two names.
"""

import random
from collections.abc import Sequence

from models.text import as_name, names, normalise
from models.training.data import LabelledPost

_JOINTS = (" ", " ", " ", ", ", ". ", " but ", " while ", " and ", " // ")
_LONGEST = 160  # characters of each half: both must stand within the longest input
_CLAUSES: Sequence[Sequence[str]] = (
    (  # negative
        "{} let me down again", "{} is terrible", "I can't stand {}", "{} never answers", "{} is a joke",
        "worst experience ever with {}", "{} lost my order", "I'm done with {}", "{} keeps failing", "never again {}",
        "{} overcharged me", "so disappointed in {}", "{} was rude", "{} is broken", "{} ruined my day", "hate {}",
        "{} is so slow", "{} lied to us", "stay away from {}", "{} left me waiting for hours", "{} is useless",
        "{} made it worse", "{} sucks", "I want my money back from {}", "{} doesn't care", "had enough of {}",
    ),
    (  # neutral
        "{} opens at nine", "saw {} today", "{} has a new office", "is {} on tonight?", "{} starts on Monday",
        "reading about {}", "who works for {}?", "{} was mentioned in the news", "I have {} tomorrow",
        "{} is next to the station", "they moved from {}", "{} announced a date", "my cousin uses {}",
    ),
    (  # positive
        "{} was brilliant", "I love {}", "{} fixed it in minutes", "thank you {}", "{} is the best", "{} made my day",
        "so happy with {}", "{} was so kind", "can't wait for {}", "{} is fantastic", "{} rescued us", "well done {}",
        "{} never fails me", "switching to {} was the right choice", "{} works like a charm", "{} helped at once",
        "big fan of {}", "{} rocks", "{} got it right", "recommend {} to everyone", "{} refunded me straight away",
    ),
)  # fmt: skip
_OURS = ("Northway", "Bluefin", "Orbit", "Lumen", "Kestrel", "Finch & Co", "Halden", "Pixelar", "Vesper")


def joined_posts(posts: Sequence[LabelledPost], count: int, chance: random.Random) -> list[LabelledPost]:
    """At most `count` pairs of posts of different targets and labels, side by side; labelled toward one of the two.

    A pair is left out where either post names the other's target, or where no partner is found at once.
    """
    made = []
    for _ in range(count if len(posts) > 1 else 0):
        one, other = chance.sample(posts, 2)
        if one.label != other.label and not _entangled(one, other):
            halves = [normalise(half.text)[:_LONGEST] for half in (one, other)]
            chance.shuffle(halves)
            made.append(LabelledPost(chance.choice(_JOINTS).join(halves), one.label, target=one.target))
    return [post for post in made if names(normalise(post.text), as_name(post.target) or "")]


def _entangled(one: LabelledPost, other: LabelledPost) -> bool:
    left, right = as_name(one.target), as_name(other.target)
    if not left or not right:
        return True
    return names(normalise(one.text), right) or names(normalise(other.text), left)


def two_clauses(targets: Sequence[str], count: int, chance: random.Random) -> list[LabelledPost]:
    """At most `count` sentences of two clauses of our own about two names, each with a label of its own."""
    pool = [*targets, *_OURS * (1 + len(targets) // 20)]
    pairs = ((chance.choice(pool), chance.choice(pool)) for _ in range(count))
    return [_sentence(*pair, chance) for pair in pairs if pair[0].casefold() != pair[1].casefold()]


def _sentence(target: str, other: str, chance: random.Random) -> LabelledPost:
    label, rest = chance.sample(range(3), 2)
    clauses = [chance.choice(_CLAUSES[label]).format(target), chance.choice(_CLAUSES[rest]).format(other)]
    chance.shuffle(clauses)
    text = chance.choice(_JOINTS).join(clauses) + chance.choice(("", ".", "!", "..."))
    return LabelledPost(text, label, target=target)
