"""Find spikes in a file of counts: brand, bucket_start, mentions, negatives.

Knows the file format and the detectors by kind; no store and no model.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from monitor import plugins
from monitor.cli._common import (
    SHOWN_REJECTS,
    ConfigOption,
    counted,
    duration,
    named,
    new_app,
    progress,
    say_rejects,
    settings_of,
    talk,
)
from monitor.cli._rule_change import rule_of
from monitor.counts_file import Counts, read_counts, write_alerts, write_scores
from monitor.domain import Phase, Reading, Spike
from monitor.errors import InputError
from monitor.ports import Detector
from monitor.settings import RuleSettings, Settings

app = new_app()


@app.command()
def main(
    counts: Annotated[Path, typer.Argument(metavar="COUNTS.csv", help="brand,bucket_start,mentions,negatives.")],
    out: Annotated[Path | None, typer.Option("--out", help="ALERTS.csv; standard output if left out.")] = None,
    scores_out: Annotated[Path | None, typer.Option("--scores-out", help="SCORES.csv: one row an input row.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="A rule of alerts.toml; the first if left out.")] = None,
    cooldown: Annotated[str | None, typer.Option(help="Instead of the rule's own, as in 24h.")] = None,
    false_alarms: Annotated[
        float | None, typer.Option("--false-alarms", help="False alarms a brand and week, instead of the rule's own.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Find spikes in a file of counts: brand, bucket_start, mentions, negatives."""
    settings = settings_of(config)
    chosen = rule_of(settings, rule)
    out, scores_out = named(out, "--out"), named(scores_out, "--scores-out")
    detector = _detector(chosen, cooldown, false_alarms)
    read = read_counts(counts)
    spikes, readings = _inspect(detector, read, settings)
    say_rejects(list(read.rejects[:SHOWN_REJECTS]), len(read.rejects), str(counts))
    if scores_out is not None:
        write_scores(read, readings, scores_out)
    write_alerts(spikes, out)
    if read.rows and not read.series:
        raise InputError(f"{counts}: no row could be used. Each line needs brand,bucket_start,negatives.")
    opened = sum(spike.phase is Phase.OPENED for spike in spikes)
    talk.print(
        f"{counted(len(read.rows), 'row')}, {counted(len(read.series), 'brand')}:"
        f" {counted(opened, 'alert')} by the rule {chosen.name}.",
        markup=False,
    )


def _detector(rule: RuleSettings, cooldown: str | None, false_alarms: float | None) -> Detector:
    """The rule's detector, with what the command line says in place of its own options."""
    values = {name: getattr(rule.options, name) for name in rule.options.__dataclass_fields__}
    wanted = {
        "cooldown": None if cooldown is None else duration(cooldown, "--cooldown"),
        "false_alarms_per_week": false_alarms,
    }
    for name, value in wanted.items():
        if value is not None and name not in values:
            raise InputError(f'the rule "{rule.name}" ({rule.kind}) has no {name}.')
        values = {**values, name: value} if value is not None else values
    try:
        kind = plugins.load("detectors", rule.kind)
        detector: Detector = kind(rule.name, kind.Options(**values))
    except ValueError as error:
        raise InputError(str(error)) from error
    return detector


def _inspect(
    detector: Detector, read: Counts, settings: Settings
) -> tuple[list[Spike], dict[str, tuple[Reading, ...]]]:
    spikes: list[Spike] = []
    readings: dict[str, tuple[Reading, ...]] = {}
    with progress("inspecting", len(read.series)) as shown:
        for done, series in enumerate(read.series, 1):
            found = detector.inspect(replace(series, timezone=settings.timezone_of(series.brand)), None)
            spikes.extend(found.spikes)
            readings[series.brand] = found.readings
            shown(done)
    return sorted(spikes, key=lambda spike: (spike.fired_at, spike.brand)), readings
