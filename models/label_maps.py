"""From a model's own class names to negative, neutral, positive. Part of models/; standard library only."""

from collections.abc import Mapping, Sequence

from models.errors import ModelUnusable
from models.values import Sentiment

_SIDES: Mapping[str, int] = {
    "negative": 0,
    "neg": 0,
    "very negative": 0,
    "1 star": 0,
    "2 stars": 0,
    "neutral": 1,
    "neu": 1,
    "mixed": 1,
    "3 stars": 1,
    "positive": 2,
    "pos": 2,
    "very positive": 2,
    "4 stars": 2,
    "5 stars": 2,
}
# Nameless classes, by their number: two and three are the usual order of sentiment models, five are stars.
_NAMELESS: Mapping[int, Sequence[int]] = {2: (0, 2), 3: (0, 1, 2), 5: (0, 0, 1, 2, 2)}


class LabelMap:
    """Adds up the probabilities of a model's classes on each side.

    A model without a neutral class never says neutral: its middle is a probability near one half.

    >>> LabelMap.of("stars", {0: "1 star", 1: "2 stars", 2: "3 stars", 3: "4 stars", 4: "5 stars"}).sides
    (0, 0, 1, 2, 2)
    >>> LabelMap.of("binary", {0: "NEG", 1: "POS"}).sentiment([0.25, 0.75])
    Sentiment(negative=0.25, neutral=0.0, positive=0.75)
    """

    def __init__(self, sides: Sequence[int]) -> None:
        self.sides = tuple(sides)

    @classmethod
    def of(cls, model: str, id2label: Mapping[int, str]) -> "LabelMap":
        """Read transformers' `id2label`. Raises ModelUnusable when the names are not about sentiment."""
        names = [" ".join(str(id2label[index]).lower().replace("_", " ").split()) for index in sorted(id2label)]
        if names == [f"label {index}" for index in range(len(names))] and len(names) in _NAMELESS:
            return cls(_NAMELESS[len(names)])
        sides = [_SIDES.get(name) for name in names]
        known = [side for side in sides if side is not None]
        if len(known) != len(sides) or not {0, 2} <= set(known):
            raise ModelUnusable(
                f'Model "{model}" answers with {_listed(names)}, which is not sentiment. '
                "Name a model whose classes are negative and positive, with or without neutral, or 1 to 5 stars."
            )
        return cls(known)

    def sentiment(self, probabilities: Sequence[float]) -> Sentiment:
        """The probabilities of the three classes, from those of the model's own."""
        sums = [0.0, 0.0, 0.0]
        for side, probability in zip(self.sides, probabilities, strict=True):
            sums[side] += probability
        return Sentiment(*sums)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name[:40]}"' for name in names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown
