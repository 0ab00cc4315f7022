"""Notices in words: what is put into the outbox, with its chart and its links. Reads the store, writes nothing.

Knows the templates and where charts and links come from; nothing of who is told, or when.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from monitor.alerting.group_message import SHOWN, Entry
from monitor.alerting.grouping import Batch, newest
from monitor.analysis import slices
from monitor.analysis.explanation import from_json
from monitor.domain import Alert, Chart, Incident, Link, Message, Notice
from monitor.errors import SettingsError
from monitor.pipeline import picture
from monitor.pipeline.program import Program

log = structlog.get_logger()


def message_of(program: Program, batch: Batch, at: datetime) -> tuple[int | None, Message]:
    """One alert as it is told, or many as a group; with the alert that the outbox should know it by."""
    last = newest(batch.notices)
    if len(last) == 1 and (whole := _alert(program, last[0])) is not None:
        try:
            return last[0].alert_id, _single(program, *whole, last[0], at)
        except SettingsError as error:  # a template that fails on this alert: few words are better than none
            log.error("a message cannot be written as its template says", reason=str(error))
    message = program.group_templates.group(
        batch.notices, entries(program, last[:SHOWN]), at=at, zone=zone_of(program, last)
    )  # fmt: skip
    return None, message


def _alert(program: Program, notice: Notice) -> tuple[Alert, Incident] | None:
    """An alert as it is stored; None where it cannot be read (a later program wrote it)."""
    text = program.store.notices.explanation(notice.alert_id)
    incident = program.store.incidents.get(notice.incident_id)
    if text is None or incident is None:
        return None
    try:
        explanation = from_json(text)
    except ValueError as error:
        log.warning("an alert cannot be read", alert=notice.alert_id, reason=str(error))
        return None
    alert = Alert(
        id=notice.alert_id, incident_id=notice.incident_id, phase=notice.phase, at=notice.at, explanation=explanation
    )
    return alert, replace(incident, severity=notice.severity)


def _single(program: Program, alert: Alert, incident: Incident, notice: Notice, at: datetime) -> Message:
    zone = program.settings.timezone_of(incident.brand)
    message = program.templates.message(
        alert, incident, receiver=notice.receiver, zone=zone, part=slices.label(notice.slice) or None, told=at
    )
    return replace(
        message, drill=incident.drill, links=_links(program, incident, notice.receiver, at),
        chart=_chart(program, incident, notice.at, zone),
    )  # fmt: skip


def _chart(program: Program, incident: Incident, at: datetime, zone: str) -> Chart | None:
    try:
        return picture.chart(program.store, incident, at=at, zone=zone)
    except (ValueError, ArithmeticError, LookupError) as error:  # a message is worth more than its picture
        log.warning("a chart cannot be made", incident=incident.id, reason=f"{type(error).__name__}: {error}")
        return None


def with_links(program: Program, message: Message, last: Sequence[Notice], receiver: str, at: datetime) -> Message:
    """With what a reader can do, where it is about one incident."""
    incident = program.store.incidents.get(last[0].incident_id) if len(last) == 1 else None
    return message if incident is None else replace(message, links=_links(program, incident, receiver, at))


def _links(program: Program, incident: Incident, receiver: str, at: datetime) -> tuple[Link, ...]:
    try:
        return program.links(incident, receiver, at)
    except SettingsError as error:  # a message is worth more than its links
        log.warning("links cannot be made", reason=str(error))
        return ()


def entries(program: Program, notices: Sequence[Notice]) -> list[Entry]:
    """The incidents that a message lists, with what their last alerts saw."""
    return list(_each_entry(program, notices))


def _each_entry(program: Program, notices: Sequence[Notice]) -> Iterator[Entry]:
    for each in notices:
        whole = _alert(program, each)
        if whole is not None:
            alert, incident = whole
            part = slices.label(each.slice) if each.slice else None
            yield Entry(
                notice=each, spike=alert.explanation.spike, opened_at=incident.opened_at, part=part,
                owner=incident.owner,
            )  # fmt: skip


def zone_of(program: Program, notices: Sequence[Notice]) -> str:
    """The zone of the brands, where they share one."""
    zones: Mapping[str, None] = dict.fromkeys(program.settings.timezone_of(each.brand) for each in notices)
    return next(iter(zones)) if len(zones) == 1 else "UTC"
