"""Writes what the brands are called as search queries of X, each within the length that X allows. Knows no network."""

import re

from monitor.domain import Query


class TooLong(ValueError):
    """One name, or the exclusions, do not fit into one query; the message says which."""


def build(query: Query, *, longest: int = 512, retweets: bool = False) -> tuple[str, ...]:
    """The fewest queries, in the order of the names, that together ask for everything. Raises TooLong.

    >>> build(Query(terms=("Acme Air",), handles=("acmeair",), exclude=("acme corp",), languages=("en", "de")))
    ('("Acme Air" OR @acmeair) -"acme corp" (lang:en OR lang:de) -is:retweet',)
    """
    suffix = _suffix(query, retweets=retweets)
    groups: list[list[str]] = []
    for name in _names(query):
        if len(_written([name], suffix)) > longest:
            raise TooLong(f"{name[:60]} with the exclusions is longer than the {longest} characters that X allows")
        if groups and len(_written([*groups[-1], name], suffix)) <= longest:
            groups[-1].append(name)
        else:
            groups.append([name])
    return tuple(_written(group, suffix) for group in groups)


def _names(query: Query) -> list[str]:
    terms = [f'"{plain}"' for term in query.terms if (plain := _plain(term))]
    handles = [f"@{plain}" for handle in query.handles if (plain := re.sub(r"\W", "", handle))]
    hashtags = [f"#{plain}" for hashtag in query.hashtags if (plain := re.sub(r"\W", "", hashtag))]
    return list(dict.fromkeys([*terms, *handles, *hashtags]))


def _suffix(query: Query, *, retweets: bool) -> str:
    parts = [f'-"{plain}"' for phrase in query.exclude if (plain := _plain(phrase))]
    languages = [f"lang:{plain}" for language in query.languages if (plain := re.sub(r"\W", "", language))]
    if languages:
        parts.append(f"({' OR '.join(languages)})" if len(languages) > 1 else languages[0])
    if not retweets:
        parts.append("-is:retweet")
    return " ".join(parts)


def _written(names: list[str], suffix: str) -> str:
    wanted = f"({' OR '.join(names)})" if len(names) > 1 else names[0]
    return f"{wanted} {suffix}".strip()


def _plain(phrase: str) -> str:
    return " ".join(re.sub(r'["\\\x00-\x1f]', " ", phrase).split())
