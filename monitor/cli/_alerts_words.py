"""How incidents read in a terminal: verdicts, lines of a history, parts of an excess. Pure."""

from collections.abc import Iterator

from monitor.analysis import slices
from monitor.domain import Event, Explanation, Incident, Part


def verdict_words(incident: Incident) -> str | None:
    """What a person called it; None: nobody said."""
    return {True: "real", False: "false alarm", None: None}[incident.real]


def event_row(event: Event) -> tuple[object, ...]:
    """One line of a history."""
    return (event.at, event.actor, event.kind, detail(event) or None)


def detail(event: Event) -> str:
    """What a line of a history adds to its kind.

    >>> from monitor.clock import EPOCH
    >>> detail(Event(incident_id=1, at=EPOCH, actor="ana", kind="judged", detail={"real": False}))
    'false alarm'
    >>> detail(Event(incident_id=1, at=EPOCH, actor="monitor", kind="joined", detail={"rule": "counts",
    ...        "slice": "platform=x", "severity": "low"}))
    'counts, on x, low'
    """
    told = dict(event.detail)
    if "real" in told:
        return "real" if told["real"] else "false alarm"
    if "slice" in told:
        told["slice"] = slices.label(str(told["slice"]))
    return ", ".join(str(value) for value in told.values() if value not in (None, ""))


def explain_rows(explanation: Explanation) -> list[tuple[object, ...]]:
    """The parts of the excess as rows, each with its share of what is more than usual."""
    spike = explanation.spike
    return list(_rows(explanation.parts, spike.observed - spike.expected))


def _rows(parts: tuple[Part, ...], whole: float) -> Iterator[tuple[object, ...]]:
    for part in parts:
        share = f" ({part.excess / whole:.0%})" if whole > 0.0 else ""
        of = f" of {part.platform}" if part.kind == "author" and part.platform else ""
        yield (
            part.kind, f"{part.value or 'others'}{of}", part.posts, f"{part.observed:.1f}", f"{part.expected:.1f}",
            f"{part.excess:+.1f}{share}",
        )  # fmt: skip
