"""What is known of a model without loading it, and the confusions that its folder states."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import models
from models import ModelMissing, ModelUnusable, confusions_of, folder
from models.about import describe
from models.heads import ANSWERS

MakeHubFolder = Callable[..., Path]
EditJson = Callable[[Path, dict[str, object]], None]
BUNDLED = Path(str(models.__file__)).parent / "bundled"
CONFUSION = [[80, 15, 5], [20, 60, 20], [0, 10, 40]]


def measured_on(name: str, confusion: object = CONFUSION, answer: str = "sentiment") -> dict[str, object]:
    return {"set": name, "answer": answer, "confusion": confusion}


def rewritten(path: Path, **changes: object) -> Path:
    """A copy of the shipped model whose config has these changes."""
    shutil.copytree(BUNDLED, path)
    held = folder.read(path)
    config = json.loads((path / folder.CONFIG).read_text()) | changes
    folder.write(path, graph=held.graph, tokenizer=held.tokenizer, config=config)
    return path


def test_the_shipped_model_is_described_with_its_card() -> None:
    told = describe("bundled")
    assert told.name == models.load("bundled").name
    assert told.engine == "onnxruntime"
    assert told.answers["sentiment"] == ANSWERS["sentiment"]
    assert told.size == sum(file.stat().st_size for file in BUNDLED.iterdir())
    assert told.languages == ("en",)
    assert told.card is not None
    assert Path(told.card).is_file()


def test_a_folder_in_the_shipped_format_tells_what_its_config_states(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "ours", measured=[measured_on("later posts")], licence="Apache-2.0")
    (path / "README.md").write_text("Ours.")
    told = describe(str(path))
    (figures,) = told.measured
    assert (figures.set, figures.texts, figures.accuracy) == ("later posts", 250, 0.72)
    assert figures.macro_recall == pytest.approx((0.8 + 0.6 + 0.8) / 3)
    assert (told.licence, told.card) == ("Apache-2.0", str(path / "README.md"))


def test_what_nobody_states_is_unknown(tmp_path: Path) -> None:
    told = describe(str(rewritten(tmp_path / "ours", measured=[], licence=None)))
    assert (told.measured, told.licence, told.card) == ((), None, None)


def test_a_folder_in_transformers_format_is_described(make_hub_folder: MakeHubFolder) -> None:
    path = make_hub_folder({0: "NEG", 1: "POS"})
    (path / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# A model\n")
    told = describe(str(path))
    assert (told.engine, told.licence, told.card) == ("transformers", "mit", str(path / "README.md"))
    assert told.answers == {"sentiment": ("negative", "positive")}
    assert told.languages is None
    assert told.size > (path / "model.safetensors").stat().st_size


def test_our_answers_are_listed_from_a_folder_in_transformers_format(
    make_hub_folder: MakeHubFolder, edit_json: EditJson
) -> None:
    path = make_hub_folder({number: str(number) for number in range(3)})
    rows = [{"name": "sentiment", "labels": list(ANSWERS["sentiment"]), "temperature": 1.0}]
    edit_json(path / "config.json", {"answers": rows})
    assert describe(str(path)).answers == {"sentiment": ANSWERS["sentiment"]}
    edit_json(path / "config.json", {"answers": [{}]})
    with pytest.raises(ModelUnusable, match="lists answers that cannot be read"):
        describe(str(path))


def test_a_model_that_is_not_sentiment_is_refused(make_hub_folder: MakeHubFolder) -> None:
    with pytest.raises(ModelUnusable, match="which is not sentiment"):
        describe(str(make_hub_folder({0: "spam", 1: "ham"})))


@pytest.mark.parametrize("name", ["nobody/nothing", "no such folder", "../x", ""])
def test_a_model_that_is_not_here_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"is not on this machine|config\.json: cannot be read"):
        describe(name)


@pytest.mark.parametrize("config", ["{", "[]", "[" * 100_000])
def test_a_config_that_is_none_is_refused(tmp_path: Path, config: str) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelUnusable, match=r"config\.json: is not"):
        describe(str(tmp_path))


def test_the_confusions_of_a_model_are_those_of_its_folder(tmp_path: Path) -> None:
    rows = [measured_on("a"), measured_on("b", [[9, 1], [2, 8]], "irony"), measured_on("c", [[1, 0, 0]] * 3)]
    path = str(rewritten(tmp_path / "ours", measured=rows))
    assert confusions_of(path) == [((80, 15, 5), (20, 60, 20), (0, 10, 40)), ((1, 0, 0),) * 3]
    assert confusions_of(path, "irony") == [((9, 1), (2, 8))]
    assert confusions_of(path, "emotion") == []
    assert models.load(path).predict(["fine"])


def test_a_model_that_states_no_confusion_has_none() -> None:
    assert confusions_of("nobody/nothing") == []


@pytest.mark.parametrize(
    "row",
    [
        measured_on("a", [[1, 2], [3, 4]]), measured_on("a", [[1, 2, 3]] * 2), measured_on("a", [[0, 0, 0]] * 3),
        measured_on("a", [[1, 2, -3]] * 3), measured_on("a", [[1, 2, 0.5]] * 3), measured_on("a", None),
        measured_on("a", answer="weather"), {"set": "a"}, [], "a",
    ],
)  # fmt: skip
def test_an_odd_confusion_is_refused_when_the_model_is_loaded(tmp_path: Path, row: object) -> None:
    path = tmp_path / "ours"
    rewritten(path, measured=[])
    held = folder.read(path)
    config = json.loads((path / folder.CONFIG).read_text()) | {"measured": [row]}
    folder.write(path, graph=b"", tokenizer=held.tokenizer, config=config)
    with pytest.raises(ModelUnusable, match=r"config\.json: not a model config"):
        folder.read(path)
    assert confusions_of(str(path)) == []
