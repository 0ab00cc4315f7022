"""Score a labelled file and say how good the numbers are; writes the tables of a model's card.

Part of models/: knows any Scorer and JSONL with `text` and `label`; nothing of stores. Standard library only.

    python -m models.evaluate FILE.jsonl [--model NAME] [--json]
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from models.errors import ModelError
from models.registry import load
from models.values import Label, Scorer, Sentiment, label_of

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
    """All figures over one file; `confusion[true][said]` counts texts, rows and columns as in CLASSES.

    `macro_recall` is the mean recall of the classes that occur (SemEval 2016-2017's main measure for task 4 A);
    `calibration_error` is the expected one over ten equal bins of confidence (Guo et al., 2017).
    """

    texts: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    f1_positive_negative: float
    calibration_error: float
    by_class: dict[str, ClassMeasure]
    confusion: list[list[int]]


def read_labelled(path: Path) -> tuple[list[str], list[Label]]:
    """Texts and labels of a JSONL file. Raises BadFile naming the line."""
    texts: list[str] = []
    labels: list[Label] = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: cannot be read ({error}). Give a JSONL file with `text` and `label`.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            text, label = _row(path, number, line)
            texts.append(text)
            labels.append(label)
    if not texts:
        raise BadFile(f"{path}: holds no labelled text. Each line needs `text` and `label`.")
    return texts, labels


def _row(path: Path, number: int, line: str) -> tuple[str, Label]:
    try:
        row = json.loads(line)
        return str(row["text"]), CLASSES[CLASSES.index(row["label"])]
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{path}, line {number}: needs `text` and `label`, one of {', '.join(CLASSES)}."
        raise BadFile(reason) from error


def evaluate(scorer: Scorer, texts: Sequence[str], labels: Sequence[Label]) -> Measures:
    """Score the texts and measure against their labels."""
    return measure([prediction.sentiment for prediction in scorer.predict(texts)], labels)


def measure(sentiments: Sequence[Sentiment], labels: Sequence[Label]) -> Measures:
    """Figures of given answers; a class that never occurs counts in no mean. Raises ValueError on no texts."""
    said = [label_of(sentiment, 0.0) for sentiment in sentiments]
    pairs = list(zip(labels, said, strict=True))
    if not pairs:
        raise ValueError("No texts to measure on.")
    confusion = [[pairs.count((true, answer)) for answer in CLASSES] for true in CLASSES]
    by_class: dict[str, ClassMeasure] = {name: _class_measure(confusion, index) for index, name in enumerate(CLASSES)}
    present = [found for found in by_class.values() if found.support]
    return Measures(
        texts=len(pairs),
        accuracy=sum(true == answer for true, answer in pairs) / len(pairs),
        macro_recall=sum(found.recall for found in present) / len(present),
        macro_f1=sum(found.f1 for found in present) / len(present),
        f1_positive_negative=(by_class["positive"].f1 + by_class["negative"].f1) / 2,
        calibration_error=_calibration_error(sentiments, [true == answer for true, answer in pairs]),
        by_class=by_class,
        confusion=confusion,
    )


def _class_measure(confusion: Sequence[Sequence[int]], index: int) -> ClassMeasure:
    hits, support = confusion[index][index], sum(confusion[index])
    claimed = sum(row[index] for row in confusion)
    precision, recall = hits / max(claimed, 1), hits / max(support, 1)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return ClassMeasure(precision=precision, recall=recall, f1=f1, support=support)


def _calibration_error(sentiments: Sequence[Sentiment], right: Sequence[bool]) -> float:
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for sentiment, hit in zip(sentiments, right, strict=True):
        bins[min(int(sentiment.confidence * _BINS), _BINS - 1)].append((sentiment.confidence, hit))
    gaps = (abs(sum(confidence for confidence, _ in held) - sum(hit for _, hit in held)) for held in bins)
    return sum(gaps) / len(sentiments)


def card_table(measures: Measures) -> str:
    """The figures as Markdown: one line of means, a table per class, the confusion."""
    means = (
        f"{measures.texts} texts · macro-averaged recall {measures.macro_recall:.3f} · "
        f"accuracy {measures.accuracy:.3f} · macro F1 {measures.macro_f1:.3f} · "
        f"F1 of positive and negative {measures.f1_positive_negative:.3f} · "
        f"calibration error {measures.calibration_error:.3f}"
    )
    head = "| class | texts | precision | recall | F1 | said negative | said neutral | said positive |"
    rows = [
        f"| {name} | {found.support} | {found.precision:.3f} | {found.recall:.3f} | {found.f1:.3f} | "
        + " | ".join(map(str, measures.confusion[index]))
        + " |"
        for index, (name, found) in enumerate(measures.by_class.items())
    ]
    return "\n".join([means, "", head, "|---|---|---|---|---|---|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m models.evaluate", description="Measure a model on a labelled file."
    )
    parser.add_argument("file", type=Path, help="JSONL with `text` and `label`")
    parser.add_argument("--model", default="bundled", help="shipped model, folder, or Hugging Face id")
    parser.add_argument("--json", action="store_true", help="print JSON in place of Markdown")
    given = parser.parse_args(arguments)
    try:
        texts, labels = read_labelled(given.file)
        measures = evaluate(load(given.model), texts, labels)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write((json.dumps(asdict(measures), indent=2) if given.json else card_table(measures)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
