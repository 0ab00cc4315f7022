"""Figures of a model on a labelled file, checked against numbers worked out by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from models import ModelUnusable, Prediction, Sentiment
from models.evaluate import (
    Judged,
    Measures,
    SeveralMeasures,
    card_table,
    evaluate,
    judge,
    main,
    means,
    measure,
    measure_answer,
    measure_several,
    mistakes,
    surest,
)
from models.heads import ANSWERS
from models.labelled import Labelled
from models.values import Label

NEG, NEU, POS = Sentiment(0.8, 0.1, 0.1), Sentiment(0.1, 0.8, 0.1), Sentiment(0.1, 0.1, 0.8)
LABELS: list[Label] = ["negative", "negative", "neutral", "neutral", "neutral", "positive"]
SAID = [NEG, NEU, NEU, NEU, POS, POS]


def test_the_means_are_those_worked_out_by_hand() -> None:
    found = measure(SAID, LABELS)
    assert found.macro_recall == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.by_class["negative"].precision == 1.0
    assert found.by_class["positive"].f1 == pytest.approx(2 / 3)
    assert found.f1_positive_negative == pytest.approx(2 / 3)
    assert found.confusion == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    assert measure(SAID, LABELS).calibration_error == pytest.approx(0.8 - 4 / 6)
    assert measure(
        [NEG, NEG, NEG, NEG, NEG], ["negative", "negative", "negative", "negative", "positive"]
    ).calibration_error == pytest.approx(0)


def test_a_class_that_does_not_occur_counts_in_no_mean() -> None:
    assert measure([NEG, POS], ["negative", "positive"]).macro_recall == 1.0


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="No texts"):
        measure([], [])


class Parrot:
    """Answers positive to all, and that all are about the price."""

    name = "parrot@1"

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        about = {name: 0.9 if name == "price" else 0.1 for name in ANSWERS["touchpoints"]}
        return [Prediction(sentiment=POS, touchpoints=about) for _ in texts]


def test_a_scorer_that_says_one_thing_has_the_recall_of_chance() -> None:
    rows = [Labelled(label[:1], label) for label in ("negative", "neutral", "positive")]
    found = evaluate(Parrot(), rows)
    assert isinstance(found, Measures)
    assert found.macro_recall == pytest.approx(1 / 3)


def test_a_two_way_answer_is_measured_as_no_and_yes() -> None:
    found = measure_answer([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.6, 0.4]], ["no", "no", "yes", "yes"], "irony")
    assert found.by_class["yes"].f1 == pytest.approx(0.5)
    assert found.f1_positive_negative is None
    assert "| yes | 2 | 0.500 | 0.500 | 0.500 | 1 | 1 |" in card_table(found)
    assert "positive" not in card_table(found)


def test_an_answer_that_the_model_does_not_give_is_refused() -> None:
    with pytest.raises(ModelUnusable, match="does not answer irony"):
        evaluate(Parrot(), [Labelled("a", "yes")], "irony")


TOUCHPOINTS = ANSWERS["touchpoints"]


def given(*names: str) -> list[float]:
    return [0.9 if name in names else 0.1 for name in TOUCHPOINTS]


def test_several_labels_a_text_are_measured_each_for_itself() -> None:
    said = [given("price", "staff"), given("price"), given()]
    found = measure_several(said, [("price",), ("price", "delivery"), ("staff",)])
    assert (found.by_class["price"].precision, found.by_class["price"].recall) == (1.0, 1.0)
    assert (found.by_class["staff"].precision, found.by_class["staff"].recall) == (0.0, 0.0)
    assert found.by_class["delivery"].support == 1
    assert found.micro_f1 == pytest.approx(2 * 2 / (3 + 4))
    assert found.macro_f1 == pytest.approx(1 / 3)  # of the three that occur
    assert found.exact == 0.0
    assert "| price | 2 | 1.000 | 1.000 | 1.000 |" in card_table(found)
    assert "said" not in card_table(found)


def test_a_text_with_no_label_at_all_may_be_right() -> None:
    found = measure_several([given(), given("price")], [(), ("price",)])
    assert (found.exact, found.micro_f1) == (1.0, 1.0)
    assert found.calibration_error == pytest.approx(0.1)


def test_several_labels_a_text_are_said_from_one_half_on() -> None:
    half = [0.5 if name == "price" else 0.49 for name in TOUCHPOINTS]
    assert measure_several([half], [("price",)]).exact == 1.0


def test_no_texts_of_several_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="No texts"):
        measure_several([], [])


def test_a_scorer_is_measured_on_several_labels() -> None:
    rows = [Labelled("a", "", labels=("price",)), Labelled("b", "", labels=())]
    found = evaluate(Parrot(), rows, "touchpoints")
    assert isinstance(found, SeveralMeasures)
    assert found.micro_f1 == pytest.approx(2 / 3)
    assert list(means(found)) == ["micro F1", "macro F1", "all labels right", "calibration error"]


def test_the_surest_mistake_comes_first_in_one_short_line() -> None:
    rows = [Labelled("x " * 500, "positive"), Labelled("two\n\tlines", "neutral"), Labelled("right", "negative")]
    probabilities = [[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.9, 0.05, 0.05]]
    found = mistakes(Judged("sentiment", rows, probabilities))
    assert [(each.labelled, each.said, each.confidence) for each in found] == [
        ("neutral", "negative", 0.9),
        ("positive", "negative", 0.6),
    ]
    assert found[0].text == "two lines"
    assert len(found[1].text) == 160
    assert mistakes(Judged("sentiment", rows, probabilities), 0) == []


def test_a_mistake_of_several_labels_says_which_was_missed_or_made_up() -> None:
    rows = [Labelled("late", "", labels=("delivery",)), Labelled("dear", "", labels=("price",))]
    found = mistakes(judge(Parrot(), rows, "touchpoints"))
    assert {(each.labelled, each.said, each.text) for each in found} == {
        ("delivery", "not delivery", "late"),
        ("not price", "price", "late"),
    }
    assert [each.confidence for each in found] == [0.9, 0.9]


def test_every_label_of_every_text_has_a_confidence() -> None:
    confidences, right = surest(judge(Parrot(), [Labelled("late", "", labels=("price", "staff"))], "touchpoints"))
    assert len(confidences) == len(TOUCHPOINTS)
    assert [value for value, hit in zip(confidences, right, strict=True) if hit] == [0.9, 0.1]


def test_the_card_holds_a_row_per_class_and_the_confusion() -> None:
    table = card_table(measure(SAID, LABELS))
    assert "macro-averaged recall 0.722" in table
    assert "| neutral | 3 | 0.667 | 0.667 | 0.667 | 0 | 2 | 1 |" in table


def test_the_command_prints_the_figures_of_the_shipped_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("I love it, thank you!", "positive"), ("Worst service ever, I hate it.", "negative")]
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    assert main([str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0


def test_the_command_measures_toward_the_target_or_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Rival is awful, Acme saved me."
    rows = [
        {"text": text, "target": "Acme", "label": "positive"},
        {"text": text, "target": "Rival", "label": "negative"},
    ]
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    accuracies = []
    for extra in ([], ["--without-target"]):
        assert main([str(file), "--json", *extra]) == 0
        accuracies.append(json.loads(capsys.readouterr().out)["accuracy"])
    assert accuracies == [1.0, 0.5]


def test_the_command_measures_another_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ("My order never came and nobody answers, where is my refund?", 1),
        ("Good morning everyone, what a sunny day.", 0),
    ]
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps({"text": text, "complaint": truth}) + "\n" for text, truth in rows))
    assert main([str(file), "--answer", "complaint", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.jsonl")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "absent.jsonl: cannot be read" in err
