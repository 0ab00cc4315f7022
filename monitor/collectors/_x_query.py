"""Writes what the brands are called as search queries of X, each within the length that X allows. Knows no network.

What must stand beside a name, what is excluded and whose posts are nobody's word of mouth only saves money: the
program matches what comes back by itself. So it is asked for as far as there is room, and the names always.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.domain import Brand, Query

MAX_SAVING = 3  # a third of a query, at most, says what is not wanted


class TooLong(ValueError):
    """One name does not fit into one query; the message says which."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Names that go by the same companions and exclusions."""

    names: tuple[str, ...]
    beside: str = ""  # what must stand beside each of them, written
    without: tuple[str, ...] = ()  # written


def build(query: Query, *, longest: int = 512, retweets: bool = False) -> tuple[str, ...]:
    """The fewest queries, in the order of the names, that together ask for everything. Raises TooLong.

    >>> build(Query(terms=("Acme Air",), handles=("acmeair",), exclude=("acme corp",), languages=("en", "de")))
    ('("Acme Air" OR @acmeair) -"acme corp" (lang:en OR lang:de) -is:retweet',)
    >>> card = Brand(name="Acme", handles=("acme",), companions=("bank", "card"))
    >>> build(Query(brands=(card,)))
    ('"Acme" ("bank" OR "card") -from:acme -is:retweet', '@acme -from:acme -is:retweet')
    """
    rest = _languages(query) + ([] if retweets else ["-is:retweet"])
    found: list[str] = []
    for wanted in _cards(query.brands) if query.brands else [_of_query(query)]:
        found += _packed(wanted, rest, longest)
    return tuple(dict.fromkeys(found))


def _of_query(query: Query) -> _Wanted:
    names = [*_phrases(query.terms), *_tagged("@", query.handles), *_tagged("#", query.hashtags)]
    return _Wanted(tuple(dict.fromkeys(names)), without=_excluded(query.exclude))


def _cards(brands: Sequence[Brand]) -> list[_Wanted]:
    """What each card wants; cards that say the same of what goes along share their queries.

    Companions belong to names: a handle or a hashtag means the brand by itself.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for brand in brands:
        without = (*_excluded(brand.exclude), *_tagged("-from:", (*brand.handles, *brand.exclude_authors)))
        names = list(_phrases((brand.name, *brand.names, *brand.exact)))
        tags = [*_tagged("@", brand.handles), *_tagged("#", brand.hashtags)]
        if beside := list(_phrases(brand.companions)):
            groups.setdefault((_either(beside), without), []).extend(names)
            names = []
        groups.setdefault(("", without), []).extend([*names, *tags])
    return [
        _Wanted(tuple(dict.fromkeys(names)), beside, without) for (beside, without), names in groups.items() if names
    ]


def _packed(wanted: _Wanted, rest: list[str], longest: int) -> list[str]:
    beside = wanted.beside if len(wanted.beside) <= longest // MAX_SAVING else ""
    suffix = " ".join(filter(None, [beside, *_saving(wanted.without, longest // MAX_SAVING), *rest]))
    groups: list[list[str]] = []
    for name in wanted.names:
        if len(_written([name], suffix)) > longest:
            raise TooLong(f"{name[:60]} with the exclusions is longer than the {longest} characters that X allows")
        if groups and len(_written([*groups[-1], name], suffix)) <= longest:
            groups[-1].append(name)
        else:
            groups.append([name])
    return [_written(group, suffix) for group in groups]


def _saving(parts: Sequence[str], room: int) -> list[str]:
    """As many as there is room for."""
    kept: list[str] = []
    for part in parts:
        room -= len(part) + 1
        if room < 0:
            break
        kept.append(part)
    return kept


def _excluded(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"-{phrase}" for phrase in _phrases(phrases))


def _phrases(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f'"{plain}"' for word in words if (plain := _plain(word))))


def _tagged(sign: str, words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{sign}{plain}" for word in words if (plain := re.sub(r"\W", "", word))))


def _languages(query: Query) -> list[str]:
    found = [f"lang:{plain}" for language in query.languages if (plain := re.sub(r"\W", "", language))]
    return [_either(found)] if found else []


def _written(names: list[str], suffix: str) -> str:
    return f"{_either(names)} {suffix}".strip()


def _either(words: Sequence[str]) -> str:
    return f"({' OR '.join(words)})" if len(words) > 1 else words[0]


def _plain(phrase: str) -> str:
    return " ".join(re.sub(r'["\\\x00-\x1f]', " ", phrase).split())
