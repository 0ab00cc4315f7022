"""Telling: at once, once, together, and to the end; what is held back is told later or not at all, and never lost."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerting.calendars import Calendar, Span
from monitor.alerting.inhibition import Inhibition
from monitor.alerting.routing import About, Route
from monitor.alerting.silences import Matchers, Silence
from monitor.analysis.explanation import from_json
from monitor.clock import parse
from monitor.domain import Chart, Incident, Link, MessageKind, Phase
from monitor.errors import InputError, SettingsError, StoreFull
from monitor.pipeline import alert, deliver, failpoints, people, picture, tell
from monitor.pipeline.program import Program
from tests.support.alerts import HOUR, MINUTE, Desk
from tests.support.fakes import START, ListNotifier, notifier_of

NIGHT = Calendar(name="night", week=dict.fromkeys(range(7), (Span(0, 7 * 60), Span(22 * 60, 24 * 60))))
REMINDING = Route(receivers=("console",), repeat=4 * HOUR)
EVENING = START + timedelta(hours=23)
MORNING = START + timedelta(hours=31)


@pytest.fixture
def desk(program: Program) -> Desk:
    return Desk(program)


def silence(program: Program, since: timedelta, until: timedelta, **matchers: object) -> int:
    return program.store.silences.add(
        Matchers(**matchers).plain(),  # type: ignore[arg-type]
        since=START + since, until=START + until, by="Ada", why="known fault", now=START + since,
    )  # fmt: skip


# At once, and once


def test_the_first_alert_is_told_at_once_and_alone(desk: Desk) -> None:
    desk.fire()
    assert desk.tell(START) == tell.TellReport(messages=1, told=1)
    (message,) = desk.said()
    assert (message.kind, message.brand, message.severity) == (MessageKind.ALERT, "Nimbus", "low")
    assert desk.states() == [("console", "told")]


def test_telling_again_tells_nobody_again(desk: Desk) -> None:
    desk.fire()
    desk.tell(START)
    assert desk.tell(START + MINUTE) == tell.TellReport()
    assert len(desk.said()) == 1


def test_an_alert_of_the_same_group_waits_for_the_interval_and_one_of_another_does_not(desk: Desk) -> None:
    incident = desk.fire()
    desk.tell(START)
    desk.fire(severity="medium", at=START + MINUTE, phase=Phase.WORSENED, incident=incident)
    desk.fire("Cirrus", at=START + MINUTE)
    assert desk.tell(START + MINUTE).messages == 1
    assert desk.tell(START + 4 * MINUTE).messages == 0
    assert desk.tell(START + 5 * MINUTE).messages == 1
    assert [title.partition(":")[0] for title in desk.titles()] == ["Nimbus", "Cirrus", "Nimbus"]
    assert "getting worse" in desk.titles()[-1]


def test_what_waits_for_the_same_interval_leaves_as_one_message(desk: Desk) -> None:
    desk.program.routes = (Route(receivers=("console",), group_by=()),)
    desk.fire("Nimbus")
    desk.tell(START)
    for minute, brand in enumerate(("Cirrus", "Altus", "Castell"), 1):
        desk.fire(brand, "high" if brand == "Castell" else "low", at=START + minute * MINUTE)
    desk.tell(START + 5 * MINUTE)
    group = desk.said()[-1]
    assert (group.kind, group.severity, group.brand) == (MessageKind.GROUP, "high", "")
    assert group.title == "Several brands: 3 incidents, the gravest is high"
    assert group.body.splitlines()[0].startswith("1. Castell, high, new: 31 negative posts")
    assert [state for _, state in desk.states()] == ["told"] * 4


def test_several_alerts_of_one_incident_read_as_the_last_of_them(desk: Desk) -> None:
    incident = desk.fire()
    desk.fire(severity="high", at=START + HOUR, phase=Phase.WORSENED, incident=incident)
    desk.tell(START + HOUR)
    (title,) = desk.titles()
    assert "getting worse" in title
    assert title.endswith("(high)")


def test_a_worse_incident_is_told_to_those_who_hear_of_grave_ones_only(desk: Desk) -> None:
    desk.program.receivers["pager"] = ListNotifier("pager")
    desk.program.routes = (
        Route(receivers=("pager",), severity="high", continue_=True), Route(receivers=("console",)),
    )  # fmt: skip
    incident = desk.fire()
    desk.tell(START)
    assert desk.titles("pager") == []
    desk.fire(severity="high", at=START + HOUR, phase=Phase.WORSENED, incident=incident)
    desk.tell(START + HOUR)
    assert len(desk.titles("pager")) == 1
    assert len(desk.titles("console")) == 2


# The end


def test_the_end_is_told_to_everyone_who_was_told_and_to_nobody_else(desk: Desk) -> None:
    desk.program.receivers["pager"] = ListNotifier("pager")
    desk.program.routes = (Route(receivers=("console",)),)
    incident = desk.fire()
    desk.tell(START)
    desk.program.routes = (Route(receivers=("pager",)),)
    desk.close(incident, at=START + HOUR)
    desk.tell(START + HOUR)
    assert ["back to usual" in title for title in desk.titles("console")] == [False, True]
    assert desk.titles("pager") == []


def test_the_end_is_told_during_a_silence_and_in_quiet_hours(desk: Desk) -> None:
    desk.program.calendars = {"night": NIGHT}
    desk.program.routes = (Route(receivers=("console",), quiet="night", urgent="never"),)
    incident = desk.fire(at=START + 12 * HOUR)
    desk.tell(START + 12 * HOUR)
    silence(desk.program, 13 * HOUR, 48 * HOUR)
    desk.close(incident, at=EVENING)
    desk.tell(EVENING)
    assert "back to usual" in desk.titles()[-1]


def test_an_incident_that_began_and_ended_while_nobody_looked_is_told_once(desk: Desk) -> None:
    """The program was down, or the alerts came in one go: it is late, and it is still news."""
    incident = desk.fire()
    desk.close(incident, at=START + HOUR)
    assert desk.tell(START + 2 * HOUR).messages == 1
    assert "back to usual" in desk.titles()[0]
    assert [state for _, state in desk.states()] == ["told", "told"]


def test_what_a_person_calls_over_is_told_once_to_everyone_who_was_told(desk: Desk) -> None:
    incident = desk.fire()
    desk.tell(START)
    desk.fire("Cirrus", at=START + MINUTE)
    assert "called over" in people.resolve(
        desk.program.store, incident.id, by="Ada", now=START + HOUR, why="a planned test, see <!here>"
    )
    desk.program.store.incidents.resolve(2, START + HOUR, by="Ada", why="nobody was told")
    assert desk.tell(START + HOUR).messages == 2, "the end of one, and the other, late and over"
    assert desk.tell(START + 2 * HOUR).messages == 1, "its end"
    assert desk.tell(START + 9 * HOUR).messages == 0, "no reminder either"
    message = desk.said()[1]
    assert message.title == "Nimbus: called over by Ada after 1 h"
    assert "<!here>" not in message.body


@pytest.mark.parametrize("told_first", [True, False])
def test_who_hears_that_a_person_called_it_over_does_not_hear_of_the_end_again(desk: Desk, told_first: bool) -> None:
    store = desk.program.store
    incident = desk.fire()
    desk.tell(START)
    people.resolve(store, incident.id, by="Ada", now=START + HOUR, why="a planned test")
    if told_first:
        desk.tell(START + HOUR)
    opened = from_json(store.incidents.explanations(1)[0]).spike
    store.detection.add_spikes([replace(opened, phase=Phase.CLOSED, fired_at=START + 2 * HOUR)])
    alert.run(desk.program, now=START + 2 * HOUR)
    desk.tell(START + 2 * HOUR)
    assert [title.partition(": ")[2][:11] for title in desk.titles()] == ["31 negative", "called over"]


# Held back


def test_a_silenced_alert_says_until_when_and_by_whom(desk: Desk) -> None:
    silence(desk.program, -HOUR, 2 * HOUR, brands=("nimbus",))
    desk.fire()
    desk.fire("Cirrus")
    desk.tell(START)
    assert [title.partition(":")[0] for title in desk.titles()] == ["Cirrus"]
    assert desk.reasons()[0] == "silenced until 2026-03-02T02:00:00Z by Ada (silence 1): known fault"
    assert desk.states()[0] == ("console", "held")


def test_a_silence_that_ends_while_the_incident_fires_tells_then(desk: Desk) -> None:
    silence(desk.program, -HOUR, 2 * HOUR)
    desk.fire()
    assert desk.tell(START + 2 * HOUR - MINUTE).messages == 0
    assert desk.tell(START + 2 * HOUR).messages == 1


def test_a_silence_that_a_person_ends_tells_at_once(desk: Desk) -> None:
    number = silence(desk.program, -HOUR, 90 * HOUR)
    desk.fire()
    desk.tell(START)
    assert desk.program.store.silences.end(number, by="Bo", now=START + MINUTE)
    assert desk.tell(START + MINUTE).messages == 1
    assert not desk.program.store.silences.end(number, by="Bo", now=START + MINUTE)


def test_an_incident_that_ends_while_it_is_held_back_is_never_told_and_is_counted(desk: Desk) -> None:
    silence(desk.program, -HOUR, 2 * HOUR)
    incident = desk.fire()
    desk.tell(START)
    desk.close(incident, at=START + HOUR)
    desk.tell(START + HOUR)
    desk.tell(START + 9 * HOUR)
    assert desk.said() == []
    assert [state for _, state in desk.states()] == ["passed", "passed"]
    assert desk.reasons() == ["it was over before it could be told", "they were not told that it began"]
    assert desk.program.store.notices.untold(START, START + 10 * HOUR) == {"Nimbus": 1}
    assert desk.program.store.notices.untold(START + 10 * HOUR, START + 20 * HOUR) == {}


def test_a_silence_of_the_settings_file_works_as_one_that_a_person_added(desk: Desk) -> None:
    desk.program.silences = (
        Silence(matchers=Matchers(severity="low"), since=START, until=START + HOUR, by="Ada", why="campaign"),
    )
    desk.fire()
    desk.fire("Cirrus", "medium")
    desk.tell(START)
    assert [title.partition(":")[0] for title in desk.titles()] == ["Cirrus"]
    assert "a silence of alerts.toml" in desk.reasons()[0]


def test_a_silence_of_one_incident_from_its_message_mutes_what_gets_worse_and_not_its_end(desk: Desk) -> None:
    store = desk.program.store
    incident = desk.fire()
    desk.tell(START)
    said = tell.silence_incident(store, incident.id, hours=4, by="Ada", now=START + MINUTE)
    assert said == (
        "Incident 1 (Nimbus) is silenced until 2026-03-02T04:01:00Z by Ada; you still hear when it is over."
    )
    again = tell.silence_incident(store, incident.id, hours=4, by="Bo", now=START + MINUTE)
    assert again == "Incident 1 (Nimbus) is silenced already, by Ada until 2026-03-02T04:01:00Z."
    desk.fire(severity="high", at=START + HOUR, phase=Phase.WORSENED, incident=incident)
    assert desk.tell(START + HOUR).messages == 0
    desk.close(incident, at=START + 2 * HOUR)
    desk.tell(START + 2 * HOUR)
    assert "back to usual" in desk.titles()[-1]
    assert [event.kind for event in store.incidents.history(incident.id)][:2] == ["opened", "silenced"]
    over = tell.silence_incident(store, incident.id, hours=4, by="Ada", now=START + 3 * HOUR)
    assert over == "Incident 1 (Nimbus) is over already, since 2026-03-02T02:00:00Z."


@pytest.mark.parametrize(
    ("number", "hours", "by", "words"),
    [(7, 4, "Ada", "no incident 7"), (1, 0, "Ada", "0 hours"), (1, 1e9, "Ada", "at most 720"), (1, 4, " ", "who you")],
)
def test_a_silence_that_cannot_be_is_refused(desk: Desk, number: int, hours: float, by: str, words: str) -> None:
    desk.fire()
    with pytest.raises(InputError, match=words):
        tell.silence_incident(desk.program.store, number, hours=hours, by=by, now=START)


def test_quiet_hours_let_grave_ones_through_and_tell_the_rest_when_they_end(desk: Desk) -> None:
    desk.program.calendars = {"night": NIGHT}
    desk.program.routes = (Route(receivers=("console",), quiet="night", repeat=timedelta(0)),)
    desk.fire(at=EVENING)
    desk.fire("Cirrus", "high", at=EVENING)
    desk.tell(EVENING)
    assert [title.partition(":")[0] for title in desk.titles()] == ["Cirrus"]
    assert desk.reasons()[0] == 'quiet hours "night" until 2026-03-03T07:00:00Z'
    desk.tell(MORNING - MINUTE)
    assert len(desk.said()) == 1
    desk.tell(MORNING)
    assert [title.partition(":")[0] for title in desk.titles()] == ["Cirrus", "Nimbus"]


def test_what_gets_grave_in_quiet_hours_is_told_and_takes_what_was_held_along(desk: Desk) -> None:
    desk.program.calendars = {"night": NIGHT}
    desk.program.routes = (Route(receivers=("console",), quiet="night", repeat=timedelta(0)),)
    incident = desk.fire(at=EVENING)
    desk.tell(EVENING)
    desk.fire(severity="high", at=EVENING + MINUTE, phase=Phase.WORSENED, incident=incident)
    desk.tell(EVENING + MINUTE)
    desk.tell(MORNING)
    assert len(desk.said()) == 1
    assert [state for _, state in desk.states()] == ["told", "told"]


def test_a_graver_incident_mutes_milder_ones_until_it_is_over(desk: Desk) -> None:
    desk.program.inhibitions = (Inhibition(brands=("Nimbus",), muted_brands=("Cirrus",)),)
    grave = desk.fire("Nimbus", "high")
    desk.tell(START)
    desk.fire("Cirrus", "low", at=START + HOUR)
    desk.fire("Altus", "low", at=START + HOUR)
    desk.tell(START + HOUR)
    assert [title.partition(":")[0] for title in desk.titles()] == ["Nimbus", "Altus"]
    assert "inhibited by incident 1 of Nimbus, which is high" in desk.reasons()
    desk.close(grave, at=START + 2 * HOUR)
    desk.tell(START + 2 * HOUR)
    assert sorted(title.partition(":")[0] for title in desk.titles()[2:]) == ["Cirrus", "Nimbus"]


def test_a_drill_mutes_nothing_and_is_muted_by_nothing_that_burns(desk: Desk) -> None:
    desk.program.inhibitions = (Inhibition(muted_brands=("*",)),)
    desk.fire("Nimbus", "high")
    desk.fire("Nimbus (drill 1)", "low", drill=True)
    assert desk.tell(START).messages == 2
    desk.program.inhibitions = (Inhibition(),)
    desk.fire("Cirrus (drill 2)", "high", drill=True)
    desk.fire("Cirrus", "low")
    assert desk.tell(START).messages == 2


# Reminders


def test_people_are_reminded_of_what_nobody_has_until_somebody_has_it(desk: Desk) -> None:
    desk.program.routes = (REMINDING,)
    incident = desk.fire()
    desk.tell(START)
    assert desk.tell(START + 4 * HOUR - MINUTE).messages == 0
    assert desk.tell(START + 4 * HOUR) == tell.TellReport(messages=1, reminders=1)
    assert desk.tell(START + 8 * HOUR).reminders == 1
    reminder = desk.said()[-1]
    assert reminder.kind is MessageKind.REMINDER
    assert reminder.title == "Nimbus: still firing after 8 h, and nobody has it (low)"
    desk.program.store.incidents.acknowledge(incident.id, START + 9 * HOUR, by="Ada")
    assert desk.tell(START + 99 * HOUR) == tell.TellReport()


def test_a_reminder_of_what_was_given_to_somebody_says_to_whom(desk: Desk) -> None:
    desk.program.routes = (REMINDING,)
    incident = desk.fire()
    desk.tell(START)
    people.assign(desk.program.store, incident.id, by="Ada", owner="Kim", now=START)
    desk.tell(START + 4 * HOUR)
    assert desk.titles()[-1] == "Nimbus: still firing after 4 h, and Kim has not acknowledged it (low)"


def test_nobody_is_reminded_of_what_is_over_or_silenced_or_never_to_be_repeated(desk: Desk) -> None:
    desk.program.routes = (REMINDING,)
    over, silenced = desk.fire(), desk.fire("Cirrus")
    desk.program.routes = (Route(receivers=("console",), repeat=timedelta(0)),)
    desk.fire("Altus")
    desk.tell(START)
    desk.close(over, at=START + HOUR)
    desk.tell(START + HOUR)
    tell.silence_incident(desk.program.store, silenced.id, hours=6, by="Ada", now=START + HOUR)
    assert desk.tell(START + 5 * HOUR).reminders == 0
    assert desk.tell(START + 7 * HOUR).reminders == 1
    assert desk.titles()[-1].startswith("Cirrus: still firing")


def test_reminders_that_are_due_together_are_one_message(desk: Desk) -> None:
    desk.program.routes = (REMINDING,)
    for brand in ("Nimbus", "Cirrus", "Altus"):
        desk.fire(brand)
    desk.tell(START)
    assert desk.tell(START + 4 * HOUR).messages == 1
    assert desk.titles()[-1] == "Several brands: 3 incidents still fire, and nobody has acknowledged them"


# Storms


def test_a_handful_of_groups_leave_one_by_one_and_more_leave_as_one(desk: Desk) -> None:
    for number in range(5):
        desk.fire(f"Brand {number}")
    assert desk.tell(START).messages == 5
    for number in range(5, 30):
        desk.fire(f"Brand {number}", at=START + MINUTE)
    assert desk.tell(START + MINUTE).messages == 1
    assert desk.titles()[-1] == "Several brands: 25 incidents, the gravest is low"
    assert "… and 15 more." in desk.said()[-1].body
    desk.fire("Late", at=START + 2 * MINUTE)
    assert desk.tell(START + 5 * MINUTE).messages == 0
    assert desk.tell(START + 6 * MINUTE).messages == 1
    assert desk.titles()[-1].startswith("Late: ")


@pytest.mark.parametrize(("alerts", "brands", "messages"), [(10_000, 4, 4), (500, 500, 1)])
def test_ten_thousand_alerts_in_a_minute_are_one_message_for_each_group_and_all_are_in_the_store(
    desk: Desk, alerts: int, brands: int, messages: int
) -> None:
    """Promise 10, and it takes seconds. Of more groups than a handful, one message tells."""
    with desk.program.store.transaction():  # one commit: what is measured is the telling
        opened: dict[str, Incident] = {}
        for number in range(alerts):
            brand, at = f"Brand {number % brands}", START + number * timedelta(milliseconds=6)
            if brand in opened:
                desk.fire(brand, at=at, phase=Phase.WORSENED, incident=opened[brand], rule=f"rule {number}")
            else:
                opened[brand] = desk.fire(brand, at=at, rule=f"rule {number}")
    began = time.perf_counter()
    assert desk.tell(START + MINUTE) == tell.TellReport(messages=messages, told=alerts)
    assert time.perf_counter() - began < 10
    assert desk.tell(START + 2 * MINUTE).messages == 0
    store = desk.program.store
    assert store._connection.rows("select state, count(*) from notices group by state") == [("told", alerts)]
    assert store._connection.one("select count(*) from alerts") == (alerts,)
    if messages == 1:
        assert desk.titles() == ["Several brands: 500 incidents, the gravest is low"]
        assert "… and 490 more." in desk.said()[0].body


# What must not get lost


def test_notices_of_a_receiver_that_is_no_more_are_marked_and_said(desk: Desk) -> None:
    desk.fire()
    del desk.program.receivers["console"]
    report = desk.tell(START)
    assert report.errors == ("console: alerts.toml names it no more; what waited is marked.",)
    assert desk.states() == [("console", "gone")]
    assert desk.reasons() == ['there is no receiver "console" in alerts.toml any more']


@pytest.mark.parametrize("place", ["tell.written", "tell.committed"])
def test_an_end_anywhere_loses_nothing_and_doubles_nothing(desk: Desk, place: str) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    desk.fire()
    desk.fire("Cirrus")
    failpoints.arm(place, fail)
    with pytest.raises(StoreFull):
        desk.tell(START)
    failpoints.disarm()
    desk.tell(START)
    assert sorted(title.partition(":")[0] for title in desk.titles()) == ["Cirrus", "Nimbus"]
    assert [state for _, state in desk.states()] == ["told", "told"]


def test_asked_to_stop_it_leaves_the_rest_for_later(desk: Desk) -> None:
    desk.fire()
    assert tell.run(desk.program, now=START, stop=lambda: True) == tell.TellReport()
    assert desk.states() == [("console", "waiting")]


def test_a_message_of_one_alert_is_kept_under_it_so_that_what_it_quotes_can_be_taken_back(desk: Desk) -> None:
    desk.fire()
    desk.tell(START)
    assert desk.program.store._connection.rows("select alert_id, group_key from outbox") == [(1, "brand=Nimbus")]


def test_a_drill_is_told_apart_from_what_is_real(desk: Desk) -> None:
    desk.program.routes = (Route(receivers=("console",), group_by=()),)
    desk.fire()
    desk.fire("Nimbus (drill 1)", drill=True)
    desk.tell(START)
    assert [message.drill for message in desk.said()] == [False, True]


def test_a_drill_follows_the_routes_of_its_brand(desk: Desk) -> None:
    desk.program.routes = (Route(receivers=("console",), brands=("nimbus",)),)
    desk.fire("Nimbus (drill 1)", drill=True)
    desk.fire("Cirrus (drill 2)", drill=True)
    assert desk.tell(START).messages == 1


def test_an_alert_that_cannot_be_read_is_told_in_the_few_words_that_are_known(desk: Desk) -> None:
    desk.fire()
    desk.program.store._connection.execute("update alerts set explanation = json_set(explanation, '$.version', 999)")
    desk.tell(START)
    assert desk.titles() == ["Nimbus: 1 incident, the gravest is low"]


def test_a_template_or_a_key_that_fails_keeps_no_message_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise SettingsError("no")

    desk.fire()
    desk.fire("Cirrus")
    monkeypatch.setattr(type(desk.program), "links", broken)
    desk.tell(START)
    monkeypatch.setattr(type(desk.program.templates), "message", broken)
    desk.fire("Altus", at=START + HOUR)
    desk.tell(START + HOUR)
    assert [message.links for message in desk.said()] == [(), (), ()]
    assert desk.titles()[-1] == "Altus: 1 incident, the gravest is low"


def test_what_cannot_be_written_for_one_receiver_keeps_nothing_from_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise SettingsError("group.j2: no")

    desk.program.receivers["pager"] = ListNotifier("pager")
    desk.program.routes = (
        Route(receivers=("console",), group_by=(), continue_=True), Route(receivers=("pager",)),
    )  # fmt: skip
    desk.fire()
    desk.fire("Cirrus")
    monkeypatch.setattr(type(desk.program.group_templates), "group", broken)
    assert desk.tell(START).errors == ("console: group.j2: no",)
    assert len(desk.said("pager")) == 2
    monkeypatch.undo()
    desk.tell(START)
    assert len(desk.said("console")) == 1, "nothing was lost"


def test_a_chart_that_cannot_be_made_keeps_no_message_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    desk.fire()
    monkeypatch.setattr(picture, "chart", broken)
    desk.tell(START)
    assert [message.chart for message in desk.said()] == [None]


def test_a_message_of_one_alert_has_its_chart_its_links_and_its_part_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = Chart(title="t", unit="u", timezone="UTC", points=())
    link = Link(action="acknowledge", label="Acknowledge", url="https://monitor.example.org/act/x")
    monkeypatch.setattr(picture, "chart", lambda *_, **__: chart)
    monkeypatch.setattr(type(desk.program), "links", lambda *_: (link,))
    desk.program.routes = (REMINDING,)
    incident = desk.fire(slice_="touchpoint=delivery")
    desk.tell(START)
    desk.tell(START + 4 * HOUR)
    alert, reminder = desk.said()
    assert (alert.chart, alert.links, reminder.links) == (chart, (link,), (link,))
    assert "about delivery" in alert.title + alert.body
    assert reminder.facts["incidents"][0]["incident"] == incident.id  # type: ignore[index]


# In a replay


def test_a_replay_of_many_days_in_one_call_tells_what_was_told_live(desk: Desk) -> None:
    """Each at the moment at which it was due, though all is known at once."""
    desk.program.calendars = {"night": NIGHT}
    desk.program.routes = (Route(receivers=("console",), quiet="night"),)
    first = desk.fire(at=START + 12 * HOUR)
    desk.close(first, at=START + 15 * HOUR)
    second = desk.fire(at=EVENING)
    desk.close(second, at=MORNING + HOUR)
    third = desk.fire(at=EVENING + 48 * HOUR)
    desk.close(third, at=EVENING + 49 * HOUR)
    tell.run(desk.program, now=START + 99 * HOUR, event_time=True)
    assert ["back to usual" in title for title in desk.titles()] == [False, True, False, True]
    rows = desk.program.store._connection.rows("select due_at from outbox order by id")
    due = [row[0] / 3_600_000 - START.timestamp() / 3600 for row in rows]
    assert due == [12, 15, 31, 32]


def test_a_replay_tells_what_was_known_then_and_no_graver_than_it_was(desk: Desk) -> None:
    """What got grave in the night is told then, and not before, though all of it is in the store."""
    desk.program.calendars = {"night": NIGHT}
    desk.program.routes = (Route(receivers=("console",), quiet="night", repeat=timedelta(0)),)
    fire = desk.fire(at=EVENING)
    desk.fire(severity="high", at=EVENING + 2 * HOUR, phase=Phase.WORSENED, incident=fire)
    day = desk.fire("Cirrus", at=START + 12 * HOUR)
    desk.fire("Cirrus", "high", at=START + 14 * HOUR, phase=Phase.WORSENED, incident=day)
    tell.run(desk.program, now=EVENING + 3 * HOUR, event_time=True)
    rows = desk.program.store._connection.rows("select due_at, message ->> 'title' from outbox order by id")
    told = [(row[0] / 3_600_000 - START.timestamp() / 3600, row[1].rpartition(" ")[2]) for row in rows]
    assert told == [(12, "(low)"), (14, "(high)"), (25, "(high)")]


# Who would be told


def test_the_outlook_says_who_is_told_and_who_not_and_why(desk: Desk) -> None:
    program = desk.program
    program.receivers |= {"pager": ListNotifier("pager"), "mail": ListNotifier("mail"), "spare": ListNotifier("spare")}
    program.calendars = {"night": NIGHT}
    program.routes = (
        Route(receivers=("pager",), severity="high", continue_=True),
        Route(receivers=("console",), quiet="night"),
        Route(receivers=("mail",)),
    )
    about = About(brand="Nimbus", severity="low", rule="negative-spike")
    found, asked = tell.outlook(program, about, at=EVENING)
    told = {each.receiver: each for each in found}
    assert not told["console"].told
    assert told["console"].hold is not None
    assert told["console"].hold.reason.startswith('quiet hours "night"')
    assert told["pager"].reason == "route 1: severity low is milder than high"
    assert told["mail"].reason == "route 3: not asked, because route 2 fits and does not say continue"
    assert told["spare"].reason == "no route names it"
    assert [each.fits for each in asked] == [False, True, False]
    found, _ = tell.outlook(program, replace(about, severity="high"), at=parse("2026-03-02T12:00Z"))
    assert [each.receiver for each in found if each.told] == ["pager", "console"]


def test_what_is_told_is_delivered(desk: Desk) -> None:
    desk.fire()
    desk.tell(START)
    deliver.run(desk.program, now=lambda: START)
    assert [message.brand for message in notifier_of(desk.program).sent] == ["Nimbus"]
