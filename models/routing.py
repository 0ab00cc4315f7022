"""Which model reads which post, by its language. Part of models/: knows scorers and languages, no settings, no store.

A post in a language that its model was not measured on gets no answer and the reason, never a quiet guess.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from models.language import Identified, code_of, has_letters, name_of, recognise
from models.values import Prediction, Scorer

OTHERS = "*"  # in the routes: every language that has none of its own and that the first model was not measured on


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one text. `prediction` is None where no model may answer; `unsure` then says why, in words.

    `model` names the weights that answered, or that would have been asked. `language` is the platform's tag, else what
    the text was identified as, else None.
    """

    model: str
    language: str | None
    prediction: Prediction | None
    unsure: str | None = None


class Reader:
    """A model, opened when it is first asked, and the languages that it was measured on (None: nobody says).

    `confusions` of its sentiment, [true][said], one for each labelled set: how often it is known to be wrong.
    """

    def __init__(
        self,
        open_: Callable[[], Scorer],
        languages: Collection[str] | None = None,
        confusions: Sequence[Sequence[Sequence[int]]] = (),
    ) -> None:
        self.confusions = confusions
        self.languages = None if languages is None else frozenset(code_of(code) or code for code in languages)
        self._open = open_
        self._scorer: Scorer | None = None
        self._lock = threading.Lock()

    def scorer(self) -> Scorer:
        """The model itself. Raises ModelError where it cannot be loaded, and tries again at the next call."""
        with self._lock:
            if self._scorer is None:
                self._scorer = self._open()
            return self._scorer

    def is_open_as(self, name: str) -> bool:
        """Whether its model was opened, and bears a name."""
        return self._scorer is not None and self._scorer.name == name

    def reads(self, language: str | None) -> bool:
        """Whether it was measured on a language; where nobody says on which, it reads all."""
        return self.languages is None or language in self.languages


@dataclass(frozen=True, slots=True)
class _Way:
    """What happens to one text: its language, who reads it, and why it gets no answer (None: it does)."""

    language: str | None
    reader: Reader
    doubt: str | None = None


class Router:
    """Sends each text to the first reader, or to the one of its language's route.

    A text's language is what the platform says, else what it was identified as; one that cannot be told to be in
    another language goes to the first reader. `routes` maps languages (ISO 639), and `"*"`, to readers; the first
    reader keeps the languages that it was measured on and that have no route of their own.
    """

    def __init__(self, first: Reader, routes: Mapping[str, Reader] | None = None) -> None:
        self.first = first
        self.routes = {code_of(code) or code: reader for code, reader in (routes or {}).items()}
        self._home = (first.languages or frozenset()) - self.routes.keys() or None

    @classmethod
    def of(cls, scorer: Scorer, languages: Collection[str] | None = None) -> "Router":
        """A router with one model, opened already."""
        return cls(Reader(lambda: scorer, languages))

    @property
    def name(self) -> str:
        """The first model's name, which is loaded for it."""
        return self.first.scorer().name

    def answer(
        self,
        texts: Sequence[str],
        targets: Sequence[str | None] | None = None,
        tags: Sequence[str | None] | None = None,
    ) -> list[Answer]:
        """One answer per text, in order; `tags` are the platforms' language tags, which win over the text's letters.

        Raises ModelError where a model that is needed cannot be loaded, ValueError when lengths differ.
        """
        toward = [None] * len(texts) if targets is None else targets
        ways = self._ways(texts, [None] * len(texts) if tags is None else tags)
        groups: dict[int, list[int]] = defaultdict(list)
        for place, way in enumerate(ways):
            groups[id(way.reader)].append(place)
        answers: dict[int, Answer] = {}
        for places in groups.values():
            scorer = ways[places[0]].reader.scorer()
            asked = [place for place in places if ways[place].doubt is None]
            said = scorer.predict([texts[place] for place in asked], [toward[place] for place in asked])
            found = dict(zip(asked, said, strict=True))
            for place in places:
                way = ways[place]
                answers[place] = Answer(scorer.name, way.language, found.get(place), way.doubt)
        return [answers[place] for place in range(len(texts))]

    def confusions(self, name: str) -> Sequence[Sequence[Sequence[int]]]:
        """How often a model that answered is known to be wrong, by its name; nothing where nobody says."""
        readers = (self.first, *self.routes.values())
        return next((reader.confusions for reader in readers if reader.is_open_as(name)), ())

    def reader_of(self, text: str, tag: str | None = None) -> Reader:
        """Who reads a text."""
        return self._ways([text], [tag])[0].reader

    def _ways(self, texts: Sequence[str], tags: Sequence[str | None]) -> list[_Way]:
        told = [code_of(tag) for tag in tags]
        unknown = [text for text, code in zip(texts, told, strict=True) if code is None]
        found = iter(recognise(unknown, home=self._home))
        return [
            self._way_of(next(found)) if code is None else self._way_told(text, code)
            for text, code in zip(texts, told, strict=True)
        ]

    def _way_of(self, found: Identified) -> _Way:
        """Of a text that no platform tagged."""
        if not found.foreign:
            return _Way(found.language, self.first)
        if found.language is not None:
            return self._way(found.language, f"it reads as {name_of(found.language)}")
        return self._way(None, f"it does not read as {_listed(self._home or ())}, nor surely as anything else")

    def _way_told(self, text: str, code: str) -> _Way:
        """Of a text that its platform tagged; one without letters is in no language, whatever its tag."""
        return self._way(code, f"it is marked as {name_of(code)}") if has_letters(text) else _Way(code, self.first)

    def _way(self, language: str | None, said: str) -> _Way:
        own = self.routes.get(language or "")
        reader = own or (self.first if self.first.reads(language) else self.routes.get(OTHERS, self.first))
        if reader.reads(language):
            return _Way(language, reader)
        return _Way(language, reader, f"{said}, and the model was measured on {_listed(reader.languages or ())}")


def _listed(codes: Collection[str]) -> str:
    return ", ".join(name_of(code) for code in sorted(codes))
