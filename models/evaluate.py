"""Score a labelled file and say how good the numbers are; writes the tables of a model's card.

Part of models/: knows any Scorer and JSONL with `text`, `label` and perhaps `target`; nothing of stores. Standard
library only.

    python -m models.evaluate FILE.jsonl [--answer sentiment] [--model NAME] [--without-target] [--json]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from models.errors import ModelError, ModelUnusable
from models.heads import ANSWERS
from models.registry import load
from models.values import Label, Prediction, Scorer, Sentiment, label_of

CLASSES: tuple[Label, ...] = ("negative", "neutral", "positive")
_BINS = 10


class BadFile(ModelError):
    """A labelled file is absent, or a line of it cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMeasure:
    """How well one class is found, each 0…1, with the number of texts that truly have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All figures over one file; `confusion[true][said]` counts texts, rows and columns as in `by_class`.

    `macro_recall` is the mean recall of the classes that occur (SemEval 2016-2017's main measure for task 4 A);
    `f1_positive_negative` is None for answers other than sentiment; `calibration_error` is the expected one over ten
    equal bins of confidence (Guo et al., 2017).
    """

    texts: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    f1_positive_negative: float | None
    calibration_error: float
    by_class: dict[str, ClassMeasure]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled text; `target` is whom the label is about, None where it is about the post."""

    text: str
    label: str
    target: str | None = None


def read_labelled(path: Path, answer: str = "sentiment") -> list[Labelled]:
    """The rows of a JSONL file that is labelled for one of ANSWERS. Raises BadFile naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: cannot be read ({error}). Give a JSONL file with `text` and `label`.") from error
    rows = [_row(path, number, line, answer) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise BadFile(f"{path}: holds no labelled text. Each line needs `text` and `label`.")
    return rows


def _row(path: Path, number: int, line: str, answer: str) -> Labelled:
    try:
        row = json.loads(line)
        label = row["label"] if "label" in row else row[answer]
        return Labelled(str(row["text"]), label_named(label, answer), str(row.get("target") or "") or None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{path}, line {number}: needs `text` and `label`, one of {', '.join(ANSWERS[answer])}."
        raise BadFile(reason) from error


def label_named(label: object, answer: str) -> str:
    """One of ANSWERS[answer]; of a two-way answer also 1 and 0, or its name ("irony") and "non_irony", "not-irony".

    Raises ValueError on anything else.

    >>> label_named("non_irony", "irony"), label_named(1, "complaint"), label_named("joy", "emotion")
    ('no', 'yes', 'joy')
    """
    said = str(int(label) if isinstance(label, bool) else label)
    if ANSWERS[answer] == ("no", "yes"):
        known = {"1": "yes", answer: "yes", "0": "no"} | {f"{no}{answer}": "no" for no in ("non_", "non-", "not-")}
        said = known.get(said, said)
    if said not in ANSWERS[answer]:
        raise ValueError(f'"{said}" is not one of {", ".join(ANSWERS[answer])}')
    return said


def evaluate(scorer: Scorer, rows: Sequence[Labelled], answer: str = "sentiment") -> Measures:
    """Score the texts, toward their targets where they have one, and measure one answer against the labels.

    Raises ModelUnusable when the model does not give that answer.
    """
    found = scorer.predict([row.text for row in rows], [row.target for row in rows])
    labels = [row.label for row in rows]
    if answer == "sentiment":
        return measure([prediction.sentiment for prediction in found], [CLASSES[CLASSES.index(n)] for n in labels])
    return measure_answer([shares(prediction, answer) for prediction in found], labels, answer)


def shares(prediction: Prediction, answer: str) -> list[float]:
    """The probabilities of ANSWERS[answer]. Raises ModelUnusable when the model does not give that answer."""
    said = getattr(prediction, answer)
    if said is None:
        raise ModelUnusable(f"The model does not answer {answer}. Name one that does, or leave --answer out.")
    if isinstance(said, float):
        return [1.0 - said, said]
    return [said[name] if isinstance(said, Mapping) else getattr(said, name) for name in ANSWERS[answer]]


def measure(sentiments: Sequence[Sentiment], labels: Sequence[Label]) -> Measures:
    """Figures of given answers; a class that never occurs counts in no mean. Raises ValueError on no texts."""
    said = [CLASSES.index(label_of(sentiment, 0.0)) for sentiment in sentiments]
    confidences = [sentiment.confidence for sentiment in sentiments]
    found = _measures(CLASSES, [CLASSES.index(label) for label in labels], said, confidences)
    poles = (found.by_class["positive"].f1 + found.by_class["negative"].f1) / 2
    return replace(found, f1_positive_negative=poles)


def measure_answer(given: Sequence[Sequence[float]], labels: Sequence[str], answer: str) -> Measures:
    """As `measure`, for an answer other than sentiment: `given` are the probabilities of ANSWERS[answer]."""
    classes = ANSWERS[answer]
    said = [max(range(len(classes)), key=row.__getitem__) for row in given]
    return _measures(classes, [classes.index(label) for label in labels], said, [max(row) for row in given])


def _measures(
    classes: Sequence[str], true: Sequence[int], said: Sequence[int], confidences: Sequence[float]
) -> Measures:
    counts = Counter(zip(true, said, strict=True))
    if not counts:
        raise ValueError("No texts to measure on.")
    confusion = [[counts[row, column] for column in range(len(classes))] for row in range(len(classes))]
    by_class = {name: _class_measure(confusion, index) for index, name in enumerate(classes)}
    present = [found for found in by_class.values() if found.support]
    hits = [one == other for one, other in zip(true, said, strict=True)]
    return Measures(
        texts=len(hits),
        accuracy=sum(hits) / len(hits),
        macro_recall=sum(found.recall for found in present) / len(present),
        macro_f1=sum(found.f1 for found in present) / len(present),
        f1_positive_negative=None,
        calibration_error=_calibration_error(confidences, hits),
        by_class=by_class,
        confusion=confusion,
    )


def _class_measure(confusion: Sequence[Sequence[int]], index: int) -> ClassMeasure:
    hits, support = confusion[index][index], sum(confusion[index])
    claimed = sum(row[index] for row in confusion)
    precision, recall = hits / max(claimed, 1), hits / max(support, 1)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return ClassMeasure(precision=precision, recall=recall, f1=f1, support=support)


def _calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, hit in zip(confidences, right, strict=True):
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, hit))
    gaps = (abs(sum(confidence for confidence, _ in held) - sum(hit for _, hit in held)) for held in bins)
    return sum(gaps) / len(confidences)


