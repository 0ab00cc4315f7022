"""The shipped format: what is changed, absent or odd is refused in one sentence."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

import models
from models import ModelMissing, ModelUnusable, folder

BUNDLED = Path(str(models.__file__)).parent / "bundled"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED, tmp_path / "model"))


def test_the_shipped_model_is_whole_and_named_after_its_weights() -> None:
    held = folder.read(BUNDLED)
    name, _, digest = held.name.partition("@")
    assert (name.startswith("bundled-"), len(digest)) == (True, 8)
    assert {"sentiment", "complaint", "emotion", "irony", "offensive"} <= {head.name for head in held.heads.all}
    assert held.heads.reads_targets
    assert "en" in held.languages


def test_a_config_says_which_languages_the_model_was_measured_on(copy: Path) -> None:
    rewrite(copy, languages=["de", "en"])
    assert folder.read(copy).languages == ("de", "en")
    assert models.languages_of(str(copy)) == frozenset({"de", "en"})


def test_a_config_from_before_languages_were_told_means_english(copy: Path) -> None:
    held = folder.read(copy)
    config = json.loads((copy / folder.CONFIG).read_text())
    config.pop(folder.LANGUAGES, None)
    folder.write(copy, graph=held.graph, tokenizer=held.tokenizer, config=config)
    assert folder.read(copy).languages == ("en",)
    assert models.languages_of(str(copy)) == frozenset({"en"})


@pytest.mark.parametrize("file", [folder.CONFIG, folder.MANIFEST])
def test_a_file_that_is_too_deep_to_read_is_refused_and_tells_nothing(copy: Path, file: str) -> None:
    (copy / file).write_text("[" * 100_000)
    if file == folder.CONFIG:
        sums = json.loads((copy / folder.MANIFEST).read_text())
        (copy / folder.MANIFEST).write_text(json.dumps(sums | {file: sha256((copy / file).read_bytes()).hexdigest()}))
        assert (folder.languages(copy), folder.measured(copy)) == (None, ())
    with pytest.raises(models.ModelError, match=f"{file}: (not a model config|is damaged)"):
        models.load(str(copy))


@pytest.mark.parametrize("file", [folder.GRAPH, folder.TOKENIZER, folder.CONFIG])
def test_one_changed_byte_is_refused(copy: Path, file: str) -> None:
    data = bytearray((copy / file).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / file).write_bytes(data)
    with pytest.raises(ModelMissing, match=rf"{file}: is not the file that was shipped.* Install the program again"):
        models.load(str(copy))


@pytest.mark.parametrize("file", [folder.GRAPH, folder.TOKENIZER, folder.CONFIG])
def test_an_absent_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(ModelMissing, match=rf"{file}: cannot be read \(No such file"):
        models.load(str(copy))


@pytest.mark.parametrize("manifest", ["", "[]", "{"])
def test_a_damaged_manifest_is_refused(copy: Path, manifest: str) -> None:
    (copy / folder.MANIFEST).write_text(manifest)
    with pytest.raises(ModelMissing, match=r"manifest.json: is damaged"):
        models.load(str(copy))


def rewrite(copy: Path, **changes: object) -> None:
    held = folder.read(copy)
    config = json.loads((copy / folder.CONFIG).read_text()) | changes
    folder.write(copy, graph=held.graph, tokenizer=held.tokenizer, config=config)


def heads(**changes: object) -> dict[str, object]:
    """A config's `heads`: sentiment, and another answer with these changes."""
    sentiment = {"name": "sentiment", "labels": ["negative", "neutral", "positive"], "temperature": 1.0}
    return {"heads": [sentiment, {"name": "irony", "labels": ["no", "yes"], "temperature": 1.0} | changes]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 99}, "format 99 is not 2"),
        (heads(temperature="hot"), "not a model config"),
        (heads(temperature=0), "irony has a temperature that is not a number above 0"),
        (heads(temperature=1, toward=float("nan")), "irony has a temperature that is not a number above 0"),
        (heads(temperature=float("inf")), "irony has a temperature that is not a number above 0"),
        (heads(labels=["spam", "ham"]), "labels of irony are spam, ham; expected no, yes"),
        (heads(name="weather"), 'answers "weather", which this program does not know'),
        (heads(name="sentiment"), "expected sentiment, and each once"),
        ({"languages": "en"}, "languages is not a list of codes"),
        ({"languages": []}, "languages is not a list of codes"),
        ({"languages": ["en", 3]}, "languages is not a list of codes"),
        ({"heads": []}, "answers nothing; expected sentiment"),
        ({"heads": ["sentiment"]}, "not a model config"),
        (heads(), "gives 23 numbers for a text, and the config reads 5"),
    ],
)
def test_an_odd_config_is_refused_in_words(copy: Path, changes: dict[str, object], reason: str) -> None:
    rewrite(copy, **changes)
    with pytest.raises(ModelUnusable, match=reason):
        models.load(str(copy))


def test_a_config_with_labels_and_no_heads_is_read_as_sentiment_alone(copy: Path) -> None:
    config = json.loads((copy / folder.CONFIG).read_text())
    del config["heads"]
    held = folder.read(copy)
    alone = config | {"labels": ["negative", "neutral", "positive"], "temperature": 1.5}
    folder.write(copy, graph=held.graph, tokenizer=held.tokenizer, config=alone)
    heads = folder.read(copy).heads
    assert [(head.name, head.temperature) for head in heads.all] == [("sentiment", 1.5)]
    assert not heads.reads_targets


def test_a_graph_that_is_no_graph_is_refused_in_words(copy: Path) -> None:
    held = folder.read(copy)
    config = json.loads((copy / folder.CONFIG).read_text())
    folder.write(copy, graph=b"not a graph", tokenizer=held.tokenizer, config=config)
    with pytest.raises(ModelUnusable, match=r"ONNX Runtime .* cannot run the model"):
        models.load(str(copy))


def test_another_temperature_is_another_name_and_other_numbers(copy: Path) -> None:
    before = models.load(str(copy))
    rows = [head.row() | {"temperature": 3.0} for head in folder.read(copy).heads.all]
    rewrite(copy, heads=rows)
    after = models.load(str(copy))
    assert before.name != after.name
    text = ["My parcel is late again and nobody answers."]
    cool, warm = before.predict(text)[0], after.predict(text)[0]
    assert warm.sentiment.confidence < cool.sentiment.confidence
    assert cool.complaint is not None
    assert warm.complaint is not None
    assert abs(warm.complaint - 0.5) < abs(cool.complaint - 0.5)


def test_a_folder_is_not_taken_for_a_model_before_its_manifest_is_written(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = folder.read(copy)
    real: Callable[..., int] = Path.write_bytes

    def fails(path: Path, data: bytes) -> int:
        if path.name == folder.CONFIG:
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OSError, match="No space left"):
        folder.write(copy, graph=held.graph, tokenizer=held.tokenizer, config={"name": "half"})
    assert not folder.is_ours(copy)
