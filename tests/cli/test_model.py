"""`model`: which there are, how good and how fast one is, fetching one, calibrating one."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import models
from models.calibration import calibrated
from models.heads import ANSWERS
from tests.servers.hub_server import HubServer

from .conftest import Child, Run

GOOD = ["I love it, thank you!", "Great staff, so happy.", "Best day ever, amazing work.", "Wonderful, thanks a lot!"]
BAD = ["Worst service ever, I hate it.", "My order never came. Awful!", "So rude, never again.", "It broke. Useless."]
PLAIN = ["The shop opens at nine.", "The meeting is on Monday.", "He walked to the station.", "The box is blue."]


def labelled(path: Path, rows: Sequence[tuple[str, object]], field: str = "label") -> Path:
    path.write_text("".join(json.dumps({"text": text, field: label}) + "\n" for text, label in rows))
    return path


def sentiments(path: Path) -> Path:
    named = {"positive": GOOD, "negative": BAD, "neutral": PLAIN}
    return labelled(path, [(text, label) for label, texts in named.items() for text in texts])


def test_the_models_are_listed_with_what_is_missing(run: Run) -> None:
    said = run("model", "list")
    assert said.code == 0
    assert "bundled" in said.out
    assert "any Hugging Face id or folder" in said.out
    told = json.loads(run("model", "list", "--json").out)
    assert (told[0]["name"], told[0]["missing"], told[0]["languages"]) == ("bundled", None, ["en"])


def test_a_model_is_described(run: Run) -> None:
    said = run("model", "info")
    for words in ("onnxruntime", "MB", "negative, neutral, positive", "anger, joy, optimism, sadness", "bundled.md"):
        assert words in said.out
    assert json.loads(run("model", "info", "bundled", "--json").out)["languages"] == ["en"]
    run("model", "info", "nobody/nothing").refuses(7, '"nobody/nothing" is not on this machine')


def test_a_model_is_measured_on_a_file(run: Run, folder: Path) -> None:
    file = sentiments(folder / "own.jsonl")
    said = run("model", "eval", file)
    assert said.code == 0
    for words in ("12 texts", "macro-averaged recall", "95% interval", "said negative", "0.9 to 1.0", "█"):
        assert words in said.out
    told = json.loads(run("model", "eval", file, "--json").out)
    assert told["measures"]["texts"] == 12
    assert told["measures"]["macro_recall"] == told["intervals"]["macro-averaged recall"]["value"] > 0.7
    assert sum(each["texts"] for each in told["reliability"]) == 12
    assert run("model", "eval", file, "--json", "--seed", 1).out == run("model", "eval", file, "--json").out


def test_the_surest_mistakes_are_shown_and_can_do_no_harm(run: Run, folder: Path) -> None:
    file = labelled(
        folder / "own.jsonl",
        [("I hate it \x1b[2J\u202e [bold]so much[/bold]", "positive"), *[(t, "negative") for t in BAD]],
    )
    said = run("model", "eval", file)
    assert "Surest mistakes" in said.out
    assert "I hate it ?[2J? [bold]so much[/bold]" in said.out
    assert "\x1b" not in said.out
    assert "Surest mistakes" not in run("model", "eval", file, "--worst", 0).out


def test_a_class_that_no_text_has_is_unknown_and_not_zero(run: Run, folder: Path) -> None:
    said = run("model", "eval", labelled(folder / "own.jsonl", [(text, "positive") for text in GOOD]))
    (row,) = [line for line in said.out.splitlines() if line.startswith("│ negative")]
    assert row.split("│")[2:7] == [" 0     ", " —         ", " —      ", " —                  ", " —     "]


def test_rows_that_cannot_be_used_are_told_and_the_rest_is_measured(run: Run, folder: Path) -> None:
    file = sentiments(folder / "own.jsonl")
    with file.open("a") as more:
        more.write('{"text": "x", "label": "angry"}\n[\n')
    said = run("model", "eval", file, "--json")
    assert json.loads(said.out)["measures"]["texts"] == 12
    assert "2 rows were set aside" in said.err
    assert 'line 13: needs `text` and `label`: "angry" is not one of' in said.err
    file.write_text("[\n")
    run("model", "eval", file).refuses(3, "no row can be used")


def test_a_table_is_measured_too_and_another_answer(run: Run, folder: Path) -> None:
    table = folder / "own.csv"
    table.write_text("text,complaint\nMy order never came and nobody answers!,1\nWhat a sunny day.,no\n")
    told = json.loads(run("model", "eval", table, "--answer", "complaint", "--json").out)
    assert list(told["measures"]["by_class"]) == ["no", "yes"]


def test_a_post_without_words_is_set_aside_and_does_not_stop_the_others(run: Run, folder: Path) -> None:
    rows = [("My order never came and nobody answers!", 1), ("\u200b\ufeff", 0), ("What a sunny day.", 0)]
    said = run("model", "eval", labelled(folder / "own.jsonl", rows), "--answer", "complaint", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["measures"]["texts"] == 2
    assert "line 2: needs `text` and `label`: no text" in said.err


class Shopkeeper:
    """Says that all is about the price."""

    name = "shopkeeper@1"

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[models.Prediction]:
        about = {name: 0.9 if name == "price" else 0.1 for name in ANSWERS["touchpoints"]}
        return [models.Prediction(sentiment=models.Sentiment(0, 1, 0), touchpoints=about) for _ in texts]


def test_touchpoints_are_measured_several_a_text(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "load", lambda *_, **__: Shopkeeper())
    file = labelled(
        folder / "own.jsonl", [("Too dear", ["price"]), ("Dear and late", ["price", "delivery"])], "touchpoints"
    )
    said = run("model", "eval", file, "--answer", "touchpoints")
    assert "micro F1" in said.out
    assert "not delivery" in said.out
    measures = json.loads(run("model", "eval", file, "--answer", "touchpoints", "--json").out)["measures"]
    assert measures["micro_f1"] == pytest.approx(2 * 2 / (2 + 3))
    assert measures["by_class"]["price"]["f1"] == 1.0


def test_targets_can_be_left_unread(run: Run, folder: Path) -> None:
    text = "Rival is awful, Acme saved me."
    rows = [
        {"text": text, "target": name, "label": label} for name, label in (("Acme", "positive"), ("Rival", "negative"))
    ]
    file = folder / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    accuracies = [
        json.loads(run("model", "eval", file, "--json", *extra).out)["measures"]["accuracy"]
        for extra in ([], ["--without-target"])
    ]
    assert accuracies[0] == 1.0
    assert accuracies[1] <= 0.5  # unread, both get one answer


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("eval", "absent.jsonl"), 3, "absent.jsonl: cannot be read"),
        (("eval", "own.jsonl", "--answer", "weather"), 3, '"weather" is not one of sentiment'),
        (("eval", "own.jsonl", "--answer", "touchpoints"), 3, "no row can be used"),
        (("eval", "own.jsonl", "--model", "broken"), 7, "manifest.json: is damaged"),
        (("eval", "own.jsonl", "--calibration", "absent.json"), 7, "absent.json: cannot be read"),
        (("calibrate", "absent.jsonl"), 3, "absent.jsonl: cannot be read"),
        (("calibrate", "own.jsonl"), 1, "12 labelled texts are too few to learn from. Give at least 50"),
        (("fetch", "../etc"), 7, "is not the id of a model on the hub"),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Run, folder: Path, words: tuple[str, ...], code: int, reason: str) -> None:
    sentiments(folder / "own.jsonl")
    (folder / "broken").mkdir()
    (folder / "broken" / "manifest.json").write_text("[]")
    said = run("model", *words)
    assert said.code == code, said.err
    assert reason in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_the_speed_is_measured(run: Run) -> None:
    told = json.loads(run("model", "bench", "--texts", 40, "--json").out)
    assert told["texts"] == 40
    assert told["per_second"] == pytest.approx(40 / told["seconds"])
    assert "texts a second" in run("model", "bench", "--texts", 40).out


def test_a_model_is_fetched_from_a_hub(child: Callable[..., Child], folder: Path) -> None:
    pytest.importorskip("huggingface_hub")
    with HubServer("someone/tiny", {"config.json": b"{}", "model.safetensors": b"x" * 2_000_000}) as hub:
        place = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hub")}
        fetching = child("model", "fetch", "someone/tiny", environ=place)
        assert fetching.process.wait(60) == 0, fetching.err
        assert "someone/tiny@01234567: 2 files, 2.0 MB" in fetching.err
        assert str(folder / "hub") in fetching.err
        assert list((folder / "hub").rglob("model.safetensors"))


# Calibration


class Biased:
    """Reads a number between 0 and 1 in each text as the probability of negative, and is too sure."""

    name = "biased@1a2b3c4d"

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[models.Prediction]:
        shares = [float(text.split()[-1]) for text in texts]
        return [models.Prediction(sentiment=models.Sentiment(p, (1 - p) / 2, (1 - p) / 2)) for p in shares]


@pytest.fixture
def biased(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' model is one that is too sure; a calibration is applied to it as to any."""
    monkeypatch.setattr(
        models,
        "load",
        lambda *_, calibration=None, **__: calibrated(Biased(), calibration) if calibration else Biased(),
    )


