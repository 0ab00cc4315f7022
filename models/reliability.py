"""Does a probability mean what it says? Bins of confidence against how often it was right, as numbers and pictures.

Part of models/: knows confidences and hits, no model, no file and no terminal. Standard library only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt
from statistics import NormalDist
from typing import Literal

BINS = 10
Cut = Literal["width", "mass"]
_FULL, _EIGHTHS = "█", " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Texts of like confidence: `confidence` is their mean, `right` the share that was right, each 0…1.

    `low` and `high` bound that share by Wilson's interval; `start` and `end` bound the confidences.
    """

    start: float
    end: float
    texts: int
    confidence: float
    right: float
    low: float
    high: float


def wilson(hits: int, texts: int, level: float = 0.95) -> tuple[float, float] | None:
    """The interval of a share by Wilson's score (Wilson, 1927); None where there are no texts.

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    if not texts:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, reach = hits / texts, z * z / texts
    middle = (share + reach / 2) / (1 + reach)
    half = sqrt(share * (1 - share) * reach + reach * reach / 4) / (1 + reach)
    return (max(0.0, middle - half) if hits else 0.0), (min(1.0, middle + half) if hits < texts else 1.0)


def bins(
    confidences: Sequence[float], right: Sequence[bool], *, cut: Cut = "width", count: int = BINS, level: float = 0.95
) -> list[Bin]:
    """The bins that hold a text: of equal width, or of equal mass, where each holds about as many texts.

    Equal confidences share a bin. Raises ValueError when the lengths differ.
    """
    pairs = sorted(zip(confidences, right, strict=True))
    ends = _mass_ends([value for value, _ in pairs], count) if cut == "mass" else [n / count for n in range(1, count)]
    held: list[list[tuple[float, bool]]] = [[] for _ in range(len(ends) + 1)]
    place = 0
    for value, hit in pairs:
        while place < len(ends) and value >= ends[place]:
            place += 1
        held[place].append((value, hit))
    edges = [0.0, *ends, 1.0]
    return [_bin(part, edges[at], edges[at + 1], level) for at, part in enumerate(held) if part]


def _mass_ends(ordered: Sequence[float], count: int) -> list[float]:
    """Where to cut, between different values only."""
    size = len(ordered)
    places = (part * size // count for part in range(1, count))
    return sorted({ordered[place] for place in places if 0 < place < size})


def _bin(part: Sequence[tuple[float, bool]], start: float, end: float, level: float) -> Bin:
    hits, texts = sum(hit for _, hit in part), len(part)
    low, high = wilson(hits, texts, level) or (0.0, 1.0)
    mean = sum(value for value, _ in part) / texts
    return Bin(start=start, end=end, texts=texts, confidence=mean, right=hits / texts, low=low, high=high)


def calibration_error(held: Sequence[Bin]) -> float:
    """The expected calibration error: the mean gap between confidence and being right, over texts.

    Over bins of equal width: Guo et al. (2017); of equal mass: Nguyen & O'Connor (2015). 0 without bins.
    """
    texts = sum(each.texts for each in held)
    return sum(each.texts * abs(each.confidence - each.right) for each in held) / max(texts, 1)


def bar(share: float, width: int = 20) -> str:
    """A share as a bar of at most `width` letters, to an eighth of a letter.

    >>> bar(0.5, 4), bar(0.0, 4), bar(1.0, 4)
    ('██  ', '    ', '████')
    """
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    whole, rest = divmod(eighths, 8)
    return (_FULL * whole + (_EIGHTHS[rest] if rest else "")).ljust(width)


# The chart

_LEFT, _TOP, _SIDE, _FOOT = 56, 34, 280, 52  # pixels round the square of the chart
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}.f{stroke:#8b949e;fill:none}"
    ".g{stroke:#8b949e;stroke-opacity:.3}.d{stroke:#8b949e;stroke-dasharray:4 4}"
    ".m{fill:#0969da;fill-opacity:.18}.p{fill:#0969da}.w{stroke:#0969da;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.p,.m{fill:#58a6ff}.w{stroke:#58a6ff}}"
)


def svg(held: Sequence[Bin], title: str) -> str:
    """The bins as a reliability chart (DeGroot & Fienberg, 1983), for a light or a dark page.

    Across: how sure the model was. Up: how often it was right, with Wilson's interval; the broken line is where the
    two are equal. The pale columns are the share of texts in each bin, on the same scale.
    """
    texts = sum(each.texts for each in held)
    wide, high = _LEFT + _SIDE + 16, _TOP + _SIDE + _FOOT
    told = escape(f"{title}. Calibration error {calibration_error(held):.3f} over {texts} texts.")
    size = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{told}">',
        f"<style>{_STYLE}</style>",
        f'<text class="t" x="{_LEFT}" y="20">{escape(title)}</text>',
        *_axes(),
        *(_column(each, texts) for each in held),
        *(_point(each) for each in held),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(share: float) -> str:
    return f"{_LEFT + share * _SIDE:.1f}"


def _y(share: float) -> str:
    return f"{_TOP + (1 - share) * _SIDE:.1f}"


def _axes() -> list[str]:
    lines = [f'<rect class="f" x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"/>']
    for at in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        lines += [
            f'<line class="g" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(at)}" y2="{_y(at)}"/>',
            f'<text x="{_LEFT - 6}" y="{float(_y(at)) + 4:.1f}" text-anchor="end">{at:.1f}</text>',
            f'<text x="{_x(at)}" y="{_TOP + _SIDE + 16}" text-anchor="middle">{at:.1f}</text>',
        ]
    middle = _TOP + _SIDE / 2
    turned = f'x="16" y="{middle:.1f}" transform="rotate(-90 16 {middle:.1f})"'
    return [
        *lines,
        f'<line class="d" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>',
        f'<text x="{_x(0.5)}" y="{_TOP + _SIDE + 40}" text-anchor="middle">how sure the model was</text>',
        f'<text {turned} text-anchor="middle">share that was right</text>',
    ]


def _column(each: Bin, texts: int) -> str:
    share = each.texts / texts
    place = f'x="{_x(each.start)}" y="{_y(share)}"'
    size = f'width="{(each.end - each.start) * _SIDE:.1f}" height="{share * _SIDE:.1f}"'
    return f'<rect class="m" {place} {size}/>'


def _point(each: Bin) -> str:
    across = _x(each.confidence)
    words = (
        f"{each.texts} texts: sure {each.confidence:.2f}, right {each.right:.2f} ({each.low:.2f} to {each.high:.2f})"
    )
    whisker = f'<line class="w" x1="{across}" x2="{across}" y1="{_y(each.low)}" y2="{_y(each.high)}"/>'
    return f'<g><title>{words}</title>{whisker}<circle class="p" cx="{across}" cy="{_y(each.right)}" r="4"/></g>'
