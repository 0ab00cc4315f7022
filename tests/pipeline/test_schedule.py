"""The scheduler: each source at its own time, one run at a time, a slow one delays no other, a stop is quick."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from monitor.analysis.budget import Caps
from monitor.clock import SystemClock
from monitor.domain import Cursor, Deletion, Page, Query
from monitor.errors import NotifierRefused, SourceDown, StoreFull
from monitor.pipeline import failpoints, score, tell
from monitor.pipeline.program import Program
from monitor.pipeline.schedule import Runner
from monitor.pipeline.tell import TellReport
from tests.store.test_outbox import message, spike
from tests.support.fakes import START, ListCollector, notifier_of, post, source_of

QUICK = timedelta(milliseconds=100)
LIMIT = 20.0  # seconds that a test waits for what must come


class Gate(ListCollector):
    """A collector that tells when it is asked, and answers when it may."""

    def __init__(self, name: str, *script: Page | Exception) -> None:
        super().__init__(name, list(script))
        self.asked = threading.Semaphore(0)
        self.free = threading.Event()
        self.inside = 0
        self.most = 0

    def pages(self, query: Query, since: Cursor | None, *, now: object) -> Iterator[Page]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.asked.release()
        assert self.free.wait(LIMIT)
        self.inside -= 1
        yield from super().pages(query, since, now=now)  # type: ignore[arg-type]


def opened(name: str, *script: Page | Exception) -> Gate:
    gate = Gate(name, *script)
    gate.free.set()
    return gate


@contextmanager
def running(program: Program) -> Iterator[Runner]:
    program.clock = SystemClock()
    settings = program.settings
    program.settings = replace(settings, schedule=settings.schedule.model_copy(update={"work_every": QUICK}))
    runner = Runner(program)
    runner.start()
    try:
        yield runner
    finally:
        assert runner.stop()


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does, and fail when it does not come."""
    end = time.monotonic() + LIMIT
    pause = threading.Event()
    while not true():
        assert time.monotonic() < end, "it never came"
        pause.wait(0.01)


def asked(gate: Gate, times: int) -> None:
    for _ in range(times):
        assert gate.asked.acquire(timeout=LIMIT), f"{gate.name} was not asked"


def test_everything_runs_at_once_and_then_again_and_again(program: Program) -> None:
    source = opened("x", Page(mentions=(post(1),)))
    program.sources = (source_of(source, every=QUICK),)
    with running(program):
        asked(source, 3)
        until(lambda: program.store.scores.pending_count() == 0)
    assert program.store.mentions.count() == 1


def test_a_post_goes_all_the_way_to_the_receiver(program: Program) -> None:
    then = SystemClock().now() - timedelta(minutes=20)
    posts = tuple(post(n, f"Nimbus is bad {n}", at=then, author=f"a{n}", known_at=then) for n in range(9))
    program.sources = (source_of(opened("x", Page(mentions=posts)), every=QUICK),)
    program.settle = timedelta(0)
    with running(program):
        until(lambda: bool(notifier_of(program).sent))
    assert "Nimbus" in notifier_of(program).sent[0].title


def test_a_slow_source_delays_no_other_and_is_never_asked_twice_at_once(program: Program) -> None:
    slow, quick = Gate("slow"), opened("quick")
    program.sources = (source_of(slow, every=QUICK), source_of(quick, every=QUICK))
    with running(program) as runner:
        asked(slow, 1)
        asked(quick, 5)
        until(lambda: runner.skipped.get("collect slow", 0) >= 2)
        assert slow.inside == 1
        slow.free.set()
        asked(slow, 2)
    assert slow.most == 1


@pytest.mark.parametrize("error", [SourceDown("x: no answer."), ZeroDivisionError("a fault")])
def test_a_source_that_fails_is_asked_again_and_delays_no_other(program: Program, error: Exception) -> None:
    failing, quick = opened("failing", error), opened("quick")
    program.sources = (source_of(failing, every=QUICK), source_of(quick, every=QUICK))
    with running(program):
        asked(failing, 3)
        asked(quick, 3)
    assert program.store.sources.health()["failing"].failures >= 2
    assert program.store.sources.health()["quick"].failures == 0


def test_a_source_that_is_held_back_for_money_is_told_of_with_the_reason(program: Program) -> None:
    capped = replace(source_of(opened("x"), every=QUICK), caps=Caps(daily=0.0))
    program.sources = (capped,)
    with capture_logs() as said, running(program):
        until(lambda: any(line["event"] == "collected" for line in said))
    line = next(line for line in said if line["event"] == "collected")
    assert (line["log_level"], line["error"]) == ("warning", None)
    assert "$0.00 of the day's $0.00 is spent" in line["held"]


def test_a_full_disk_is_told_and_tried_again(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception] = []

    def fail(*_: object, **__: object) -> None:
        monkeypatch.undo()
        raise StoreFull("the disk is full")

    monkeypatch.setattr(program.store.mentions, "upsert", fail)
    source = opened("x", Page(mentions=(post(1),)))
    program.sources = (source_of(source, every=QUICK),)
    program.clock = SystemClock()
    runner = Runner(program, failed=told.append)
    runner.start()
    try:
        until(lambda: program.store.mentions.count() == 1)
    finally:
        assert runner.stop()
    assert [str(error) for error in told] == ["the disk is full"]


