"""Which texts may name any of what is asked for: all names in one pass, however many. Knows no platform.

It says no only where no name stands in a text; who is really meant is decided later, by the brand cards. Both read a
text in the same form (monitor.words), so that nothing is passed over here that they would have taken.
"""

import re
import unicodedata

from ahocorasick_rs import AhoCorasick

from monitor.domain import Query
from monitor.words import as_tags, plain

_ESCAPED = re.compile(r'["\\/\x00-\x20]')  # signs that JSON writes otherwise, and spaces, which may be line breaks


class Names:
    """Everything that a query's brands are called."""

    def __init__(self, query: Query) -> None:
        needles = {needle_of(name) for name in (*query.terms, *query.handles, *query.hashtags)}
        needles |= {tag for name in query.terms for tag in as_tags(plain(name))}
        self.all = "" in needles  # a name of which nothing is left to search for: every text may name it
        self._needles = AhoCorasick(sorted(needles - {""}))

    def may_match(self, text: str) -> bool:
        """False only for a text without any of the names; the text may be written as within JSON."""
        if self.all:
            return True
        try:
            return bool(self._needles.find_matches_as_indexes(plain(text)))
        except UnicodeEncodeError:
            return True  # half of a character


def needle_of(name: str) -> str:
    r"""The longest part of a name that stands in JSON as it is; "" where there is none.

    >>> needle_of("AT&T \"Fiber\""), needle_of("Café"), needle_of("@"), needle_of("O’Neill's")
    ('fiber', 'café', '@', "o'neill's")
    """
    return max(map(_bare, _ESCAPED.split(plain(name))), key=len)


def _bare(piece: str) -> str:
    """Without leading marks: such a sign joins the one before it, which may be the last letter of an escape."""
    while piece and unicodedata.category(piece[0]).startswith("M"):
        piece = piece[1:]
    return piece
