"""The benchmark of identification counts what is called foreign, file by file."""

import json
from pathlib import Path

import pytest

from benchmarks.languages import main, measured

POSTS = ["My parcel has still not arrived.", "ok", "Mein Paket ist immer noch nicht angekommen.", "late"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in POSTS), encoding="utf-8")
    return path


def test_foreign_posts_are_counted_and_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(file), "--out", str(file.with_suffix(".json"))]) == 0
    (row,) = json.loads(file.with_suffix(".json").read_text())
    assert (row["posts"], row["foreign"], row["named"]) == (4, 1, {"de": 1})
    assert "25.00%" in capsys.readouterr().out


def test_a_sample_and_a_cut_are_the_same_for_the_same_seed(file: Path) -> None:
    first, again = (measured(file, ["en"], 3, 2, seed=5) for _ in range(2))
    assert (first.posts, first.foreign) == (again.posts, again.foreign) == (3, again.foreign)
