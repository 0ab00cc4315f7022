"""Every collector in the real stage: a dead source, a changed shape and a new field are told within two polls."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.clock import FakeClock
from monitor.pipeline import collect
from monitor.pipeline.program import Program, Source
from tests.collectors.case import NOW, Case, case_of, kinds, make
from tests.servers.loopback import Loopback, Reply
from tests.servers.troubles import UNKNOWN, _changed, _lists, unknown_fields
from tests.support.fakes import source_of

EVERY = timedelta(minutes=5)
_RENAMED = re.compile(rb"<(/?)(\w)").sub


@pytest.fixture(params=kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(kind: str, tmp_path: Path) -> Iterator[Case]:
    folder = tmp_path / "case"
    folder.mkdir()
    with case_of(kind, folder) as case:
        yield case


@pytest.fixture
def source(kind: str, case: Case, clock: FakeClock) -> Source:
    clock.at = NOW
    patient = {name: 30.0 for name in ("timeout", "idle_seconds") if name in case.options}  # a busy machine is no fault
    return replace(source_of(make(kind, case.options | patient), every=EVERY), query=case.query)


def states(program: Program, source: Source) -> set[str]:
    """What lasts, `blind` among it."""
    known, name = program.store.sources, source.name
    found = {each.state for each in known.states.lasting(name).get(name, [])}
    return found | ({"blind"} if known.health()[name].blind_since else set())


def poll(program: Program, source: Source, clock: FakeClock, times: int) -> None:
    for _ in range(times):
        clock.advance(EVERY)
        collect.run(program, source, now=clock.now())


def reshaped(reply: Reply) -> Reply:
    """Each row of each list in a wrapper that nobody knows."""

    def wrapped(value: object) -> object:
        return _lists(value, lambda rows: [{"version2": row} for row in rows])

    return _changed(reply, wrapped, lambda item: b"<item>" + _RENAMED(rb"<\1v2-\2", item[6:-7]) + b"</item>")


def web_of(case: Case) -> Loopback:
    if case.web is None:
        pytest.skip("no server whose answers can be changed")
    return case.web


def well_read(program: Program, source: Source, case: Case, clock: FakeClock, polls: int = 2) -> None:
    for _ in range(polls):
        case.publish(2)
        poll(program, source, clock, 1)


def test_a_source_that_is_well_is_in_no_state(program: Program, source: Source, case: Case, clock: FakeClock) -> None:
    well_read(program, source, case, clock)
    assert states(program, source) <= {"partial"}
    assert program.store.sources.polls.newest(source.name)


def test_a_source_that_cannot_be_read_is_blind_at_once(
    program: Program, source: Source, case: Case, clock: FakeClock
) -> None:
    if not case.faults:
        pytest.skip("nothing can fail here")
    well_read(program, source, case, clock)
    name, (_, break_it) = next(iter(case.faults.items()))
    break_it()
    poll(program, source, clock, 2)
    case.heal()
    assert {"blind", "unreadable"} & states(program, source), name


@pytest.mark.parametrize(("bend", "told"), [(reshaped, {"blind", "unreadable"}), (unknown_fields, {"new fields"})])
def test_answers_of_another_shape_are_told_within_two_polls(
    program: Program, source: Source, case: Case, clock: FakeClock, bend: Callable[[Reply], Reply], told: set[str]
) -> None:
    server = web_of(case)
    if bend is unknown_fields and case.unkept:
        pytest.skip(case.unkept)
    well_read(program, source, case, clock, polls=7 if bend is unknown_fields else 2)  # so long, and it is news
    assert not told & states(program, source)
    server.bend = bend
    case.publish(3)
    poll(program, source, clock, 2)
    assert told & states(program, source)
    if bend is unknown_fields:
        found = program.store.sources.states.lasting(source.name)[source.name]
        assert any(UNKNOWN in each.detail for each in found)
