"""`score`: posts in, the same posts with their sentiment out."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import models
from models import folder as model_folder
from monitor.pipeline.feeling import feeling_of

BUNDLED = Path(models.__file__).parent / "bundled"
POSTS: list[dict[str, Any]] = [
    {"id": "1", "text": "I hate this. Broken again, never buying from them again!", "zip": [1, {"a": None}]},
    {"id": "2", "text": "The meeting is on Tuesday at nine.", "note": "é 🎉 \u2028"},
    {"id": "3", "text": "Absolutely wonderful service, thank you so much, I love it!", "sentiment_before": 0.5},
    {"id": "4", "text": "ok", "lang": "en-GB", "nested": {"deep": {"deeper": [True, False]}}},
]
GERMAN = "Mein Paket ist immer noch nicht angekommen, und niemand geht ans Telefon."


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n") if line]


def test_every_post_comes_back_in_order_with_every_field_and_a_sentiment(run: Callable[..., Any], folder: Path) -> None:
    said = run("score", write(folder / "posts.jsonl", POSTS))
    scored = rows_of(said.out)
    assert said.code == 0
    assert [{key: row[key] for key in post} for row, post in zip(scored, POSTS, strict=True)] == POSTS
    assert [row["sentiment"]["label"] for row in scored[:3]] == ["negative", "neutral", "positive"]
    for row in scored:
        feeling = row["sentiment"]
        assert set(feeling) == {"label", "negative", "neutral", "positive", "polarity"}
        assert feeling["negative"] + feeling["neutral"] + feeling["positive"] == pytest.approx(1, abs=1e-5)
        assert feeling["polarity"] == pytest.approx(feeling["positive"] - feeling["negative"], abs=1e-5)
        assert row["model"].startswith("bundled")
        assert {"complaint", "emotion", "irony", "offensive", "touchpoints"} <= set(row)
    assert [row["language"] for row in scored] == ["en", "en", "en", "en"]
    assert f"4 posts scored by {scored[0]['model']}." in said.err


def test_standard_input_is_read(run: Callable[..., Any]) -> None:
    said = run("score", "-", text=b'{"text": "great, thank you"}\n{"text": "awful"}')
    assert [row["text"] for row in rows_of(said.out)] == ["great, thank you", "awful"]


def test_csv_is_read(run: Callable[..., Any], folder: Path) -> None:
    (folder / "posts.csv").write_text('id,text,colour\n7,"Late, again. Awful.",red\n8,fine,\n')
    scored = rows_of(run("score", "posts.csv").out)
    assert [(row["id"], row["text"], row["colour"]) for row in scored] == [
        ("7", "Late, again. Awful.", "red"),
        ("8", "fine", ""),
    ]


def test_a_file_takes_the_place_of_standard_output(run: Callable[..., Any], folder: Path) -> None:
    write(folder / "posts.jsonl", POSTS)
    straight = run("score", "posts.jsonl").out
    said = run("score", "posts.jsonl", "--out", "scored.jsonl")
    assert (said.code, said.out) == (0, "")
    assert (folder / "scored.jsonl").read_text("utf-8") == straight
    assert [path.name for path in folder.glob("*.part")] == []


def test_bad_rows_are_set_aside_with_their_lines_and_the_rest_goes_on(run: Callable[..., Any], folder: Path) -> None:
    lines = [b'{"text": "good"}', b"{broken", b'{"id": "2"}', b'{"text": "\xff"}', b"", b"[1]", b'{"text": "fine"}']
    (folder / "mixed.jsonl").write_bytes(b"\n".join(lines) + b"\n" + b"no\n" * 9)
    said = run("score", "mixed.jsonl")
    assert said.code == 0
    assert [row["text"] for row in rows_of(said.out)] == ["good", "fine"]
    told = said.err.splitlines()
    assert told[0] == "mixed.jsonl: 13 rows were set aside:"
    assert [line.strip().partition(":")[0] for line in told[1:6]] == ["line 2", "line 3", "line 4", "line 6", "line 8"]
    assert told[6] == "  … and 8 more"


def test_a_model_that_is_unsure_says_so(run: Callable[..., Any], folder: Path) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write("[model]\nunsure_below = 1.0\n")
    (row,) = rows_of(run("score", "-", text=b'{"text": "hm, well, I do not know what to say"}').out)
    feeling = row["sentiment"]
    assert feeling["label"] == "unsure"
    assert feeling["negative"] + feeling["neutral"] + feeling["positive"] == pytest.approx(1, abs=1e-5)
    assert feeling["reason"].endswith(" is below 1")


# Languages


def test_a_post_in_another_language_is_unsure_with_the_reason_and_a_short_english_one_is_scored(
    run: Callable[..., Any], folder: Path
) -> None:
    posts = [
        {"text": GERMAN},
        {"text": "so late again"},
        {"text": "hm", "lang": "fr"},
        {"text": "awful", "lang": "und"},
    ]
    said = run("score", write(folder / "posts.jsonl", posts))
    german, short, french, tagged = rows_of(said.out)
    name = german["model"]
    assert german["sentiment"] == {
        "label": "unsure", "negative": None, "neutral": None, "positive": None, "polarity": None,
        "reason": "it reads as German (de), and the model was measured on English (en)",
    }  # fmt: skip
    assert (german["language"], german["complaint"], german["emotion"]) == ("de", None, None)
    assert french["sentiment"]["reason"].startswith("it is marked as French (fr), and ")
    assert (short["sentiment"]["label"], tagged["sentiment"]["label"]) == ("negative", "negative")
    assert "reason" not in short["sentiment"]
    assert {row["model"] for row in (short, french, tagged)} == {name}
    assert f"4 posts scored by {name}." in said.err


def measured_on(folder: Path, *languages: str) -> Path:
    """The shipped model, which says that it was measured on other languages."""
    held = model_folder.read(BUNDLED)
    config = json.loads((BUNDLED / "config.json").read_text("utf-8")) | {"name": "other", "languages": languages}
    path = folder / "other"
    model_folder.write(path, graph=held.graph, tokenizer=held.tokenizer, config=config)
    return path


def test_the_settings_send_a_language_to_its_own_model(run: Callable[..., Any], folder: Path) -> None:
    other = measured_on(folder, "de", "fr")
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write(f'[model.languages]\nde = "{other}"\n"*" = "{other}"\n')
    posts = [{"text": GERMAN}, {"text": "so late again"}, {"text": "tarde", "lang": "es"}]
    said = run("score", write(folder / "posts.jsonl", posts))
    german, english, spanish = rows_of(said.out)
    assert german["sentiment"]["label"] in ("negative", "neutral", "positive")
    assert german["model"].startswith("other@")
    assert english["model"].startswith("bundled")
    assert (spanish["sentiment"]["label"], spanish["model"]) == ("unsure", german["model"])
    assert "the model was measured on German (de), French (fr)" in spanish["sentiment"]["reason"]
    assert f"3 posts scored by {german['model']}, {english['model']}." in said.err


def test_a_model_that_is_named_answers_alone(run: Callable[..., Any], folder: Path) -> None:
    other = measured_on(folder, "de")
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write('[model.languages]\nde = "/nonexistent/model"\n')
    (german,) = rows_of(run("score", "-", "--model", other, text=json.dumps({"text": GERMAN}).encode()).out)
    assert german["sentiment"]["label"] != "unsure"
    assert german["model"].startswith("other@")


def test_a_model_for_a_language_that_is_not_there_is_refused_when_its_first_post_comes(
    run: Callable[..., Any], folder: Path
) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write('[model.languages]\nde = "/nonexistent/model"\n')
    assert run("score", "-", text=b'{"text": "so late again"}').code == 0
    said = run("score", "-", text=json.dumps({"text": GERMAN}).encode())
    said.refuses(7, "[model.languages] de: ")
    assert "/nonexistent/model" in said.err


def test_a_file_without_rows_gives_no_rows(run: Callable[..., Any], folder: Path) -> None:
    (folder / "empty.jsonl").touch()
    said = run("score", "empty.jsonl")
    assert (said.code, said.out) == (0, "")
    assert "0 posts scored" in said.err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "binary.jsonl",
            bytes(range(256)) * 20,
            "binary.jsonl: no row could be scored. Each line needs a field `text`.",
        ),
        ("binary.csv", b"\x00\x01\x02,\x1b[2J\n\x00", "binary.csv: has no column text"),
        ("other.csv", b"name,age\nx,3\n", "other.csv: has no column text, only: name, age."),
        ("wide.jsonl", "x".encode("utf-16"), "wide.jsonl: is UTF-16."),
    ],
)
def test_a_file_of_something_else_is_refused(
    run: Callable[..., Any], folder: Path, name: str, content: bytes, words: str
) -> None:
    (folder / name).write_bytes(content)
    run("score", name).refuses(3, words)


def test_a_missing_file_is_refused(run: Callable[..., Any]) -> None:
    run("score", "nowhere.jsonl").refuses(3, "nowhere.jsonl: cannot be opened (No such file or directory).")


def test_a_folder_is_refused(run: Callable[..., Any]) -> None:
    run("score", "config").refuses(3, "config: cannot be opened (Is a directory).")


@pytest.mark.parametrize("out", ["nowhere/scored.jsonl", "config", "/proc/scored.jsonl"])
def test_a_place_that_cannot_be_written_is_refused(run: Callable[..., Any], out: str) -> None:
    run("score", "-", "--out", out, text=b'{"text": "x"}').refuses(3, f"{out} cannot be written (")


@pytest.mark.parametrize("out", ["", "/"])
def test_a_place_without_a_name_is_refused(run: Callable[..., Any], out: str) -> None:
    run("score", "-", "--out", out, text=b'{"text": "x"}').refuses(3, "is not the name of a file.")


def test_an_old_answer_stays_when_the_new_one_fails(run: Callable[..., Any], folder: Path) -> None:
    (folder / "scored.jsonl").write_text("old")
    run("score", "nowhere.jsonl", "--out", "scored.jsonl").refuses(3, "cannot be opened")
    assert (folder / "scored.jsonl").read_text() == "old"


def test_a_model_that_is_not_there_is_refused(run: Callable[..., Any]) -> None:
    run("score", "-", "--model", "/nonexistent", text=b'{"text": "x"}').refuses(7, "/nonexistent")


@pytest.mark.parametrize("file", ["tokenizer.json", "config.json", "manifest.json"])
@pytest.mark.parametrize("fault", ["changed", "gone"])
def test_a_model_folder_that_was_tampered_with_is_refused(
    run: Callable[..., Any], folder: Path, file: str, fault: str
) -> None:
    model = folder / "model"
    model.mkdir()
    for path in BUNDLED.iterdir():
        if path.suffix == ".onnx":
            (model / path.name).symlink_to(path)
        else:
            shutil.copy(path, model)
    if fault == "gone":
        (model / file).unlink()
    else:
        (model / file).write_text((model / file).read_text("utf-8").replace("1", "2", 1), encoding="utf-8")
    said = run("score", "-", "--model", model, text=b'{"text": "x"}')
    said.refuses(7, "model")


def test_a_pipe_that_is_named_is_written_and_stays_a_pipe(run: Callable[..., Any], folder: Path) -> None:
    posts, pipe = write(folder / "posts.jsonl", POSTS), folder / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run("score", posts, "--out", pipe).code == 0
        assert len(rows_of(os.read(reading, 1 << 16).decode())) == len(POSTS)
    finally:
        os.close(reading)
    assert pipe.is_fifo()


def test_a_row_is_scored_for_its_text_whatever_is_wrong_with_its_other_fields(
    run: Callable[..., Any], folder: Path
) -> None:
    posts = write(folder / "posts.jsonl", [{"text": "Acme is awful", "likes": "many", "created_at": 12}, {"likes": 1}])
    said = run("score", posts)
    (row,) = rows_of(said.out)
    assert (row["sentiment"]["label"], row["likes"], row["created_at"]) == ("negative", "many", 12)
    assert "line 2: no text" in said.err


def test_stars_count_beside_the_text_as_in_the_running_program(run: Callable[..., Any], folder: Path) -> None:
    text = "The update is here. Well."
    rows: list[dict[str, Any]] = [{"text": text}, {"text": text, "rating": 1}, {"text": text, "rating": 5}]
    alone, worst, best = rows_of(run("score", write(folder / "posts.jsonl", rows)).out)
    assert "text_sentiment" not in alone
    numbers = ("negative", "neutral", "positive", "polarity")
    for row in (worst, best):
        assert row["text_sentiment"] == {name: pytest.approx(alone["sentiment"][name], abs=1e-3) for name in numbers}
        said = models.Sentiment(*(row["text_sentiment"][name] for name in numbers[:3]))
        felt = feeling_of(said, (row["rating"] - 1) / 4, unsure_below=0.0).sentiment
        assert row["sentiment"]["negative"] == pytest.approx(felt.negative, abs=1e-4)
    assert worst["sentiment"]["polarity"] < alone["sentiment"]["polarity"] < best["sentiment"]["polarity"]


def test_a_text_and_stars_that_contradict_each_other_are_unsure_and_say_so(
    run: Callable[..., Any], folder: Path
) -> None:
    posts = write(folder / "posts.jsonl", [{"text": POSTS[2]["text"], "rating": stars} for stars in (1, 5)])
    mocking, honest = rows_of(run("score", posts).out)
    assert (mocking["sentiment"]["label"], mocking["sentiment"]["reason"]) == ("unsure", "text and stars disagree")
    assert honest["sentiment"]["label"] == "positive"


def test_a_row_with_an_odd_rating_is_scored_for_its_text_alone(run: Callable[..., Any], folder: Path) -> None:
    (row,) = rows_of(run("score", write(folder / "posts.jsonl", [{"text": "Acme is awful", "rating": "8/10"}])).out)
    assert (row["sentiment"]["label"], row["rating"], "text_sentiment" in row) == ("negative", "8/10", False)
