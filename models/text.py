"""Light normalisation of a post before it is tokenised; training and scoring use these same functions.

Part of models/: knows nothing of brands, stores or platforms. Standard library only.
Two texts that normalise to the same string get the same numbers, which is also what "exact duplicate" means.
"""

import re
import unicodedata
from functools import lru_cache
from html import unescape

MAX_CHARACTERS = 2_000  # what 128 word pieces hold, several times over; bounds the cost of hostile text
_RAW_CHARACTERS = 4 * MAX_CHARACTERS  # raw text is cut here first: links, HTML escapes and blanks shrink later
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@])@\w+(?:[.-]\w+)*")
_HANDLES = re.compile(r"@user(?:\s+@user){3,}")
_HASHTAG = re.compile(r"#(\w+)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONG_RUN = re.compile(r"(\S)\1{3,}")
_BLANK = re.compile(r"\s+")
_ASCII_ONLY = re.compile(r"[\x20-\x7e]*")
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}  # controls, zero-width and bidi marks, surrogates, unassigned


def normalise(text: str) -> str:
    """Return `text` as every model reads it: at most MAX_CHARACTERS, one blank between words, never raising.

    Links become `http`, handles `@user`; controls, zero-width characters and lone surrogates are dropped; a
    character repeated more than three times, and a handle repeated likewise, is kept three times.

    >>> normalise("@Acme  whyyyyyy? &amp; https://t.co/x1")
    '@user whyyy? & http'
    >>> normalise("\\ud800 \\x00 \\u200b")
    ''
    """
    cut = text[:_RAW_CHARACTERS]
    if "&" in cut:
        cut = unescape(cut)
    if not _ASCII_ONLY.fullmatch(cut):
        cut = "".join(map(_visible, unicodedata.normalize("NFC", cut)))
    cut = _LONG_RUN.sub(r"\1\1\1", cut)
    cut = _HANDLE.sub("@user", _LINK.sub("http", cut))
    cut = _HANDLES.sub("@user @user @user", cut)
    return _BLANK.sub(" ", cut).strip()[:MAX_CHARACTERS]


def spell_out(text: str) -> str:
    """Return a normalised text in words a plain vocabulary knows: emoji by name, hashtags split into words.

    >>> spell_out("late again \\U0001F621 #FlightDelayed")
    'late again pouting face # Flight Delayed'
    """
    if not _ASCII_ONLY.fullmatch(text):
        text = "".join(map(_spoken, text))
    return _BLANK.sub(" ", _HASHTAG.sub(_split_hashtag, text)).strip()[:MAX_CHARACTERS]


@lru_cache(maxsize=4_096)
def _visible(character: str) -> str:
    """Keep what can be read, turn any blank into a space, drop what is invisible."""
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _DROPPED else character


@lru_cache(maxsize=4_096)
def _spoken(character: str) -> str:
    """Say an emoji's name; drop its variation selectors and skin tones; keep the rest."""
    category = unicodedata.category(character)
    if category == "So":
        return f" {unicodedata.name(character, '').lower()} "
    if "\ufe00" <= character <= "\ufe0f" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return ""
    return character


def _split_hashtag(match: re.Match[str]) -> str:
    return "# " + _CAMEL.sub(" ", match.group(1))
