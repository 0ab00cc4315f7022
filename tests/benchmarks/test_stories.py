"""The benchmark of stories groups as the program does, and finds the pairs that are alike."""

import json
from pathlib import Path

import pytest

from benchmarks.stories import main

STORY = "the parcel from Nimbus never came again this week and nobody at the depot answers"
TEXTS = [STORY, f"{STORY} today", "how do I get my refund from Nimbus", "how do I get a refund from Nimbus", "ok"]


def test_it_tells_the_cost_the_stories_and_the_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps({"text": text, "author": text[:3]}) + "\n" for text in TEXTS), encoding="utf-8")
    assert main([str(file), "--pairs", "9"]) == 0
    said = capsys.readouterr().out
    assert "5 posts, 4 stories, 1 of them told more than once" in said
    assert "2 pairs of 0.6 or more" in said
    assert "8 words, one author" in said
