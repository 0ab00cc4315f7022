"""Posts in: what becomes a mention, what becomes a reject, and that no row is lost or changed."""

import gzip
import io
import json
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import clock
from monitor.domain import MAX_TEXT, Mention, Reject
from monitor.errors import InputError
from monitor.posts import Format, Reading, Row, WrongShape, read_posts, read_rows

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)


def rows(data: bytes | str, layout: Format = "jsonl") -> list[Row]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(read_rows(stream, Reading(NOW), format=layout))


def one(**fields: Any) -> Mention:
    (row,) = rows(json.dumps({"text": "Late again"} | fields))
    assert row.mention, row.reject
    return row.mention


def reason(line: bytes | str, layout: Format = "jsonl") -> str:
    found = [row.reject for row in rows(line, layout) if row.reject]
    assert len(found) == 1
    return found[0].reason


def test_every_known_field_finds_its_place() -> None:
    mention = one(
        id=570306133677760513,
        created_at="2026-03-11T12:00:00+01:00",
        brand="Acme",
        target="Acme Air",
        author="ann",
        lang="en",
        url="https://example.org/1",
        retweets=1,
        likes="2",
        replies=3.0,
        followers=4,
        platform="x",
        region="Bavaria",
        mood="bad",
    )
    assert mention.region == "Bavaria"
    assert mention.key == ("x", "570306133677760513")
    assert clock.iso(mention.published_at) == "2026-03-11T11:00:00Z"
    assert mention.targets == ("Acme", "Acme Air")
    assert (mention.author.handle, mention.author.followers) == ("ann", 4)
    engagement = mention.engagement
    assert (engagement.reposts, engagement.likes, engagement.replies, engagement.views) == (1, 2, 3, None)
    assert mention.extra == {"mood": "bad"}


@pytest.mark.parametrize(
    ("stars", "rating"),
    [(1, 0.0), (2, 0.25), ("3", 0.5), (4.0, 0.75), ("4.5", 0.875), (5, 1.0), (None, None), ("", None)],
)
def test_stars_from_one_to_five_are_a_rating_from_none_of_the_way_to_all_of_it(
    stars: object, rating: float | None
) -> None:
    mention = one(text="fine", rating=stars)
    assert (mention.rating, mention.extra) == (rating, {})


def test_text_alone_is_enough() -> None:
    mention = one()
    assert mention.published_at == NOW
    assert mention.platform == "file"
    assert mention.engagement.likes is None


def test_rows_without_an_id_go_by_their_content() -> None:
    first, again, other = one(author="ann"), one(author="ann", likes=3), one(author="bob")
    assert first.native_id == again.native_id != other.native_id
    zoned = one(created_at="2026-03-11T12:00:00+01:00"), one(created_at="2026-03-11T11:00:00Z")
    assert zoned[0].native_id == zoned[1].native_id


def test_a_time_in_the_future_is_now() -> None:
    assert one(created_at="9999-12-31T23:59:59Z").published_at == NOW


