"""How fast a model is on this machine: texts a second, seconds to the first answer, peak memory.

Part of models/: knows any Scorer; the texts are made up. benchmarks/score.py compares models, this looks at one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.values import Scorer

_WARM_UP = 32
_OPENINGS = ("Honestly,", "So", "Hey @brand, it seems", "Just saw that", "Third time this week", "My sister says")
_SUBJECTS = ("my order", "the new app", "your support line", "the courier", "the update", "seat", "the blue jacket")
_EVENTS = (
    "never showed up", "arrived two days early", "keeps crashing after login", "works like a charm",
    "went straight to voicemail", "is finally back in stock", "still says processing", "cost more than last year",
)  # fmt: skip
_REMARKS = ("absolutely unacceptable", "could not be happier", "still waiting 😡", "never again", "see you on Monday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What was measured. `first_answer_s` counts from before the model is opened; `peak_mb` is the whole program's."""

    model: str
    texts: int
    seconds: float
    per_second: float
    first_answer_s: float
    peak_mb: float | None


def made_up(count: int) -> list[str]:
    """`count` different posts of ten to thirty words; always the same ones."""
    return [_post(number) for number in range(count)]


def _post(number: int) -> str:
    parts = [_OPENINGS[number % len(_OPENINGS)]]
    for clause in range(1 + number % 3):
        place = number // 3 + 5 * clause
        subject, event = _SUBJECTS[place % len(_SUBJECTS)], _EVENTS[(place // 7) % len(_EVENTS)]
        parts.append(f"{subject} {number + clause} {event}, {_REMARKS[(place // 5) % len(_REMARKS)]}.")
    return " ".join(parts)


def measure(
    open_: Callable[[], Scorer],
    texts: int,
    *,
    patience: float = 10.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Speed:
    """Open a model and score made-up posts: `texts`, or as many as a slow model scores in about `patience` seconds.

    `clock` counts seconds, from whenever.
    """
    posts = made_up(_WARM_UP + 1 + texts)
    begun = clock()
    scorer = open_()
    scorer.predict(posts[:1])
    first = clock()
    scorer.predict(posts[1 : _WARM_UP + 1])
    warm = clock()
    able = max(1, int(_WARM_UP * patience / max(warm - first, 1e-9)))
    chosen = posts[_WARM_UP + 1 :][: min(texts, able)]
    started = clock()
    scorer.predict(chosen)
    seconds = clock() - started
    return Speed(
        model=scorer.name,
        texts=len(chosen),
        seconds=seconds,
        per_second=len(chosen) / max(seconds, 1e-9),
        first_answer_s=first - begun,
        peak_mb=_peak_mb(),
    )


def _peak_mb() -> float | None:
    """Peak resident memory of this process; None where the system does not tell it so."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, ValueError, IndexError):
        return None
