"""The benchmarks of matching and of a whole stream: that they measure what they say, at a small size."""

import json
import random
from pathlib import Path

import pytest

from benchmarks import _jetstream, ingest, matching
from monitor.analysis.brands import Matcher


def test_a_stream_is_taken_in_through_the_collector_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    asked = ["--posts", "3000", "--terms", "40", "--matching", "0.1", "--folder", str(tmp_path), "--json", str(out)]
    assert ingest.main(asked) == 0
    found = json.loads(out.read_text("utf-8"))
    terms = [term.encode() for term in _jetstream.brand_terms(40)]
    lines = list(_jetstream.lines(3000, 10**15, 0.1, _jetstream.brand_terms(40), seed=7))
    assert found["kept"] == sum(
        any(line.rpartition(b'"}')[0].endswith(b" " + term) or (b" " + term + b'"') in line for term in terms)
        for line in lines
    )
    assert 150 < found["kept"] < 400
    assert (found["lines"], found["terms"], found["memory"]) == (3000, 40, {})
    assert found["per_second"] == pytest.approx(3000 / found["seconds"])
    assert "lines/s" in capsys.readouterr().out


def test_growth_is_counted_from_the_second_look_on() -> None:
    def result(*memory: float | None) -> ingest.Result:
        looks = dict(enumerate(memory, 1))
        return ingest.Result(lines=1, terms=1, kept=0, seconds=1.0, per_second=1.0, pages=1, memory=looks)

    assert result(50.0, 60.0, 61.5).growth == 1.5
    assert result(50.0, 60.0).growth is None
    assert result(None, None, None).growth is None


def test_matching_is_measured_on_texts_of_which_as_many_match(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    assert matching.main(["--texts", "500", "--rounds", "1", "--json", str(out)]) == 0
    found = json.loads(out.read_text("utf-8"))
    assert [row["terms"] for row in found["results"]] == [10, 200, 10_000]
    assert {row["matched"] for row in found["results"]} == {10}
    assert found["ratio"] == pytest.approx(found["results"][0]["per_second"] / found["results"][2]["per_second"])
    assert "texts/s" in capsys.readouterr().out


def test_only_what_should_match_does() -> None:
    matcher = Matcher(ingest.cards_of(_jetstream.brand_terms(2_000)))
    assert not any(matcher.named_in(text) for text in _jetstream.texts(300, random.Random(3)))
    assert matcher.named_in(_jetstream.brand_terms(7)[6]) == (_jetstream.brand_terms(5)[4],)


def test_the_lines_are_the_same_for_the_same_seed_and_go_forward_in_time() -> None:
    first, again = (list(_jetstream.lines(500, 10**15, 0.5, ["acme"], seed=3)) for _ in range(2))
    assert first == again
    told = [json.loads(line) for line in first]
    assert [each["time_us"] for each in told] == sorted(each["time_us"] for each in told)
    assert {each["kind"] for each in told} == {"commit", "account", "identity"}
    assert len({each["commit"]["rkey"] for each in told if "commit" in each}) == sum("commit" in each for each in told)
