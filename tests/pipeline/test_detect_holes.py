"""Detection while one of several sources is not heard: what a brand mostly depends on decides what calm is worth."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count as counting

import pytest

from monitor.clock import FakeClock
from monitor.domain import Page
from monitor.errors import SourceDown
from monitor.pipeline import detect, tick
from monitor.pipeline.program import Program
from tests.support.detection import at, count, recording
from tests.support.fakes import START, ListCollector, post, source_of

FIVE = timedelta(minutes=5)
Passes = Callable[..., None]
numbers = counting(1)


@pytest.fixture
def passes(program: Program, clock: FakeClock) -> Passes:
    """So many ticks of two sources: "main" with ten posts a poll, "side" with one; either can be dead."""
    sources = {"main": (ListCollector("main"), 10), "side": (ListCollector("side"), 1)}
    program.sources = tuple(source_of(collector) for collector, _ in sources.values())

    def run(times: int, *, bad: int = 0, side_bad: int = 0, dead: str = "") -> None:
        for _ in range(times):
            clock.advance(FIVE)
            at = clock.now() - FIVE / 2
            for name, (collector, good) in sources.items():
                unhappy = bad if name == "main" else side_bad
                texts = ["Nimbus is good"] * good + ["Nimbus is bad"] * unhappy
                posts = [post(number := next(numbers), f"{text} {number}", at=at) for text in texts]
                collector.script = [SourceDown(f"{name}: no answer.") if name == dead else Page(mentions=tuple(posts))]
            tick.run(program, now=clock.now())

    return run


def is_open(program: Program) -> bool:
    return program.store.incidents.open_for("too-many", "Nimbus") is not None


def test_an_incident_stays_open_while_the_source_that_brings_most_posts_is_dead(
    program: Program, passes: Passes
) -> None:
    passes(6)
    passes(3, bad=4)
    assert is_open(program)
    passes(20, dead="main")
    assert is_open(program), "the other source's few posts say nothing of what most people write"
    passes(20)
    assert not is_open(program)


def test_a_dead_source_that_brings_little_holds_up_no_incident(program: Program, passes: Passes) -> None:
    passes(6)
    passes(3, bad=4)
    assert is_open(program)
    passes(20, dead="side")
    assert not is_open(program)


def test_what_the_other_source_hears_can_still_open_an_incident(program: Program, passes: Passes) -> None:
    passes(6)
    passes(3, dead="main")
    assert not is_open(program)
    passes(3, dead="main", side_bad=4)
    assert is_open(program)


def test_what_known_people_add_in_a_hole_is_counted(program: Program) -> None:
    """Who was counted as a mention already, and is unhappier now, adds to the negatives alone."""
    detector = recording(program, most=3.0)
    program.sources = (source_of(ListCollector("x")),)
    program.store.sources.states.open("x", "unreadable", START, "")
    count(program, (0, 0, 1.0, 0.0), (3, 3, 0.0, 0.75))
    detect.run(program, now=at(5))
    assert detector.of() == [(0, 1.0, 0.0), (3, 0.0, 0.75)]
