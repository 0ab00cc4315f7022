"""`alerts budget`: how much of the false alarms that a rule may make was used, by what people said.

Knows the store, the rules and how a burn is shown; what a burn is, is in analysis/.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from monitor.analysis.burn import Burn, burn
from monitor.cli._common import ConfigOption, DbOption, JsonOption, emit_json, settings_of, table, talk
from monitor.clock import SystemClock
from monitor.domain import Incident, is_drill
from monitor.errors import InputError
from monitor.pipeline.program import Program, Rule, build
from monitor.ports import Knob
from monitor.store import Store

WEEKS = 4
COLUMNS = (
    "rule", "asked a brand and week", "brands", "incidents", "called false", "called real", "nobody said",
    "budget used", "between (95 %)", "at most",
)  # fmt: skip
THRESHOLDS = ("rule", "brand", "threshold in force", "of the prior", "weeks of history", "verdicts heard")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule's budget."""

    rule: str
    brands: int
    burn: Burn
    knobs: Mapping[str, Knob]  # by brand


def register(app: typer.Typer) -> None:
    """Add the verb to `alerts`."""
    app.command("budget")(budget)


def budget(
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how much of each rule's false alarms was used in four weeks, and the thresholds in force.

    Only a person can say that an alert was false: `alerts verdict ID false-alarm`. "At most" counts as false what
    nobody has judged.
    """
    settings, now = settings_of(config, db), SystemClock().now()
    with Store(settings.store.path, write=False) as store:
        program = build(settings, store, SystemClock())
        names = [each.name for each in program.rules]
        if rule is not None and rule not in names:
            raise InputError(f'There is no rule "{rule}". There are: {", ".join(names)}.')
        found = [each for item in program.rules if rule in (None, item.name) for each in _of(program, item, now)]
    if as_json:
        emit_json([_plain(each) for each in found])
        return
    table("Budget of the last four weeks", COLUMNS, [_row(each) for each in found])
    knobs = [(each.rule, brand, *_knob(knob)) for each in found for brand, knob in each.knobs.items()]
    if knobs:
        table("Thresholds", THRESHOLDS, knobs)
    if not found:
        talk.print("No rule has a budget.")


def _of(program: Program, rule: Rule, now: datetime) -> Iterator[_Rule]:
    """A rule's budget, where it has one: its share of incidents in which it spoke, over the brands that it watches."""
    asked = getattr(getattr(rule.detector, "options", None), "false_alarms_per_week", None)
    if asked is None:
        return
    detection, since = program.store.detection, now - timedelta(weeks=WEEKS)
    brands = [each for each in detection.brands() if not is_drill(each) and program.watched(each)]
    brands = [each for each in brands if rule.watches(each)]
    first = [start for each in brands if (start := detection.first_slot(each)) is not None]
    since = max(since, min([*first, now]))
    burned = burn(_incidents(program.store, rule, since), asked=asked, since=since, until=now, brands=len(brands))
    knobs = {each: knob for each in brands if (knob := _in_force(program, rule, each))}
    yield _Rule(rule.name, len(brands), burned, knobs)


def _incidents(store: Store, rule: Rule, since: datetime) -> Iterator[Incident]:
    for incident in store.incidents.find(since=since, limit=100_000):
        if any(name == rule.name for name, _, _, _ in store.incidents.slices(incident.id)):
            yield incident


def _in_force(program: Program, rule: Rule, brand: str) -> Knob | None:
    detector, saved = rule.detector_for(""), program.store.detection.state(rule.name, brand)
    if saved is None or not hasattr(detector, "knob"):
        return None
    try:
        found: Knob = detector.knob(saved[2])
    except ValueError:
        return None  # a state of another version: the rule is about to start again
    return found


def _knob(knob: Knob) -> tuple[object, ...]:
    return (
        f"{knob.threshold:.2f}", f"{knob.threshold / knob.prior:.0%}" if knob.prior else None, f"{knob.weeks:.1f}",
        knob.real + knob.false_alarms,
    )  # fmt: skip


def _row(each: _Rule) -> tuple[object, ...]:
    burned = each.burn
    between = burned.used_between
    return (
        each.rule, f"{burned.asked:g}", each.brands, burned.incidents, burned.false, burned.real, burned.unjudged,
        _percent(burned.used), None if between is None else f"{between[0]:.0%} to {between[1]:.0%}",
        _percent(burned.used_at_most),
    )  # fmt: skip


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"


def _plain(each: _Rule) -> dict[str, object]:
    burned = each.burn
    derived = {name: getattr(burned, name) for name in ("allowed", "used", "used_between", "used_at_most", "too_many")}
    knobs = {brand: {**asdict(knob), "threshold": knob.threshold} for brand, knob in each.knobs.items()}
    return {"rule": each.rule, "brands": each.brands, **asdict(burned), **derived, "thresholds": knobs}
