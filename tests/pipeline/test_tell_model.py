"""Telling, whatever happens in whatever order: nobody is told twice, everybody hears the end, nothing is left over."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.calendars import Calendar, Span
from monitor.alerting.routing import Route
from monitor.alerting.silences import Matchers
from monitor.clock import FakeClock
from monitor.domain import Incident, MessageKind, Phase
from monitor.settings import Settings
from monitor.store import Store
from tests.support.alerts import MINUTE, Desk
from tests.support.fakes import START, ListNotifier, read_config, small_program, write_config

BRANDS = ("Nimbus", "Cirrus", "Altus")
QUIET = Calendar(name="quiet", week={0: (Span(60, 180), Span(240, 300))})
ROUTES = (
    Route(receivers=("duty",), severity="high", group_by=(), continue_=True),
    Route(receivers=("team",), quiet="quiet", urgent="high", group_by=("brand",), repeat=timedelta(hours=1)),
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["fire", "fire", "close", "silence", "tell", "acknowledge"]),
        st.sampled_from(BRANDS),
        st.sampled_from(["low", "medium", "high"]),
        st.integers(0, 40),  # minutes until then
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read_config(write_config(tmp_path_factory.mktemp("model") / "config"))


@dataclass
class World:
    """Acts on the program, as time goes by."""

    desk: Desk
    at: datetime = START
    open: dict[str, Incident] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    alerts: Counter[int] = field(default_factory=Counter)

    def act(self, what: str, brand: str, severity: str, minutes: int) -> None:
        self.at += minutes * MINUTE
        incident, store = self.open.get(brand), self.desk.program.store
        if what == "fire":
            phase = Phase.OPENED if incident is None else Phase.WORSENED
            self.open[brand] = self.desk.fire(
                brand, severity, at=self.at, phase=phase, incident=incident, rule=f"rule {self.alerts.total()}"
            )
            self.alerts[self.open[brand].id] += 1
        elif what == "close" and incident is not None:
            self.desk.close(self.open.pop(brand), at=self.at)
            self.closed.add(incident.id)
        elif what == "acknowledge" and incident is not None and incident.acknowledged_at is None:
            store.incidents.acknowledge(incident.id, self.at, by="Ada")
        elif what == "silence":
            matchers = Matchers(brands=(brand,), severity=severity).plain()
            until = self.at + timedelta(hours=1)
            store.silences.add(matchers, since=self.at, until=until, by="Ada", why="x", now=self.at)
        elif what == "tell":
            self.desk.tell(self.at)

    def wait(self) -> None:
        """Until nothing can hold anything back any more."""
        for _ in range(8):
            self.at += 60 * MINUTE
            self.desk.tell(self.at)


def heard(desk: Desk, receiver: str) -> tuple[Counter[int], Counter[int]]:
    """How often a receiver heard of each incident, reminders apart, and of its end."""
    told, ended = Counter[int](), Counter[int]()
    for message in desk.said(receiver):
        if message.kind is not MessageKind.REMINDER:
            facts = message.facts.get("incidents", [message.facts])
            for each in facts:  # type: ignore[attr-defined]
                told[each["incident"]] += 1
                ended[each["incident"]] += each["phase"] == "closed"
    return told, ended


@settings(max_examples=10, deadline=None)
@given(acts=ACTS)
def test_whatever_happens_everyone_is_told_once_and_to_the_end(
    small: Settings, acts: list[tuple[str, str, str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "monitor.db") as store:
        program = small_program(small, store, FakeClock(START))
        program.receivers = {"duty": ListNotifier("duty"), "team": ListNotifier("team")}
        program.routes, program.calendars = ROUTES, {"quiet": QUIET}
        world = World(Desk(program))
        for act in acts:
            world.act(*act)
        world.wait()
        assert {state for _, state in world.desk.states()} <= {"told", "passed"}, "something was left over"
        for receiver in ("duty", "team"):
            told, ended = heard(world.desk, receiver)
            for incident, times in told.items():
                assert times <= world.alerts[incident] + 1, "one message for each alert, and one for the end"
                assert ended[incident] == (incident in world.closed), "the end, once, to those who heard"
        assert {each.id for each in world.open.values()} <= set(heard(world.desk, "team")[0]), "what fires is told"