def corrections(path: Path, texts: int, *, right: bool = False) -> Path:
    """Posts that are negative less often than the model says, or as often."""
    chance = np.random.default_rng(3)
    said = chance.uniform(0.05, 0.95, texts)
    truth = said if right else 0.15 + 0.5 * said
    labels = [
        chance.choice(["negative", "neutral", "positive"], p=[share, (1 - share) / 2, (1 - share) / 2])
        for share in truth
    ]
    return labelled(path, [(f"post {share}", str(label)) for share, label in zip(said, labels, strict=True)])


@pytest.mark.usefixtures("biased")
def test_a_calibration_is_learned_told_written_and_used(run: Run, folder: Path) -> None:
    file = corrections(folder / "own.jsonl", 800)
    said = run("model", "calibrate", file)
    assert said.code == 0, said.err
    for words in ("log loss", "calibration error", "macro-averaged recall", "change, 90% interval"):
        assert words in said.out
    assert 'calibration = "calibration.json"' in said.err
    held = json.loads((folder / "calibration.json").read_text())
    assert held["model"] == Biased.name
    assert held["answers"]["sentiment"]["temperature"] > 1.5
    before = json.loads(run("model", "eval", file, "--json").out)
    after = json.loads(run("model", "eval", file, "--json", "--calibration", "calibration.json").out)
    assert after["measures"]["calibration_error"] < before["measures"]["calibration_error"] / 2


