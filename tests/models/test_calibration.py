"""A calibration's file: what it says comes back, is applied to its own model and to no other, and shows in the name."""

import json
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

import pytest

import models
from models import ModelMissing, ModelUnusable, Prediction, Sentiment
from models.calibration import Adjustment, CalibratedScorer, Calibration, adjusted_answer, calibrated, read
from models.heads import ANSWERS

EditJson = Callable[[Path, dict[str, object]], None]
COOLER = Adjustment(temperature=2.0, bias=(0.5, 0.0, -0.5), texts=120, confusion=((9, 1, 0), (2, 7, 1), (0, 3, 7)))
FEELING = Sentiment(0.6, 0.3, 0.1)


class Certain:
    """Answers the same to all; of a text without words, what is said of such."""

    name = "certain@1a2b3c4d"

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        about = dict.fromkeys(ANSWERS["touchpoints"], 0.2)
        told = Prediction(sentiment=FEELING, complaint=0.8, touchpoints=about)
        return [told if text else Prediction(sentiment=Sentiment(0.0, 1.0, 0.0)) for text in texts]


def written(path: Path, calibration: Calibration) -> Path:
    path.write_text(calibration.text(), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "cal.json", Calibration(Certain.name, {"sentiment": COOLER}))


def test_what_is_written_comes_back(file: Path) -> None:
    assert read(file) == Calibration(Certain.name, {"sentiment": COOLER})


def test_the_scorer_answers_as_adjusted_and_its_name_shows_by_what(file: Path) -> None:
    scorer = calibrated(Certain(), file)
    (said,) = scorer.predict(["late"], [None])
    raw = [p**0.5 * weight for p, weight in zip((0.6, 0.3, 0.1), (2.718281828**0.5, 1, 2.718281828**-0.5), strict=True)]
    shares = [value / sum(raw) for value in raw]
    assert [said.sentiment.negative, said.sentiment.neutral, said.sentiment.positive] == pytest.approx(shares)
    assert said.complaint == 0.8
    assert scorer.name == f"certain@1a2b3c4d+{read(file).name}"
    assert read(file).name.startswith("cal-")
    assert len(read(file).name) == len("cal-1a2b3c4d")


def test_what_a_calibration_does_not_change_is_still_there(file: Path) -> None:
    class Embedding(Certain):
        engine = "an abacus"

        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return [[1.0, 0.0] for _ in texts]

    scorer = calibrated(Embedding(), file)
    assert scorer.engine == "an abacus"
    assert scorer.embed(["late", ""]) == [[1.0, 0.0], [1.0, 0.0]]
    assert not hasattr(calibrated(Certain(), file), "embed")
    assert copy(scorer).name == scorer.name


def test_another_content_is_another_name() -> None:
    one, other = (Calibration("m@1", {"sentiment": Adjustment(temperature=t, bias=(0, 0, 0))}) for t in (1.0, 1.1))
    assert one.name != other.name


def test_no_change_changes_nothing() -> None:
    same = Adjustment(temperature=1.0, bias=(0.0, 0.0, 0.0))
    assert same.single([0.6, 0.3, 0.1]) == pytest.approx([0.6, 0.3, 0.1])
    assert same.several([0.6, 0.3, 1.0]) == pytest.approx([0.6, 0.3, 1.0], abs=1e-5)


def test_a_text_without_words_stays_neutral(file: Path) -> None:
    assert calibrated(Certain(), file).predict([""])[0].sentiment == Sentiment(0.0, 1.0, 0.0)


def test_an_answer_that_the_model_does_not_give_stays_none() -> None:
    both = {"irony": Adjustment(temperature=2, bias=(0, 0)), "complaint": Adjustment(temperature=2, bias=(0, 0))}
    (said,) = CalibratedScorer(Certain(), Calibration(Certain.name, both)).predict(["late"])
    assert said.irony is None
    assert said.complaint == pytest.approx(2 / 3)  # odds of 4, whose root is 2
    assert said.sentiment == FEELING


