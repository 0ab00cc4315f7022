"""Writes what tells of several alerts at once, and what reminds people, from group.j2 and reminder.j2. Pure.

These messages quote no post, so that nothing in them has to be taken back. Knows no receiver's format or address.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.alerting import words
from monitor.alerting.grouping import newest
from monitor.alerting.plain_text import quoted
from monitor.alerting.severity import worst
from monitor.alerting.texts import Texts
from monitor.clock import iso, parse
from monitor.domain import Incident, IncidentStatus, Message, MessageKind, Notice, NoticeState, Phase, Spike, real_brand

SHOWN = 10  # incidents that a message lists; all are in the store
BRANDS = 10
FACTS = 100  # incidents of which the data are told
_STATES = {Phase.OPENED: "new", Phase.WORSENED: "worse", Phase.CLOSED: "over"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One incident as a message lists it: its last notice, and what the alert saw."""

    notice: Notice
    spike: Spike
    opened_at: datetime
    part: str | None  # the slice in words; None: the whole brand
    owner: str | None = None  # to whom it was given


class GroupTemplates:
    """The texts of messages that tell of several incidents.

    Each is tried on invented incidents at once, so that a mistake shows at the start and not in a crisis.
    Raises SettingsError, naming file and line, where one is missing, cannot be read, or cannot be filled.
    """

    def __init__(self, folder: Path) -> None:
        self._texts = Texts(folder, ["group", "reminder", "ended"])
        for entries in (_invented(2), _invented(1)):
            notices = [each.notice for each in entries]
            self.group(notices, entries, at=entries[0].notice.at, zone="UTC")
            self.reminder(notices, entries, at=entries[0].notice.at, zone="UTC")
        self.ended(_invented_end(), receiver="team", by="Ada", why="planned", zone="UTC")

    def group(self, notices: Sequence[Notice], entries: Sequence[Entry], *, at: datetime, zone: str) -> Message:
        """What a receiver is told of several alerts; `entries` are the incidents that are listed, gravest first.

        The same alerts give a receiver the same key each time, so that a repeat can be dropped.
        """
        key = _key("group", notices[0].receiver, (each.alert_id for each in notices))
        return self._message("group", MessageKind.GROUP, key, notices, entries, at=at, zone=zone)

    def reminder(self, notices: Sequence[Notice], entries: Sequence[Entry], *, at: datetime, zone: str) -> Message:
        """What reminds a receiver of incidents that nobody has."""
        key = _key(f"reminder {iso(at)}", notices[0].receiver, (each.incident_id for each in notices))
        return self._message("reminder", MessageKind.REMINDER, key, notices, entries, at=at, zone=zone)

    def ended(self, incident: Incident, *, receiver: str, by: str, why: str, zone: str) -> Message:
        """What a receiver is told of an incident that a person called over."""
        at = incident.resolved_at or incident.opened_at
        place = ZoneInfo(zone)
        lasted = words.length(at - incident.opened_at)
        names = {
            "brand": real_brand(incident.brand), "incident": incident.id, "rule": incident.rule,
            "severity": incident.severity, "drill": incident.drill, "by": quoted(by), "why": quoted(why),
            "at": words.moment(at, place), "opened": words.moment(incident.opened_at, place), "lasted": lasted,
        }  # fmt: skip
        title, body = self._texts.filled("ended", names)
        facts = {"incident": incident.id, "phase": Phase.CLOSED.value, "at": iso(at), "by": by, "why": why}
        return Message(
            key=_key(f"ended {iso(at)}", receiver, [incident.id]), title=title, body=body, severity=incident.severity,
            brand=incident.brand, facts=facts, drill=incident.drill,
        )  # fmt: skip

    def _message(
        self, name: str, kind: MessageKind, key: str, notices: Sequence[Notice], entries: Sequence[Entry],
        *, at: datetime, zone: str,
    ) -> Message:  # fmt: skip
        last = newest(notices)
        title, body = self._texts.filled(name, _names(last, entries, at, ZoneInfo(zone)))
        brands = {each.brand for each in last}
        return Message(
            key=key, title=title, body=body, severity=worst(*(each.severity for each in last)),
            brand=brands.pop() if len(brands) == 1 else "", facts=_facts(last, at), kind=kind,
            drill=all(each.drill for each in last),
        )  # fmt: skip