def test_replayed_posts_are_known_from_their_own_time() -> None:
    line = io.BytesIO(b'{"text":"x","created_at":"2026-01-01"}')
    (mention,) = read_posts(line, now=NOW, format="jsonl", event_time=True)
    assert isinstance(mention, Mention)
    assert mention.known_at == mention.published_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"text": ', "broken JSON at character"),
        (b"[1, 2]", "not a JSON object but a list"),
        (b'"text"', "not a JSON object but str"),
        (b"{}", "no text"),
        (b'{"text": " \\n"}', "no text"),
        (b'{"text": 7}', "text is not a string but a number"),
        (b'{"text": {"a": 1}}', "text is not a string but an object"),
        (b'{"text": "a", "likes": NaN}', "NaN"),
        (b'{"text": "a", "x": -Infinity}', "-Infinity"),
        (b'{"text": "a", "x": 1e999}', "1e999"),
        (b'{"text": "a", "likes": -1}', "likes is not a whole number"),
        (b'{"text": "a", "likes": true}', "likes is not a whole number"),
        (b'{"text": "a", "likes": "many"}', "likes is not a whole number"),
        (b'{"text": "a", "followers": 1e17}', "followers is not a whole number"),
        (b'{"text": "a", "likes": 1' + b"0" * 5_000 + b"}", ""),
        (b'{"text": "a", "rating": 0}', "rating is not a number of stars from 1 to 5: '0'"),
        (b'{"text": "a", "rating": 0.8}', "rating is not a number of stars from 1 to 5"),
        (b'{"text": "a", "rating": 9}', "rating is not a number of stars from 1 to 5"),
        (b'{"text": "a", "rating": "nan"}', "rating is not a number of stars from 1 to 5"),
        (b'{"text": "a", "rating": "five"}', "rating is not a number of stars from 1 to 5"),
        (b'{"text": "a", "rating": true}', "rating is not a number of stars from 1 to 5"),
        (b'{"text": "a", "rating": [5]}', "rating is not a number of stars from 1 to 5"),
        (b'{"text": "a", "created_at": "yesterday"}', "not an ISO 8601 time"),
        (b'{"text": "a", "created_at": "2026-02-30"}', "not an ISO 8601 time"),
        (b'{"text": "a", "created_at": "0000-01-01"}', "not an ISO 8601 time"),
        (b'{"text": "a", "created_at": "0001-01-01T00:00+14:00"}', "not an ISO 8601 time"),
        (b'{"text": "a", "created_at": "9999-12-31T23:59-14:00"}', "not an ISO 8601 time"),
        (b'{"text": "a", "created_at": "1969-12-31"}', "before 1970"),
        (b'{"text": "a", "created_at": 1773230400}', "created_at is not a string"),
        (b'{"text": "a", "id": 1.5}', "id is a number with a fraction"),
        (b'{"text": "a", "id": ["1"]}', "id is not a string but a list"),
        (b'{"text": "a", "author": {"name": "ann"}}', "author is not a string but an object"),
        (b'{"text": "a", "url": "' + b"u" * 2_001 + b'"}', "url is longer than"),
        (b'{"text": "a\xff"}', "not valid UTF-8 at byte 12"),
        (b'{"text": "\xed\xa0\x80"}', "not valid UTF-8"),
        (b'{"text": "a\x00"}', "broken JSON"),
        (b'{"text": "a", "x": ' + b"[" * 51 + b"]" * 51 + b"}", "nested more than 50 deep"),
        (b'{"text": ' + b"[" * 100_000, "nested more than 50 deep"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_line_and_the_reason(line: bytes, told: str) -> None:
    found = rows(b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n')
    assert [row.mention.text for row in found if row.mention] == ["before", "after"]
    (reject,) = [row.reject for row in found if row.reject]
    assert reject.line == 2
    assert told in reject.reason
    assert len(reject.raw) <= 200


def test_brackets_within_text_are_not_nesting() -> None:
    assert one(text="[" * 60 + '\\"{').text.startswith("[[")


def test_a_line_of_10_mb_is_cut_and_the_next_is_read_in_flat_memory() -> None:
    data = b'{"text": "' + b"x" * 10_000_000 + b'"}\n{"text": "next"}\n'
    tracemalloc.start()
    found = rows(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[0].reject
    assert "longer than" in found[0].reject.reason
    assert found[1].mention
    assert (found[1].line, found[1].end) == (2, len(data))
    assert peak < len(data) + 6_000_000  # the stream's own copy, and a bounded rest


def test_half_a_character_in_the_text_sets_the_row_aside() -> None:
    half, whole = rows('{"text": "a\\ud800b"}\n{"text": "b"}')
    assert half.reject
    assert (half.reject.line, half.reject.reason) == (1, "text holds half of a character (a lone surrogate)")
    assert whole.mention


def test_lone_surrogates_elsewhere_and_nul_do_not_cost_the_row() -> None:
    (row,) = rows('{"text": "ab\\u0000c\\ud83d\\ude00", "mood": ["\\udfff"], "\\udc00": 1}')
    assert row.mention
    assert row.mention.text == "abc😀"
    assert row.fields["mood"] == ["\ufffd"]
    json.dumps(row.fields, ensure_ascii=False).encode()


def test_text_is_normalised_and_bounded() -> None:
    assert one(text="cafe\u0301").text == "café"
    assert len(one(text="é" * 50_000).text) == MAX_TEXT


def test_blank_lines_bom_and_crlf_do_no_harm() -> None:
    found = rows(b'\xef\xbb\xbf{"text": "a"}\r\n\r\n   \n{"text": "b"}')
    assert [(row.line, row.ended, row.mention and row.mention.text) for row in found] == [
        (1, True, "a"),
        (4, False, "b"),
    ]


@pytest.mark.parametrize("layout", ["jsonl", "csv"])
def test_an_empty_file_has_no_rows(layout: Format) -> None:
    assert rows(b"", layout) == []


@pytest.mark.parametrize("layout", ["jsonl", "csv"])
def test_utf_16_is_refused_in_words(layout: Format) -> None:
    with pytest.raises(InputError, match="UTF-16"):
        rows('text\n{"text": "a"}'.encode("utf-16"), layout)


def test_csv_with_quotes_newlines_and_unknown_columns() -> None:
    found = rows('id,text,likes,mood\r\n1,"Late, again\nand ""again""",5,bad\r\n2,fine\r\n', "csv")
    first, second = (row.mention for row in found)
    assert first
    assert second
    assert first.text == 'Late, again\nand "again"'
    assert (first.engagement.likes, first.extra) == (5, {"mood": "bad"})
    assert (second.text, second.engagement.likes) == ("fine", None)
    assert [row.line for row in found] == [2, 4]


@pytest.mark.parametrize("quote", ['"open,1', 'x,"1', '"a"b,2'])
def test_a_broken_quote_costs_one_line_of_csv(quote: str) -> None:
    found = rows(f'text,id\nbefore,0\n{quote}\nafter,3\n"quoted, too",4\n', "csv")
    assert [row.mention.native_id for row in found if row.mention] == ["0", "3", "4"]
    (reject,) = [row.reject for row in found if row.reject]
    assert reject.line == 3
    assert "broken CSV" in reject.reason


def test_a_quote_left_open_over_megabytes_costs_one_line() -> None:
    found = rows('text,id\n"open,0\n' + f"{'row ' * 50},1\n" * 12_000, "csv")
    assert sum(1 for row in found if row.mention) == 12_000
    assert sum(1 for row in found if row.reject) == 1


def test_odd_csv_rows_are_set_aside() -> None:
    assert "3 cells" in reason("text,id\na,b,c\n", "csv")
    assert "UTF-8" in reason(b"text,id\na\xff,1\n", "csv")
    assert "field" in reason("text\n" + "a" * 200_000 + "\n", "csv")
    assert "longer than" in reason("text\n" + "a" * 2_000_000 + "\n", "csv")
    assert "no text" in reason("text,id\n,1\n", "csv")


def test_a_column_named_twice_is_kept_under_another_name() -> None:
    (row,) = rows("text,mood,mood\na,b,c\n", "csv")
    assert row.fields == {"text": "a", "mood": "b", "mood#2": "c"}


def test_csv_without_a_text_column_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="no column text, only: id, body"):
        rows("id,body\n1,a\n", "csv")


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        list(read_posts(tmp_path / "none.jsonl", now=NOW))


def test_the_name_tells_the_format(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text\na\n")
    (mention,) = read_posts(file, now=NOW)
    assert isinstance(mention, Mention)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


NOT_ROWS = (b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b", b"PK")  # a whole file that begins so is refused: UTF-16, packed


@given(st.lists(st.binary(max_size=60) | st.dictionaries(st.sampled_from(["text", "id", "likes", "x"]), values)))
def test_no_row_stops_the_reading_and_none_is_lost(lines: list[bytes | dict[str, Any]]) -> None:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    raw = [line.replace(b"\n", b" ") for line in raw if line[:2] not in NOT_ROWS]
    data = b"\n".join(raw)
    found = rows(data)
    filled = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert len(found) == len(filled)
    assert all(isinstance(row.mention or row.reject, Mention | Reject) for row in found)
    for row in found:
        json.dumps(dict(row.fields), ensure_ascii=False, allow_nan=False).encode()


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reading_of_csv(data: bytes) -> None:
    found = rows(b"text,id\n" + data, "csv")
    assert all((row.mention is None) != (row.reject is None) for row in found)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("posts.jsonl", gzip.compress(b'{"text": "a"}'), "is packed (gzip)"),
        ("posts.csv", b"PK\x03\x04\x14", "is packed (zip)"),
        ("posts.csv", b"text;brand\nhello;A\n", "not parted by commas"),
        ("posts.csv", b"brand\ttext\nA\thello\n", "not parted by commas"),
    ],
)
def test_the_usual_mistakes_in_saving_a_file_are_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WrongShape, match=re.escape(words)):
        list(read_posts(tmp_path / name, now=NOW))


def test_a_number_of_five_thousand_digits_is_refused_in_our_own_words(tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"text": "a", "n": ' + "9" * 5_000 + "}\n")
    (row,) = read_posts(tmp_path / "posts.jsonl", now=NOW)
    assert isinstance(row, Reject)
    assert row.reason.endswith("is not a number that JSON knows")
