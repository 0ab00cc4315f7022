"""Light normalisation of a post before it is tokenised; training and scoring use these same functions.

Part of models/: knows nothing of brands, stores or platforms. Standard library only.
Two texts that normalise to the same string get the same numbers, which is also what "exact duplicate" means.
"""

import re
import unicodedata
from functools import lru_cache
from html import unescape

MAX_CHARACTERS = 2_000  # what 128 word pieces hold, several times over; bounds the cost of hostile text
MAX_TARGET = 60  # characters; longer names are cut, so that the text keeps its room
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


def input_of(text: str, target: str | None) -> str | tuple[str, str]:
    """What the tokenizer is given for a normalised text and target: the text, or the text and the target after it.

    >>> input_of("late again", None), input_of("Acme is late", "Acme")
    ('late again', ('Acme is late', 'Acme'))
    """
    return (spell_out(text), spell_out(target)[:MAX_TARGET]) if target else spell_out(text)


def as_name(target: str | None) -> str | None:
    """A target as every model reads it, without the sign of a handle or hashtag; None where nothing is left.

    >>> as_name(" @Acme "), as_name("#"), as_name(None)
    ('Acme', None, None)
    """
    return normalise((target or "")[:_RAW_CHARACTERS].lstrip("@# \t\n"))[:MAX_TARGET] or None


def names(text: str, target: str) -> bool:
    """Whether a normalised text names the target: at the start of a word, whatever its capitals, blanks and hyphens.

    >>> names("see #StarWarsDay", "star wars day"), names("I cannot afford it", "Ford"), names("@user late", "Acme")
    (True, False, False)
    """
    found = _name_pattern(target)
    return found is not None and found.search(text) is not None


@lru_cache(maxsize=4_096)
def _name_pattern(target: str) -> re.Pattern[str] | None:
    words = re.findall(r"\w+", target[:MAX_TARGET])
    return re.compile(r"(?<!\w)" + r"\W{0,2}".join(map(re.escape, words)), re.IGNORECASE) if words else None


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
