"""Alerting: a spike becomes an alert and its messages in one transaction, explained by what was known."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from models import Reader, Router
from monitor.alerting.calendars import Calendar, Span
from monitor.alerting.routing import Route
from monitor.analysis.explanation import from_json
from monitor.clock import FakeClock
from monitor.domain import Deletion, Explanation, Phase, Spike, shadow_of
from monitor.errors import StoreFull
from monitor.pipeline import alert, explain, failpoints, people, tell
from monitor.pipeline.alert import AlertReport
from monitor.pipeline.program import Program
from monitor.pipeline.tick import score_pending
from monitor.settings import Settings
from monitor.store import Store
from tests.support.fakes import START, ListNotifier, WordScorer, feeling, post, small_program

HOUR = timedelta(hours=1)
CANARY = "zanzibar-canary-7741"


def spike(phase: Phase = Phase.OPENED, hours: float = 1, brand: str = "Nimbus", severity: str = "low") -> Spike:
    return Spike(
        brand=brand, rule="rule", phase=phase, fired_at=START + HOUR * hours, onset=START, window=HOUR, observed=9.0,
        expected=1.0, mentions=12.0, probability=0.001, score=2.0, severity=severity,
    )  # fmt: skip


def fire(program: Program, *spikes: Spike) -> AlertReport:
    program.store.detection.add_spikes(spikes)
    return alert.run(program, now=START + 10 * HOUR)


def fire_and_tell(program: Program, *spikes: Spike) -> None:
    """One after another, each told before the next one fires."""
    for each in spikes:
        program.store.detection.add_spikes([each])
        alert.run(program, now=each.fired_at)
        tell.run(program, now=each.fired_at + HOUR / 2)


def keep_scored(program: Program, *texts: str, known: timedelta = timedelta(0)) -> None:
    posts = [post(f"{known}-{n}", text, at=START + timedelta(minutes=n)) for n, text in enumerate(texts)]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * len(posts), source="test", now=START + known)
    score_pending(program, now=START + known)


def titles(program: Program) -> list[str]:
    rows = program.store._connection.rows("select message from outbox order by id")
    return [json.loads(text)["title"] for (text,) in rows]


def test_an_episode_is_one_incident_that_opens_worsens_and_ends(program: Program) -> None:
    told = fire(
        program, spike(), spike(Phase.WORSENED, 2, severity="high"), spike(Phase.CLOSED, 5), spike(hours=9),
    )  # fmt: skip
    assert told == AlertReport(opened=2, updated=1, resolved=1, messages=4)
    first, second = program.store.incidents.all()
    assert (first.status.value, first.severity, first.resolved_at) == ("resolved", "high", START + 5 * HOUR)
    assert (second.status.value, second.opened_at) == ("firing", START + 9 * HOUR)
    events = [(each.kind, each.actor) for each in program.store.incidents.history(first.id)]
    assert events == [(kind, "monitor") for kind in ("opened", "worsened", "left", "resolved")]


def test_each_step_of_an_episode_is_told(program: Program) -> None:
    fire_and_tell(program, spike(), spike(Phase.WORSENED, 2, severity="high"), spike(Phase.CLOSED, 5), spike(hours=9))
    said = titles(program)
    assert len(said) == 4
    assert ["getting worse" in title for title in said] == [False, True, False, False]
    assert "back to usual" in said[2]


def test_posts_that_no_model_may_judge_are_no_part_of_an_explanation(program: Program) -> None:
    program._router = Router(Reader(WordScorer, ["en"]))
    keep_scored(
        program, "Nimbus is bad", "Nimbus ist leider sehr schlecht, mein Paket fehlt.", "Nimbus is good, really"
    )
    fire(program, spike())
    ((text,),) = program.store._connection.rows("select explanation from alerts")
    found = from_json(text)
    assert (found.authors, found.unhappy_authors, found.model) == (2, 1, "words@1")
    assert found.negative_share == pytest.approx(
        (feeling("Nimbus is bad").negative + feeling("Nimbus is good, really").negative) / 2
    )


def test_an_alert_of_which_no_post_could_be_judged_is_told_without_shares(program: Program) -> None:
    program._router = Router(Reader(WordScorer, ["en"]))
    keep_scored(program, "Nimbus ist leider sehr schlecht, mein Paket fehlt.")
    assert fire(program, spike()).messages == 1
    ((text,),) = program.store._connection.rows("select explanation from alerts")
    assert (from_json(text).negative_share, from_json(text).model) == (None, None)


def test_running_again_tells_nobody_again(program: Program) -> None:
    fire_and_tell(program, spike())
    assert alert.run(program, now=START + 11 * HOUR) == AlertReport()
    assert fire(program, spike()) == AlertReport()
    tell.run(program, now=START + 2 * HOUR)
    assert len(titles(program)) == 1


def test_the_end_of_what_never_began_is_left_alone(program: Program) -> None:
    assert fire(program, spike(Phase.CLOSED)) == AlertReport(ignored=1)
    assert program.store.detection.pending_spikes() == []


class Silent:
    """A detector that measures and calls nobody."""

    alarm = False


def test_what_a_rule_without_alarm_finds_is_kept_and_makes_no_incident(program: Program) -> None:
    (rule,) = program.rules
    program.rules = (replace(rule, name="level", detector=Silent()),)  # type: ignore[arg-type]
    assert fire(program, replace(spike(), rule="level")) == AlertReport(kept=1)
    assert program.store.incidents.all() == []
    assert program.store.detection.pending_spikes() == []


def test_one_fire_is_one_incident_whatever_rule_and_part_speak_of_it(program: Program) -> None:
    part = replace(spike(hours=1.5), slice="touchpoint=delivery")
    fire(program, spike(), part, replace(spike(hours=2), rule="share"), spike(Phase.CLOSED, 3))
    (incident,) = program.store.incidents.all()
    assert incident.status.value == "firing"
    assert program.store.incidents.speaking(incident.id) == {("rule", "touchpoint=delivery"), ("share", "")}
    fire(program, replace(spike(Phase.CLOSED, 4), slice=part.slice))
    assert fire(program, replace(spike(Phase.CLOSED, 5), rule="share")) == AlertReport(resolved=1, messages=1)
    assert [each.kind for each in program.store.incidents.history(incident.id)] == [
        "opened", "joined", "joined", "left", "left", "left", "resolved",
    ]  # fmt: skip


def test_a_spike_shortly_after_the_end_opens_the_incident_again_and_is_told_once(program: Program) -> None:
    fire_and_tell(program, spike(), spike(Phase.CLOSED, 3), spike(hours=4), spike(Phase.CLOSED, 6))
    (incident,) = program.store.incidents.all()
    assert (incident.status.value, incident.reopened_at) == ("resolved", START + 4 * HOUR)
    said = titles(program)
    assert len(said) == 4
    assert "here again" in said[2]


def test_who_had_an_incident_has_it_still_when_it_opens_again(program: Program) -> None:
    fire(program, spike())
    people.acknowledge(program.store, 1, by="ana", now=START + 2 * HOUR)
    fire(program, spike(Phase.CLOSED, 3), spike(hours=4))
    incident = program.store.incidents.get(1)
    assert incident is not None
    assert (incident.status.value, incident.owner, incident.resolved_at) == ("acknowledged", "ana", None)


def test_the_rehearsal_of_a_brand_is_an_incident_of_its_own_and_says_so(program: Program) -> None:
    fire(program, spike())
    fire(program, spike(hours=2, brand=shadow_of("Nimbus", 1)))
    assert [each.drill for each in program.store.incidents.all()] == [False, True]


def test_brands_have_incidents_of_their_own(program: Program) -> None:
    fire(program, spike(), spike(brand="Cirrus"))
    assert {incident.brand for incident in program.store.incidents.all()} == {"Nimbus", "Cirrus"}


@pytest.mark.parametrize("place", ["alert.decided", "alert.rows_written"])
def test_an_alert_and_its_messages_are_one_transaction(program: Program, place: str) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    failpoints.arm(place, fail)
    with pytest.raises(StoreFull):
        fire(program, spike())
    failpoints.disarm()
    assert program.store.incidents.all() == []
    assert program.store.outbox.waiting() == {}
    assert alert.run(program, now=START) == AlertReport(opened=1, messages=1)


def test_an_alert_is_explained_by_the_posts_that_were_known_when_it_fired(program: Program) -> None:
    keep_scored(program, "Nimbus is bad", "Nimbus is bad and slow")
    keep_scored(program, "Nimbus is bad again", known=2 * HOUR)
    fire(program, spike())
    ((_, _, _, _, text),) = program.store.incidents.alerts()
    explained = from_json(text)
    assert {each.mention.text for each in explained.top_posts} == {"Nimbus is bad", "Nimbus is bad and slow"}
    assert (explained.authors, explained.unhappy_authors, explained.model) == (2, 2, "words@1")


def test_every_receiver_of_the_routes_gets_a_message_with_a_key_of_its_own(program: Program) -> None:
    program.routes = (
        Route(receivers=("a", "b"), continue_=True), Route(receivers=("b", "c"), severity="high"),
    )  # fmt: skip
    program.receivers = {name: ListNotifier(name) for name in "abc"}
    fire_and_tell(program, spike(), spike(Phase.WORSENED, 2, severity="high"))
    rows = program.store._connection.rows("select receiver, key from outbox order by id")
    assert sorted(receiver for receiver, _ in rows) == ["a", "a", "b", "b", "c"]
    assert len({key for _, key in rows}) == 5


def test_a_spike_that_comes_to_be_known_days_later_is_kept_and_nobody_is_called(program: Program) -> None:
    program.store.detection.add_spikes([spike()])
    assert alert.run(program, now=START + 26 * HOUR) == AlertReport(opened=1)
    assert len(program.store.incidents.all()) == 1


def test_the_end_is_told_however_late_to_those_who_heard_of_the_beginning(program: Program) -> None:
    """The program was down for two days: those who were told wait for this word, and nobody else does."""
    fire_and_tell(program, spike())
    program.store.detection.add_spikes([spike(Phase.CLOSED, 5), spike(brand="Cirrus"),
                                        spike(Phase.CLOSED, 5, brand="Cirrus")])  # fmt: skip
    late = START + 50 * HOUR
    assert alert.run(program, now=late).messages == 1
    tell.run(program, now=late)
    assert [title.partition(":")[0] for title in titles(program)] == ["Nimbus", "Nimbus"]
    assert "back to usual" in titles(program)[1]


def test_a_replay_asks_routes_and_hours_about_the_time_of_each_spike(program: Program) -> None:
    """However much is known at once: a file's end says nothing of who was on duty when it fired."""
    fired, end = START + HOUR, START + 10 * HOUR
    program.calendars = {"early": Calendar(name="early", week=dict.fromkeys(range(7), (Span(0, 120),)))}
    program.receivers |= {name: ListNotifier(name) for name in ("duty", "team")}
    program.routes = (
        Route(receivers=("duty",), calendar="early"), Route(receivers=("team",)),
    )  # fmt: skip
    assert program.calendars["early"].contains(fired)
    assert not program.calendars["early"].contains(end)
    program.store.detection.add_spikes([spike()])
    assert alert.run(program, now=end, stale=None).messages == 1
    assert [each.receiver for each in program.store.notices.of_incident(1)] == ["duty"]


