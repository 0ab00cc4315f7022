"""Backtest: each brand's negatives over a long time, with the moments at which rules fired. Knows no rule and no store.

A row for each brand, all over the same time. The line is what was counted, with a gap where nothing is known; a mark
stands at the top of its row: round where it would fire as it is, a diamond where it would fire after a change, a
triangle where complaints rose. The colours are told apart by people who see few (Okabe & Ito 2008).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.charts import _render
from monitor.clock import to_ms

WIDTH, HEIGHT = 1000, 110  # of one brand's row
MOST_ROWS, MOST_POINTS = 12, 4_000
FIRES, CHANGED, COMPLAINTS = "fires", "fires after the change", "complaints rise"
REAL, FALSE, UNJUDGED = "real", "false alarm", "not judged"
_SHAPES = {FIRES: "circle", CHANGED: "diamond", COMPLAINTS: "triangle-down"}
_COLOURS = {REAL: "#D55E00", FALSE: "#CC79A7", UNJUDGED: "#222222", COMPLAINTS: "#009E73"}
_LINE, _INK, _FAINT = "#0072B2", "#222222", "#D9D9D9"

Layer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened: a kind (FIRES, …) and, of a fire, what a person said of it (REAL, …)."""

    at: datetime
    kind: str
    verdict: str = UNJUDGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One brand: counts by the start of their slot (None: nothing is known), and what happened."""

    brand: str
    counts: Sequence[tuple[datetime, float | None]]
    moments: Sequence[Moment] = field(default=())


def png(title: str, unit: str, rows: Sequence[Row]) -> bytes:
    """A picture. Raises ValueError where there is nothing to draw, or too much."""
    return _render.png(spec(title, unit, rows))


def svg(title: str, unit: str, rows: Sequence[Row]) -> str:
    """A picture. Raises ValueError where there is nothing to draw, or too much."""
    return _render.svg(spec(title, unit, rows))


def spec(title: str, unit: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The chart in Vega-Lite. Raises ValueError where there is nothing to draw, or too much."""
    times = [at for row in rows for at, _ in row.counts]
    if not 0 < len(rows) <= MOST_ROWS or len(set(times)) < 2 or len(times) > MOST_POINTS * len(rows):
        raise ValueError(f"a chart needs 1 to {MOST_ROWS} brands with 2 to {MOST_POINTS} counts each")
    x: Layer = {
        "field": "t", "type": "temporal", "scale": {"type": "utc", "domain": [to_ms(min(times)), to_ms(max(times))]},
        "axis": {"title": None, "format": "%-d %b %Y", "tickCount": 8, "grid": False, "labelColor": _INK},
    }  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",  # a name, which is not read
        "background": "white", "padding": 12, "spacing": 14,
        "title": {"text": _short(title), "anchor": "start", "fontSize": 15, "color": _INK, "offset": 10,
                  "limit": WIDTH},
        "config": {"font": "DejaVu Sans, Arial, Helvetica, sans-serif", "view": {"stroke": None}},
        "resolve": {"scale": {"color": "shared", "shape": "shared"}},
        "vconcat": [_row(row, unit, x, _kinds(rows), _verdicts(rows)) for row in rows],
    }  # fmt: skip


def _row(row: Row, unit: str, x: Layer, kinds: Sequence[str], verdicts: Sequence[str]) -> Layer:
    top = max([1.0, *(count for _, count in row.counts if count is not None)])
    y: Layer = {
        "field": "n", "type": "quantitative", "scale": {"domain": [0, 1.25 * top], "nice": False},
        "axis": {"title": None, "tickCount": 3, "gridColor": _FAINT, "domain": False, "ticks": False,
                 "labelColor": _INK},
    }  # fmt: skip
    counts = [{"t": to_ms(at), "n": count} for at, count in row.counts]
    line = {"type": "line", "color": _LINE, "strokeWidth": 1.2, "invalid": "break-paths-show-path-domains"}
    words = {"text": _short(f"{row.brand}: {unit}"), "anchor": "start", "fontSize": 12, "color": _INK,
             "fontWeight": "normal"}  # fmt: skip
    layers: list[Layer] = [{"mark": line, "data": {"values": counts}, "encoding": {"x": x, "y": y}}]
    layers += _moments(row, x, kinds, verdicts)
    return {"width": WIDTH, "height": HEIGHT, "title": words, "layer": layers}


def _moments(row: Row, x: Layer, kinds: Sequence[str], verdicts: Sequence[str]) -> list[Layer]:
    """A thin line through the row and a sign at its top, those of a change below those of the rule as it is."""
    if not kinds:
        return []
    values = [
        {"t": to_ms(each.at), "k": each.kind, "v": each.kind if each.kind == COMPLAINTS else each.verdict,
         "p": 8 + 14 * list(_SHAPES).index(each.kind)}
        for each in row.moments
    ]  # fmt: skip
    color = _scaled("v", verdicts, _COLOURS)
    thin: Layer = {"type": "rule", "strokeWidth": 1, "opacity": 0.35}
    sign: Layer = {"type": "point", "filled": True, "size": 90, "opacity": 1}
    place = {"field": "p", "type": "quantitative", "scale": None, "axis": None}
    return [
        {"mark": thin, "data": {"values": values}, "encoding": {"x": x, "color": color}},
        {
            "mark": sign, "data": {"values": values},
            "encoding": {"x": x, "y": place, "color": color, "shape": _scaled("k", kinds, _SHAPES)},
        },
    ]  # fmt: skip


def _scaled(name: str, there: Sequence[str], known: dict[str, str]) -> Layer:
    legend = {"title": None, "orient": "bottom", "direction": "horizontal", "labelColor": _INK, "symbolSize": 90,
              "symbolOpacity": 1}  # fmt: skip
    scale = {"domain": list(there), "range": [known[each] for each in there]}
    return {"field": name, "type": "nominal", "scale": scale, "legend": legend}


def _kinds(rows: Sequence[Row]) -> list[str]:
    there = {each.kind for row in rows for each in row.moments}
    return [kind for kind in _SHAPES if kind in there]


def _verdicts(rows: Sequence[Row]) -> list[str]:
    there = {each.kind if each.kind == COMPLAINTS else each.verdict for row in rows for each in row.moments}
    return [verdict for verdict in _COLOURS if verdict in there]


def _short(text: str, most: int = 110) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
