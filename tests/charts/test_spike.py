"""Charts of spikes: what is drawn, and what is not made up."""

import re
import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vl_convert

from monitor import plugins
from monitor.charts import _axis, _render, spike
from monitor.clock import parse, to_ms
from monitor.domain import Chart, Mark, Point

START = parse("2026-03-28T20:00:00Z")
STEP = timedelta(minutes=10)


def chart(number: int = 144, *, scale: float = 10.0, hole: tuple[int, int] = (40, 52), known: bool = True) -> Chart:
    points = tuple(
        Point(
            start=START + n * STEP, observed=None if hole[0] <= n < hole[1] else scale * (5 if n > 100 else 1),
            expected=scale if known else None, low=0.5 * scale if known else None, high=2 * scale if known else None,
        )
        for n in range(number)
    )  # fmt: skip
    marks = (Mark(at=START + 100 * STEP, word="onset"), Mark(at=START + 104 * STEP, word="alert"))
    return Chart(
        title="Nimbus: negative posts", unit="negative posts in 10 minutes", timezone="Europe/Berlin",
        points=points, marks=marks,
    )  # fmt: skip


def rows(drawn: dict[str, Any], layer: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drawn["layer"][layer]["data"]["values"]
    return found


def words(drawn: dict[str, Any]) -> list[str]:
    return [str(layer["mark"]["text"]) for layer in drawn["layer"] if layer["mark"]["type"] == "text"]


@pytest.mark.parametrize("scale", [0.2, 10.0, 1e6])
def test_a_picture_is_a_png_of_twice_the_size_and_not_too_large(scale: float) -> None:
    picture = plugins.drawing("spike")(chart(scale=scale))
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (2 * spike.WIDTH, 2 * spike.HEIGHT)
    assert len(picture) < 150_000


def test_a_picture_is_packed_without_losing_a_dot() -> None:
    plain = bytes(vl_convert.vegalite_to_png(spike.spec(chart()), scale=_render.SCALE))
    packed = spike.png(chart())
    assert len(packed) < len(plain) / 2
    assert dots(packed) == dots(plain)


def dots(picture: bytes) -> bytes:
    """The rows of a PNG, every check sum looked at."""
    place, rows = 8, b""
    while place < len(picture):
        (size,) = struct.unpack_from(">I", picture, place)
        body = picture[place + 4 : place + 8 + size]
        assert struct.unpack_from(">I", picture, place + 8 + size) == (zlib.crc32(body),)
        rows += body[4:] if body.startswith(b"IDAT") else b""
        place += size + 12
    return zlib.decompress(rows)


def test_a_page_gets_the_same_as_svg_with_its_words() -> None:
    drawn = spike.svg(chart())
    for word in ("Nimbus: negative posts", "negative posts in 10 minutes", "time in Europe/Berlin", "no data", "onset"):
        assert word in drawn


def test_a_title_that_is_too_long_ends_in_dots_and_takes_no_room_from_the_bars() -> None:
    long = spike.svg(replace(chart(), title="The Extraordinarily Long Brand of Northern Scandinavia " * 2))
    assert "…" in long
    assert bars(long) == bars(spike.svg(chart()))


def bars(drawn: str) -> list[str]:
    """Where the bars stand."""
    return re.findall(r'aria-label="[^"]*seen[^"]*"[^>]* d="([^"]+)"', drawn)


def test_an_hour_that_comes_twice_has_its_times_twice() -> None:
    start = parse("2026-10-25T00:00Z")
    at = _axis.ticks(start, start + timedelta(minutes=100), ZoneInfo("Europe/Berlin"))
    told = [words[0] for words in _axis.labels(at, ZoneInfo("Europe/Berlin"))]
    assert told == ["02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30"]


def test_a_hole_is_a_hole_and_not_zero() -> None:
    drawn = spike.spec(chart())
    assert rows(drawn, 0) == [{"t": to_ms(START + 40 * STEP), "u": to_ms(START + 52 * STEP), "b": 0, "c": "no data"}]
    bars = {row["t"] for row in rows(drawn, 2)}
    assert len(bars) == 144 - 12


def test_bars_above_the_usual_range_are_of_another_colour() -> None:
    drawn = spike.spec(chart())
    assert [row["c"] for row in rows(drawn, 2)].count("above the usual range") == 144 - 101
    assert len(set(spike.COLOURS.values())) == len(spike.COLOURS)


def test_what_is_not_known_is_not_drawn_and_not_named() -> None:
    drawn = spike.spec(chart(known=False, hole=(0, 0)))
    assert rows(drawn, 1) == rows(drawn, 3) == []
    assert drawn["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["seen"]


def test_the_expected_line_breaks_where_nothing_was_expected() -> None:
    whole = chart()
    broken = replace(
        whole, points=tuple(replace(p, expected=None) if n == 70 else p for n, p in enumerate(whole.points))
    )
    assert {row["r"] for row in rows(spike.spec(whole), 3)} == {0}
    assert len({row["r"] for row in rows(spike.spec(broken), 3)}) == 2


def test_the_moments_that_matter_have_their_words_and_those_outside_are_left_out() -> None:
    assert words(spike.spec(chart())) == ["onset", "alert"]
    late = replace(chart(), marks=(Mark(at=START - STEP, word="early"), Mark(at=START + 999 * STEP, word="late")))
    assert words(spike.spec(late)) == []


def test_times_are_those_of_the_place_through_a_change_of_the_clock() -> None:
    drawn = spike.spec(chart())
    axis = drawn["layer"][0]["encoding"]["x"]["axis"]
    assert "Sun 29 Mar" in axis["labelExpr"]
    gaps = {after - before for before, after in zip(axis["values"], axis["values"][1:], strict=False)}
    assert gaps == {3 * 3_600_000, 2 * 3_600_000}, "the night of the change has an hour less"


@pytest.mark.parametrize(
    "wrong",
    [replace(chart(), points=()), replace(chart(), points=chart().points[:1]), chart(5_000),
     replace(chart(), timezone="Mars/Base"), replace(chart(), points=chart().points[::-1])],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_words(wrong: Chart) -> None:
    with pytest.raises(ValueError, match=r"points|time zone"):
        spike.png(wrong)


def test_nothing_is_fetched() -> None:
    for place in ("https://evil.test/x.json", "file:///etc/hostname"):
        with pytest.raises(ValueError, match="no address"):
            _render.svg({"data": {"url": place}, "mark": "point"})


def test_strangers_words_are_drawn_and_not_obeyed() -> None:
    hostile = '</text><script>alert(1)</script> "url": "http://evil.test" \x1b[2J' + "x" * 500
    drawn = spike.svg(replace(chart(), title=hostile, unit=hostile, marks=(Mark(at=START + STEP, word=hostile),)))
    assert "<script" not in drawn
    assert "\x1b" not in drawn
    assert "x" * 200 not in drawn