def _key(what: str, receiver: str, numbers: Iterable[int]) -> str:
    text = "\x00".join([what, receiver, *(str(number) for number in sorted(numbers))])
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _names(last: Sequence[Notice], entries: Sequence[Entry], at: datetime, zone: ZoneInfo) -> dict[str, object]:
    """Everything that a template may use; listed for readers at the top of group.j2."""
    brands = Counter(real_brand(each.brand) for each in last)
    shown = sorted(brands.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "brand": shown[0][0] if len(shown) == 1 else None,
        "brands": [(name, words.number(number)) for name, number in shown[:BRANDS]],
        "more_brands": words.number(len(shown) - BRANDS) if len(shown) > BRANDS else None,
        "count": words.number(len(last)),
        "severity": worst(*(each.severity for each in last)),
        "all_over": all(each.phase is Phase.CLOSED for each in last),
        "drill": all(each.drill for each in last),
        "zone": zone.key,
        "incidents": [_entry(each, at, zone) for each in entries],
        "more": words.number(len(last) - len(entries)) if len(last) > len(entries) else None,
    }


def _entry(entry: Entry, at: datetime, zone: ZoneInfo) -> Mapping[str, object]:
    notice, spike = entry.notice, entry.spike
    over = notice.phase is Phase.CLOSED
    return {
        "brand": real_brand(notice.brand),
        "drill": notice.drill,
        "incident": notice.incident_id,
        "rule": notice.rule,
        "part": entry.part,
        "severity": notice.severity,
        "state": _STATES[notice.phase],
        "owner": None if entry.owner is None else quoted(entry.owner, 60),
        "observed": words.number(spike.observed),
        "expected": words.number(spike.expected),
        "window": words.window(spike.window),
        "since": words.moment(spike.onset, zone),
        "at": words.moment(notice.at, zone),
        "open": words.length(at - entry.opened_at),
        "lasted": words.length(notice.at - entry.opened_at) if over else None,
    }


def _facts(last: Sequence[Notice], at: datetime) -> Mapping[str, object]:
    """The incidents as data: JSON values only, the gravest first, at most a hundred of them."""
    return {
        "at": iso(at),
        "count": len(last),
        "incidents": [
            {
                "incident": each.incident_id, "alert": each.alert_id, "brand": each.brand, "rule": each.rule,
                "slice": each.slice, "phase": each.phase.value, "severity": each.severity, "fired_at": iso(each.at),
            }
            for each in last[:FACTS]
        ],
    }  # fmt: skip


def _invented(count: int) -> tuple[Entry, ...]:
    """Incidents of nobody, to try the templates on."""
    at = parse("2026-03-11T13:10:00Z")
    return tuple(_invention(number, at) for number in range(1, count + 1))


def _invented_end() -> Incident:
    at = parse("2026-03-11T13:10:00Z")
    return Incident(
        id=1, brand="Example", rule="default", opened_at=at, onset=at, status=IncidentStatus.RESOLVED, severity="low",
        resolved_at=at + timedelta(hours=3),
    )  # fmt: skip


def _invention(number: int, at: datetime) -> Entry:
    hour = timedelta(hours=1)
    phase = Phase.OPENED if number == 1 else Phase.CLOSED
    notice = Notice(
        id=number, alert_id=number, incident_id=number, receiver="team", group_key="all", state=NoticeState.WAITING,
        due_at=at, quiet=None, urgent="high", wait=hour, repeat=hour, slice="", phase=phase, at=at,
        brand=f"Example {number}", rule="default", severity="low", over_at=None if number == 1 else at,
    )  # fmt: skip
    spike = Spike(
        brand=notice.brand, rule="default", phase=phase, fired_at=at, onset=at - hour, window=hour, observed=31.2,
        expected=4.2, mentions=None, probability=1e-9, score=1.6, severity="low",
    )  # fmt: skip
    return Entry(notice=notice, spike=spike, opened_at=at - hour, part=None if number == 1 else "about delivery")
