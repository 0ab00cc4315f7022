"""The words of messages that tell of several alerts, and of reminders. `golden/` holds each as it must read."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerting.group_message import SHOWN, Entry, GroupTemplates
from monitor.clock import parse
from monitor.domain import Message, MessageKind, Notice, NoticeState, Phase, Spike
from monitor.errors import SettingsError

TEMPLATES = Path(__file__).parents[2] / "config" / "templates"
GOLDEN = Path(__file__).parent / "golden"
AT = parse("2026-03-11T13:10:00Z")
HOUR = timedelta(hours=1)


def entry(
    number: int, brand: str = "Acme", severity: str = "low", phase: Phase = Phase.OPENED, **more: object
) -> Entry:
    notice = Notice(
        id=number, alert_id=number, incident_id=number, receiver="team", group_key="all", state=NoticeState.WAITING,
        due_at=AT, quiet=None, urgent="high", wait=HOUR, repeat=HOUR, slice="", phase=phase, at=AT, brand=brand,
        rule="default", severity=severity, drill=bool(more.get("drill")),
    )  # fmt: skip
    spike = Spike(
        brand=brand, rule="default", phase=phase, fired_at=AT, onset=AT - HOUR, window=HOUR, observed=30.0 + number,
        expected=4.2, mentions=None, probability=1e-9, score=1.6, severity=severity,
    )  # fmt: skip
    part = more.get("part")
    return Entry(notice=notice, spike=spike, opened_at=AT - 3 * HOUR, part=str(part) if part else None)


THREE = [
    entry(1, "Acme", "high", Phase.WORSENED),
    entry(2, "Globex", "medium", part="about delivery"),
    entry(3, "Acme", "low", Phase.CLOSED),
]


def group(entries: list[Entry], listed: int = SHOWN) -> Message:
    notices = [each.notice for each in entries]
    return GroupTemplates(TEMPLATES).group(notices, entries[:listed], at=AT, zone="Europe/Berlin")


def reminder(entries: list[Entry]) -> Message:
    notices = [each.notice for each in entries]
    return GroupTemplates(TEMPLATES).reminder(notices, entries, at=AT, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("group_three", group(THREE)),
        ("group_many", group([entry(n, f"Brand {n}") for n in range(1, 31)], 3)),
        ("group_drill", group([entry(1, drill=True), entry(2, drill=True)])),
        ("group_over", group([entry(n, phase=Phase.CLOSED) for n in (1, 2)])),
        ("reminder_one", reminder(THREE[1:2])),
        ("reminder_three", reminder(THREE)),
    ],
)
def test_each_message_reads_as_it_should(name: str, message: Message) -> None:
    assert f"{message.title}\n\n{message.body}\n" == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_a_rehearsal_among_real_incidents_is_marked_in_its_line() -> None:
    for message in (reminder([entry(1), entry(2, drill=True)]), group([entry(1), entry(2, drill=True)])):
        assert "DRILL" not in message.title
        assert [line[:9] for line in message.body.splitlines() if "incident " in line] == ["1. Acme, ", "2. DRILL:"]


def test_ends_alone_are_told_as_ends() -> None:
    message = group([entry(n, f"Brand {n}", phase=Phase.CLOSED) for n in (1, 2)])
    assert message.title == "Several brands: 2 incidents are over"
    assert "begin with the first" not in message.body


def test_a_reminder_names_whom_it_was_given_to() -> None:
    one, two = (replace(each, owner="kim") for each in THREE[:2])
    assert "and kim has not acknowledged it" in reminder([one]).title
    assert reminder([one, two]).body.count("; kim has not acknowledged it") == 2


def test_a_message_says_what_it_is_and_how_grave() -> None:
    several, one = group(THREE), reminder(THREE[1:2])
    assert (several.kind, several.severity, several.brand) == (MessageKind.GROUP, "high", "")
    assert (one.kind, one.severity, one.brand) == (MessageKind.REMINDER, "medium", "Globex")
    assert group([entry(1, drill=True), entry(2, drill=True)]).drill


def test_the_key_is_of_the_alerts_and_the_receiver_whatever_their_order() -> None:
    same = group(THREE).key
    assert group(THREE[::-1]).key == same
    other = [replace(each, notice=replace(each.notice, receiver="duty")) for each in THREE]
    assert len({same, group(THREE[:2]).key, group(other).key, reminder(THREE).key}) == 4


def test_the_facts_are_json_and_bounded() -> None:
    facts = json.loads(json.dumps(group([entry(n) for n in range(1, 301)]).facts, allow_nan=False))
    assert (facts["count"], len(facts["incidents"])) == (300, 100)
    assert facts["incidents"][0] == {
        "incident": 1, "alert": 1, "brand": "Acme", "rule": "default", "slice": "", "phase": "opened",
        "severity": "low", "fired_at": "2026-03-11T13:10:00Z",
    }  # fmt: skip


def test_a_hostile_brand_and_part_are_made_harmless() -> None:
    said = group([entry(1, "@everyone <!here>", part="on [x](https://evil.example)"), entry(2)])
    text = said.title + said.body
    for acting in ("@everyone", "<!here>", "](https"):
        assert acting not in text


def test_a_template_that_cannot_be_filled_is_refused_at_the_start(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    (tmp_path / "templates" / "group.j2").write_text("{{ colour }}")
    with pytest.raises(SettingsError, match=r"group\.j2: 'colour' is undefined"):
        GroupTemplates(tmp_path / "templates")
    (tmp_path / "templates" / "group.j2").unlink()
    with pytest.raises(SettingsError, match=r"group\.j2 cannot be read"):
        GroupTemplates(tmp_path / "templates")
