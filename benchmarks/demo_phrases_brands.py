"""Demo phrases, the brands: how each invented brand is named, how often it is spoken of, and in which words.

Knows no dates: a rate is mentions a day, shaped by the local hour and weekday.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import demo_phrases_harefell as harefell
from benchmarks import demo_phrases_marrowbox as marrowbox
from benchmarks import demo_phrases_shared as shared
from benchmarks import demo_phrases_skerryline as skerryline
from benchmarks import demo_phrases_tarnwave as tarnwave
from benchmarks.demo_phrases import Core

LABELS = ("negative", "neutral", "positive")
EVENING = (5, 3, 2, 1, 1, 2, 6, 12, 15, 14, 14, 15, 19, 17, 14, 14, 17, 22, 28, 34, 36, 31, 20, 10)
DINNER = (3, 2, 1, 1, 1, 2, 5, 9, 11, 11, 12, 14, 15, 12, 11, 14, 20, 32, 42, 44, 34, 23, 13, 6)
MORNING_RUN = (3, 2, 1, 1, 3, 10, 22, 28, 25, 18, 15, 14, 17, 15, 13, 13, 17, 25, 30, 29, 26, 20, 12, 6)
COMMUTE = (1, 0, 0, 0, 1, 5, 18, 34, 30, 14, 10, 10, 12, 11, 11, 15, 26, 36, 30, 19, 13, 10, 6, 3)


@dataclass(frozen=True, slots=True)
class Voice:
    """How a brand is written: the name, its handles, hashtags and other spellings."""

    name: str
    handles: tuple[str, ...]
    hashtags: tuple[str, ...]
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """An invented brand: `per_day` mentions, the weight of each local hour, a factor for each weekday (Monday first).

    `mix` is the everyday share of negative, neutral and positive posts; `regulars` how many authors it has.
    """

    key: str
    voice: Voice
    timezone: str
    per_day: float
    hours: tuple[int, ...]
    weekdays: tuple[float, ...]
    mix: tuple[float, float, float]
    regulars: int
    own_words: Mapping[str, tuple[Core, ...]]
    slots: Mapping[str, tuple[str, ...]]


SHARED: Mapping[str, tuple[Core, ...]] = {
    "negative": shared.NEGATIVE,
    "neutral": shared.NEUTRAL,
    "positive": shared.POSITIVE,
}
VOICES: Mapping[str, Voice] = {
    "tarnwave": Voice("Tarnwave", ("@tarnwave", "@tarnwavehelp"), ("#Tarnwave",), ("Tarn Wave", "tarnwave")),
    "marrowbox": Voice("Marrowbox", ("@marrowbox",), ("#Marrowbox",), ("Marrow Box", "marrowbox")),
    "harefell": Voice("Harefell", ("@harefell", "@harefellrun"), ("#Harefell",), ("harefell",)),
    "skerryline": Voice("Skerryline", ("@skerryline",), ("#Skerryline",), ("Skerry Line", "skerryline")),
    "ottercall": Voice("Ottercall", ("@ottercall",), ("#Ottercall",), ("ottercall",)),
}

_POUNDS = {
    "money": ("£5", "£8", "£12", "£15", "£20", "£9.50", "£25", "6 quid", "a tenner", "£18", "£30", "£7"),
    "big": ("£38", "£42", "£54.99", "£61", "£47", "£76", "£33.50", "£89", "£58"),
}
_DOLLARS = {
    "money": ("$10", "$15", "$20", "$30", "$25", "$12", "$40", "20 bucks", "$35"),
    "big": ("$140", "$155", "$149", "$130", "$160", "$165"),
}

BRANDS: Mapping[str, Brand] = {
    brand.key: brand
    for brand in (
        Brand(
            key="tarnwave",
            voice=VOICES["tarnwave"],
            timezone="Europe/London",
            per_day=92,
            hours=EVENING,
            weekdays=(1.08, 1.05, 1.04, 1.05, 1.0, 0.86, 0.92),
            mix=(0.21, 0.51, 0.28),
            regulars=1100,
            own_words={
                "negative": tarnwave.NEGATIVE,
                "neutral": tarnwave.NEUTRAL,
                "positive": tarnwave.POSITIVE,
            },
            slots=_POUNDS,
        ),
        Brand(
            key="marrowbox",
            voice=VOICES["marrowbox"],
            timezone="Europe/London",
            per_day=82,
            hours=DINNER,
            weekdays=(1.0, 0.95, 0.92, 0.95, 1.02, 1.12, 1.28),
            mix=(0.19, 0.50, 0.31),
            regulars=900,
            own_words={
                "negative": marrowbox.NEGATIVE,
                "neutral": marrowbox.NEUTRAL,
                "positive": marrowbox.POSITIVE,
            },
            slots=_POUNDS,
        ),
        Brand(
            key="harefell",
            voice=VOICES["harefell"],
            timezone="America/New_York",
            per_day=58,
            hours=MORNING_RUN,
            weekdays=(0.92, 0.95, 0.98, 0.95, 0.9, 1.3, 1.35),
            mix=(0.16, 0.50, 0.34),
            regulars=800,
            own_words={
                "negative": harefell.NEGATIVE,
                "neutral": harefell.NEUTRAL,
                "positive": harefell.POSITIVE,
            },
            slots=_DOLLARS,
        ),
        Brand(
            key="skerryline",
            voice=VOICES["skerryline"],
            timezone="Europe/Dublin",
            per_day=13,
            hours=COMMUTE,
            weekdays=(1.15, 1.1, 1.1, 1.1, 1.12, 0.75, 0.68),
            mix=(0.20, 0.53, 0.27),
            regulars=160,
            own_words={
                "negative": skerryline.NEGATIVE,
                "neutral": skerryline.NEUTRAL,
                "positive": skerryline.POSITIVE,
            },
            slots={"money": ("€5", "€8", "€60", "€3.80", "€12"), "big": ("€19.60", "€14", "€27", "€22.40")},
        ),
    )
}
