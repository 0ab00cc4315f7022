"""The exporter `csv`: the very bytes that a spreadsheet gets."""

from pathlib import Path

from monitor import plugins

ROWS = [
    {"brand": "Acme", "text": 'He said "no",\nthen left', "likes": 0},
    {"brand": "=cmd()", "text": "Grüße 🎉", "likes": None, "unasked": 1},
]


def test_a_table_is_quoted_where_it_must_be_and_only_there(tmp_path: Path) -> None:
    plugin = plugins.load("exporters", "csv")
    assert plugin("csv", plugin.Options()).write(ROWS, ("brand", "text", "likes"), tmp_path / "out.csv") == 2
    assert (tmp_path / "out.csv").read_bytes().decode() == (
        'brand,text,likes\r\nAcme,"He said ""no"",\nthen left",0\r\n\'=cmd(),Grüße 🎉,\r\n'
    )


def test_without_rows_there_is_a_line_of_names(tmp_path: Path) -> None:
    plugin = plugins.load("exporters", "csv")
    assert plugin("csv", plugin.Options()).write([], ("brand", "text"), tmp_path / "out.csv") == 0
    assert (tmp_path / "out.csv").read_bytes() == b"brand,text\r\n"
