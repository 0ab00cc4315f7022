"""Score labelled texts and say how good the numbers are; writes the tables of a model's card.

Part of models/: knows any Scorer and labelled texts; nothing of stores. Standard library only.

    python -m models.evaluate FILE [--answer sentiment] [--model NAME] [--without-target] [--json]
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from models import reliability
from models.errors import ModelError, ModelUnusable
from models.heads import ANSWERS, SEVERAL
from models.labelled import Labelled, read_labelled, without_targets
from models.registry import load
from models.values import Label, Prediction, Scorer, Sentiment, label_of

CLASSES: tuple[Label, ...] = ("negative", "neutral", "positive")
HALF = 0.5  # of answers whose labels do not exclude each other, what is at least so probable is said
_SHOWN = 160  # letters of a mistake's text


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMeasure:
    """How well one class is found, each 0…1, with the number of texts that truly have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All figures over one file, for an answer of one label a text.

    `confusion[true][said]` counts texts, rows and columns as in `by_class`. `macro_recall` is the mean recall of the
    classes that occur (SemEval 2016-2017's main measure for task 4 A); `f1_positive_negative` is None for answers
    other than sentiment; `calibration_error` is the expected one over ten equal bins of confidence (Guo et al., 2017).
    """

    texts: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    f1_positive_negative: float | None
    calibration_error: float
    by_class: dict[str, ClassMeasure]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralMeasures:
    """All figures over one file, for an answer of any number of labels a text, each said from 0.5 on.

    `micro_f1` counts every label of every text alike, `macro_f1` is the mean over the labels that occur;
    `exact` is the share of texts whose labels are all right, `calibration_error` that of all their probabilities.
    """

    texts: int
    micro_f1: float
    macro_f1: float
    exact: float
    calibration_error: float
    by_class: dict[str, ClassMeasure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A text that was answered wrongly, how sure the model was, and the text's first letters."""

    labelled: str
    said: str
    confidence: float
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Labelled texts with the probabilities of ANSWERS[answer] that a model gave each, in their order."""

    answer: str
    rows: Sequence[Labelled]
    given: Sequence[Sequence[float]]

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels of the answer."""
        return ANSWERS[self.answer]

    @property
    def true(self) -> list[int]:
        """Index of each text's one label."""
        return [self.classes.index(row.label) for row in self.rows]

    @property
    def said(self) -> list[int]:
        """Index of the label that the model gave each text."""
        return [_likeliest(row, self.answer) for row in self.given]


def judge(scorer: Scorer, rows: Sequence[Labelled], answer: str = "sentiment") -> Judged:
    """Score the texts, toward their targets where they have one.

    Raises ModelUnusable when the model does not give that answer.
    """
    found = scorer.predict([row.text for row in rows], [row.target for row in rows])
    return Judged(answer, rows, [shares(prediction, answer) for prediction in found])


def shares(prediction: Prediction, answer: str) -> list[float]:
    """The probabilities of ANSWERS[answer]. Raises ModelUnusable when the model does not give that answer."""
    said = getattr(prediction, answer)
    if said is None:
        raise ModelUnusable(f"The model does not answer {answer}. Name one that does, or leave --answer out.")
    if isinstance(said, float):
        return [1.0 - said, said]
    return [said[name] if isinstance(said, Mapping) else getattr(said, name) for name in ANSWERS[answer]]


def evaluate(scorer: Scorer, rows: Sequence[Labelled], answer: str = "sentiment") -> Measures | SeveralMeasures:
    """Score the texts and measure one answer against the labels. Raises as `judge` does."""
    return measured(judge(scorer, rows, answer))


def measured(judged: Judged) -> Measures | SeveralMeasures:
    """The figures of judged texts. Raises ValueError where there are none."""
    if judged.answer in SEVERAL:
        return measure_several(judged.given, [row.labels for row in judged.rows], judged.answer)
    return measure_answer(judged.given, [row.label for row in judged.rows], judged.answer)


def measure(sentiments: Sequence[Sentiment], labels: Sequence[Label]) -> Measures:
    """Figures of given answers; a class that never occurs counts in no mean. Raises ValueError on no texts."""
    return measure_answer([[one.negative, one.neutral, one.positive] for one in sentiments], labels, "sentiment")


def measure_answer(given: Sequence[Sequence[float]], labels: Sequence[str], answer: str) -> Measures:
    """As `measure`, for any answer of one label: `given` are the probabilities of ANSWERS[answer]."""
    classes = ANSWERS[answer]
    said = [_likeliest(row, answer) for row in given]
    found = _measures(classes, [classes.index(label) for label in labels], said, [max(row) for row in given])
    if answer != "sentiment":
        return found
    poles = (found.by_class["positive"].f1 + found.by_class["negative"].f1) / 2
    return replace(found, f1_positive_negative=poles)


def measure_several(
    given: Sequence[Sequence[float]], labels: Sequence[Iterable[str]], answer: str = "touchpoints"
) -> SeveralMeasures:
    """Figures of an answer in SEVERAL; `labels` are those that each text has. Raises ValueError on no texts."""
    classes = ANSWERS[answer]
    true = [[name in set(row) for name in classes] for row in labels]
    said = [[value >= HALF for value in row] for row in given]
    if not true:
        raise ValueError("No texts to measure on.")
    counts = [_counts(one, other) for one, other in zip(zip(*true, strict=True), zip(*said, strict=True), strict=True)]
    by_class = {name: _class_measure(*count) for name, count in zip(classes, counts, strict=True)}
    present = [found.f1 for found in by_class.values() if found.support]
    flat = [value for row in given for value in row], [truth for row in true for truth in row]
    return SeveralMeasures(
        texts=len(true),
        micro_f1=_class_measure(*map(sum, zip(*counts, strict=True))).f1,
        macro_f1=sum(present) / max(len(present), 1),
        exact=sum(one == other for one, other in zip(true, said, strict=True)) / len(true),
        calibration_error=reliability.calibration_error(reliability.bins(*flat)),
        by_class=by_class,
    )


def surest(judged: Judged) -> tuple[list[float], list[bool]]:
    """How sure the model was of each text's answer, and whether it was right: what reliability bins are made of.

    Of an answer in SEVERAL: the probability of each label of each text, and whether the text has it.
    """
    if judged.answer in SEVERAL:
        pairs = [(value, name in row.labels) for row, name, value in _each_label(judged)]
        return [value for value, _ in pairs], [hit for _, hit in pairs]
    right = [true == said for true, said in zip(judged.true, judged.said, strict=True)]
    return [max(row) for row in judged.given], right


def mistakes(judged: Judged, most: int = 5) -> list[Mistake]:
    """The mistakes of which the model was surest, first the worst."""
    if judged.answer in SEVERAL:
        wrong = [
            (max(value, 1 - value), row.text, name if name in row.labels else f"not {name}", _says(name, value))
            for row, name, value in _each_label(judged)
            if (value >= HALF) is not (name in row.labels)
        ]
    else:
        wrong = [
            (max(given), row.text, row.label, judged.classes[said])
            for row, given, said, true in zip(judged.rows, judged.given, judged.said, judged.true, strict=True)
            if said != true
        ]
    worst = sorted(wrong, key=lambda each: each[0], reverse=True)[:most]
    return [
        Mistake(labelled=true, said=said, confidence=sure, text=" ".join(text.split())[:_SHOWN])
        for sure, text, true, said in worst
    ]


def _says(name: str, value: float) -> str:
    return name if value >= HALF else f"not {name}"


def _each_label(judged: Judged) -> Iterable[tuple[Labelled, str, float]]:
    for row, given in zip(judged.rows, judged.given, strict=True):
        for name, value in zip(judged.classes, given, strict=True):
            yield row, name, value


def _likeliest(row: Sequence[float], answer: str) -> int:
    if answer == "sentiment":
        return CLASSES.index(label_of(Sentiment(*row), 0.0))
    return max(range(len(row)), key=row.__getitem__)


def _measures(
    classes: Sequence[str], true: Sequence[int], said: Sequence[int], confidences: Sequence[float]
) -> Measures:
    counts = Counter(zip(true, said, strict=True))
    if not counts:
        raise ValueError("No texts to measure on.")
    size = range(len(classes))
    confusion = [[counts[row, column] for column in size] for row in size]
    columns = [sum(row[column] for row in confusion) for column in size]
    by_class = {
        name: _class_measure(confusion[at][at], columns[at], sum(confusion[at])) for at, name in enumerate(classes)
    }
    present = [found for found in by_class.values() if found.support]
    hits = [one == other for one, other in zip(true, said, strict=True)]
    return Measures(
        texts=len(hits),
        accuracy=sum(hits) / len(hits),
        macro_recall=sum(found.recall for found in present) / len(present),
        macro_f1=sum(found.f1 for found in present) / len(present),
        f1_positive_negative=None,
        calibration_error=reliability.calibration_error(reliability.bins(confidences, hits)),
        by_class=by_class,
        confusion=confusion,
    )


def _counts(true: Sequence[bool], said: Sequence[bool]) -> tuple[int, int, int]:
    hits = sum(one and other for one, other in zip(true, said, strict=True))
    return hits, sum(said), sum(true)


def _class_measure(hits: int, claimed: int, support: int) -> ClassMeasure:
    precision, recall = hits / max(claimed, 1), hits / max(support, 1)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return ClassMeasure(precision=precision, recall=recall, f1=f1, support=support)


def means(measures: Measures | SeveralMeasures) -> dict[str, float]:
    """The main figures by their names for people; what does not apply is left out."""
    if isinstance(measures, SeveralMeasures):
        named: dict[str, float | None] = {
            "micro F1": measures.micro_f1,
            "macro F1": measures.macro_f1,
            "all labels right": measures.exact,
        }
    else:
        named = {
            "macro-averaged recall": measures.macro_recall,
            "accuracy": measures.accuracy,
            "macro F1": measures.macro_f1,
            "F1 of positive and negative": measures.f1_positive_negative,
        }
    named["calibration error"] = measures.calibration_error
    return {name: value for name, value in named.items() if value is not None}


def card_table(measures: Measures | SeveralMeasures) -> str:
    """The figures as Markdown: one line of means, a table per class, the confusion where labels exclude each other."""
    line = f"{measures.texts} texts · " + " · ".join(f"{name} {value:.3f}" for name, value in means(measures).items())
    confusion = measures.confusion if isinstance(measures, Measures) else None
    heads = ["class", "texts", "precision", "recall", "F1"] + [
        f"said {name}" for name in measures.by_class if confusion
    ]
    rows = [
        [name, str(found.support), *(f"{value:.3f}" for value in (found.precision, found.recall, found.f1))]
        + [str(count) for count in (confusion[at] if confusion else ())]
        for at, (name, found) in enumerate(measures.by_class.items())
    ]
    table = [_table_row(heads), "|---" * len(heads) + "|", *map(_table_row, rows)]
    return "\n".join([line, "", *table])


def _table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with one sentence on stderr."""
    given = _parser().parse_args(arguments)
    try:
        rows = read_labelled(given.file, given.answer)
        if given.without_target:
            rows = without_targets(rows)
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
    parser.add_argument("file", type=Path, help="JSONL or CSV with `text`, `label`, and `target` where it is about one")
    parser.add_argument("--answer", choices=list(ANSWERS), default="sentiment", help="what the labels are about")
    parser.add_argument("--model", default="bundled", help="shipped model, folder, or Hugging Face id")
    parser.add_argument("--without-target", action="store_true", help="leave the targets unread, to compare")
    parser.add_argument("--json", action="store_true", help="print JSON in place of Markdown")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
