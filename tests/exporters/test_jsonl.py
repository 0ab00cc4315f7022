"""The exporter `jsonl`: the very bytes that a program gets."""

from pathlib import Path

from monitor import plugins

ROWS = [
    {"likes": 0, "brand": "Acme", "text": "one\u2028line 🎉", "tags": ("a", None)},
    {"brand": "=cmd()", "unasked": 1},
]


def test_a_row_is_one_line_with_every_column_in_order(tmp_path: Path) -> None:
    plugin = plugins.load("exporters", "jsonl")
    columns = ("brand", "text", "likes", "tags")
    assert plugin("jsonl", plugin.Options()).write(ROWS, columns, tmp_path / "out.jsonl") == 2
    assert (tmp_path / "out.jsonl").read_bytes().decode() == (
        '{"brand":"Acme","text":"one\\u2028line 🎉","likes":0,"tags":["a",null]}\n'
        '{"brand":"=cmd()","text":null,"likes":null,"tags":null}\n'
    )


def test_without_rows_there_is_an_empty_file(tmp_path: Path) -> None:
    plugin = plugins.load("exporters", "jsonl")
    assert plugin("jsonl", plugin.Options()).write([], ("brand",), tmp_path / "out.jsonl") == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""