@pytest.mark.usefixtures("biased")
def test_the_same_labels_teach_the_same_file(run: Run, folder: Path) -> None:
    file = corrections(folder / "own.jsonl", 300)
    told = [json.loads(run("model", "calibrate", file, "--out", f"{n}.json", "--json").out) for n in "ab"]
    assert (folder / "a.json").read_bytes() == (folder / "b.json").read_bytes()
    assert told[0]["calibration"] == told[1]["calibration"]
    assert told[0]["worth"]["figures"]["log loss"]["change"]["high"] < 0


@pytest.mark.usefixtures("biased")
def test_other_answers_in_the_file_are_kept_and_other_models_files_are_not_written_over(run: Run, folder: Path) -> None:
    file, out = corrections(folder / "own.jsonl", 300), folder / "cal.json"
    irony = {"temperature": 2.0, "bias": [0.0, 0.5], "texts": 80}
    out.write_text(json.dumps({"format": 1, "model": Biased.name, "answers": {"irony": irony}}))
    assert run("model", "calibrate", file, "--out", out).code == 0
    assert json.loads(out.read_text())["answers"].keys() == {"irony", "sentiment"}
    other = json.dumps({"format": 1, "model": "other@1", "answers": {}})
    out.write_text(other)
    run("model", "calibrate", file, "--out", out).refuses(3, "was made for other@1, and the model is biased@1a2b3c4d")
    assert out.read_text() == other


@pytest.mark.usefixtures("biased")
def test_nothing_is_written_where_it_does_not_help(run: Run, folder: Path) -> None:
    run("model", "calibrate", corrections(folder / "own.jsonl", 400, right=True)).refuses(1, "Nothing was written")
    assert not (folder / "calibration.json").exists()


@pytest.mark.usefixtures("biased")
def test_temperature_alone_can_be_learned(run: Run, folder: Path) -> None:
    assert run("model", "calibrate", corrections(folder / "own.jsonl", 800), "--temperature-only").code == 0
    held = json.loads((folder / "calibration.json").read_text())
    assert held["answers"]["sentiment"]["bias"] == [0.0, 0.0, 0.0]


def test_the_settings_calibration_is_used_and_shows_in_every_score(run: Run, folder: Path) -> None:
    model = models.load().name
    adjusted = {"temperature": 3.0, "bias": [0.0, 0.0, 0.0], "texts": 80}
    (folder / "cal.json").write_text(json.dumps({"format": 1, "model": model, "answers": {"sentiment": adjusted}}))
    settings = folder / "config" / "monitor.toml"
    settings.write_text(f'[model]\ncalibration = "{folder / "cal.json"}"\n' + settings.read_text())
    (folder / "posts.jsonl").write_text('{"text": "I love it, thank you!"}\n')
    scored = json.loads(run("score", "posts.jsonl").out)
    assert scored["model"].startswith(f"{model}+cal-")
    assert scored["sentiment"]["positive"] < 0.95
