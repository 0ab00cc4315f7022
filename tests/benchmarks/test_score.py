"""The scoring benchmark's table: what is compared with what."""

from typing import Any

import pytest

from benchmarks.score import _SHARES, _summary


def run(who: str, per_second: float, labels: str) -> dict[str, Any]:
    return {
        "who": who, "texts": len(labels), "per_second": per_second, "peak_mb": 100.0, "first_answer_s": 0.5,
        "labels": list(labels),
    }  # fmt: skip


def test_ratios_are_of_medians_and_labels_are_compared_where_both_have_read() -> None:
    runs = [run("ours", 900.0, "abcd"), run("pipeline", 60.0, "ab"), run("ours", 1100.0, "abcd")]
    runs += [run("pipeline", 40.0, "ac"), run("VADER", 20_000.0, "abcd")]
    found = _summary(runs, ["ours", "pipeline", "VADER"])
    assert {who: row["ratio"] for who, row in found["contenders"].items()} == {
        "ours": 1.0,
        "pipeline": 20.0,
        "VADER": 0.05,
    }
    assert found["contenders"]["ours"]["per_second"] == 1000.0
    assert found["same_label_as_pipeline"] == 0.5


@pytest.mark.parametrize("who", _SHARES)
def test_nobody_reads_more_than_ours(who: str) -> None:
    assert 0 < _SHARES[who] <= _SHARES["ours"]
