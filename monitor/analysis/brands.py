"""Which brands a post names: names, handles and hashtags outside of excluded phrases. Pure; linear in the text.

Knows brand cards and plain text; nothing of platforms' query languages. Both sides are compared in Unicode's
compatibility form, without case. Patterns run on RE2, whose time is linear in the text whatever a card holds.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import re2

from monitor.domain import Brand, Mention, Query

_EDGE_BEFORE, _EDGE_AFTER = r"(?:^|[^\pL\pN_@])", r"(?:$|[^\pL\pN_])"


def plain(text: str) -> str:
    """The form in which texts are compared.

    >>> plain("Ｎimbus’ CAFÉ")
    "nimbus' café"
    """
    return unicodedata.normalize("NFKC", text).replace("’", "'").casefold()


class Matcher:
    """Finds the brands that posts are about."""

    def __init__(self, brands: Iterable[Brand]) -> None:
        self._brands = tuple(brands)
        self._cards = {plain(brand.name): brand.name for brand in self._brands}
        self._own = {plain(handle): brand.name for brand in self._brands for handle in brand.handles}
        self._wanted = re2.Set.SearchSet()
        for brand in self._brands:
            self._wanted.Add(_pattern(brand))
        if self._brands:
            self._wanted.Compile()
        self._excluded = [_excluded(brand.exclude) for brand in self._brands]
        self._patterns = [re2.compile(_pattern(brand)) for brand in self._brands]

    def match(self, mention: Mention) -> tuple[str, ...]:
        """The brands that a post is about, in the order of the cards.

        What a source says of its posts stands; a brand's own posts are not word of mouth about it.
        """
        if mention.targets:
            return tuple(dict.fromkeys(self._cards.get(plain(name), name) for name in mention.targets))
        if not self._brands:
            return ()
        author = plain(mention.author.handle or "")
        found = self.named_in(mention.text)
        return tuple(name for name in found if self._own.get(author) != name)

    def named_in(self, text: str) -> tuple[str, ...]:
        """The brands that a text names."""
        compared = plain(text).encode("utf-8", "replace").decode()
        places = sorted(self._wanted.Match(compared) or ())
        return tuple(self._brands[place].name for place in places if self._outside(place, compared))

    def _outside(self, place: int, text: str) -> bool:
        excluded = self._excluded[place]
        return excluded is None or bool(self._patterns[place].search(excluded.sub(" ", text)))


def query(brands: Sequence[Brand]) -> Query:
    """What a source is asked for, so that it returns whatever these brands are called."""
    return Query(
        terms=_unique(name for brand in brands for name in (brand.name, *brand.names)),
        handles=_unique(handle for brand in brands for handle in brand.handles),
        hashtags=_unique(tag for brand in brands for tag in brand.hashtags),
        exclude=_unique(phrase for brand in brands for phrase in brand.exclude),
    )


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _pattern(brand: Brand) -> str:
    words = [re2.escape(plain(name)) for name in (brand.name, *brand.names)]
    words += ["@" + re2.escape(plain(handle)) for handle in brand.handles]
    words += ["#" + re2.escape(plain(tag)) for tag in brand.hashtags]
    return f"{_EDGE_BEFORE}(?:{'|'.join(words)}){_EDGE_AFTER}"


def _excluded(phrases: Sequence[str]) -> Any:
    if not phrases:
        return None
    return re2.compile("|".join(re2.escape(plain(phrase)) for phrase in phrases))
