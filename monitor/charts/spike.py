"""Spike: what was seen against what is usual, with the moments that matter. Knows no incident.

Bars are what was seen, in another colour where it is above the usual range; the line is what was expected, the band
the range in which 95 % of usual buckets lie; grey is a stretch without data. The colours are told apart by people who
see few (Okabe & Ito 2008), and the ground is white, so that it can be read in a dark mail program too.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from monitor.charts import _axis, _render
from monitor.clock import to_ms
from monitor.domain import Chart, Point

WIDTH, HEIGHT, PADDING = 900, 360, 12
MOST_POINTS = 2_000
MOST_MARKS = 6
TITLE = 110  # letters
SEEN, ABOVE, EXPECTED, USUAL, NONE = "seen", "above the usual range", "expected", "usual range", "no data"
COLOURS = {SEEN: "#0072B2", ABOVE: "#D55E00", EXPECTED: "#222222", USUAL: "#C9D3DA", NONE: "#EDEDED"}
_INK, _FAINT = "#222222", "#D9D9D9"
_RECT: dict[str, Any] = {"type": "rect", "opacity": 1}
_ONCE: dict[str, Any] = {"values": [{}]}
_LINE = 15  # pixels between the words of two marks that stand close to each other

Layer = dict[str, Any]


def png(chart: Chart) -> bytes:
    """A picture for messages. Raises ValueError where there is nothing to draw, or too much."""
    return _render.png(spec(chart))


def svg(chart: Chart) -> str:
    """A picture for pages. Raises ValueError where there is nothing to draw, or too much."""
    return _render.svg(spec(chart))


def spec(chart: Chart, *, width: int = WIDTH, height: int = HEIGHT) -> dict[str, Any]:
    """The chart in Vega-Lite. Raises ValueError where there is nothing to draw, too much, or no such time zone."""
    if not 1 < len(chart.points) <= MOST_POINTS:
        raise ValueError(f"a chart needs 2 to {MOST_POINTS} points; there are {len(chart.points)}")
    try:
        zone = ZoneInfo(chart.timezone)
    except (KeyError, OSError) as error:
        raise ValueError(f"there is no time zone {chart.timezone!r}") from error
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",  # a name, which is not read
        "width": width, "height": height, "padding": PADDING, "background": "white",
        "autosize": {"type": "fit", "contains": "padding"},
        "title": {"text": _short(chart.title, TITLE), "anchor": "start", "fontSize": 16, "color": _INK, "offset": 10,
                  "limit": width - 2 * PADDING},
        "config": {"font": "DejaVu Sans, Arial, Helvetica, sans-serif", "view": {"stroke": None}},
        "layer": [*_layers(chart, width, zone)],
    }  # fmt: skip


def _layers(chart: Chart, width: int, zone: ZoneInfo) -> Iterator[Layer]:
    """From the ground up. The first one carries the axes; all share them."""
    points, step = chart.points, _step(chart.points)
    start, end = points[0].start, points[-1].start + step
    top = _top(points)
    shared = {"x": _x(start, end, zone), "y": _y(chart.unit, top), "color": _legend(points)}
    seen = _seen(points, step)
    yield _layer(
        {"type": "rect", "opacity": 1}, _holes(points, step), shared | {"x2": {"field": "u"}, "y2": {"datum": top}}
    )
    yield _layer({"type": "area", "opacity": 1}, _band(points, step), {"x": "t", "y": "l", "y2": "h", "detail": "r"})
    yield _layer(_RECT, seen, {"x": "t", "x2": "u", "y": "o", "y2": {"datum": 0}})
    line = {"type": "line", "strokeWidth": 2, "interpolate": "linear"}
    yield _layer(line, _expected(points, step), {"x": "t", "y": "e", "detail": "r"})
    yield from _marks(chart, start, end, width)


def _layer(mark: Layer, rows: list[Layer], encoding: Layer) -> Layer:
    places = {name: {"field": each, "type": "quantitative"} if isinstance(each, str) else each
              for name, each in encoding.items()}  # fmt: skip
    for name in ("x2", "y2"):
        if "field" in places.get(name, {}):
            places[name] = {"field": places[name]["field"]}
    if "detail" in places:
        places["detail"] = {"field": "r", "type": "nominal"}
    places.setdefault("color", {"field": "c", "type": "nominal"})
    return {"mark": mark, "data": {"values": rows}, "encoding": places}


def _x(start: datetime, end: datetime, zone: ZoneInfo) -> Layer:
    at = _axis.ticks(start, end, zone)
    axis = {
        "values": [to_ms(each) for each in at], "labelExpr": _axis.label_words(at, zone),
        "title": f"time in {zone.key}", "titleFontWeight": "normal", "titleColor": _INK, "labelColor": _INK,
        "labelFontSize": 12, "labelFlush": False, "labelOverlap": False, "labelLineHeight": 15,
        "grid": False, "domainColor": _INK, "tickColor": _INK,
    }  # fmt: skip
    scale = {"domain": [to_ms(start), to_ms(end)], "nice": False, "zero": False}
    return {"field": "t", "type": "quantitative", "scale": scale, "axis": axis}


def _y(unit: str, top: float) -> Layer:
    axis = {
        "title": _short(unit, 60), "titleFontWeight": "normal", "labelColor": _INK, "titleColor": _INK,
        "labelFontSize": 12, "gridColor": _FAINT, "domain": False, "ticks": False, "tickCount": 5,
        **({"tickMinStep": 1, "format": ",d"} if top >= 2 else {}),
    }  # fmt: skip
    return {"field": "b", "type": "quantitative", "scale": {"domain": [0, top], "nice": False}, "axis": axis}


def _legend(points: Sequence[Point]) -> Layer:
    """A word for each colour that is there."""
    there = {
        SEEN: True, ABOVE: any(_above(point) for point in points),
        EXPECTED: any(point.expected is not None for point in points),
        USUAL: any(point.low is not None and point.high is not None for point in points),
        NONE: any(point.observed is None for point in points),
    }  # fmt: skip
    words = [word for word, found in there.items() if found]
    legend = {
        "orient": "bottom", "direction": "horizontal", "title": None, "symbolType": "square", "symbolSize": 120,
        "labelColor": _INK, "labelFontSize": 12, "columns": 5, "symbolStrokeWidth": 0, "offset": 6,
        "symbolOpacity": 1,
    }  # fmt: skip
    scale = {"domain": words, "range": [COLOURS[word] for word in words]}
    return {"field": "c", "type": "nominal", "scale": scale, "legend": legend}


def _holes(points: Sequence[Point], step: timedelta) -> list[Layer]:
    """Stretches without data; never empty, as this layer carries the axes."""
    rows: list[Layer] = []
    for point in points:
        if point.observed is not None:
            continue
        begin, end = to_ms(point.start), to_ms(point.start + step)
        if rows and rows[-1]["u"] == begin:
            rows[-1]["u"] = end
        else:
            rows.append({"t": begin, "u": end, "b": 0, "c": NONE})
    return rows or [{"t": None, "u": None, "b": None, "c": SEEN}]


def _seen(points: Sequence[Point], step: timedelta) -> list[Layer]:
    gap = 0.12 * step
    return [
        {"t": to_ms(point.start + gap), "u": to_ms(point.start + step - gap), "o": point.observed,
         "c": ABOVE if _above(point) else SEEN}
        for point in points if point.observed is not None
    ]  # fmt: skip


def _band(points: Sequence[Point], step: timedelta) -> list[Layer]:
    known = [point if point.low is not None and point.high is not None else None for point in points]
    return [
        {"t": to_ms(at), "l": max(point.low or 0.0, 0.0), "h": point.high, "r": run, "c": USUAL}
        for point, at, run in _runs(known, step)
    ]


def _expected(points: Sequence[Point], step: timedelta) -> list[Layer]:
    known = [point if point.expected is not None else None for point in points]
    return [{"t": to_ms(at), "e": point.expected, "r": run, "c": EXPECTED} for point, at, run in _runs(known, step)]


def _runs(points: Sequence[Point | None], step: timedelta) -> Iterator[tuple[Point, datetime, int]]:
    """Unbroken runs, by number, each from the start of its first bucket to the end of its last."""
    run = 0
    for before, point in pairwise([None, *points, None]):
        if point is None:
            run += 1
            if before is not None:
                yield before, before.start + step, run - 1
            continue
        if before is None:
            yield point, point.start, run
        yield point, point.start + step / 2, run


def _marks(chart: Chart, start: datetime, end: datetime, width: int) -> Iterator[Layer]:
    """A line and a word for each moment; words that would overlap stand one below the other."""
    inside = sorted((mark for mark in chart.marks if start <= mark.at <= end), key=lambda mark: mark.at)
    ends: list[float] = []  # how far to the right each row of words is taken, from 0 to 1
    places = [(mark.at - start) / (end - start) for mark in inside[:MOST_MARKS]]
    for mark, place, following in zip(inside, places, [*places[1:], 1.0], strict=False):
        word = _short(mark.word, 40)
        wide = 8.5 * len(word) / width
        left = place > wide and following - place < wide
        begin = place - wide if left else place
        row = next((number for number, taken in enumerate(ends) if taken < begin), len(ends))
        ends[row:] = [place + (0.01 if left else wide + 0.01), *ends[row + 1 :]]
        at = {"datum": to_ms(mark.at), "type": "quantitative"}
        dash = [4, 3] if mark.word == "onset" else [1, 0]
        rule = {"type": "rule", "color": _INK, "strokeWidth": 1.5, "strokeDash": dash}
        yield {"mark": rule, "data": _ONCE, "encoding": {"x": at}}
        words = {
            "type": "text", "text": word, "color": _INK, "fontWeight": "bold", "fontSize": 12, "baseline": "top",
            "align": "right" if left else "left", "dx": -5 if left else 5, "stroke": None,
        }  # fmt: skip
        yield {"mark": words, "data": _ONCE, "encoding": {"x": at, "y": {"value": 1 + _LINE * row}}}


def _step(points: Sequence[Point]) -> timedelta:
    steps = [after.start - before.start for before, after in pairwise(points)]
    if min(steps) <= timedelta(0):
        raise ValueError("the points of a chart must come in order of time")
    return min(steps)


def _top(points: Sequence[Point]) -> float:
    """Where the scale ends: above everything, with room for the words."""
    values = [value for point in points for value in (point.observed, point.expected, point.high) if value is not None]
    return max(1.0, 1.18 * max(values, default=0.0))


def _above(point: Point) -> bool:
    return point.observed is not None and point.high is not None and point.observed > point.high


def _short(text: str, most: int) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
