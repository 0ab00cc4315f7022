"""A drill: the real path from posts to the message and the answer; nothing of the brand changes, nothing is counted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.analysis.duplicates import copy_of
from monitor.analysis.explanation import from_json
from monitor.clock import FakeClock, floor
from monitor.domain import BUCKET, WHOLE, Page, Reading
from monitor.errors import InputError
from monitor.pipeline import alert, backtest, collect, detect, drill, drill_wait, explain, people, series, tick
from monitor.pipeline.program import Program
from monitor.store.drills import Drill
from tests.support.detection import FIVE, at, count
from tests.support.dumps import dump
from tests.support.fakes import START, ListCollector, notifier_of, post, source_of, threshold_rule

NOW = at(300) + timedelta(minutes=2)


@pytest.fixture
def watched(program: Program, clock: FakeClock) -> Program:
    """A program that has watched two brands for a day."""
    program.rules = (threshold_rule(brands=("Nimbus",)),)
    for brand in ("Nimbus", "Cirrus"):
        count(program, *((number, number, 2.0, 0.05) for number in range(300)), brand=brand)
    detect.run(program, now=NOW)
    clock.at = NOW
    return program


def begin(program: Program, *, posts: int = 40, brand: str = "Nimbus") -> Drill:
    return drill.start(program, brand, posts=posts, by="ana", seed=1, now=program.clock.now())


def work(program: Program, clock: FakeClock, minutes: float) -> None:
    """A running program, for some minutes."""
    for _ in range(int(minutes)):
        clock.advance(timedelta(minutes=1))
        for stage in tick.work(program, now=clock.now()):
            stage()
        drill_wait.carry(program)


def sleeper(clock: FakeClock) -> Callable[[float], None]:
    return lambda seconds: clock.advance(timedelta(seconds=30 * seconds))


def test_it_is_detected_told_and_acknowledged_and_each_time_is_kept(watched: Program, clock: FakeClock) -> None:
    begun = begin(watched)
    assert begun.shadow == "Nimbus (drill 1)"
    work(watched, clock, 12)
    (message,) = notifier_of(watched).sent
    assert message.drill
    assert "drill" in f"{message.title} {message.brand}".casefold()
    told = watched.store.drills.get(1)
    assert told is not None
    assert told.detected_at == floor(NOW, BUCKET) + BUCKET + watched.settle
    assert told.notified_at is not None
    assert timedelta(0) <= told.notified_at - told.detected_at <= timedelta(minutes=2)
    assert told.acknowledged_at is None
    assert told.incident_id is not None
    people.acknowledge(watched.store, told.incident_id, by="bo", now=clock.now())
    done = drill.end(watched, 1, by="ana", now=clock.now())
    assert (done.outcome, done.acknowledged_at, done.ended_at) == ("told", clock.now(), clock.now())
    assert (done.detected_at, done.notified_at) == (told.detected_at, told.notified_at)


def test_it_takes_no_longer_than_what_is_said_at_its_start(watched: Program, clock: FakeClock) -> None:
    need = drill.expected(watched, now=clock.now())
    assert (need.bucket, need.settle) == (timedelta(minutes=3), timedelta(minutes=5))
    begin(watched)
    clock.advance(need.total)
    for stage in tick.work(watched, now=clock.now()):
        stage()
    found = watched.store.drills.get(1)
    assert found is not None
    assert found.detected_at is not None


def test_nothing_of_the_real_brand_changes(watched: Program, clock: FakeClock) -> None:
    """A program in which there is a drill, and one in which there is none, know the same of the brand in the end."""
    before = real_rows(watched)
    begin(watched)
    assert real_rows(watched) == before
    count(watched, *((number, number, 3.0, 0.1) for number in range(302, 330)))
    work(watched, clock, 20)
    drill.end(watched, 1, by="ana", now=clock.now())
    watched.store.sources.health()
    kept = watched.store.detection.state("too-many", "Nimbus")
    assert kept is not None
    again = backtest.spikes_of(watched, watched.rules, "Nimbus", kept[0])
    assert again == []
    assert [each for each in watched.store.incidents.all() if not each.drill] == []


def real_rows(program: Program) -> dict[str, list[str]]:
    tables = dump(program.store.path)
    return {name: [row for row in rows if "drill" not in row] for name, rows in tables.items()}


def test_at_its_end_only_its_marked_posts_and_its_incident_are_left(watched: Program, clock: FakeClock) -> None:
    rows = real_rows(watched)
    begin(watched)
    work(watched, clock, 12)
    drill.end(watched, 1, by="ana", now=clock.now())
    after = dump(watched.store.path)
    counted = ("tallies", "rollups", "states")
    assert {name: [row for row in after[name] if "drill" in row] for name in counted} == {name: [] for name in counted}
    assert {name: after[name] for name in ("tallies", "rollups")} == {
        name: rows[name] for name in ("tallies", "rollups")
    }
    assert watched.store.detection.brands() == ["Cirrus", "Nimbus"]
    assert list(watched.store.reports.mentions(brand=None, since=None, until=None)) == []


def test_while_it_is_under_way_no_export_holds_it(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    work(watched, clock, 3)
    assert list(watched.store.reports.mentions(brand=None, since=None, until=None)) == []
    trends = watched.store.reports.trends(brand=None, since=None, until=None, bucket=BUCKET)
    assert [row["brand"] for row in trends] == []


def test_what_becomes_known_of_the_brand_becomes_known_of_its_shadow(watched: Program) -> None:
    begin(watched)
    count(watched, (305, 305, 2.0, 1.0))
    count(watched, (305, 305, 3.0, 0.5), (304, 306, 1.0, 0.0))
    store = watched.store.detection
    since, until = START + 301 * FIVE, START + 400 * FIVE
    both = [store.tallies(brand, since, until, WHOLE) for brand in ("Nimbus", "Nimbus (drill 1)")]
    assert [replace(each, brand="") for each in both[0]] == [replace(each, brand="") for each in both[1]]
    assert [(each.mentions, each.negatives) for each in both[0]] == [(5.0, 1.5), (1.0, 0.0)]
    count(watched, (305, 305, 1.0, 0.0), brand="Cirrus")
    drill.end(watched, 1, by="ana", now=NOW)
    count(watched, (307, 307, 1.0, 0.0))
    assert store.tallies("Nimbus (drill 1)", START, until, WHOLE) == []


def test_where_no_program_runs_waiting_does_the_work_and_moves_no_real_brand(
    watched: Program, clock: FakeClock
) -> None:
    heads = watched.store.detection.state("too-many", "Nimbus")
    begin(watched)
    done = drill_wait.wait(watched, 1, limit=timedelta(minutes=30), sleep=sleeper(clock), alone=True)
    assert done.notified_at is not None
    assert len(notifier_of(watched).sent) == 1
    assert watched.store.detection.state("too-many", "Nimbus") == heads
    assert watched.rules[0].patterns == ("Nimbus",)


def test_waiting_beside_a_running_program_only_looks(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    done = drill_wait.wait(watched, 1, limit=timedelta(minutes=30), sleep=sleeper(clock), alone=False)
    assert (done.notified_at, notifier_of(watched).sent) == (None, [])
    assert clock.now() >= NOW + timedelta(minutes=30)


def test_too_few_posts_are_not_detected_and_that_is_its_outcome(watched: Program, clock: FakeClock) -> None:
    begin(watched, posts=1)
    work(watched, clock, 12)
    assert drill.end(watched, 1, by="ana", now=clock.now()).outcome == "not detected"
    assert drill.end(watched, 1, by="bo", now=clock.now()).outcome == "not detected", "once"


def test_after_its_end_its_alert_is_explained_as_before(watched: Program, clock: FakeClock) -> None:
    begun = begin(watched)
    part = Reading(start=floor(NOW, BUCKET), anomaly_score=0.4, expected=1.0)
    watched.store.detection.save_readings("too-many", begun.shadow, "platform=x", [part])
    work(watched, clock, 12)
    drill.end(watched, 1, by="ana", now=clock.now())
    stored = [from_json(each.explanation) for each in watched.store.incidents.alerts_of(1)]
    assert [len(each.near) for each in stored] == [1]
    assert [explain.again(watched, each).differs for each in stored] == [()]


def test_its_incident_is_closed_with_it(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    work(watched, clock, 12)
    drill.end(watched, 1, by="ana", now=clock.now())
    (incident,) = watched.store.incidents.all()
    assert (incident.drill, incident.resolved_at) == (True, clock.now())


def test_a_second_drill_is_detected_like_the_first(watched: Program, clock: FakeClock) -> None:
    for number in (1, 2):
        begin(watched)
        work(watched, clock, 12)
        assert drill.end(watched, number, by="ana", now=clock.now()).outcome == "told"
    assert [each.id for each in watched.store.drills.all()] == [2, 1]


@pytest.mark.parametrize(
    ("brand", "posts", "words"),
    [
        ("Nobody", 40, "nothing is known"),
        ("Cirrus", 40, "no rule of alerts.toml watches"),
        ("Nimbus (drill 1)", 40, "nothing is known"),
        ("Nimbus", 0, "between 1 and 500"),
        ("Nimbus", 501, "between 1 and 500"),
    ],
)
def test_what_would_prove_nothing_is_refused(watched: Program, brand: str, posts: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        begin(watched, brand=brand, posts=posts)
    assert watched.store.drills.all() == []


def test_a_brand_that_no_rule_has_inspected_is_refused(program: Program) -> None:
    count(program, (0, 0, 1.0, 0.0))
    with pytest.raises(InputError, match="no rule has inspected"):
        begin(program)


def test_one_at_a_time_and_none_during_a_real_incident(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    with pytest.raises(InputError, match="is under way"):
        begin(watched)
    drill.end(watched, 1, by="ana", now=clock.now())
    count(watched, *((number, number, 9.0, 9.0) for number in range(303, 306)))
    detect.run(watched, now=at(306))
    alert.run(watched, now=at(306))
    with pytest.raises(InputError, match="it is real"):
        begin(watched)


def test_a_drill_that_nobody_ended_ends_after_a_day(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    assert drill.end_old(watched, now=NOW + timedelta(hours=23)) == 0
    assert drill.end_old(watched, now=NOW + timedelta(hours=24)) == 1
    assert watched.store.drills.under_way() == []


def test_each_pass_ends_what_somebody_forgot_and_tells_its_end(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    work(watched, clock, 12)
    clock.advance(timedelta(days=1))
    tick.run(watched, now=clock.now())
    assert watched.store.drills.under_way() == []
    assert [(each.drill, each.title.startswith("DRILL")) for each in notifier_of(watched).sent] == [(True, True)] * 2
    begin(watched)
    clock.advance(timedelta(days=1))
    work(watched, clock, 1)
    assert [each.outcome for each in watched.store.drills.all()] == ["not detected", "told"]


def test_a_drill_hears_what_the_sources_of_its_brand_hear(watched: Program) -> None:
    watched.sources = (
        source_of(ListCollector("own"), brands=("Nimbus",)), source_of(ListCollector("other"), brands=("Cirrus",)),
    )  # fmt: skip
    deaf: dict[str, list[tuple[datetime, datetime | None]]] = {"own": [(START, None)], "other": []}
    assert [each.name for each in series.listening(watched, "Nimbus (drill 1)")] == ["own"]
    heard = [
        series.ears_of(watched, brand, deaf).holes(watched, brand, START, NOW)
        for brand in ("Nimbus", "Nimbus (drill 1)")
    ]
    assert heard[0] == heard[1]
    assert heard[0][0] != []


def test_the_invented_posts_are_so_many_stories_by_so_many_authors_within_one_bucket(watched: Program) -> None:
    for posts in (1, 40, 500):
        held = drill.invent(replace(begin_only(watched), posts=posts), now=NOW, seed=3)
        assert len({each.author.handle for each in held}) == posts
        assert len({name_of_words(each.text) for each in held}) == posts
        assert all(len(each.text.split()) < 12 for each in held), "longer ones would be taken for copies"
        assert {floor(each.published_at, BUCKET) for each in held} == {floor(NOW, BUCKET)}
        assert all(each.published_at <= NOW and "DRILL" in each.text for each in held)


def name_of_words(text: str) -> str:
    return copy_of(post(1, text)).text or text


def begin_only(program: Program) -> Drill:
    open_now = program.store.drills.under_way()
    return open_now[0] if open_now else begin(program)


def test_real_posts_are_read_on_during_a_drill(watched: Program, clock: FakeClock) -> None:
    begin(watched)
    real = tuple(post(n, f"Nimbus is bad {n}", at=NOW, author=f"real-{n}") for n in range(9))
    collect.run(watched, source_of(ListCollector("x", [Page(mentions=real)])), now=NOW)
    work(watched, clock, 12)
    found = {each.brand: each.drill for each in watched.store.incidents.all()}
    assert found == {"Nimbus": False, "Nimbus (drill 1)": True}
