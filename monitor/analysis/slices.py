"""Parts of a brand's posts: in which ones a post is, which are counted, which are worth watching by themselves. Pure.

A slice is written as kind=value ("platform=x", "touchpoint=delivery", "language=en", "region=de"); the whole is "".
Values come from strangers, so they are brought into one form, cut, and bounded in number: what a hostile stream invents
crowds out neither what was there before nor the store. Why the numbers are as they are: docs/decisions/0010-slices.md.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.domain import WHOLE, Mention, ScoredMention

KINDS = ("platform", "touchpoint", "language", "region")
SURE = 0.5  # a touchpoint's probability from which a post is about it: its own, not a share of the others'
MAX_VALUE = 60  # characters
KNOWN_VALUES, NEW_VALUES = 20, 20  # of each kind that a brand's posts of one day are counted in
LOOK = timedelta(days=14)  # of history that says what is worth watching, and that its detector begins with
LEAST_HISTORY = timedelta(days=3)
LEAST_DAILY = 2.0  # votes a day
NEARLY_THE_WHOLE = 0.8  # of the brand's votes: what happens there is seen in the whole
MOST_WATCHED = 6  # for each rule and brand: they share the false alarms that the whole leaves

_GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LANGUAGES: Mapping[str, str] = {
    "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Volume:
    """What was counted of one slice in some days."""

    slice: str
    first: datetime  # the first of these days on which anything was
    mentions: float


def slice_of(kind: str, value: str) -> str:
    """The slice of a value, in the one form that it has; "" where nothing is left of the value.

    >>> slice_of("region", "  New\\tYork "), slice_of("platform", "\\n")
    ('region=new york', '')
    """
    said = _GAPS.sub(" ", value[: 4 * MAX_VALUE].casefold()).strip()[:MAX_VALUE].strip()
    return f"{kind}={said}" if said else WHOLE


def slices_of(mention: Mention, language: str | None, touchpoints: Mapping[str, float] | None) -> tuple[str, ...]:
    """Every slice that a post is in, the whole left out. `language` as it was read, `touchpoints` as the model says."""
    about = sorted(name for name, probability in (touchpoints or {}).items() if probability >= SURE)
    told = [("platform", mention.platform), *(("touchpoint", name) for name in about)]
    told += [("language", language or ""), ("region", mention.region or "")]
    return tuple(dict.fromkeys(found for kind, value in told if (found := slice_of(kind, value))))


def matches(wanted: str, scored: ScoredMention) -> bool:
    """Whether a post is in a slice."""
    return wanted == WHOLE or wanted in scored.slices


def fits(pattern: str, found: str) -> bool:
    """Whether a rule's pattern ("touchpoint", or "touchpoint=delivery") means a slice.

    >>> fits("region", "region=de"), fits("region=DE", "region=de"), fits("platform", "region=de")
    (True, True, False)
    """
    kind, is_one, value = pattern.partition("=")
    return found == slice_of(kind, value) if is_one else found.partition("=")[0] == kind


def label(found: str) -> str:
    """A slice in words, as after "more complaints": about delivery, on x, in German, in DE; nothing for the whole.

    >>> label("touchpoint=delivery"), label("language=de"), label("region=us"), label("")
    ('about delivery', 'in German', 'in US', '')
    """
    kind, _, value = found.partition("=")
    if kind == "platform":
        return f"on {value}"
    if kind == "touchpoint":
        return f"about {value}"
    if kind == "language":
        return f"in {_LANGUAGES.get(value, f'the language {value}')}"
    return f"in {value.upper() if len(value) == 2 else value}" if value else ""


@dataclass(slots=True)
class Room:
    """Which slices one day of a brand is counted in: the largest of the week before, and so many new ones."""

    known: frozenset[str]
    new: dict[str, set[str]]  # by kind

    @classmethod
    def of(cls, before: Mapping[str, float], today: Iterable[str]) -> "Room":
        """From the votes of each slice in the week before, and the slices that the day has already."""
        kinds: dict[str, list[str]] = defaultdict(list)
        for each in sorted(before, key=lambda name: (-before[name], name)):
            kinds[each.partition("=")[0]].append(each)
        known = frozenset(each for names in kinds.values() for each in names[:KNOWN_VALUES])
        room = cls(known, defaultdict(set))
        for each in today:
            if each not in known:
                room.new[each.partition("=")[0]].add(each)
        return room

    def admits(self, found: str) -> bool:
        """Whether a slice is counted; the first new ones are, and from then on only they."""
        if found in self.known:
            return True
        fresh = self.new[found.partition("=")[0]]
        if found not in fresh and len(fresh) < NEW_VALUES:
            fresh.add(found)
        return found in fresh


def chosen(patterns: Sequence[str], volumes: Iterable[Volume], day: datetime) -> tuple[str, ...]:
    """The slices that are worth watching from a midnight on, by what was counted in the days before it.

    Enough history, enough votes to have a usual, and not nearly the whole; of these the largest.
    """
    if not patterns:
        return ()
    found = {each.slice: each for each in volumes}
    whole = found.pop(WHOLE, None)
    if whole is None:
        return ()
    worth = [
        each
        for each in found.values()
        if day - each.first >= LEAST_HISTORY
        and each.mentions >= LEAST_DAILY * ((day - each.first) / timedelta(days=1))
        and each.mentions < NEARLY_THE_WHOLE * whole.mentions
        and any(fits(pattern, each.slice) for pattern in patterns)
    ]
    worth.sort(key=lambda each: (-each.mentions, each.slice))
    return tuple(sorted(each.slice for each in worth[:MOST_WATCHED]))
