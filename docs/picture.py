"""Draws docs/picture.svg from the demo: one brand's negatives an hour against what was usual, with onset and alert.

`python -m docs.picture`, in the checkout, writes it anew. Everything in it is read from the demo's own run.
"""

import tempfile
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from monitor.clock import SystemClock, floor
from monitor.domain import BUCKET, Bucket, Incident, Series
from monitor.pipeline import replay
from monitor.pipeline.program import Program, build
from monitor.posts import read_posts
from monitor.settings import brand_cards, load
from monitor.store import Store

ROOT = Path(__file__).parent.parent
HOUR = timedelta(hours=1)
BEFORE, AFTER = timedelta(hours=30), timedelta(hours=18)
WIDTH, HEIGHT, LEFT, TOP, FLOOR = 860, 300, 46, 46, 250
STYLE = """
  .bg{fill:#fff}.t{fill:#1f2933;font:13px system-ui,sans-serif}.s{fill:#52606d;font:12px system-ui,sans-serif}
  .seen{fill:none;stroke:#b42318;stroke-width:2.2}.usual{fill:none;stroke:#3b7ddd;stroke-width:1.8;stroke-dasharray:5 4}
  .grid{stroke:#d9e2ec}.mark{stroke:#1f2933;stroke-width:1.3}.area{fill:#b42318;opacity:.10}
  @media (prefers-color-scheme:dark){.bg{fill:#14181d}.t{fill:#e4e7eb}.s{fill:#9aa5b1}.seen{stroke:#ff7a6b}
  .usual{stroke:#7fb0f5}.grid{stroke:#2a323b}.mark{stroke:#e4e7eb}.area{fill:#ff7a6b}}
"""


def main() -> None:
    """Replay the demo and draw its incident."""
    settings = load(ROOT / "config", environ={})
    brands = brand_cards(ROOT / "config" / "demo" / "brands.toml")
    settings = replace(settings, brands=brands, sources=(), receivers=(), routes=())
    posts = ROOT / "config" / "demo" / "posts.jsonl"
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "picture.db") as store:
        clock = SystemClock()
        program = build(settings, store, clock)
        replay.run(program, read_posts(posts, now=clock.now(), event_time=True), name="demo")
        incident = store.incidents.all()[0]
        (ROOT / "docs" / "picture.svg").write_text(_svg(incident, *_hours(program, incident)), "utf-8")


def _hours(program: Program, incident: Incident) -> tuple[dict[datetime, float], dict[datetime, float]]:
    """Negatives and usual negatives of each hour around the incident."""
    start, end = floor(incident.onset - BEFORE, HOUR), floor(incident.opened_at + AFTER, HOUR)
    first = program.store.detection.first_slot(incident.brand) or start
    counted = {tally.slot: tally for tally in program.store.detection.tallies(incident.brand, first, end)}
    slots = [first + number * BUCKET for number in range((end - first) // BUCKET)]
    buckets = tuple(
        Bucket(start=slot, mentions=counted[slot].mentions, negatives=counted[slot].negatives)
        if slot in counted
        else Bucket(start=slot, mentions=0.0, negatives=0.0)
        for slot in slots
    )
    zone = program.settings.timezone_of(incident.brand)
    found = program.rules[0].detector.inspect(
        Series(brand=incident.brand, step=BUCKET, timezone=zone, buckets=buckets), None
    )
    seen: dict[datetime, float] = defaultdict(float)
    usual: dict[datetime, float] = defaultdict(float)
    for bucket, reading in zip(buckets, found.readings, strict=True):
        if bucket.start >= start:
            seen[floor(bucket.start, HOUR)] += bucket.negatives
            usual[floor(bucket.start, HOUR)] += reading.expected or 0.0
    return dict(seen), dict(usual)


def _svg(incident: Incident, seen: dict[datetime, float], usual: dict[datetime, float]) -> str:
    hours = sorted(seen)
    top = max(*seen.values(), *usual.values()) * 1.08

    def x(moment: datetime) -> float:
        return LEFT + (moment - hours[0]) / (hours[-1] - hours[0]) * (WIDTH - LEFT - 20)

    def y(value: float) -> float:
        return FLOOR - value / top * (FLOOR - TOP)

    late = (incident.opened_at - incident.onset) // timedelta(minutes=1)
    label = (
        f"Negative posts an hour about {incident.brand} against what is usual; the alert is {late} min after the onset"
    )
    middle = HOUR / 2
    left, right = x(hours[0] + middle), x(hours[-2] + middle)
    line = " ".join(f"{x(hour + middle):.1f},{y(seen[hour]):.1f}" for hour in hours[:-1])
    band = " ".join(f"{x(hour + middle):.1f},{y(usual[hour]):.1f}" for hour in hours[:-1])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">',
        f"<style>{STYLE}</style>",
        f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="t" x="{LEFT}" y="22">{incident.brand}: negative posts an hour (UTC), one vote an author</text>',
        *(_grid(value, y(value)) for value in _ticks(top)),
        *(_day(hour, x(hour)) for hour in hours if hour.hour % 12 == 0),
        f'<polygon class="area" points="{left:.1f},{FLOOR} {line} {right:.1f},{FLOOR}"/>',
        f'<polyline class="usual" points="{band}"/><polyline class="seen" points="{line}"/>',
        _mark(x(incident.onset), "onset", "end", -6, 40),
        _mark(x(incident.opened_at), f"alert {incident.opened_at:%H:%M}", "start", 6, 40),
        f'<text class="s" x="{WIDTH - 20}" y="22" text-anchor="end">— observed   ┄ usual for that hour</text>',
        "</svg>\n",
    ]
    return "\n".join(parts)


def _ticks(top: float) -> list[int]:
    step = max(1, round(top / 4))
    return list(range(0, int(top) + 1, step))


def _grid(value: int, at: float) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 20}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="s" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{value}</text>'
    )


def _day(hour: datetime, at: float) -> str:
    return f'<text class="s" x="{at:.1f}" y="{FLOOR + 20}" text-anchor="middle">{hour:%a %H:%M}</text>'


def _mark(at: float, word: str, anchor: str, shift: int, top: int) -> str:
    return (
        f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{FLOOR}"/>'
        f'<text class="t" x="{at + shift:.1f}" y="{top + 10}" text-anchor="{anchor}">{word}</text>'
    )


if __name__ == "__main__":
    main()
