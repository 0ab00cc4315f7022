"""A detector's memory as bytes: exact to the last bit, and refused in one sentence where it is another's."""

import math
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from monitor.detectors._bytes import freeze, thaw


@dataclass
class Part:
    floats: list[float] = field(default_factory=list)
    mixed: list[float] = field(default_factory=list)


@dataclass
class Whole:
    parts: list[Part]
    only: float | None = None


def whole(parts: list[Any], only: float | None) -> Whole:
    return Whole([Part(*part) for part in parts], only)


def test_every_float_comes_back_to_the_last_bit() -> None:
    rng = random.Random(1)
    odd = [0.0, -0.0, math.inf, 5e-324, math.nextafter(1.0, 2.0), 1e308, math.pi, -1 / 3]
    kept = Whole([Part(odd, [0, 1, 2.5] * 9), Part([rng.gauss(0, 1) for _ in range(300)]), Part([0.1] * 7)], 0.1 + 0.2)
    frozen = freeze("mine 1", kept)
    back = thaw("mine 1", frozen, whole)
    assert back == kept
    assert repr(back) == repr(kept), "signs of zeros, and whole numbers as such"
    assert freeze("mine 1", back) == frozen


@pytest.mark.parametrize(
    "state",
    [
        b"", b"\xff\xfe", b"[]", b"{}", b'"mine 1"', b'["mine 1"]', b'["mine 1",[1,2,3,4]]', b'["mine 2",[[],0.5]]',
        b'["mine 1",[[[{"packed":"AAA="}]],0.5]]', b'["mine 1",[[[{"packed":"no!"}]],0.5]]',
        b'["mine 1",[{"a":"b"},1]]',
        b'["mine 1",[[[{"packed":5}]],0.5]]', b"[" * 100_000,
    ],
)  # fmt: skip
def test_anything_else_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="cannot go on from that state"):
        thaw("mine 1", state, whole)
