"""Text as it is compared, and where its words end. Pure; linear in the text, whatever it holds.

Knows no brand. Two forms of a text are used: `written` (one way to write each sign, case kept) and `plain` (the same
without case). Scripts and categories are those of Python's Unicode tables. Reasons: docs/decisions/0007-matching.md.
"""

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import Literal

_SEAM = "\u200b"  # stands where something without width was left out that may end a word
_PIECE = 1000  # characters that are normalised at a time: long runs of combining marks take quadratic time
_NOTHING = (  # signs without a width (Unicode: Default_Ignorable_Code_Point), strokes through, under, between letters,
    # and the vowel points of Hebrew and Arabic, which nearly nobody writes
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200d-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff\u0332\u0333\u0335-\u0338"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670"
)
_BETWEEN = "\u200b\u200c\ufeff™℠®©"  # what may stand at a word's end and is not part of it
_APOSTROPHES, _HYPHENS, _QUOTES = "‘’‛ʼʹ′`´ꞌ", "‐‑‒–−", "“”„‟″"
_RARE = re.compile(f"[{_NOTHING}{_BETWEEN}{_APOSTROPHES}{_HYPHENS}{_QUOTES}]")
_LEFT_OUT = re.compile(f"[{_NOTHING}]+")
_SAME = str.maketrans(
    dict.fromkeys(_BETWEEN, _SEAM)
    | dict.fromkeys(_APOSTROPHES, "'")
    | dict.fromkeys(_HYPHENS, "-")
    | dict.fromkeys(_QUOTES, '"')
)
_ESCAPED = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_AROUND_SEAM = re.compile(f"[ {_SEAM}]*{_SEAM}[ {_SEAM}]*")