def test_touchpoints_are_adjusted_each_for_itself() -> None:
    names = ANSWERS["touchpoints"]
    bias = tuple(1.0 if name == "price" else 0.0 for name in names)
    said = adjusted_answer("touchpoints", dict.fromkeys(names, 0.5), Adjustment(temperature=1, bias=bias))
    assert said["price"] == pytest.approx(0.7311, abs=1e-4)
    assert {value for name, value in said.items() if name != "price"} == {0.5}


def test_a_probability_of_nothing_can_still_be_adjusted() -> None:
    assert sum(COOLER.single([0.0, 0.4, 0.6])) == pytest.approx(1)


def test_another_models_calibration_is_refused(tmp_path: Path) -> None:
    other = written(tmp_path / "cal.json", Calibration("certain@ffffffff", {"sentiment": COOLER}))
    with pytest.raises(ModelUnusable, match=r"was made for certain@ffffffff, and the model is certain@1a2b3c4d\. Make"):
        calibrated(Certain(), other)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"cal\.json: cannot be read \(No such file"):
        read(tmp_path / "cal.json")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "format 2 is not 1"),
        ({"answers": []}, "is not a calibration"),
        ({"answers": {"weather": {}}}, "is not a calibration"),
        ({"answers": {"sentiment": {"temperature": 1, "bias": [0, 0], "texts": 9}}}, "sentiment has 3 labels"),
        ({"answers": {"sentiment": {"temperature": 0, "bias": [0, 0, 0], "texts": 9}}}, "must be above 0"),
        (
            {"answers": {"sentiment": {"temperature": 1, "bias": [0, 0, float("nan")], "texts": 9}}},
            "every bias a number",
        ),
        (
            {"answers": {"sentiment": {"temperature": 1, "bias": [0, 0, 0], "texts": 9, "confusion": [[1]]}}},
            "sentiment has 3 labels",
        ),
        ({"answers": {"irony": {"temperature": 1, "bias": [0, 0], "texts": "many"}}}, "is not a calibration"),
    ],
)
def test_an_odd_file_is_refused_in_one_sentence(
    file: Path, edit_json: EditJson, changes: dict[str, object], reason: str
) -> None:
    edit_json(file, changes)
    with pytest.raises(ModelUnusable, match=reason) as refusal:
        read(file)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', "[" * 100_000, "\x00"])
def test_what_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cal.json").write_text(text)
    with pytest.raises(ModelUnusable, match=r"is not a calibration .* Make it again with `model calibrate`"):
        read(tmp_path / "cal.json")


def test_the_shipped_model_is_opened_with_its_calibration_and_refuses_anothers(tmp_path: Path, file: Path) -> None:
    plain = models.load("bundled")
    own = written(tmp_path / "own.json", Calibration(plain.name, {"sentiment": COOLER}))
    scorer = models.load("bundled", calibration=own)
    texts = ["My parcel is late again and nobody answers.", ""]
    before, after = plain.predict(texts), scorer.predict(texts)
    assert scorer.name == f"{plain.name}+{read(own).name}"
    assert after[0].sentiment != before[0].sentiment
    assert after[0].complaint == before[0].complaint
    assert after[1] == before[1]
    with pytest.raises(ModelUnusable, match="was made for certain@1a2b3c4d"):
        models.load("bundled", calibration=file)


def test_with_a_calibration_its_own_confusion_is_the_models(file: Path, tmp_path: Path) -> None:
    assert models.confusions_of("bundled", calibration=file) == [COOLER.confusion]
    several = Adjustment(temperature=1, bias=(0.0,) * len(ANSWERS["touchpoints"]))
    other = written(tmp_path / "other.json", Calibration("m@1", {"touchpoints": several}))
    assert models.confusions_of("bundled", "touchpoints", calibration=other) == []
    assert models.confusions_of("bundled", calibration=other) == models.confusions_of("bundled")


def test_a_file_is_json_that_people_can_read(file: Path) -> None:
    told = json.loads(file.read_text())
    assert (told["format"], told["model"]) == (1, Certain.name)
    assert told["answers"]["sentiment"]["texts"] == 120
