"""A calibration: what a user's own labelled posts taught about a model's probabilities, in one small file.

Part of models/: reads, writes and applies such a file; how one is learned is in models/corrections.py. Knows no engine.
Standard library only.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models.errors import ModelMissing, ModelUnusable
from models.heads import ANSWERS, SEVERAL
from models.scoring import softmax
from models.values import Prediction, Scorer, Sentiment

FORMAT = 1
_LEAST = 1e-6  # a probability below it is taken as this: its logarithm must stay a number
_REMEDY = "Make it again with `model calibrate`."
Confusion = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """How the probabilities of one answer change: their logarithms ÷ `temperature` + `bias`, then to 1 together.

    `bias` has one number for each label. Where labels do not exclude each other, log odds take the logarithms' place
    and each label is for itself. `texts` are those it was learned from; `confusion[true][said]` counts them as they
    are answered with it (each by an adjustment that had not seen it), None where labels do not exclude each other.
    """

    temperature: float
    bias: tuple[float, ...]
    texts: int = 0
    confusion: Confusion | None = None

    def __post_init__(self) -> None:
        if not (0 < self.temperature < math.inf and all(map(math.isfinite, self.bias))):
            raise ValueError("a temperature must be above 0, and every bias a number")

    def single(self, probabilities: Sequence[float]) -> list[float]:
        """Of labels that exclude each other."""
        if max(probabilities) == 1.0:
            return list(probabilities)  # a text without words, which nobody estimated
        logs = (math.log(max(value, _LEAST)) / self.temperature for value in probabilities)
        return softmax(log + bias for log, bias in zip(logs, self.bias, strict=True))

    def several(self, probabilities: Sequence[float]) -> list[float]:
        """Of labels that do not."""
        odds = (log_odds(value) / self.temperature for value in probabilities)
        return [1 / (1 + math.exp(-value - bias)) for value, bias in zip(odds, self.bias, strict=True)]


def log_odds(probability: float) -> float:
    """log p ÷ (1 − p), with p kept a little off 0 and 1."""
    kept = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The adjustments of one model's answers; `model` is the scorer's name, with the digest of its weights."""

    model: str
    answers: Mapping[str, Adjustment] = field(default_factory=dict)

    def text(self) -> str:
        """As a file holds it."""
        rows = {name: _row(adjustment) for name, adjustment in sorted(self.answers.items())}
        return json.dumps({"format": FORMAT, "model": self.model, "answers": rows}, indent=2) + "\n"

    @property
    def name(self) -> str:
        """Short, and another for any other content, as in "cal-1a2b3c4d"."""
        return "cal-" + hashlib.sha256(self.text().encode()).hexdigest()[:8]


def _row(adjustment: Adjustment) -> dict[str, Any]:
    row: dict[str, Any] = {
        "temperature": adjustment.temperature,
        "bias": list(adjustment.bias),
        "texts": adjustment.texts,
    }
    return row if adjustment.confusion is None else row | {"confusion": adjustment.confusion}


def read(path: Path) -> Calibration:
    """A calibration from its file. Raises ModelMissing where it cannot be read, ModelUnusable where it is none."""
    try:
        held = json.loads(path.read_bytes())
        if held["format"] != FORMAT:
            raise ModelUnusable(f"{path}: format {held['format']} is not {FORMAT}. Update the program.")
        return Calibration(str(held["model"]), {str(name): _read(name, row) for name, row in held["answers"].items()})
    except OSError as error:
        raise ModelMissing(f"{path}: cannot be read ({error.strerror}). {_REMEDY}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelUnusable(f"{path}: is not a calibration ({type(error).__name__}: {error}). {_REMEDY}") from error


def _read(answer: str, row: Mapping[str, Any]) -> Adjustment:
    size = len(ANSWERS[answer])
    bias = tuple(float(value) for value in row["bias"])
    confusion = row.get("confusion")
    square = None if confusion is None else tuple(tuple(int(cell) for cell in line) for line in confusion)
    if len(bias) != size or (square is not None and {len(square), *map(len, square)} != {size}):
        raise ValueError(f"{answer} has {size} labels")
    return Adjustment(temperature=float(row["temperature"]), bias=bias, texts=int(row["texts"]), confusion=square)


def calibrated(scorer: Scorer, path: Path) -> "CalibratedScorer":
    """The scorer with the calibration of a file. Raises as `read` does, and ModelUnusable for another model's file."""
    calibration = read(path)
    if calibration.model != scorer.name:
        raise ModelUnusable(
            f"{path}: was made for {calibration.model}, and the model is {scorer.name}. "
            "Make one for this model with `model calibrate`, or leave it out."
        )
    return CalibratedScorer(scorer, calibration)


class CalibratedScorer:
    """A Scorer whose probabilities are adjusted; what another one does not answer, this one does not.

    All else that the other one offers, such as `engine` and `embed`, is as it was there.
    """

    def __init__(self, scorer: Scorer, calibration: Calibration) -> None:
        self.name = f"{scorer.name}+{calibration.name}"
        self._scorer = scorer
        self._adjustments = calibration.answers

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        """See models.values.Scorer."""
        return [self._adjusted(each) for each in self._scorer.predict(texts, targets)]

    def __getattr__(self, name: str) -> Any:
        """What this one does not change. Raises AttributeError where the other one has it not either."""
        if name.startswith("_"):  # never the other one's own affairs; and a copy looks for some before it has one
            raise AttributeError(name)
        return getattr(self._scorer, name)

    def _adjusted(self, prediction: Prediction) -> Prediction:
        changed = {
            answer: adjusted_answer(answer, getattr(prediction, answer), adjustment)
            for answer, adjustment in self._adjustments.items()
            if getattr(prediction, answer) is not None
        }
        return replace(prediction, **changed)


def adjusted_answer(answer: str, said: Any, adjustment: Adjustment) -> Any:
    """What `said` becomes: a Sentiment, a probability of yes, or probabilities by name, as it was."""
    names = ANSWERS[answer]
    if isinstance(said, Sentiment):
        return Sentiment(*adjustment.single([said.negative, said.neutral, said.positive]))
    if isinstance(said, Mapping):
        values = [said[name] for name in names]
        change = adjustment.several if answer in SEVERAL else adjustment.single
        return dict(zip(names, change(values), strict=True))
    return adjustment.single([1.0 - said, said])[1]