def test_asked_to_stop_it_leaves_the_rest_pending(program: Program) -> None:
    program.store.detection.add_spikes([spike(), spike(brand="Cirrus")])
    asked = iter([False, True])
    assert alert.run(program, now=START, stop=lambda: next(asked)) == AlertReport(opened=1, messages=1)
    assert len(program.store.detection.pending_spikes()) == 1


def test_an_alert_nobody_is_told_of_is_kept(program: Program) -> None:
    program.routes = ()
    assert fire(program, spike()) == AlertReport(opened=1)
    assert len(program.store.incidents.all()) == 1


def test_the_same_spikes_give_the_same_messages_at_any_later_time(
    program: Program, settings: Settings, tmp_path: Path
) -> None:
    with Store(tmp_path / "other.db") as store:
        other = small_program(settings, store, FakeClock(START + 20 * HOUR))
        for each in (program, other):
            keep_scored(each, "Nimbus is bad", "Nimbus is bad and slow")
        fire_and_tell(program, spike(), spike(Phase.CLOSED, 3))
        fire_and_tell(other, spike())
        fire_and_tell(other, spike(Phase.CLOSED, 3))
        said = [each.store._connection.rows("select message, key from outbox order by id") for each in (program, other)]
    assert said[0] == said[1]


def test_what_an_alert_and_its_message_quote_of_a_post_goes_when_the_post_is_deleted(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "db"
    with Store(folder / "monitor.db") as store:
        program = small_program(settings, store, FakeClock(START))
        keep_scored(program, f"Nimbus is bad {CANARY}", "Nimbus is bad and slow")
        fire_and_tell(program, spike(), replace(spike(hours=2, severity="high"), rule="other rule"))
        before = titles(program)
        assert before
        with store.transaction():
            gone = Deletion(platform="x", native_id="0:00:00-0")
            assert store.mentions.delete([gone], now=START) == 1
        assert titles(program) == before
        for _, _, _, _, text in store.incidents.alerts():
            explained = from_json(text)
            assert sorted(each.mention.text for each in explained.top_posts) == ["", "Nimbus is bad and slow"]
            assert explained.unhappy_authors == 2
        item = store.outbox.claim("console", now=START + 99 * HOUR)
        assert item is not None
        assert "withdrawn" in item.message.body
    left = b"".join(file.read_bytes() for file in folder.iterdir())
    # The words that stand out are counts over many posts, and stay.
    assert f"bad {CANARY}".encode() not in left


def test_a_post_is_not_deleted_between_the_look_at_it_and_the_alert_that_quotes_it(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the alert would quote a post that is gone, and nothing would ever take the quote out."""
    keep_scored(program, "Nimbus is bad")
    deleting = threading.Thread(
        target=lambda: program.store.mentions.delete([Deletion(platform="x", native_id="0:00:00-0")], now=START)
    )
    look = explain.explained

    def slowly(program: Program, fired: Spike) -> Explanation:
        explanation = look(program, fired)
        deleting.start()
        deleting.join(0.2)
        return explanation

    monkeypatch.setattr(alert, "explained", slowly)
    fire(program, spike())
    deleting.join(20)
    assert program.store.proof.tombstones() == 1
    assert program.store.proof.leftovers().total == 0