_RUNNING = frozenset(
    ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR")
)
_RUN, _HANGUL, _ANY, _SIGN = "run", "HANGUL", "any", ""
_GO_ON = frozenset("ー々ゝゞヽヾ")  # letters that lengthen or repeat the one before
_NO_END = frozenset(".-'_&@/:")  # signs at a name's end behind which a letter goes on: "U.S" in "U.S.A"
_PARTICLES = re.compile(
    "(?:은|는|이|가|을|를|의|에|와|과|도|만|로|야|나|랑|들|께|뿐|에서|에게|으로|까지|부터|처럼|보다|라도|이나|이랑|한테|께서|마다|조차|"
    "마저|밖에|대로|같은|이라|라는|라고|이다|입니다|이네|이에요|예요|였다|인데|인가|하고){1,3}(?![가-힣])"
)
_LINK = re.compile(
    r"(?:https?://|(?<![a-z0-9.-])www\.)[!-~]+|(?<![a-z0-9.@-])(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?/[!-~]*"
)
_ACCOUNT = re.compile(r"@[a-z0-9_]+(?:[.@-][a-z0-9_]+)*")
_TAG = re.compile(r"(?<![A-Za-z0-9&/])#([^\s\x00-/:-@\[-^`{-~、。，．！？「」（）…]+)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
# What people write before and behind a name when they are angry in one word: #boycottacme, #acmefail.
_BEFORE = re.compile("(?:boycott|cancel|delete|ditch|dump)", re.IGNORECASE)
_BEHIND = re.compile(
    r"(?:boycott|down|fails?|failed|failure|outage|scam|strike|sucks?)(?:(?:19|20)\d\d)?$", re.IGNORECASE
)
_SHORTEST = 3  # letters of a name that is looked for in hashtags without its spaces and signs
Span = tuple[int, int]


def plain(text: str) -> str:
    """The form in which texts are compared: compatibility form, no case, no signs without width, single spaces.

    >>> plain("Ｎim\\u00adbus’  CAFÉ")
    "nimbus' café"
    """
    text = _unescaped(text)
    return " ".join(text.lower().replace("`", "'").split()) if text.isascii() else folded(written(text))


def written(text: str) -> str:
    """The same with its case.

    >>> written("Ｎim\\u200bbus®  T‑Mobile")
    'Nimbus T-Mobile'
    """
    return _sewn(text)[0]


def folded(text: str) -> str:
    """A text without its case; the Turkish letters i are one, as capitals are everywhere (BANKASI)."""
    return text.casefold().replace("i\u0307", "i").replace("ı", "i")


def _unescaped(text: str) -> str:
    """A text whose signs are not written as in a web page: some platforms and files have "AT&amp;T"."""
    return _ESCAPED.sub(lambda found: html.unescape(found[0]), text) if "&" in text and ";" in text else text


def letters(text: str) -> str:
    """A text without signs and spaces.

    >>> letters("at&t-one")
    'attone'
    """
    return "".join(sign for sign in text if _script(sign) and sign != "_")


def as_tags(form: str) -> set[str]:
    """How hashtags write a name that is no single word.

    >>> sorted(as_tags("at&t one")), as_tags("acme"), as_tags("c++")
    (['att_one', 'attone'], set(), set())
    """
    words = [letters(word) for word in form.split()]
    return {tag for tag in ("".join(words), "_".join(words)) if tag != form and len("".join(words)) >= _SHORTEST}


def _sewn(text: str) -> tuple[str, tuple[int, ...]]:
    """The written form, and the places in it where something that may end a word was left out."""
    text = _unescaped(text)
    if text.isascii():
        return " ".join(text.replace("`", "'").split()), ()
    if _RARE.search(text):
        text = _LEFT_OUT.sub("", text).translate(_SAME)
    text = " ".join(normal("NFKC", text).split())
    if _SEAM not in text:
        return text, ()
    text = _AROUND_SEAM.sub(lambda found: " " if " " in found[0] else _SEAM, text).strip(" ")
    pieces = text.split(_SEAM)
    return "".join(pieces), tuple(accumulate(map(len, pieces[:-1])))


def normal(form: Literal["NFC", "NFKC"], text: str) -> str:
    """A text in one of Unicode's normal forms, piece by piece where it is long: linear in time, whatever it holds.

    >>> normal("NFC", "cafe\\u0301")
    'café'
    """
    if len(text) <= _PIECE:
        return unicodedata.normalize(form, text)
    pieces, start = [], 0
    while start < len(text):
        end = start + _PIECE
        space = text.rfind(" ", start, end) if end < len(text) else -1
        end = space + 1 if space >= start else end
        pieces.append(unicodedata.normalize(form, text[start:end]))
        start = end
    return "".join(pieces)


@lru_cache(maxsize=20_000)
def _script(sign: str) -> str:
    """Whose letter it is: a script, one of those that are written without spaces, any (digits), or none: a sign."""
    if sign == "_":
        return _ANY
    if unicodedata.category(sign) == "Me" or unicodedata.category(sign)[0] not in "LNM":  # Me: around a key, as in 1️⃣
        return _SIGN
    first = unicodedata.name(sign, "").partition(" ")[0]
    if first in _RUNNING:
        return _RUN
    return first if unicodedata.category(sign)[0] != "N" and first not in ("COMBINING", "MODIFIER") else _ANY


@lru_cache(maxsize=20_000)
def _goes_on(sign: str) -> bool:
    """Whether a sign belongs to the letter before it, whatever that is."""
    return sign in _GO_ON or unicodedata.category(sign) in ("Mn", "Mc")


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours belong to one word."""
    first, second = _script(before), _script(after)
    if not first or not second:
        return False
    if _goes_on(after):
        return True
    if _RUN in (first, second):
        return False
    return first == second or _ANY in (first, second)


def _alphabetic(sign: str) -> bool:
    """Whether a sign is a letter or digit of a script with spaces, that of Korean excepted: it adds particles."""
    return _script(sign) not in (_SIGN, _RUN, _HANGUL)


class Spans:
    """Stretches of a text."""

    def __init__(self, found: Iterable[Span]) -> None:
        self._ends: list[int] = []
        self._starts: list[int] = []
        for start, end in sorted(found):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def hold(self, start: int, end: int) -> bool:
        """Whether a stretch lies within them."""
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and self._ends[at] >= end

    def touch(self, start: int, end: int) -> bool:
        """Whether a stretch shares a sign with them."""
        at = bisect_left(self._starts, end) - 1
        return at >= 0 and self._ends[at] > start


_NOWHERE = Spans(())


class Text:
    """A text that is looked at closely: its forms, its links, accounts and hashtags, and where its words end.

    Places are those of `plain`.
    """

    def __init__(self, text: str) -> None:
        self.written, seams = _sewn(text)
        self.plain = folded(self.written) if not self.written.isascii() else self.written.lower()
        self._seams = {self._place(seam) for seam in seams}
        if "#" in self.written:
            self._seams.update(
                self._place(seam) for start, end in self._tags_written for seam in self._humps(start, end)
            )

    @cached_property
    def _places(self) -> list[int] | None:
        """Where each written sign begins in the plain form; None where both have the same places."""
        if len(self.plain) == len(self.written):
            return None
        lengths, last = [0], ""
        for sign in self.written:
            bare = "" if sign == "\u0307" and last == "i" else folded(sign)
            lengths.append(len(bare))
            last = bare[-1:]
        return list(accumulate(lengths))

    def _place(self, at: int) -> int:
        return at if self._places is None else self._places[at]

    def as_written(self, start: int, end: int) -> str:
        """A stretch of the plain form, as it is written."""
        if self._places is None:
            return self.written[start:end]
        return self.written[bisect_left(self._places, start) : bisect_left(self._places, end)]

    @cached_property
    def _tags_written(self) -> list[Span]:
        return [found.span(1) for found in _TAG.finditer(self.written)]

    def _humps(self, start: int, end: int) -> list[int]:
        """Where words begin and end inside a hashtag: #NimbusAirFail, #boycott_nimbus, #nimbusfail, #nimbus2027."""
        tag = self.written[start:end]
        places = [at for found in _YEAR.finditer(tag) for at in found.span()]
        places += [found.end() for found in (_BEFORE.match(tag),) if found]
        places += [found.start() for found in (_BEHIND.search(tag),) if found]
        for at, (before, after) in enumerate(pairwise(tag), 1):
            follows = tag[at + 1 : at + 2]
            if "_" in (before, after) or (after.isupper() and (not before.isupper() or follows.islower())):
                places.append(at)
        return [start + at for at in places]

    @cached_property
    def links(self) -> Spans:
        """Web addresses: with a scheme, with www., or with a path."""
        may = "/" in self.plain or "www." in self.plain
        return Spans(found.span() for found in _LINK.finditer(self.plain)) if may else _NOWHERE

    @cached_property
    def accounts(self) -> Spans:
        """@handles and the domains behind an @."""
        return Spans(found.span() for found in _ACCOUNT.finditer(self.plain)) if "@" in self.plain else _NOWHERE

    @cached_property
    def tags(self) -> Spans:
        """Hashtags, without their #."""
        if "#" not in self.written:
            return _NOWHERE
        return Spans((self._place(start), self._place(end)) for start, end in self._tags_written)

    def word(self, start: int, end: int) -> str:
        """A stretch with the rest of the words that it begins and ends in, as it is written."""
        low, high = start, end
        while low > 0 and start - low < 20 and _joined(self.plain[low - 1], self.plain[low]):
            low -= 1
        while high < len(self.plain) and high - end < 20 and _joined(self.plain[high - 1], self.plain[high]):
            high += 1
        return self.as_written(low, high)

    def stands(self, start: int, end: int) -> bool:
        """Whether a stretch is not part of a longer word."""
        return self._opens(start) and self._closes(end)

    def stands_as_account(self, start: int, end: int) -> bool:
        """Whether an @handle is not part of a longer one, or of an address; a server's name may stand behind it."""
        if start > 0 and (self.plain[start - 1] in "@/" or _alphabetic(self.plain[start - 1])):
            return False
        after, then = self.plain[end : end + 1], self.plain[end + 1 : end + 2]
        return not after or not (_alphabetic(after) or (after == "-" and then and _alphabetic(then)))

    def _opens(self, start: int) -> bool:
        if start == 0 or start in self._seams:
            return True
        before, first = self.plain[start - 1], self.plain[start]
        if not _script(first):
            return before != "@" and not _alphabetic(before)
        beyond = self.plain[start - 2 : start - 1]
        if before == "_":  # _so_ some people stress a word
            return not beyond or not (_script(beyond) or beyond in "@#")
        if before == "'":  # l'Acme, but O'Acme
            return beyond != "o" or (start > 2 and bool(_script(self.plain[start - 3])))
        return before != "@" and not _joined(before, first)

    def _closes(self, end: int) -> bool:
        if end == len(self.plain) or end in self._seams:
            return True
        last, after, then = self.plain[end - 1], self.plain[end], self.plain[end + 1 : end + 2]
        if not _script(last):
            return last not in _NO_END or not _alphabetic(after)
        if after == "_":
            return not then or not _script(then)
        if after == "@":
            return not then or not _alphabetic(then)
        if _script(last) == _HANGUL == _script(after):
            return _PARTICLES.match(self.plain, end) is not None
        return not _joined(last, after)
