"""Posts made up for the scoring benchmark: varied, of the usual length, no two of which normalise to the same text."""

import random

from models.text import normalise

_OPENINGS = (
    "honestly,", "so", "day {n} and", "hey @{h}", "just saw that", "not sure why but", "update:", "ok",
    "why is it that",
    "third time this {t} that", "can anyone explain why", "big thanks to @{h}:", "fyi", "my sister says", "I swear",
    "Well.", "@{h} @{g}", "apparently", "for the record,", "no joke,",
)  # fmt: skip
_SUBJECTS = (
    "my order {n}", "the new app", "flight {n} to {c}", "your support line", "the {c} store", "the courier",
    "this router", "the subscription", "my card", "the blue jacket", "the update", "the checkout page",
    "a parcel from {c}",
    "the guy at the {c} desk", "my refund of {n} dollars", "the battery", "the delivery slot", "the website",
    "seat {n}",
)  # fmt: skip
_EVENTS = (
    "never showed up", "arrived two days early", "keeps crashing after login", "was exactly as described",
    "got cancelled without a word", "works like a charm", "opens at nine on {t}s", "has been stuck since {t}",
    "cost {n} more than last year", "saved my weekend", "went straight to voicemail", "is finally back in stock",
    "was delayed by {n} minutes", "looks better than in the pictures", "is being replaced by version {n}",
    "melted in the sun", "came in a box the size of a fridge", "still says processing", "got fixed in ten minutes",
)  # fmt: skip
_REMARKS = (
    "absolutely unacceptable", "could not be happier", "anyone else seeing this?", "10/10 would buy again",
    "I want my money back", "let me know if you need the number", "never again", "what a lovely surprise",
    "they close at {n} today", "still waiting", "the lady there was so kind", "this is the {n}th message I write",
    "see you on {t}", "going to try the other shop in {c}", "such a relief", "you had ONE job", "meh",
    "it is what it is",
)  # fmt: skip
_TAILS = (
    "",
    "",
    "",
    " 😡",
    " 🙏🙏",
    " ❤️",
    " #{c}Fail",
    " #love{c}",
    " https://t.co/{x}",
    " lol",
    " smh",
    " 😂😂",
    "!!!",
    "...",
)
_CITIES = ("Lisbon", "Denver", "Oslo", "Pune", "Leeds", "Austin", "Turin", "Quito", "Dakar", "Osaka", "Perth", "Graz")
_DAYS = ("Monday", "Tuesday", "Friday", "Sunday", "week", "month")


def posts(count: int, seed: int) -> list[str]:
    """`count` different posts; the same seed gives the same posts."""
    chance = random.Random(seed)
    made: dict[str, str] = {}
    while len(made) < count:
        post = _post(chance)
        made.setdefault(normalise(post), post)
    return list(made.values())


def _post(chance: random.Random) -> str:
    clauses = chance.choices((1, 2, 3), weights=(3, 5, 3))[0]
    parts = [chance.choice(_OPENINGS)] if chance.random() < 0.7 else []
    for _ in range(clauses):
        parts += [chance.choice(_SUBJECTS), chance.choice(_EVENTS) + ",", chance.choice(_REMARKS) + "."]
    return _filled(" ".join(parts) + chance.choice(_TAILS), chance)


def _filled(pattern: str, chance: random.Random) -> str:
    while "{" in pattern:
        pattern = pattern.replace("{n}", str(chance.randint(2, 9_999)), 1)
        pattern = pattern.replace("{c}", chance.choice(_CITIES), 1).replace("{t}", chance.choice(_DAYS), 1)
        pattern = pattern.replace("{h}", f"brand{chance.randint(1, 99)}", 1).replace("{g}", "some_friend", 1)
        pattern = pattern.replace("{x}", f"{chance.getrandbits(40):x}", 1)
    return pattern
