"""Files of complaints: what is read, what counts once, what is set aside with its line and the reason."""

from pathlib import Path

import pytest

from monitor.clock import iso, parse
from monitor.complaints_file import Complaints, read_complaints
from monitor.errors import InputError

NOW = parse("2026-03-20T12:00Z")


def read(folder: Path, text: str | bytes) -> Complaints:
    path = folder / "complaints.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_complaints(path, now=NOW)


def test_rows_are_read_with_their_counts_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "\ufeffbrand,channel,count,created_at\nAcme,phone,,2026-03-11T13:10:00+01:00\nAcme,mail,12,2026-03-12\n",
    )
    assert [(row.brand, iso(row.created_at), row.count) for row in found.rows] == [
        ("Acme", "2026-03-11T12:10:00Z", 1), ("Acme", "2026-03-12T00:00:00Z", 12),
    ]  # fmt: skip
    assert (found.rejects, found.repeated) == ((), 0)


def test_the_same_id_counts_once_and_without_one_the_same_row_does(tmp_path: Path) -> None:
    with_id = read(tmp_path, "id,created_at,brand\n1,2026-03-11,Acme\n1,2026-03-12,Acme\n2,2026-03-11,Acme\n")
    assert ([row.native_id for row in with_id.rows], with_id.repeated) == (["1", "2"], 1)
    text = "created_at,brand,agent\n2026-03-11,Acme,ann\n2026-03-11,Acme,ann\n2026-03-11,Acme,bo\n"
    without = read(tmp_path, text)
    assert (len(without.rows), without.repeated) == (2, 1)
    assert [row.native_id for row in read(tmp_path, text).rows] == [row.native_id for row in without.rows]


def test_an_hour_without_complaints_is_no_complaint(tmp_path: Path) -> None:
    assert read(tmp_path, "created_at,brand,count\n2026-03-11,Acme,0\n") == Complaints((), (), 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("soon,Acme,1", 'created_at "soon" is not a time'),
        ("2026-03-21,Acme,1", "lies in the future"),
        ("1066-10-14,Acme,1", "lies before 1990"),
        ("2026-03-11,,1", "brand must be text"),
        (f"2026-03-11,{'a' * 201},1", "brand must be text"),
        ("2026-03-11,Acme,-1", 'count "-1" is not a whole number'),
        ("2026-03-11,Acme,1.5", 'count "1.5" is not a whole number'),
        ("2026-03-11,Acme,nan", 'count "nan" is not a whole number'),
        ("2026-03-11,Acme,1e99", 'count "1e99" is not a whole number'),
        ("2026-03-11", "brand must be text"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_line_and_the_rest_is_read(tmp_path: Path, row: str, reason: str) -> None:
    found = read(tmp_path, f"created_at,brand,count\n2026-03-10,Acme,1\n\n{row}\n2026-03-12,Acme,2\n")
    assert [each.count for each in found.rows] == [1, 2]
    ((line, told),) = [(each.line, each.reason) for each in found.rejects]
    assert line == 4
    assert reason in told


def test_bytes_that_are_no_text_and_endless_cells_are_set_aside(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        b"created_at,brand\n2026-03-11,\xff\xfe\n2026-03-11,\0\n2026-03-12," + b"a" * 200_000 + b"\n2026-03-12,Acme\n",
    )
    assert [row.brand for row in found.rows] == ["Acme"]
    assert len(found.rejects) == 3


@pytest.mark.parametrize("text", ["", "date,brand\n2026-03-11,Acme\n", "brand;created_at\n"])
def test_a_file_without_its_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="the header lacks"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_complaints(tmp_path / "nowhere.csv", now=NOW)
