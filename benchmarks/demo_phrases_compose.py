"""Demo phrases, one post: picks the words, the author, the platform and the reactions for a brand and a label.

Knows when a post is sent only as a value that it copies; the timeline is in `benchmarks.demo_posts`.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from benchmarks.demo_phrases import Core, expand, pick
from benchmarks.demo_phrases_brands import BRANDS, LABELS, SHARED, VOICES, Brand
from benchmarks.demo_phrases_other import LANGUAGES, PAIRS
from benchmarks.demo_phrases_style import Author, author, dress, mention

PLATFORMS = ("x",) * 32 + ("bluesky",) * 27 + ("mastodon",) * 14 + ("reddit",) * 17 + ("threads",) * 10
NO_FOLLOWERS = ("reddit", "googleplay")  # these do not tell how many follow an author: unknown, not zero
CROWD = 12_000  # author indexes from here on belong to people who seldom post
_AGAIN = ("Again:", "Bump.", "Still waiting.", "Hello?", "Trying again.", "Day two:", "Anyone?")
_PAIRS_OF = {key: tuple(pair for pair in PAIRS if pair.first == key) for key in BRANDS}


@dataclass(frozen=True, slots=True)
class Truth:
    """What the writer meant, never written to the file: label by brand, touchpoint, event, and whether it is a copy."""

    labels: tuple[tuple[str, str], ...]
    touchpoint: str
    event: str = "everyday"
    copy: bool = False

    def label(self, brand: str) -> str | None:
        """The label towards that brand; None when the post is not about it."""
        return dict(self.labels).get(brand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post before it has an id. Reactions are counts; `at` is aware, UTC, whole seconds."""

    at: datetime
    text: str
    who: Author
    platform: str
    truth: Truth
    lang: str = "en"
    likes: int = 0
    retweets: int = 0
    replies: int = 0


def everyday(brand: Brand, at: datetime, rng: random.Random, crowd: float = 1.0) -> Draft:
    """An ordinary post about the brand: usually its own words, at times a second brand or another language.

    `crowd` widens the set of regular authors for busier streams.
    """
    roll = rng.random()
    who = author(_regular(brand, rng, crowd))
    if roll < 0.022 and _PAIRS_OF[brand.key]:
        return _pair(brand, at, who, rng)
    label = rng.choices(LABELS, brand.mix)[0]
    if roll < 0.045:
        lang = pick(("es", "de", "fr"), rng)
        return compose(brand, LANGUAGES[lang][label], label, at, rng, who=who, lang=lang)
    cores = brand.own_words[label] if rng.random() < 0.6 else SHARED[label]
    return compose(brand, cores, label, at, rng, who=who)


def compose(
    brand: Brand,
    cores: Sequence[Core],
    label: str,
    at: datetime,
    rng: random.Random,
    **given: object,
) -> Draft:
    """A post from one of the cores. `given` may name `who` (else a passer-by), `lang` and `event`."""
    who = given.get("who")
    sender = who if isinstance(who, Author) else passer_by(rng)
    lang = str(given.get("lang", "en"))
    core = pick(cores, rng)
    platform = _platform(core.touchpoint, rng)
    text = _sentence(core.text, brand.slots, {"b": (mention(brand.voice, platform, core.touchpoint, rng),)}, rng)
    if lang == "en":
        text = dress(text, label, sender, rng)
    truth = Truth(((brand.key, label),), core.touchpoint, str(given.get("event", "everyday")))
    return react(Draft(at=at, text=text, who=sender, platform=platform, truth=truth, lang=lang), rng)


def _pair(brand: Brand, at: datetime, who: Author, rng: random.Random) -> Draft:
    """A post that names two brands, with a label towards each."""
    pair = pick(_PAIRS_OF[brand.key], rng)
    platform = pick(PLATFORMS, rng)
    names = {
        "b": (mention(brand.voice, platform, "product", rng),),
        "o": (mention(VOICES[pair.second], platform, "product", rng),),
    }
    text = dress(_sentence(pick(pair.texts, rng), brand.slots, names, rng), pair.first_label, who, rng)
    truth = Truth(((brand.key, pair.first_label), (pair.second, pair.second_label)), "product")
    return react(Draft(at=at, text=text, who=who, platform=platform, truth=truth), rng)


def _sentence(
    pattern: str,
    slots: Mapping[str, tuple[str, ...]],
    names: Mapping[str, tuple[str, ...]],
    rng: random.Random,
) -> str:
    """The expanded pattern with a capital at its start (most of the time) and an end mark."""
    text = expand(pattern, rng, {**slots, **names})
    if text[0].islower() and rng.random() < 0.75 and not text.startswith(names["b"]):
        text = text[0].upper() + text[1:]
    return text.replace("?.", "?").replace("!.", "!").replace("?]?", "?")


def react(draft: Draft, rng: random.Random, loudness: float = 1.0) -> Draft:
    """The draft with likes, reposts and replies: log-normal, more for authors with many followers."""
    reach = draft.who.followers if draft.who.followers is not None else 150
    warmth = loudness * ((reach + 5) / 200) ** 0.45
    likes = int(warmth * math.exp(rng.gauss(0.5, 1.1)))
    retweets = 0 if draft.platform in NO_FOLLOWERS else int(warmth * math.exp(rng.gauss(-1.3, 1.1)))
    replies = int(warmth**0.6 * math.exp(rng.gauss(-0.9, 0.9)))
    hidden = draft.platform in NO_FOLLOWERS or rng.random() < 0.04
    who = draft.who._replace(followers=None) if hidden else draft.who
    return replace(draft, likes=likes, retweets=retweets, replies=replies, who=who)


def copies(draft: Draft, count: int, hours: float, rng: random.Random) -> list[Draft]:
    """That many reposts by passers-by, at exponential delays with a mean of `hours`."""
    made = []
    for _ in range(count):
        quoted = draft.platform == "x" and rng.random() < 0.7
        text = f"RT @{draft.who.name}: {draft.text}" if quoted else draft.text
        at = later(draft.at, rng.expovariate(1.0) * hours)
        copy = Draft(
            at=at,
            text=text,
            who=passer_by(rng),
            platform=draft.platform,
            truth=replace(draft.truth, copy=True),
            lang=draft.lang,
        )
        made.append(react(copy, rng, 0.4))
    return made


def again(draft: Draft, rng: random.Random) -> Draft:
    """The same author asking once more, some hours later."""
    text = f"{pick(_AGAIN, rng)} {draft.text}"
    truth = replace(draft.truth, copy=True)
    return react(replace(draft, text=text, at=later(draft.at, 1 + 6 * rng.random()), truth=truth), rng)


def later(at: datetime, hours: float) -> datetime:
    """That many hours on, in whole seconds."""
    return at + timedelta(seconds=int(hours * 3600))


def passer_by(rng: random.Random) -> Author:
    """An author who is seldom heard."""
    return author(CROWD + 4_000 + int(rng.random() * 12_000))


def _regular(brand: Brand, rng: random.Random, crowd: float) -> int:
    """An author index of the brand's own circle: few write often, many write once."""
    offset = 3 * list(BRANDS).index(brand.key)
    return offset + len(BRANDS) * 3 * int(brand.regulars * crowd * rng.random() ** 1.6)


def _platform(touchpoint: str, rng: random.Random) -> str:
    if touchpoint == "website" and rng.random() < 0.2:
        return "googleplay"
    return pick(PLATFORMS, rng)
