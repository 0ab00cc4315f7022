"""Labelled texts from a file: what is read, what is set aside, what is refused."""

from pathlib import Path

import pytest

from models.labelled import BadFile, Labelled, label_named, labels_named, read_labelled, read_rows, without_targets


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "posts.jsonl"


def test_a_row_has_its_text_its_label_and_what_else_is_told(file: Path) -> None:
    file.write_text(
        '\ufeff{"text": "late", "label": "negative", "target": "Acme", "created_at": "2026-01-01", "domain": "shoes"}\n'
        '\n{"text": "fine", "sentiment": "Positive", "target": ""}'
    )
    assert read_labelled(file) == [
        Labelled("late", "negative", "Acme", (), "2026-01-01", "shoes"),
        Labelled("fine", "positive"),
    ]


def test_a_row_may_have_any_number_of_touchpoints(file: Path) -> None:
    file.write_text('{"text": "a", "touchpoints": ["staff", "price"]}\n{"text": "b", "label": []}\n')
    assert [row.labels for row in read_labelled(file, "touchpoints")] == [("price", "staff"), ()]


def test_a_table_is_read_too(tmp_path: Path) -> None:
    table = tmp_path / "posts.CSV"
    table.write_text('text,label,target\n"late, and\nrude",negative,Acme\nfine,positive,\n')
    assert read_labelled(table) == [Labelled("late, and\nrude", "negative", "Acme"), Labelled("fine", "positive")]
    table.write_text("text,touchpoints\nlate,delivery; staff\nfine,\n")
    assert [row.labels for row in read_labelled(table, "touchpoints")] == [("delivery", "staff"), ()]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is not JSON that can be read"),
        ("[" * 100_000, "it is not JSON that can be read"),
        ('{"text": "a"}', "no label, one of negative, neutral, positive"),
        ('{"text": "a", "label": null}', "no label"),
        ('{"text": "a", "label": "angry"}', '"angry" is not one of negative, neutral, positive'),
        ('{"text": "a", "label": {"label": "negative"}}', "is not one of"),
        ("[]", "not an object"),
        ('{"text": "  ", "label": "positive"}', "no text"),
        ('{"text": "\\u200b &#8203;", "label": "positive"}', "no text"),
        ('{"text": 7, "label": "positive"}', "no text"),
        ('{"text": "\udcff", "label": "positive"}', "it is not UTF-8"),
        ('{"text": "' + "a" * (1 << 20) + '", "label": "positive"}', "the line is longer than 1,048,576 bytes"),
    ],
)
def test_a_line_that_cannot_be_used_is_set_aside_with_its_reason_and_the_rest_is_read(
    file: Path, line: str, reason: str
) -> None:
    file.write_bytes(b'{"text": "fine", "label": "positive"}\n' + line.encode("utf-8", "surrogateescape") + b"\n")
    rows, refused = read_rows(file)
    assert [row.text for row in rows] == ["fine"]
    assert [each.line for each in refused] == [2]
    assert refused[0].reason.startswith("needs `text` and `label`: ")
    assert reason in refused[0].reason
    assert len(refused[0].raw) <= 200
    with pytest.raises(BadFile, match=r"posts\.jsonl, line 2: needs `text` and `label`"):
        read_labelled(file)


def test_a_bad_row_of_a_table_is_named_by_its_line(tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    table.write_text('text,label\n"two\nlines",positive\nb,angry\n"c\nd"\n')
    rows, refused = read_rows(table)
    assert len(rows) == 1
    assert [each.line for each in refused] == [4, 5]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.jsonl", b"\n \n", "holds no labelled text"),
        ("a.csv", b"label\npositive\n", "has no column `text`"),
        ("a.csv", b"", "has no column `text`"),
        ("a.csv", b'text,label\na,positive\n"b,positive', "line 3: cannot be read as CSV"),
        ("a.csv", b"text,label\n\xff,positive\n", "line 1: cannot be read as CSV"),
    ],
)
def test_a_file_without_rows_is_refused_in_one_sentence(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadFile, match=reason) as refusal:
        read_rows(tmp_path / name)
    assert str(tmp_path / name) in str(refusal.value)


def test_an_absent_file_is_refused(file: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_rows(file)


@pytest.mark.parametrize("label", ["maybe", 2, None, "not-offensive", 0.97, float("nan")])
def test_a_label_that_is_neither_yes_nor_no_is_refused(label: object) -> None:
    with pytest.raises(ValueError, match="is not one of no, yes"):
        label_named(label, "irony")


@pytest.mark.parametrize("labels", [{"price": 0.9}, 1, None, ["prize"]])
def test_touchpoints_that_are_not_a_list_of_ours_are_refused(labels: object) -> None:
    with pytest.raises(ValueError, match=r"touchpoints|prize"):
        labels_named(labels, "touchpoints")


def test_targets_can_be_left_out() -> None:
    assert without_targets([Labelled("a", "positive", "Acme")]) == [Labelled("a", "positive")]
