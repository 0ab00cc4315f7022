"""Where the classes part."""

from typing import Any

import pytest

from models.evaluate import Judged
from models.labelled import Labelled

pytest.importorskip("torch")
offsets: Any = pytest.importorskip("models.training.offsets")


def judged(answer: str, rows: list[tuple[str, list[float]]]) -> Judged:
    return Judged(answer, [Labelled("a", label) for label, _ in rows], [given for _, given in rows])


def test_a_class_that_is_missed_by_little_is_found_with_its_offset() -> None:
    rows = [("negative", [0.46, 0.5, 0.04])] * 20 + [("neutral", [0.2, 0.6, 0.2])] * 20
    rows += [("positive", [0.05, 0.05, 0.9])] * 20
    found = offsets.fit([judged("sentiment", rows)])
    assert found.added[0] > 0
    assert found.added[1] == 0
    assert found.after == pytest.approx(1.0)
    assert found.before < 0.8


def test_answers_that_are_right_stay_as_they_are() -> None:
    rows = [("no", [0.7, 0.3])] * 9 + [("yes", [0.4, 0.6])] * 9
    found = offsets.fit([judged("irony", rows), judged("irony", rows)])
    assert (found.added, found.before, found.after) == ((0.0, 0.0), 1.0, 1.0)


def test_a_change_that_hardly_helps_is_not_made() -> None:
    rows = [("no", [0.7, 0.3])] * 4_000 + [("yes", [0.4, 0.6])] * 4_000 + [("yes", [0.52, 0.48])]
    assert offsets.fit([judged("irony", rows)]).added == (0.0, 0.0)
