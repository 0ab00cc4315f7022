"""Which brands a post names, and why another does not count. Pure; linear in the text, whatever the cards hold.

Knows brand cards and plain text; nothing of platforms' query languages. All names of all cards are looked for at once
(Aho & Corasick 1975), so that ten thousand cost hardly more than ten; what is found is then judged one by one.
Reasons: docs/decisions/0007-matching.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick

from monitor.domain import Brand, Mention, Query
from monitor.words import Spans, Text, as_tags, plain, written

_WINDOW = 2_000  # characters that are searched at a time: names inside of names can be found a hundred times at a place
_MOST_PLACES = 10_000
_DOMAIN = re.compile(r"[^\W_]\.[^\W_]")
INSIDE, AS_WRITTEN, LINK = "inside another word", "not written so", "inside a link"
ACCOUNT, ALONE, OWN, AUTHOR = "inside an account's name", "no companion beside it", "own account", "excluded author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A brand's name in a post, and whether it counts."""

    brand: str
    words: str  # as the post writes them, with the rest of the word around
    counts: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Name:
    """One thing that a card is called by."""

    brand: int
    said: str  # as the card has it
    kind: str = "name"  # or "account", "tag"
    exact: str | None = None  # how it must be written
    free: bool = False  # needs no companion


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One phrase that decides whether names count."""

    brand: int
    said: str
    kind: str  # "excluded" (where it stands), "excluded tag", "ruled out" (the whole post), "companion"


_T = TypeVar("_T")


class _Lookup(Generic[_T]):
    """Words, and what each of them stands for; all are looked for at once."""

    def __init__(self, pairs: Iterable[tuple[str, _T]]) -> None:
        told: dict[str, list[_T]] = {}
        for word, meaning in pairs:
            if word:
                told.setdefault(word, []).append(meaning)
        self._meanings = [tuple(dict.fromkeys(each)) for each in told.values()]
        self._longest = max(map(len, told), default=0)
        self._automaton = AhoCorasick(list(told)) if told else None

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Each place of each word in a plain text that is not long, as (word, start, end)."""
        if self._automaton is None:
            return []
        try:
            return self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:  # half of a character: another sign in its place
            return self._automaton.find_matches_as_indexes(text.encode("utf-8", "replace").decode(), overlapping=True)

    def may_hold(self, text: str) -> bool:
        """False only where no word stands in a text: the quick answer for most posts."""
        if len(text) > _WINDOW:
            return True
        form = plain(text)
        found = self.find(form)
        if found and text.isascii() and "#" not in text and "&" not in text:
            return any(_stands_alone(form, start, end) for _, start, end in found)
        return bool(found)

    def meanings(self, text: str) -> Iterator[tuple[_T, int, int]]:
        """What is found in a plain text, and where; a place may come twice."""
        for offset, piece in self._pieces(text):
            for word, start, end in self.find(piece):
                for meaning in self._meanings[word]:
                    yield meaning, offset + start, offset + end

    def _pieces(self, text: str) -> Iterator[tuple[int, str]]:
        for start in range(0, len(text) or 1, _WINDOW):
            low = max(start - self._longest, 0)
            yield low, text[low : start + _WINDOW]


def _stands_alone(text: str, start: int, end: int) -> bool:
    """False for letters and digits inside a longer run of them; ASCII only."""
    before, after = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
    return not ((start and before.isalnum()) or (end < len(text) and after.isalnum()))


class Matcher:
    """Finds the brands that posts are about."""

    def __init__(self, brands: Iterable[Brand]) -> None:
        self._brands = tuple(brands)
        self._cards = {plain(word): brand.name for brand in self._brands for word in (*brand.apps, brand.name)}
        self._names = _Lookup(pair for place, brand in enumerate(self._brands) for pair in _names(place, brand))
        self._rules = _Rules(self._brands)
        self._own = _by_author(brand.handles for brand in self._brands)
        self._shunned = _by_author(brand.exclude_authors for brand in self._brands)

    def match(self, mention: Mention) -> tuple[str, ...]:
        """The brands that a post is about, in the order of the cards.

        What a source says of its posts stands; a brand's own posts are not word of mouth about it, nor are those of
        the authors that its card excludes.
        """
        if mention.targets:
            return self._told(mention)
        if not self._names.may_hold(mention.text):
            return ()
        return tuple(
            self._brands[place].name for place in self._named(mention.text) if not self._not_heard(place, mention)
        )

    def named_in(self, text: str) -> tuple[str, ...]:
        """The brands that a text names, in the order of the cards."""
        return tuple(self._brands[place].name for place in self._named(text))

    def explain(self, mention: Mention) -> tuple[Finding, ...]:
        """Each name of each brand in a post, with the reason why it counts or not; the same answer is given once.

        For people: of a text that is full of names, the first 10,000 places are looked at.
        """
        if mention.targets:
            return tuple(
                Finding(brand=n, words=n, counts=True, reason="told by the source") for n in self._told(mention)
            )
        reading, found = _Reading(self._rules, mention.text), dict[Finding, int]()
        for name, start, end in islice(self._names.meanings(reading.text.plain), _MOST_PLACES):
            reason = reading.against(name, start, end) or self._not_heard(name.brand, mention)
            words = reading.text.word(start, end)
            told = Finding(
                brand=self._brands[name.brand].name,
                words=words,
                counts=not reason,
                reason=reason or f"named: {name.said}",
            )
            found.setdefault(told, name.brand)
        return tuple(sorted(found, key=lambda each: (found[each], not each.counts)))

    def _told(self, mention: Mention) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._cards.get(plain(name), name) for name in mention.targets))

    def _named(self, text: str) -> list[int]:
        reading, found = _Reading(self._rules, text), set[int]()
        for name, start, end in self._names.meanings(reading.text.plain):
            if name.brand not in found and not reading.against(name, start, end):
                found.add(name.brand)
        return sorted(found)

    def _not_heard(self, place: int, mention: Mention) -> str:
        """Why what this author says of a brand is not word of mouth; "" where it is."""
        handle, number = _account(mention.author.handle or ""), mention.author.native_id or ""
        if place in self._own.get(handle, ()):
            return OWN
        return AUTHOR if place in self._shunned.get(handle, ()) or place in self._shunned.get(number, ()) else ""


