"""Demo phrases, the notation: turns a written pattern into one of its many sentences. Knows no brand and no clock.

A pattern is plain text with `[this|that]` (choose one, may be nested) and `{slot}` (a word from a list below, or
one that the caller gives). A block of patterns has one `touchpoint: text` a line; an indented line goes on.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
Node: TypeAlias = "str | Slot | Choice"

_REF_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

SLOTS: dict[str, tuple[str, ...]] = {
    "wait": (
        "40 minutes", "an hour", "an hour and ten", "two hours", "25 minutes", "50 min", "90 minutes", "half an hour",
        "1h 20", "three quarters of an hour", "over an hour", "2.5 hours", "35 mins",
    ),
    "quick": ("ten minutes", "five minutes", "an hour", "a day", "no time", "under an hour", "20 minutes", "a morning"),
    "town": (
        "Ashmere", "Wexholm", "Port Harran", "Millbeck", "Dunmoor", "Orrinford", "Tidewell", "Lowgate", "Kelham Vale",
        "Northwick Bay", "St Orrin", "Fallowby", "Greyhithe", "Marlowick", "Easter Quay", "Pennard Cross",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Tues", "Thurs", "Fri"),
    "month": ("January", "February", "November", "October", "December", "June", "April", "May", "autumn", "summer"),
    "who": (
        "my mum", "a friend", "my flatmate", "my dad", "my sister", "a colleague", "my gran", "the neighbours",
        "my brother", "my other half", "my boss", "a mate", "my aunt", "the lad next door",
    ),
    "n": ("two", "three", "four", "five", "3", "4", "six", "2", "5"),
    "num": ("9", "11", "14", "17", "23", "31", "8", "12", "26", "40"),
    "age": ("78", "81", "84", "79", "86"),
    "time": ("7.40", "18:15", "6pm", "5.52", "8am", "17:05", "half seven", "9.10", "noon", "7pm", "10.30"),
    "outage": ("ten past one", "13:10", "1.15", "quarter past one", "lunch", "one-ish", "1pm"),
    "shoe": ("Dune 2", "Trailbit", "Ember 2", "Heath", "Pace 5", "Dune", "Heath Wide"),
    "shade": ("teal", "orange", "lilac", "white", "sunrise"),
    "miles": ("120", "180", "240", "310", "90", "400", "75", "260", "520"),
}  # fmt: skip


class Slot(NamedTuple):
    """A named gap in a pattern."""

    name: str


class Choice(NamedTuple):
    """Alternatives, each a run of nodes."""

    options: tuple[tuple[Node, ...], ...]


class Core(NamedTuple):
    """One pattern and the touchpoint that it speaks of."""

    touchpoint: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Patterns that name two brands, `{b}` then `{o}`, with the label towards each."""

    first: str
    second: str
    first_label: str
    second_label: str
    texts: tuple[str, ...]


def parse_cores(block: str) -> tuple[Core, ...]:
    """Read a block of `touchpoint: text` lines; an indented line belongs to the one above.

    >>> parse_cores("price: too\\n  dear")
    (Core(touchpoint='price', text='too dear'),)
    """
    joined: list[str] = []
    for line in block.strip().splitlines():
        if line.startswith(" ") and joined:
            joined[-1] += ("" if joined[-1].endswith("|") else " ") + line.strip()
        else:
            joined.append(line.strip())
    return tuple(Core(*line.split(": ", 1)) for line in joined)


@lru_cache(maxsize=4096)
def compile_pattern(text: str) -> tuple[Node, ...]:
    """The pattern as nodes, so that a sentence is made without reading the text again."""
    nodes, _ = _parse(text, 0)
    return nodes[0]


def _parse(text: str, at: int) -> tuple[list[tuple[Node, ...]], int]:
    """Read alternatives from `at` to the bracket that closes them; give them and the place after it."""
    options: list[list[Node]] = [[]]
    while at < len(text):
        char = text[at]
        if char == "[":
            inner, at = _parse(text, at + 1)
            options[-1].append(Choice(tuple(inner)))
        elif char == "]":
            return [tuple(option) for option in options], at + 1
        elif char == "|":
            options.append([])
            at += 1
        elif char == "{":
            end = text.index("}", at)
            options[-1].append(Slot(text[at + 1 : end]))
            at = end + 1
        else:
            end = min((found for mark in "[]|{" if (found := text.find(mark, at)) >= 0), default=len(text))
            options[-1].append(text[at:end])
            at = end
    return [tuple(option) for option in options], at


def expand(text: str, rng: random.Random, given: Mapping[str, tuple[str, ...]]) -> str:
    """One sentence of the pattern; `given` adds slots or replaces the lists above. An unknown slot is a KeyError.

    >>> expand("[very|very] {x}", random.Random(1), {"x": ("dear",)})
    'very dear'
    """
    parts: list[str] = []
    _expand(compile_pattern(text), rng, given, parts)
    return "".join(parts)


def _expand(nodes: tuple[Node, ...], rng: random.Random, given: Mapping[str, tuple[str, ...]], out: list[str]) -> None:
    for node in nodes:
        if isinstance(node, str):
            out.append(node)
        elif isinstance(node, Slot):
            out.append(_fill(node.name, rng, given))
        else:
            _expand(pick(node.options, rng), rng, given, out)


def _fill(name: str, rng: random.Random, given: Mapping[str, tuple[str, ...]]) -> str:
    if name == "ref":
        return "".join(pick(_REF_LETTERS, rng) for _ in range(6))
    return pick(given[name] if name in given else SLOTS[name], rng)


def pick(options: Sequence[T], rng: random.Random) -> T:
    """One of the options, evenly; quicker than `rng.choice` and the same on every Python."""
    return options[int(rng.random() * len(options))]
