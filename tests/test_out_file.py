"""Where an export goes."""

import os
import sys
import threading
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import StringIO
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.exporters.csv import Csv, CsvOptions
from monitor.exporters.jsonl import Jsonl, JsonlOptions


def as_jsonl(value: object, target: Path) -> str:
    Jsonl("jsonl", JsonlOptions()).write([{"v": value}], ("v",), target)
    return target.read_text("utf-8")


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2026, 3, 11, 13, 10, tzinfo=UTC), '"2026-03-11T13:10:00Z"'),
        (datetime(2026, 3, 11, 13, 10, 0, 1500, tzinfo=UTC), '"2026-03-11T13:10:00.001Z"'),
        (timedelta(minutes=5), "300.0"),
        (Colour.RED, '"red"'),
        (float("inf"), "null"),
        ({"a": (1, None)}, '{"a":[1,null]}'),
        ("line\u2028end\u0085", '"line\\u2028end\\u0085"'),
        ("half a letter \ud83d", '"half a letter \\ud83d"'),
    ],
)
def test_values_become_what_json_knows(value: object, written: str, tmp_path: Path) -> None:
    assert as_jsonl(value, tmp_path / "out") == f'{{"v":{written}}}\n'


def test_a_spreadsheet_may_be_given_its_own_delimiter_and_mark(tmp_path: Path) -> None:
    Csv("csv", CsvOptions(delimiter=";", mark=True)).write([{"a": "x;y", "b": -2.5}], ("a", "b"), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b'\xef\xbb\xbfa;b\r\n"x;y";-2.5\r\n'


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_a_delimiter_that_cannot_part_fields_is_refused(delimiter: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot part fields"):
        Csv("csv", CsvOptions(delimiter=delimiter)).write([], ("a",), tmp_path / "out")


def test_a_link_stays_a_link_and_its_file_gets_the_rows(tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to(tmp_path / "real")
    assert as_jsonl(1, link) == '{"v":1}\n'
    assert link.is_symlink()
    assert (tmp_path / "real").read_text("utf-8") == '{"v":1}\n'


def test_a_pipe_is_written_straight_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")))
    reader.start()
    Jsonl("jsonl", JsonlOptions()).write([{"v": 1}], ("v",), pipe)
    reader.join(timeout=10)
    assert got == ['{"v":1}\n']
    assert pipe.is_fifo()


def test_standard_output_that_takes_only_text_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    paper = StringIO()
    monkeypatch.setattr(sys, "stdout", paper)
    Jsonl("jsonl", JsonlOptions()).write([{"v": "é"}], ("v",), None)
    assert paper.getvalue() == '{"v":"é"}\n'


def test_a_full_disk_is_said_in_a_sentence() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(InputError, match="No space left"):
        Jsonl("jsonl", JsonlOptions()).write([{"v": "x" * 100_000}], ("v",), full)
