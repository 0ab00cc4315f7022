"""The chart of a backtest: drawn for every shape of history, with a word for each sign, refused where it cannot be."""

from datetime import timedelta

import pytest

from monitor.charts.backtest import CHANGED, COMPLAINTS, FALSE, FIRES, REAL, Moment, Row, png, spec, svg
from monitor.clock import parse

START = parse("2026-03-02T00:00Z")
HOUR = timedelta(hours=1)
PNG = b"\x89PNG"


def row(brand: str = "Acme", *, hours: int = 200, moments: tuple[Moment, ...] = ()) -> Row:
    counts = [(START + place * HOUR, None if place % 50 == 7 else float(place % 9)) for place in range(hours)]
    return Row(brand=brand, counts=counts, moments=moments)


def happened() -> tuple[Moment, ...]:
    return (
        Moment(at=START + 20 * HOUR, kind=FIRES, verdict=REAL), Moment(at=START + 50 * HOUR, kind=FIRES, verdict=FALSE),
        Moment(at=START + 21 * HOUR, kind=CHANGED), Moment(at=START + 26 * HOUR, kind=COMPLAINTS),
    )  # fmt: skip


def test_it_is_drawn_with_a_word_for_each_sign() -> None:
    drawn = svg("Backtest of a rule", "negative posts in an hour", [row(moments=happened()), row("Globex")])
    for word in (
        "Backtest of a rule",
        "Acme: negative posts",
        "fires after the change",
        "complaints rise",
        "false alarm",
    ):
        assert word in drawn
    assert "not judged" in drawn
    assert png("t", "u", [row(moments=happened())]).startswith(PNG)


def test_without_a_fire_there_is_no_legend_and_nothing_breaks() -> None:
    drawn = svg("t", "u", [row(hours=2)])
    assert "real" not in drawn


def test_a_hole_is_drawn_as_one() -> None:
    values = spec("t", "u", [row()])["vconcat"][0]["layer"][0]["data"]["values"]
    assert values[7] == {"t": values[6]["t"] + 3_600_000, "n": None}


def test_a_name_that_tries_to_be_markup_stays_text() -> None:
    drawn = svg("<script>\n\x1b[31m", "u", [row("<b>&amp;" + "x" * 300)])
    assert "<script>" not in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize("rows", [[], [row(hours=1)], [row(hours=5_000)], [row(str(n)) for n in range(13)]])
def test_what_cannot_be_drawn_is_refused(rows: list[Row]) -> None:
    with pytest.raises(ValueError, match="a chart needs"):
        spec("t", "u", rows)
