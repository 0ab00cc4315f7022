"""Which language a text is in. Part of models/: text in, code out; knows no store and no settings.

py3langid (a naive Bayes over byte n-grams, trained on several domains: Lui & Baldwin, 2012) is loaded on first use.
"""

import importlib
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Protocol, cast

from models.text import normalise

_LEAST_LETTER_BYTES = 8  # in UTF-8: eight Latin letters, or three Chinese signs
_LEAST_PROBABILITY = 0.3
_PLACEHOLDERS = frozenset({"http", "@user"})


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def identify(texts: Sequence[str]) -> list[str | None]:
    """ISO 639-1 code of each text, or None: too short, no letters, or too unsure to say.

    Links and handles say nothing about the language and are left out. A platform's own language tag, where
    there is one, is usually the better answer for very short texts and for languages in a borrowed script.
    """
    return [_identify(_words(text)) for text in texts]


def _identify(words: str) -> str | None:
    letters = "".join(sign for sign in words if unicodedata.category(sign)[0] in "LM")
    if len(letters.encode()) < _LEAST_LETTER_BYTES:
        return None
    code, probability = _identifier().classify(words)
    return code if len(code) == 2 and probability >= _LEAST_PROBABILITY else None


def _words(text: str) -> str:
    kept = (word for word in normalise(text).split() if word not in _PLACEHOLDERS)
    return " ".join(word.lstrip("#") for word in kept)


@cache
def _identifier() -> _Identifier:
    langid = importlib.import_module("py3langid.langid")
    return cast("_Identifier", langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True))
