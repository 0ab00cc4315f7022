"""What every exporter promises, asked of each that can be found."""

import csv
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import plugins
from monitor.errors import InputError
from monitor.out_file import unguarded
from monitor.ports import Exporter, Row

KINDS = plugins.kinds("exporters")
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "  =1", '=HYPERLINK("http://e.vil","x")', "＝1"]
COLUMNS = ("text", "count", "share", "known")

ODD_TEXTS = [*FORMULAS, "'=1", "''", "a\r\nb", 'a"b,c;']
texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(ODD_TEXTS)
values = st.none() | texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
tables = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, values)), max_size=8)


def make(kind: str) -> Exporter:
    plugin = plugins.load("exporters", kind)
    exporter: Exporter = plugin(kind, plugin.Options())
    return exporter


def read_csv(target: Path) -> list[dict[str, str]]:
    with target.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read(kind: str, target: Path) -> list[dict[str, Any]]:
    """The rows of a file, read with a reader that is not ours. A new format adds its reader here."""
    if kind == "csv":
        return [{unguarded(name): unguarded(text) for name, text in row.items()} for row in read_csv(target)]
    assert kind == "jsonl", f"the exporter {kind} needs a reader in this test"
    return [json.loads(line) for line in target.read_text("utf-8").split("\n")[:-1]]


def as_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def expected(kind: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """What a reader must find: the same values; in a table of text, their text, and nothing for unknown."""
    if kind == "jsonl":
        return rows
    return [{name: as_text(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(rows=tables)
def test_what_is_written_is_read_back_the_same(kind: str, tmp_path: Path, rows: list[dict[str, object]]) -> None:
    target = tmp_path / "out"
    assert make(kind).write(rows, COLUMNS, target) == len(rows)
    assert read(kind, target) == expected(kind, rows)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_is_neither_the_word_none_nor_zero(kind: str, tmp_path: Path) -> None:
    make(kind).write([{"text": None}], COLUMNS, tmp_path / "out")
    (row,) = read(kind, tmp_path / "out")
    assert set(row) == set(COLUMNS)
    assert all(value in (None, "") for value in row.values())


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_table_runs_as_a_formula(text: str, tmp_path: Path) -> None:
    make("csv").write([{text: text}], (text,), tmp_path / "out")
    ((name, shown),) = read_csv(tmp_path / "out")[0].items()
    assert name.startswith("'")
    assert shown.startswith("'")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_stream_one_by_one_and_memory_stays_flat(kind: str, tmp_path: Path) -> None:
    taken = 0

    def rows() -> Iterator[Row]:
        nonlocal taken
        for taken in range(1, 20_001):
            yield {"text": f"post {taken} " + "x" * 200, "count": taken}

    exporter = make(kind)
    exporter.write([{"text": "warm"}], COLUMNS, tmp_path / "warm")
    tracemalloc.start()
    assert exporter.write(rows(), COLUMNS, tmp_path / "out") == taken == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000  # the file has over 4 MB
    assert (tmp_path / "out").stat().st_size > 4_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_in_the_middle_leaves_the_old_file_and_no_half_one(kind: str, tmp_path: Path) -> None:
    def broken() -> Iterator[Row]:
        yield {"text": "first"}
        raise RuntimeError("the disk of the database is gone")

    target = tmp_path / "out"
    target.write_text("the export of yesterday", "utf-8")
    with pytest.raises(RuntimeError, match="is gone"):
        make(kind).write(broken(), COLUMNS, target)
    assert target.read_text("utf-8") == "the export of yesterday"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_does_not_appear_before_it_is_whole(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "out"

    def watching() -> Iterator[Row]:
        assert not target.exists()
        yield {"text": "only"}

    make(kind).write(watching(), COLUMNS, target)
    assert len(read(kind, target)) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["missing/out", "."])
def test_a_target_that_cannot_be_written_is_refused_in_a_sentence(kind: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written") as refusal:
        make(kind).write([{"text": "a"}], COLUMNS, tmp_path / place)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
def test_standard_output_gets_the_same_bytes_as_a_file(
    kind: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    rows: list[Row] = [{"text": "é 😡\nnext", "count": 1}, {"text": "=1", "share": 0.5}]
    make(kind).write(rows, COLUMNS, tmp_path / "out")
    make(kind).write(rows, COLUMNS, None)
    assert capfdbinary.readouterr().out == (tmp_path / "out").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_making_one_touches_nothing_and_its_options_are_explained(kind: str, tmp_path: Path) -> None:
    plugin = plugins.load("exporters", kind)
    assert plugin.kind == kind
    assert isinstance(make(kind), Exporter)
    assert all(item.metadata.get("help") for item in fields(plugin.Options))
    assert list(tmp_path.iterdir()) == []
