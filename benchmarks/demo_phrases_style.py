"""Demo phrases, the hand that types: invented authors and how they write (case, typos, emoji, tags, links).

Knows no brand's rates and no clock. The same author index always gives the same author.
"""

import math
import random
from statistics import NormalDist
from typing import NamedTuple

from benchmarks.demo_phrases import expand, pick
from benchmarks.demo_phrases_brands import VOICES, Voice
from benchmarks.demo_phrases_shared import ASIDES

_FIRST = (
    "maya", "tobi", "quiet", "old", "north", "salty", "nell", "marnie", "dev", "hal", "odd", "jo", "ines",
    "sunny", "late", "rainy", "tilda", "bram", "kit", "slow", "pippa", "loud", "orla", "finn", "hungry", "ada",
    "cass", "tired", "moss", "ruby", "theo", "wren", "gus", "tiny", "mira", "jonas", "big", "nora", "plain",
    "elif", "sam", "velvet", "rory", "lazy", "ivy", "remy", "mad", "beth", "otto", "shy", "luca", "dot", "fern",
    "ezra", "wobbly", "kaja", "lost", "iris", "milo", "blue", "zadie", "early", "abe",
)  # fmt: skip
_LAST = (
    "heron", "knits", "harbour", "codes", "bakes", "rides", "lantern", "pebble", "kettle", "otter", "reads",
    "gardens", "fox", "ferry", "maps", "button", "ladder", "runs", "teapot", "crane", "drums", "fiddle",
    "attic", "sketch", "anchor", "walks", "spoon", "badger", "orchard", "tapes", "cinema", "sparrow", "thimble",
    "radio", "bramble", "cycles", "mug", "lighthouse", "paints", "compass", "onion", "finch", "saddle",
    "puddle", "writes", "brick", "comet", "gravel", "socks", "poppy", "turnip", "meadow", "quill", "robin",
    "flask", "acorn", "pickle", "rowan", "biscuit", "canoe", "piano", "moth", "gloves", "static",
)  # fmt: skip
_SEPARATORS = ("", "_", ".", "-")
_SPACE = len(_FIRST) * len(_LAST) * len(_SEPARATORS) * 2
_STEP = 7919  # a prime that shares no factor with the space: neighbours in index get unlike names

EMOJI = {
    "negative": ("😡", "😤", "🙄", "🤦", "😠", "👎", "😩", "💀", "🤬", "😑", "😭", "🫠"),
    "neutral": ("🤔", "👀", "📦", "🤷", "☕", "🧐", "👋", "📸"),
    "positive": ("😍", "🙌", "❤️", "👏", "🎉", "😊", "💚", "🔥", "✨", "🥹", "👍", "😂"),
}
OPENERS = {
    "negative": (
        "Ugh.", "Right.", "Great.", "Honestly.", "Wow.", "Seriously?", "Day 3.", "Rant:", "Oh come on.", "Fuming.",
        "Here we go again.", "Can't believe it.", "Update:", "Not happy.", "PSA:", "*sigh*", "Every. Single. Time.",
    ),
    "neutral": (
        "Question:", "Quick one.", "Hi all.", "Random:", "FYI.", "So.", "Hey.", "Morning.", "Evening all.", "Hmm.",
        "Asking again:", "Curious.", "Small update:", "Hello,",
    ),
    "positive": (
        "Ok wow.", "Good news.", "Credit where due.", "Happy post:", "Yes!", "Right then.", "Little win:", "Honestly?",
        "Update:", "Not an ad.", "For once, praise.", "Hear me out.", "Small joy:",
    ),
}  # fmt: skip
CLOSERS = {
    "negative": (
        "Sort it out.", "Not good enough.", "I'm done.", "Rubbish.", "Avoid.", "So annoying.", "What a joke.",
        "Anyone else?", "Never used to be like this.", "Really poor.", "I expected better.", "Do better.", "Smh",
        "Who do I complain to?", "Where do I even start.", "Fed up.",
    ),
    "neutral": (
        "Thanks!", "Cheers.", "Ta.", "Any ideas?", "Anyone?", "Just wondering.", "That's all.", "As you were.",
        "Thx in advance", "Carry on.", "No rush.", "Let me know.", "tia",
    ),
    "positive": (
        "Thank you!", "So happy.", "10/10", "Love it.", "More of this please.", "Recommended.", "Big fan.", "Wow.",
        "Keep it up!", "Very pleased.", "Made my week.", "Honestly great.",
    ),
}  # fmt: skip
_TAGS = {
    "negative": ("#fail", "#customerservice", "#notimpressed", "#fedup", "#badservice", "#rant"),
    "neutral": ("#askingforafriend", "#question", "#help", "#local", "#thoughts"),
    "positive": ("#happycustomer", "#smallwins", "#recommended", "#thankyou", "#love"),
}
_CASUAL = (
    (" you ", " u "), ("please", "pls"), (" because ", " bc "), ("tonight", "2nite"), (" to be ", " 2b "),
    (" are you ", " r u "), (" and ", " & "), ("about", "abt"), ("going to", "gonna"), (" don't ", " dont "),
    (" can't ", " cant "), ("definitely", "definately"), ("tomorrow", "tmrw"), (" so ", " sooo "),
)  # fmt: skip
_HELP_DESK = ("support", "contact centre")
_KEEP = {word for voice in VOICES.values() for name in (voice.name, *voice.spellings) for word in name.lower().split()}


