"""Files that grow, shrink, turn over, and lie about in folders."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.collectors.jsonl import JsonlCollector, JsonlOptions
from monitor.domain import Query
from monitor.errors import SourceDown
from tests.collectors.case import NOW, Reader


def reader(path: Path, **options: bool | str | int) -> Reader:
    return Reader(JsonlCollector("files", JsonlOptions(path=path, **options)), Query())  # type: ignore[arg-type]


def row(ident: str) -> str:
    return json.dumps({"id": ident, "text": f"Post {ident}"}) + "\n"


def add(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(text)


def count(read: Reader) -> int:
    return sum(len(page.mentions) for page in read.pages)


def test_only_what_was_added_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    add(file, row("1") + row("2"))
    read = reader(file).poll()
    add(file, row("3"))
    read.poll().poll()
    assert read.ids == {"1", "2", "3"}
    assert count(read) == 3


def test_lines_are_numbered_on_from_the_last_reading(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    add(file, row("1") + row("2"))
    read = reader(file).poll()
    add(file, "broken\n")
    assert [reject.line for page in read.poll().pages for reject in page.rejects] == [3]


@pytest.mark.parametrize("again", [row("9"), row("9") * 50, "{}\n"])
def test_a_file_that_was_written_anew_is_read_from_its_start(tmp_path: Path, again: str) -> None:
    file = tmp_path / "a.jsonl"
    add(file, row("1") + row("2"))
    read = reader(file).poll()
    file.write_text(again + row("3"))
    assert "3" in read.poll().ids


def test_a_file_that_was_rotated_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    add(file, row("1"))
    read = reader(file).poll()
    add(file, row("2"))
    file.rename(tmp_path / "a.jsonl.1")
    add(file, row("3"))
    assert read.poll().ids == {"1", "2", "3"}
    assert count(read) == 3


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    whole = row("2")
    add(file, row("1") + whole[:9])
    read = reader(file).poll()
    assert (read.ids, read.rejects) == ({"1"}, [])
    add(file, whole[9:])
    assert read.poll().ids == {"1", "2"}
    assert count(read) == 2


def test_a_whole_last_line_without_a_newline_is_read_at_once(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    add(file, row("1").rstrip("\n"))
    read = reader(file).poll()
    add(file, "\n" + row("2"))
    assert read.poll().ids == {"1", "2"}
    assert (count(read), read.rejects) == (2, [])


def test_a_csv_file_is_read_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,text\n1,a\n")
    read = reader(file).poll().poll()
    assert count(read) == 1
    file.write_text("id,text\n1,a\n2,b\n")
    assert read.poll().ids == {"1", "2"}


def test_a_last_csv_record_without_a_newline_waits_until_the_file_stands_still(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,text\n1,a\n2,b cut of")
    written = (NOW - timedelta(seconds=2)).timestamp()
    os.utime(file, (written, written))
    read = reader(file).poll()
    assert (read.ids, read.pages[-1].coverage.more_available) == ({"1"}, True)
    read.poll()
    assert (read.ids, read.pages[-1].coverage.more_available) == ({"1", "2"}, False)


def test_an_old_csv_file_is_read_whole_at_once(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,text\n1,a\n2,b")
    os.utime(file, (0, 0))
    assert reader(file).poll().ids == {"1", "2"}


def test_a_folder_is_watched(tmp_path: Path) -> None:
    add(tmp_path / "a.jsonl", row("1"))
    add(tmp_path / ".hidden.jsonl", row("x"))
    add(tmp_path / "notes.txt", row("x"))
    (tmp_path / "folder.jsonl").mkdir()
    read = reader(tmp_path).poll()
    add(tmp_path / "b.ndjson", row("2"))
    add(tmp_path / "c.csv", "id,text\n3,c\n")
    (tmp_path / "a.jsonl").rename(tmp_path / "z.jsonl")
    assert read.poll().ids == {"1", "2", "3"}
    assert count(read) == 3


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,body\nx,y\n")
    (tmp_path / "b.jsonl").write_bytes(row("2").encode("utf-16"))
    add(tmp_path / "c.jsonl", row("3"))
    read = reader(tmp_path).poll().poll()
    assert read.ids == {"3"}
    assert len(read.rejects) == 2


def test_a_file_that_may_not_be_read_is_told_after_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path / "a.jsonl", row("1"))
    add(tmp_path / "b.jsonl", row("2"))
    plain = Path.open

    def refuse(self: Path, mode: str = "r") -> object:
        if self.name == "a.jsonl":
            raise PermissionError(13, "Permission denied")
        return plain(self, mode)

    monkeypatch.setattr(Path, "open", refuse)
    read = reader(tmp_path)
    with pytest.raises(SourceDown, match=r"a\.jsonl cannot be read"):
        read.poll()
    assert read.ids == {"2"}


def test_pages_are_bounded_in_rows_and_in_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    add(file, row("1") * 25)
    assert [len(page.mentions) for page in reader(file, page_rows=10).poll().pages] == [0, 10, 10, 5]
    big = tmp_path / "b.jsonl"
    add(big, json.dumps({"text": "x", "pad": "y" * 900_000}) + "\n")
    add(big, "".join(json.dumps({"text": "x", "n": n, "pad": "y" * 900_000}) + "\n" for n in range(11)))
    assert [len(page.mentions) for page in reader(big).poll().pages] == [0, 5, 5, 2]


def test_replay_tells_when_each_post_could_be_known(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    add(file, '{"text": "x", "created_at": "2015-02-22T10:00:00Z"}\n')
    ((mention,),) = [page.mentions for page in reader(file, event_time=True).poll().pages if page.mentions]
    assert mention.known_at == mention.published_at
    ((live,),) = [page.mentions for page in reader(file).poll().pages if page.mentions]
    assert live.known_at is None


def test_states_of_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    for number in range(5):
        add(tmp_path / f"{number}.jsonl", row(str(number)))
    read = reader(tmp_path).poll()
    for number in range(4):
        (tmp_path / f"{number}.jsonl").unlink()
    add(tmp_path / "4.jsonl", row("5"))
    read.poll()
    assert read.cursor
    assert len(json.loads(read.cursor.value)) == 1
