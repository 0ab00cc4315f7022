"""What `run` serves besides the door for pushed posts: the door for links, with the acts that stand behind it.

Knows which act is which stage's function; nothing of HTTP.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from monitor.acts import Desk
from monitor.alerting import words
from monitor.analysis import slices
from monitor.analysis.explanation import from_json
from monitor.domain import Incident
from monitor.links import SILENCE_HOURS, Act
from monitor.pipeline import people, tell
from monitor.pipeline.program import Program
from monitor.store import Store

SAME = 0.25  # hours: a silence that ends so little earlier is the same one, asked for twice
MOST_ID = 1 << 62


def desk(program: Program) -> Desk:
    """What the door for links needs of the program."""
    return Desk(
        incident=lambda number: program.store.incidents.get(number) if 0 < number < MOST_ID else None,
        sentence=partial(sentence, program),
        perform=lambda act, by, now: _acts(program.store, act, by, now)[act.action](),
    )


def sentence(program: Program, incident: Incident) -> str:
    """An incident in one sentence: what its newest alert said that was not its end."""
    about = f", {slices.label(incident.slice)}" if incident.slice else ""
    drill = "Drill, no real posts. " if incident.drill else ""
    told = program.store.incidents.explanations(incident.id)
    if not told:
        return f"{drill}{incident.brand}{about}: an incident of severity {incident.severity}."
    spikes = [from_json(text).spike for text in told]
    worst = max(spikes, key=lambda spike: spike.observed / spike.expected if spike.expected > 0 else spike.observed)
    seen, usual = words.number(worst.observed), words.number(worst.expected)
    return (
        f"{drill}{incident.brand}{about}: {seen} negative posts in {words.length(worst.window)},"
        f" where {usual} would be usual ({incident.severity})."
    )


def _acts(store: Store, act: Act, by: str, now: datetime) -> dict[str, Callable[[], str]]:
    """Each action of a link, ready to be done."""
    number = act.incident_id
    return {
        "acknowledge": lambda: people.acknowledge(store, number, by=by, now=now),
        "silence": lambda: _silenced(store, number, by, now),
        "assign": lambda: people.assign(store, number, by=by, now=now, owner=by),
        "false_alarm": lambda: people.judge(store, number, by=by, now=now, real=False),
        "real": lambda: people.judge(store, number, by=by, now=now, real=True),
    }


def _silenced(store: Store, number: int, by: str, now: datetime) -> str:
    """Silence it for hours; a button that is pressed twice silences once."""
    again = tell.silence_incident
    hours = SILENCE_HOURS - SAME
    for kept in store.silences.active(now):
        if kept.matchers.get("incident") == number and (kept.until - now).total_seconds() >= 3600 * hours:
            return again(store, number, hours=hours, by=by, now=now)
    return again(store, number, hours=SILENCE_HOURS, by=by, now=now)