def test_a_stop_ends_between_pages_within_five_seconds_and_a_new_start_goes_on_there(program: Program) -> None:
    pages = [Page(mentions=(post(n),), cursor=Cursor(str(n))) for n in range(50)]
    here, on = threading.Event(), threading.Event()

    def pause() -> None:
        here.set()
        assert on.wait(LIMIT)

    program.sources = (source_of(opened("x", *pages), every=QUICK),)
    program.clock = SystemClock()
    runner = Runner(program)
    failpoints.arm("collect.committed", pause)
    runner.start()
    assert here.wait(LIMIT)
    threading.Timer(0.2, on.set).start()
    began = time.monotonic()
    assert runner.stop()
    assert time.monotonic() - began < 5
    failpoints.disarm()
    assert program.store.mentions.count() < 50
    assert program.store.sources.cursor("x") is not None
    with running(program):
        until(lambda: program.store.mentions.count() == 50)


def test_a_stop_does_not_wait_for_a_source_that_hangs(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.pipeline.schedule.PATIENCE", timedelta(milliseconds=200))
    hanging = Gate("hanging")
    program.sources = (source_of(hanging, every=QUICK),)
    program.clock = SystemClock()
    runner = Runner(program)
    runner.start()
    asked(hanging, 1)
    assert not runner.stop(), "it says so"
    hanging.free.set()
    until(lambda: not runner._running)


def test_nothing_begins_after_a_stop(program: Program) -> None:
    source = opened("x")
    program.sources = (source_of(source, every=QUICK),)
    with running(program) as runner:
        asked(source, 1)
    runner._guarded("late", lambda: pytest.fail("it ran"))
    assert not runner._running


class Asked(Gate):
    """A collector that is asked about its posts as well."""

    recheck_every = QUICK
    recheck_batch = 10

    def __init__(self, name: str, *script: Page | Exception) -> None:
        super().__init__(name, *script)
        self.questions = 0

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: object) -> Iterator[Page]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.questions += 1
        yield Page(deletions=(Deletion(platform="list", native_id="1"),), checked=ids)
        self.inside -= 1


def test_posts_are_asked_about_again_beside_the_polls_and_never_at_the_same_time(program: Program) -> None:
    posts = tuple(post(number, platform="list") for number in range(2))
    source, other = Asked("x", Page(mentions=posts)), opened("y")
    program.sources = (source_of(source, every=QUICK), source_of(other, every=QUICK))
    with running(program):
        asked(source, 1)  # it holds the turn
        asked(other, 5)
        assert source.questions == 0
        source.free.set()
        until(lambda: source.questions >= 3)
    assert source.most == 1
    assert program.store._connection.rows("select count(*) from mentions where deleted_at is null") == [(1,)]


def test_what_was_erased_is_not_left_in_the_log_while_the_program_runs(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.pipeline.schedule.FOLD_EVERY", QUICK)
    with program.store.transaction():
        program.store.mentions.upsert([post(1, "Nimbus zanzibar")], [("Nimbus",)], source="x", now=START)
        program.store.mentions.delete([Deletion(platform="x", native_id="1")], now=START)
    files = list(program.store.path.parent.glob("monitor.db*"))
    with running(program):
        until(lambda: all(b"zanzibar" not in file.read_bytes() for file in files))


def test_messages_that_an_earlier_run_left_in_the_middle_are_carried(program: Program) -> None:
    store = program.store
    store._connection.execute("pragma foreign_keys = off")
    store.outbox.put(1, "console", message(), due=START)
    assert store.outbox.claim("console", now=START)
    with running(program):
        until(lambda: bool(notifier_of(program).sent))
    assert notifier_of(program).sent[0].repeat


def test_a_receiver_that_fails_is_told_of(program: Program) -> None:
    store = program.store
    store.detection.add_spikes([spike()])
    ((number, fired),) = store.detection.pending_spikes()
    alert_id = store.incidents.add_alert(store.incidents.open(fired), number, fired, '{"top_posts":[]}')
    store.outbox.put(alert_id, "console", message(), due=START)
    notifier_of(program).errors = [NotifierRefused("console: no such room.")]
    with capture_logs() as said, running(program):
        until(lambda: any(line["event"] == "not delivered" for line in said))
    (line,) = [line for line in said if line["event"] == "not delivered"]
    assert (line["log_level"], line["error"], line["given_up"]) == ("warning", "console: no such room.", 1)


def test_a_stage_that_fails_stops_no_other(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault")

    def telling(*_: object, **__: object) -> TellReport:
        told.set()
        return TellReport()

    monkeypatch.setattr(score, "run", broken)
    monkeypatch.setattr(tell, "run", telling)
    with running(program) as runner:
        assert told.wait(LIMIT)
        assert not runner.well()