class _Rules:
    """What the cards say of the surroundings of their names."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self.phrases = _Lookup(pair for place, brand in enumerate(brands) for pair in _phrases(place, brand))
        self.choosy = frozenset(place for place, brand in enumerate(brands) if brand.companions)
        self.careful = self.choosy | {place for place, brand in enumerate(brands) if brand.exclude}


class _Reading:
    """One text, and what its words say against the names in it."""

    def __init__(self, rules: _Rules, text: str) -> None:
        self.text = Text(text)
        self._rules = rules

    def against(self, name: _Name, start: int, end: int) -> str:
        """Why a name at a place does not count; "" where it does."""
        text = self.text
        if text.links.hold(start, end) and not _DOMAIN.search(name.said):
            return LINK
        if name.kind == "name" and text.accounts.hold(start, end):
            return ACCOUNT
        if not self._stands(name, start, end):
            return INSIDE
        if name.exact is not None and text.as_written(start, end) != name.exact:
            return f"{AS_WRITTEN}: {name.exact}"
        return self._phrase_against(name, start, end) if name.brand in self._rules.careful else ""

    def _stands(self, name: _Name, start: int, end: int) -> bool:
        if name.kind == "account":
            return self.text.stands_as_account(start, end)
        return self.text.stands(start, end) and (name.kind == "name" or self.text.tags.hold(start, end))

    def _phrase_against(self, name: _Name, start: int, end: int) -> str:
        around = self._around
        if name.brand in around.ruled_out:
            return f"excluded by {around.ruled_out[name.brand]}"
        for said, spans in around.excluded.get(name.brand, {}).items():
            if spans.touch(start, end):
                return f"excluded by {said}"
        alone = name.brand in self._rules.choosy and not name.free and name.brand not in around.accompanied
        return ALONE if alone else ""

    @cached_property
    def _around(self) -> "_Around":
        return _Around(self._rules.phrases.meanings(self.text.plain), self.text)


class _Around:
    """The phrases of a text that decide whether a brand's names in it count."""

    def __init__(self, found: Iterable[tuple[_Phrase, int, int]], text: Text) -> None:
        self.ruled_out: dict[int, str] = {}
        self.accompanied: set[int] = set()
        places: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for phrase, start, end in found:
            if phrase.kind == "excluded" or (phrase.kind == "excluded tag" and text.tags.hold(start, end)):
                places.setdefault(phrase.brand, {}).setdefault(phrase.said, []).append((start, end))
            elif phrase.kind == "ruled out" and text.stands(start, end):
                self.ruled_out.setdefault(phrase.brand, phrase.said)
            elif phrase.kind == "companion" and phrase.brand not in self.accompanied and text.stands(start, end):
                self.accompanied.add(phrase.brand)
        self.excluded = {
            brand: {said: Spans(spans) for said, spans in phrases.items()} for brand, phrases in places.items()
        }


def query(brands: Sequence[Brand]) -> Query:
    """What a source is asked for, so that it returns whatever these brands are called."""
    return Query(
        terms=_unique(name for brand in brands for name in (brand.name, *brand.names, *brand.exact)),
        handles=_unique(handle for brand in brands for handle in brand.handles),
        hashtags=_unique(tag for brand in brands for tag in brand.hashtags),
        exclude=_unique(phrase for brand in brands for phrase in brand.exclude),
        brands=tuple(brands),
    )


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _names(place: int, brand: Brand) -> Iterator[tuple[str, _Name]]:
    """Everything that a card is called by, as it is looked for. Names of several words also as hashtags write them."""
    exact = {plain(said) for said in brand.exact}
    called = {form: said for said in (brand.name, *brand.names) if (form := plain(said)) not in exact}
    for form, said in called.items():
        yield form, _Name(place, said)
        for tag in as_tags(form):
            yield tag, _Name(place, said, "tag")
    for said in brand.exact:
        yield plain(said), _Name(place, said, exact=written(said))
    for handle in brand.handles:
        yield f"@{plain(handle)}", _Name(place, f"@{handle}", "account", free=True)
    for tag in brand.hashtags:
        if (form := plain(tag)) not in called:
            yield form, _Name(place, f"#{tag}", "tag", free=form not in exact)


def _phrases(place: int, brand: Brand) -> Iterator[tuple[str, _Phrase]]:
    """What is looked for beside the names. An excluded phrase without a name in it rules the whole post out."""
    called = [plain(said) for said in (brand.name, *brand.names, *brand.exact)]
    for said in brand.exclude:
        form = plain(said)
        local = any(each in form for each in called)
        yield form, _Phrase(place, said, "excluded" if local else "ruled out")
        if local:
            yield from ((tag, _Phrase(place, said, "excluded tag")) for tag in as_tags(form))
    for said in brand.companions:
        yield plain(said), _Phrase(place, said, "companion")


def _by_author(named: Iterable[Sequence[str]]) -> dict[str, set[int]]:
    """The cards that name an account, by its handle and by its id."""
    found: dict[str, set[int]] = {}
    for place, accounts in enumerate(named):
        for account in accounts:
            for form in (_account(account), account.strip()):
                found.setdefault(form, set()).add(place)
    found.pop("", None)
    return found


def _account(handle: str) -> str:
    return plain(handle).removeprefix("@")
