"""Which language a text is in. Part of models/: text in, code out; knows no store, no settings and no model.

py3langid (a naive Bayes over byte n-grams, trained on several domains: Lui & Baldwin, 2012) is loaded on first use.
How sure "foreign" must be was measured on English and foreign posts: docs/decisions/0005-language-of-a-post.md.
"""

import importlib
import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from models.text import normalise

_LEAST_LETTER_BYTES = 8  # in UTF-8: eight Latin letters, or three Chinese signs
_LEAST_PROBABILITY = 0.4
# What makes a text foreign: letters enough, and by how much the best language beats the best one at home, as the
# logarithm of the ratio of their likelihoods: for the text as a whole, and over the root of its length in bytes.
_FOREIGN_LETTER_BYTES = 12
_FOREIGN_ODDS = 10.0
_FOREIGN_ODDS_BY_LENGTH = 1.0
_PLACEHOLDERS = frozenset({"http", "@user"})
_TAG = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.DOTALL)
_NO_LANGUAGE = re.compile(r"und|zxx|mul|mis|art|q[a-t][a-z]")  # ISO 639-2: undetermined, none, several, private use
_SAME = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "nb": "no", "nn": "no", "fil": "tl", "cmn": "zh",
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "por": "pt", "ita": "it",
    "nld": "nl", "dut": "nl", "ara": "ar", "hin": "hi", "jpn": "ja", "kor": "ko", "rus": "ru", "tur": "tr",
    "pol": "pl", "zho": "zh", "chi": "zh", "ind": "id",
}  # fmt: skip
_NAMES: Mapping[str, str] = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "ms": "Malay",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sv": "Swedish", "ta": "Tamil", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


class _Identifier(Protocol):
    labels: list[str]

    def set_languages(self, langs: Collection[str]) -> None: ...

    def classify(self, text: str) -> tuple[str, float]: ...

    def rank(self, text: str) -> list[tuple[str, float]]: ...


@dataclass(frozen=True, slots=True)
class Identified:
    """What a text's letters say: the likeliest language, None where it is better not to say; and whether it is certain
    that the text is in none of the languages that it was asked about."""

    language: str | None
    foreign: bool


def identify(texts: Sequence[str]) -> list[str | None]:
    """ISO 639-1 code of each text, or None: too short, no letters, or too unsure to say.

    Links and handles say nothing about the language and are left out. A platform's own language tag, where
    there is one, is usually the better answer for very short texts and for languages in a borrowed script.
    """
    return [each.language for each in recognise(texts, home=())]


def recognise(texts: Sequence[str], *, home: Collection[str] | None) -> list[Identified]:
    """The language of each text, and whether it is certainly none of `home` (ISO 639-1).

    Made so that a text in a language of `home` is hardly ever called foreign: one that is short, mixed, or in a
    borrowed script (Hindi in Latin letters) is not. Without a home (None), a text is foreign where its language is
    as certain against every other. Where `home` is empty, or holds only languages that the identifier does not know,
    there is nothing to compare with, and nothing is foreign.
    """
    found = {text: _recognised(_words(text), home) for text in dict.fromkeys(texts)}
    return [found[text] for text in texts]


def code_of(tag: str | None) -> str | None:
    """The language of a platform's tag as `identify` would call it; None where the tag names none.

    >>> code_of("pt-BR"), code_of("deu"), code_of("iw"), code_of("und"), code_of("qme"), code_of("German"), code_of("")
    ('pt', 'de', 'he', None, None, None, None)
    """
    found = _TAG.fullmatch((tag or "").strip().lower())
    if found is None or _NO_LANGUAGE.fullmatch(found[1]):
        return None
    return _SAME.get(found[1], found[1])


def has_letters(text: str) -> bool:
    """Whether there is anything in a text that could be in a language.

    >>> has_letters("@acme \\U0001f621 https://a.example 12"), has_letters("ok")
    (False, True)
    """
    return _letter_bytes(_words(text)) > 0


def name_of(code: str) -> str:
    """A language as people call it, with its code.

    >>> name_of("de"), name_of("xy")
    ('German (de)', 'the language xy')
    """
    return f"{_NAMES[code]} ({code})" if code in _NAMES else f"the language {code}"


def _recognised(words: str, home: Collection[str] | None) -> Identified:
    letters = _letter_bytes(words)
    if letters < _LEAST_LETTER_BYTES:
        return Identified(None, False)
    best, probability = _identifier().classify(words)
    named = _SAME.get(best, best) if probability >= _LEAST_PROBABILITY else None
    if letters < _FOREIGN_LETTER_BYTES or best in (home or ()) or (home is None and named is None):
        return Identified(named, False)
    rivals = [each for code, each in _identifier().rank(words) if code != best and (home is None or code in home)]
    return Identified(named, _is_certain(probability, rivals, len(words.encode())))


def _is_certain(best: float, rivals: Sequence[float], size: int) -> bool:
    """Whether a probability beats those of all rivals by enough; each is a likelihood to the power of 1/√size."""
    if not rivals:
        return False
    by_length = math.log(best) - math.log(max(*rivals, 1e-300))
    return by_length > _FOREIGN_ODDS_BY_LENGTH and by_length * math.sqrt(size) > _FOREIGN_ODDS


def _letter_bytes(words: str) -> int:
    """How many bytes of UTF-8 the letters take: a rough measure of how much they say, in any script."""
    return len("".join(sign for sign in words if unicodedata.category(sign)[0] in "LM").encode())


def _words(text: str) -> str:
    kept = (word for word in normalise(text).split() if word not in _PLACEHOLDERS)
    words = " ".join(word.lstrip("#") for word in kept)
    shouted = 2 * sum(map(str.isupper, words)) > sum(map(str.isalpha, words))
    return words.lower() if shouted else words  # the identifier learnt from sentences that are not shouted


@cache
def _identifier() -> _Identifier:
    langid = importlib.import_module("py3langid.langid")
    made = cast("_Identifier", langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True))
    # Only languages with a two-letter code: the others are small or next to English (Nigerian Pidgin), and took far
    # more English posts than they found of their own.
    made.set_languages({label for label in made.labels if len(label) == 2})
    return made