def card_table(measures: Measures) -> str:
    """The figures as Markdown: one line of means, a table per class, the confusion."""
    poles = measures.f1_positive_negative
    means = (
        f"{measures.texts} texts · macro-averaged recall {measures.macro_recall:.3f} · "
        f"accuracy {measures.accuracy:.3f} · macro F1 {measures.macro_f1:.3f} · "
        + (f"F1 of positive and negative {poles:.3f} · " if poles is not None else "")
        + f"calibration error {measures.calibration_error:.3f}"
    )
    said = " | ".join(f"said {name}" for name in measures.by_class)
    rows = [
        f"| {name} | {found.support} | {found.precision:.3f} | {found.recall:.3f} | {found.f1:.3f} | "
        + " | ".join(map(str, measures.confusion[index]))
        + " |"
        for index, (name, found) in enumerate(measures.by_class.items())
    ]
    rule = "|---" * (5 + len(rows)) + "|"
    return "\n".join([means, "", f"| class | texts | precision | recall | F1 | {said} |", rule, *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with one sentence on stderr."""
    given = _parser().parse_args(arguments)
    try:
        rows = read_labelled(given.file, given.answer)
        if given.without_target:
            rows = [replace(row, target=None) for row in rows]
        measures = evaluate(load(given.model), rows, given.answer)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(measures), indent=2) if given.json else card_table(measures)) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate", description="Measure a model on a labelled file."
    )
    parser.add_argument("file", type=Path, help="JSONL with `text`, `label`, and `target` where the label is about one")
    parser.add_argument("--answer", choices=list(ANSWERS), default="sentiment", help="what the labels are about")
    parser.add_argument("--model", default="bundled", help="shipped model, folder, or Hugging Face id")
    parser.add_argument("--without-target", action="store_true", help="leave the targets unread, to compare")
    parser.add_argument("--json", action="store_true", help="print JSON in place of Markdown")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
