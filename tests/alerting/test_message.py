"""The words that people get. `golden/` holds each message as it must read, letter for letter."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerting import sample
from monitor.alerting.message import Templates
from monitor.clock import parse
from monitor.domain import Alert, Author, Flood, Incident, Message, Phase
from monitor.errors import SettingsError

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "config" / "templates"
GOLDEN = Path(__file__).parent / "golden"
ZERO_WIDTH = "\u200b"


def message(alert: Alert, incident: Incident, zone: str = "Europe/Berlin", receiver: str = "mail") -> Message:
    return Templates(TEMPLATES).message(alert, incident, receiver=receiver, zone=zone)


def of_spike(alert: Alert, **changed: str) -> Alert:
    spike = replace(alert.explanation.spike, **changed)  # type: ignore[arg-type]
    return replace(alert, explanation=replace(alert.explanation, spike=spike))


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("known", ["full", "bare"])
def test_each_message_reads_as_it_should(phase: Phase, known: str) -> None:
    said = message(*(sample.alert if known == "full" else sample.bare)(phase))
    golden = (GOLDEN / f"{phase.value}_{known}.txt").read_text("utf-8")
    assert f"{said.title}\n\n{said.body}\n" == golden


def test_times_are_shown_in_the_zone_of_the_brand_across_a_clock_change() -> None:
    alert, incident = sample.alert()
    before, after = parse("2026-03-29T00:30:00Z"), parse("2026-03-29T01:30:00Z")
    spike = replace(alert.explanation.spike, fired_at=after)
    moved = replace(alert, at=after, explanation=replace(alert.explanation, spike=spike))
    body = message(moved, replace(incident, onset=before, opened_at=after)).body
    assert "alert: Sunday 29 March 2026, 03:30 (Europe/Berlin)" in body
    assert "Since: Sunday 01:30, 1 h before this alert" in body
    assert "Began: Sunday 29 March 2026, 01:30 (Europe/Berlin)" in body


@pytest.mark.parametrize("phase", [Phase.OPENED, Phase.WORSENED])
@pytest.mark.parametrize("known", ["full", "bare"])
def test_the_first_three_lines_say_since_when_how_sure_who_and_what_to_do(phase: Phase, known: str) -> None:
    said = message(*(sample.alert if known == "full" else sample.bare)(phase))
    assert said.title.startswith("Example: ")
    assert "31 negative posts in the last hour, 4.2 would be usual" in said.title
    since, who, to_do = said.body.splitlines()[:3]
    assert since.startswith("Since: Wednesday 13:00, ")
    assert "chance of so many, had nothing changed: less than 1 in 10,000" in since
    assert who.startswith("Unhappy authors: ")
    assert to_do.startswith("What to do: ")
    assert said.body.count("What to do") == 1


def test_who_has_a_worse_incident_is_named_in_what_to_do() -> None:
    alert, incident = sample.alert(Phase.WORSENED)
    assert "What to do: nobody has it" in message(alert, incident).body
    assert "What to do: ask kim, who has it" in message(alert, replace(incident, owner="kim")).body


def test_a_message_that_was_held_back_says_that_its_numbers_are_of_then() -> None:
    alert, incident = sample.alert()
    for later, told in (
        (timedelta(minutes=29), ""),
        (timedelta(hours=5), "This was held back for 5 h: the numbers are"),
    ):
        said = Templates(TEMPLATES).message(alert, incident, receiver="", zone="Europe/Berlin", told=alert.at + later)
        assert said.body.startswith(told or "Since: ")
    assert "of Wednesday 14:10." in said.body.splitlines()[0]


def test_an_onset_of_more_than_a_week_ago_is_said_with_its_date() -> None:
    alert, incident = sample.alert()
    body = message(alert, replace(incident, onset=incident.onset - timedelta(days=9))).body
    assert body.startswith("Since: Monday 2 March 2026, 13:00 (Europe/Berlin), 9 d")


def test_the_key_is_stable_and_differs_by_receiver_phase_time_incident_rule_and_part() -> None:
    alert, incident = sample.alert()
    same = message(alert, incident, zone="UTC").key
    assert same == message(alert, incident).key
    others = [
        message(alert, incident, receiver="pager").key,
        message(replace(alert, at=alert.at.replace(minute=59)), incident).key,
        message(replace(alert, phase=Phase.CLOSED), incident).key,
        message(replace(alert, incident_id=8), incident).key,
        *(message(of_spike(alert, **{name: "x"}), incident).key for name in ("rule", "slice")),
    ]
    assert len({same, *others}) == 7


def test_a_new_spike_during_an_open_incident_reads_as_worse() -> None:
    alert, incident = sample.alert()
    earlier = replace(incident, opened_at=sample.ONSET)
    assert "getting worse" in message(alert, earlier).title


def test_the_facts_are_json_and_tell_what_the_text_tells() -> None:
    alert, incident = sample.alert()
    facts = json.loads(json.dumps(message(alert, incident).facts, allow_nan=False))
    assert facts["phase"] == "opened"
    assert facts["fired_at"] == "2026-03-11T13:10:00Z"
    assert facts["window"] == 3600
    assert (facts["observed"], facts["expected"], facts["unhappy_authors"]) == (31.2, 4.2, 27)
    assert facts["terms"][0] == {"text": "parcel lost", "count": 14, "z": 5.1}
    assert facts["top_posts"][0]["url"] == "https://example.org/rosa/1"


HOSTILE = (
    "@everyone @channel <!here> <@U123> [win a prize](https://evil.example) "
    "\u202egnp.exe\x1b[2J ```code {{ 7 * 7 }} <https://evil.example|bank>\nsecond line"
)


def hostile() -> Message:
    alert, incident = sample.alert()
    post = alert.explanation.top_posts[0]
    mention = replace(
        post.mention,
        text=HOSTILE,
        author=Author(handle="@everyone\u202e\n1. forged line"),
        url="javascript:alert(1)",
    )
    explanation = replace(alert.explanation, top_posts=(replace(post, mention=mention),))
    return message(replace(alert, explanation=explanation), incident)


@pytest.mark.parametrize("acting", ["@everyone", "@channel", "<!here", "<@U", "](", "<https", "\u202e", "\x1b", "```"])
def test_a_strangers_text_pings_nobody_and_hides_nothing(acting: str) -> None:
    said = hostile()
    assert acting not in said.body
    assert acting not in said.title


def test_a_strangers_text_is_still_readable_on_one_line_and_no_template() -> None:
    (line,) = [line for line in hostile().body.splitlines() if line.startswith("1. ")]
    read = line.replace(ZERO_WIDTH, "")
    assert "@everyone @channel <!here> <@U123> [win a prize](https://evil.example) gnp.exe" in read
    assert "{{ 7 * 7 }}" in read
    assert "javascript:" not in read


def test_a_long_post_is_cut() -> None:
    alert, incident = sample.alert()
    post = alert.explanation.top_posts[0]
    long = replace(post, mention=replace(post.mention, text="lost parcel " * 2_000))
    said = message(replace(alert, explanation=replace(alert.explanation, top_posts=(long,))), incident)
    (line,) = [line for line in said.body.splitlines() if line.startswith("1. ")]
    assert len(line) < 350
    assert "…" in line


def test_few_voices_are_told_in_a_sentence_and_many_are_not() -> None:
    alert, incident = sample.alert()

    def lines(*floods: Flood) -> list[str]:
        body = message(replace(alert, explanation=replace(alert.explanation, floods=floods)), incident).body
        return [line for line in body.splitlines() if line.startswith("Few voices")]

    few, copies = Flood(posts=41, total=52, accounts=3), Flood(posts=38, total=52)
    assert lines() == []
    assert lines(few) == ["Few voices: 41 of 52 unhappy posts come from 3 accounts"]
    assert lines(few, copies) == [
        "Few voices: 41 of 52 unhappy posts come from 3 accounts; 38 of 52 unhappy posts are copies of one text"
    ]


def test_a_post_tells_how_often_it_was_copied_and_how_far_its_copies_reach_together() -> None:
    alert, incident = sample.alert()
    said = message(replace(alert, explanation=replace(alert.explanation, stories=())), incident)
    assert "copies by" not in said.body
    facts = json.loads(json.dumps(message(alert, incident).facts, allow_nan=False))
    assert facts["stories"] == [{"posts": 14, "authors": 14, "reach": 13_200, "platform": "x", "native_id": "1"}]
    assert facts["floods"] == [{"posts": 14, "total": 27, "accounts": None}]


def test_unknown_followers_are_left_out_and_never_nought() -> None:
    alert, incident = sample.alert()
    post = alert.explanation.top_posts[0]
    unknown = replace(post, mention=replace(post.mention, author=Author(handle="rosa"), url=None))
    body = message(replace(alert, explanation=replace(alert.explanation, top_posts=(unknown,))), incident).body
    assert '1. rosa on x: "Third week' in body


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("title\n{{ brnad }}", "'brnad' is undefined"),
        ("title\n{% if %}", "line 2"),
        ("title\n{{ 1 / 0 }}", "division by zero"),
        ("title\n{{ brand.nosuch.deeper }}", "nosuch"),
        ("title\n{{ ''.__class__.__mro__ }}", "unsafe"),
        ('title\n{% include "nowhere.j2" %}', "nowhere.j2"),
        ('title\n{% include "../../pyproject.toml" %}', "pyproject.toml"),
    ],
)
def test_a_template_with_a_mistake_is_refused_at_once_with_its_name(
    template: str, complaint: str, tmp_path: Path
) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    (tmp_path / "templates" / "worsened.j2").write_text(template, "utf-8")
    with pytest.raises(SettingsError, match=r"worsened\.j2") as refusal:
        Templates(tmp_path / "templates")
    assert complaint in str(refusal.value)


def test_a_missing_template_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"opened\.j2 cannot be read"):
        Templates(tmp_path)
