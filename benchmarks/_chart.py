"""The benchmark's picture: false alarms against the share of crises told early, a point a method, ours a line.

Knows Vega-Lite and the rows of the comparison; nothing of how they were measured.
"""

from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from typing import Any

import vl_convert

from benchmarks._compare import Row
from benchmarks._judging import summary

COLOURS = {"ours": "#c2410c", "used today": "#64748b", "published": "#2563eb", "oracle": "#15803d"}
LEAST, MOST = 0.01, 20.0  # of the axis, which is a logarithm; what lies beyond is drawn at its ends
TOP = 0.9
LINE = 0.029  # height of a line of words, on the axis of shares
LETTER = 0.033  # width of a letter, in powers of ten
TURN = 1.5  # words of points further right stand on their left

Point = dict[str, Any]


def draw(tables: Mapping[str, Sequence[Row]], target: Path) -> None:
    """Write the picture; its name says whether it becomes SVG or PNG. Raises OSError."""
    chart = chart_of(tables)
    if target.suffix == ".svg":
        target.write_text(vl_convert.vegalite_to_svg(chart), "utf-8")
    else:
        target.write_bytes(vl_convert.vegalite_to_png(chart, scale=2.0))


def chart_of(tables: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """The picture as Vega-Lite: one panel for each world."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "config": {"font": "sans-serif", "view": {"stroke": "#d4d4d8"}, "axis": {"gridColor": "#f1f5f9"}},
        "hconcat": [_panel(world, points(rows)) for world, rows in tables.items()],
    }


def points(rows: Sequence[Row]) -> list[Point]:
    """The rows as points; those that people use as they use them, all others as they were tuned."""
    found = []
    for row in rows:
        if row.name == "counts, tuned" or (row.group == "used today" and row.limit is not None):
            continue
        of = summary(row.tally)
        false = min(max(of["false_alarms_per_brand_week"], LEAST), MOST)
        name = row.name.replace("counts, ", "").replace("oracle that knows the true rate", "oracle")
        place = {"false": round(false, 4), "early": round(of["early"], 4)}
        found.append({"name": name, "group": row.group, "left": false > TURN, **place})
    return _spread(found)


def _spread(found: list[Point]) -> list[Point]:
    """Give each point's words a height of their own, so that they do not cover each other."""
    taken: list[tuple[float, float, float]] = []
    for point in sorted(found, key=lambda point: -point["early"]):
        width = LETTER * (len(point["name"]) + 2)
        begin = log10(point["false"]) - (width if point["left"] else 0.0)
        tries = (point["early"] + sign * step * LINE / 4 for step in range(60) for sign in (1, -1))
        free = (
            at for at in tries if not any(begin < r and x < begin + width and abs(at - h) < LINE for x, r, h in taken)
        )
        height = next(free, point["early"])
        taken.append((begin, begin + width, height))
        point["height"] = round(height, 4)
    return found


def _panel(world: str, values: list[Point]) -> dict[str, Any]:
    x = {
        "field": "false",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [LEAST, MOST]},
        "axis": {"title": "false alarms per brand and week", "values": [0.01, 0.1, 1, 10]},
    }
    y = {
        "field": "early",
        "type": "quantitative",
        "scale": {"domain": [-0.05, TOP]},
        "axis": {"title": "crises told early", "format": ".0%", "values": [0, 0.2, 0.4, 0.6, 0.8]},
    }
    colour = {
        "field": "group",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())},
        "legend": {"orient": "top"},
    }
    where = {"x": x, "y": y, "color": colour}
    line = {"mark": {"type": "line", "strokeWidth": 2.5}, "encoding": where}
    dots = {"mark": {"type": "point", "filled": True, "size": 55, "opacity": 0.9}, "encoding": where}
    ours = {"transform": [{"filter": "datum.group == 'ours'"}], **line}
    words = [_words(where, left=left) for left in (False, True)]
    return {
        "title": f"{world} world",
        "width": 430,
        "height": 380,
        "data": {"values": values},
        "layer": [ours, dots, *words],
    }


def _words(where: dict[str, Any], *, left: bool) -> dict[str, Any]:
    mark = {"type": "text", "align": "right" if left else "left", "dx": -7 if left else 7, "fontSize": 9}
    height = {**where["y"], "field": "height"}
    return {
        "transform": [{"filter": "datum.left" if left else "!datum.left"}],
        "mark": mark,
        "encoding": {**where, "y": height, "text": {"field": "name"}},
    }
