"""What a model says about a text; part of models/, standard library only, knows no engine and no store."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Label = Literal["negative", "neutral", "positive", "unsure"]


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Probabilities of the three classes, each 0…1, together 1."""

    negative: float
    neutral: float
    positive: float

    @property
    def polarity(self) -> float:
        """P(positive) − P(negative), −1…+1.

        >>> Sentiment(0.25, 0.25, 0.5).polarity
        0.25
        """
        return self.positive - self.negative

    @property
    def confidence(self) -> float:
        """Probability of the likeliest class."""
        return max(self.negative, self.neutral, self.positive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """All that a model answers about one text. None: this model does not answer that; it is never "no".

    `sentiment` is toward the target where one was given and the model reads targets. `complaint`, `irony` and
    `offensive` are probabilities; `emotion` and `touchpoints` map names to probabilities.
    """

    sentiment: Sentiment
    complaint: float | None = None
    emotion: Mapping[str, float] | None = None
    irony: float | None = None
    offensive: float | None = None
    touchpoints: Mapping[str, float] | None = None


class Scorer(Protocol):
    """The port of this room: texts in, one prediction each out."""

    @property
    def name(self) -> str:
        """Stored with each score: names the weights and their version, as in "bundled-minilm-1@1a2b3c4d"."""

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        """One prediction per text, in the order of `texts`.

        Never raises on a text, whatever it holds; a text without words is neutral. The same text gets the same
        numbers, to 1e-3, whatever else is in the call. `targets`, where given, has one entry per text (whom the
        sentiment is about); a model that reads no targets ignores them. Raises ValueError when lengths differ.
        """


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model or engine as `model list` and `doctor` show it; `missing` says in words what is wrong, or None.

    `languages` (ISO 639-1) are those that it was measured on; None where nobody says.
    """

    name: str
    engine: str
    where: str
    missing: str | None = None
    languages: tuple[str, ...] | None = None

    @property
    def ok(self) -> bool:
        """Whether it can be loaded as things stand."""
        return self.missing is None


def label_of(sentiment: Sentiment, unsure_below: float) -> Label:
    """The likeliest class, or "unsure" when its probability is below `unsure_below` (0 … 1; 0 is never unsure).

    Equal probabilities go to neutral first, then to negative.

    >>> label_of(Sentiment(0.7, 0.2, 0.1), 0.5)
    'negative'
    >>> label_of(Sentiment(0.4, 0.3, 0.3), 0.5)
    'unsure'
    """
    if sentiment.confidence < unsure_below:
        return "unsure"
    if sentiment.neutral == sentiment.confidence:
        return "neutral"
    return "negative" if sentiment.negative == sentiment.confidence else "positive"


def doubt_of(sentiment: Sentiment, unsure_below: float) -> str | None:
    """Why `label_of` says "unsure", in words; None where it does not.

    >>> doubt_of(Sentiment(0.419, 0.3, 0.281), 0.45)
    'confidence 0.41 is below 0.45'
    """
    if sentiment.confidence >= unsure_below:
        return None
    return f"confidence {math.floor(sentiment.confidence * 100) / 100:.2f} is below {unsure_below:g}"