class Author(NamedTuple):
    """Who writes: a name, followers (None when the platform does not tell), and writing habits as bits."""

    name: str
    followers: int | None
    habits: int


def author(index: int) -> Author:
    """The author of that index; names differ for every index below 30,000, and with a number after that.

    >>> author(5) == author(5), author(5).name == author(6).name
    (True, False)
    """
    lap, place = divmod(index, _SPACE)
    place = place * _STEP % _SPACE
    place, first = divmod(place, len(_FIRST))
    place, last = divmod(place, len(_LAST))
    numbered, separator = divmod(place, len(_SEPARATORS))
    mixed = (index * 2654435761 + 40503) % (1 << 32)
    tail = str(10 + mixed % 89) if numbered else ""
    name = f"{_FIRST[first]}{_SEPARATORS[separator]}{_LAST[last]}{tail}{lap or ''}"
    return Author(name, _followers(mixed), mixed >> 8)


def _followers(mixed: int) -> int:
    """A log-normal count, about 180 in the middle, taken from the author's own mixed index."""
    share = ((mixed >> 4) % 99991 + 0.5) / 99991
    return int(math.exp(5.2 + 1.5 * NormalDist().inv_cdf(share)))


def mention(voice: Voice, platform: str, touchpoint: str, rng: random.Random) -> str:
    """The brand as a post there would write it: a handle (the last one is the help desk), the name or a hashtag."""
    roll = rng.random()
    handles = {"x": 0.55, "bluesky": 0.5, "threads": 0.5, "mastodon": 0.35}.get(platform, 0.0)
    if roll < handles:
        return voice.handles[-1 if touchpoint in _HELP_DESK and rng.random() < 0.4 else 0]
    if handles and roll > 0.92:
        return voice.hashtags[0]
    return pick(voice.spellings, rng) if rng.random() < 0.18 else voice.name


def dress(text: str, label: str, who: Author, rng: random.Random) -> str:
    """The sentence as this author would send it: an opener or closer, tags, a picture, then habits and slips."""
    roll = rng.random()
    if roll < 0.15:
        text = f"{pick(OPENERS[label], rng)} {text}"
    elif roll < 0.31:
        text = f"{text if text[-1] in '.!?:' else text + '.'} {pick(CLOSERS[label], rng)}"
    if rng.random() < 0.2:
        aside = expand(pick(ASIDES, rng), rng, {})
        text = f"{text if text[-1] in '.!?' else text + '.'} {aside[0].upper()}{aside[1:]}"
    text = _habits(text, label, who.habits, rng)
    if rng.random() < (0.55 if who.habits % 10 < 3 else 0.1):
        text += " " + pick(EMOJI[label], rng) * (1 if rng.random() < 0.8 else 1 + int(3 * rng.random()))
    if rng.random() < 0.06:
        text += " " + pick(_TAGS[label], rng)
    if rng.random() < 0.03:
        text += f" https://pics.example/{int(rng.random() * 36**4):05d}"
    return text


def _habits(text: str, label: str, habits: int, rng: random.Random) -> str:
    if habits // 10 % 10 < 2:
        text = text.lower()
    if habits // 100 % 10 < 2:
        for formal, casual in _CASUAL:
            text = text.replace(formal, casual)
    if habits // 1000 % 10 < 4:
        text = text.rstrip(".")
    elif label != "neutral" and rng.random() < 0.08:
        text = text.rstrip(".") + "!" * (1 + int(rng.random() * 4))
    return slip(text, rng) if rng.random() < (0.3 if habits // 10000 % 10 < 2 else 0.05) else text


def slip(text: str, rng: random.Random) -> str:
    """One typing slip in a longer plain word; names, handles, tags, links and numbers stay whole."""
    words = text.split(" ")
    open_to = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.lower() not in _KEEP]
    if not open_to:
        return text
    chosen = pick(open_to, rng)
    word, at = words[chosen], 1 + int(rng.random() * (len(words[chosen]) - 3))
    kinds = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    )
    words[chosen] = pick(kinds, rng)
    return " ".join(words)
