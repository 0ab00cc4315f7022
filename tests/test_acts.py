"""The door for links, over real HTTP on loopback: what it shows, what it does, what it keeps to itself."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from monitor import acts, hooks
from monitor.acts import A_MINUTE, LONGEST_BODY, Desk
from monitor.cli.run import served
from monitor.clock import FakeClock, parse
from monitor.domain import Incident, IncidentStatus
from monitor.errors import StoreFull
from monitor.links import ACTIONS, LABELS, VALID, Act, token

NOW = parse("2026-03-11T13:10:00Z")
KEY = b"k" * 32
OPEN = Incident(
    id=7, brand="Acme <b>", rule="spike", opened_at=NOW, onset=NOW, status=IncidentStatus.FIRING, severity="high"
)


class Fake:
    """Incidents in memory, and a note of all that was done to them."""

    def __init__(self) -> None:
        self.incidents = {7: OPEN}
        self.done: list[tuple[Act, str, datetime]] = []
        self.error: Exception | None = None

    def sentence(self, incident: Incident) -> str:
        return f"{incident.brand}: 41 negative posts in the last hour, 4.2 would be usual."

    def perform(self, act: Act, by: str, now: datetime) -> str:
        if self.error is not None:
            raise self.error
        self.done.append((act, by, now))
        self.incidents[7] = replace(self.incidents[7], owner=by, status=IncidentStatus.ACKNOWLEDGED)
        return f"{by} has it."


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


class Door:
    """The server, with what stands behind it."""

    def __init__(self, place: str, fake: Fake, clock: FakeClock) -> None:
        self.place, self.fake, self.clock = place, fake, clock

    def ask(self, method: str, path: str, body: str | bytes = "", **headers: str) -> Answer:
        line = HTTPConnection(self.place, timeout=10)
        try:
            line.request(method, path, body or None, {name.replace("_", "-"): text for name, text in headers.items()})
            response = line.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read().decode())
        finally:
            line.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Door]:
    fake, clock = Fake(), FakeClock(NOW)
    desk = Desk(
        incident=lambda number: fake.incidents.get(number),
        sentence=fake.sentence,
        perform=lambda act, by, now: fake.perform(act, by, now),
    )
    made = acts.routes(
        desk, key=lambda: KEY, clock=clock, public_url="https://monitor.example.org/base", bind="127.0.0.1:0"
    )
    doors = hooks.joined(hooks.routes({}, clock=clock), made)
    with served(doors, bind="127.0.0.1:0") as place:
        yield Door(place, fake, clock)


@pytest.fixture
def door(server: Door) -> Door:
    """The same server for all, each time with a fresh minute and nothing done."""
    server.fake.__init__()  # type: ignore[misc]
    server.clock.advance(timedelta(minutes=1))
    return server


def path_of(action: str = "acknowledge", *, incident: int = 7, key: bytes = KEY, until: datetime = NOW + VALID) -> str:
    return "/act/" + token(key, action, incident, "team", until=until)


@pytest.mark.parametrize("action", ACTIONS)
def test_opening_a_link_shows_what_would_happen_and_does_nothing(door: Door, action: str) -> None:
    answer = door.ask("GET", path_of(action))
    assert answer.status == 200
    assert LABELS[action] in answer.text
    assert acts.WOULD[action] in answer.text
    assert "41 negative posts in the last hour" in answer.text
    assert answer.text.count("<button") == 1
    assert door.fake.done == []


def test_only_pressing_the_button_acts_in_the_name_that_was_given(door: Door) -> None:
    answer = door.ask("POST", path_of(), urlencode({"name": "  Änne \u202e \x07 Müller  "}))
    ((act, by, at),) = door.fake.done
    assert (act.action, act.incident_id, by, at) == ("acknowledge", 7, "Änne Müller", door.clock.now())
    assert answer.status == 200
    assert '<h1 role="status">Änne Müller has it.</h1>' in answer.text
    assert "<button" not in answer.text


def test_without_a_name_it_is_done_in_the_name_of_the_receiver(door: Door) -> None:
    assert door.ask("POST", path_of()).status == 200
    assert [by for _, by, _ in door.fake.done] == ["team"]
    assert door.ask("POST", path_of(), urlencode({"name": "   "})).status == 200
    assert [by for _, by, _ in door.fake.done] == ["team", "team"]


def test_a_name_has_an_end(door: Door) -> None:
    door.ask("POST", path_of(), urlencode({"name": "x" * 3_000}))
    assert door.fake.done[0][1] == "x" * 60


def test_what_others_wrote_is_shown_and_never_run(door: Door) -> None:
    asked = door.ask("GET", path_of())
    done = door.ask("POST", path_of(), urlencode({"name": "<script>alert(1)</script>"}))
    assert "Acme &lt;b&gt;: 41" in asked.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; has it." in done.text
    assert "<script" not in asked.text + done.text


def test_a_page_may_load_and_run_nothing_and_is_kept_nowhere(door: Door) -> None:
    answer = door.ask("GET", path_of())
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert not re.search(r"(src|href)=|style=|url\(", answer.text)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_not_made_here_tells_nothing_of_any_incident(door: Door, method: str) -> None:
    known, unknown = path_of(key=b"x" * 32), path_of(incident=8, key=b"x" * 32)
    answers = [door.ask(method, path) for path in (known, unknown, "/act/nonsense", "/act/%00", "/act/%C3%A9")]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "not complete, or was not made here" in answers[0].text
    assert door.fake.done == []


def test_a_link_that_has_expired_says_so_and_does_nothing(door: Door) -> None:
    answer = door.ask("POST", path_of(until=NOW - timedelta(days=1)))
    assert answer.status == 410
    assert "expired: links work for 7 days" in answer.text
    assert door.fake.done == []


def test_what_is_not_kept_any_more_is_told(door: Door) -> None:
    answer = door.ask("GET", path_of(incident=8))
    assert (answer.status, "not kept any more" in answer.text) == (410, True)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_incident_that_is_over_can_be_judged_but_not_taken(door: Door, method: str) -> None:
    door.fake.incidents[7] = replace(OPEN, status=IncidentStatus.RESOLVED, resolved_at=NOW)
    for action in ("acknowledge", "silence", "assign"):
        answer = door.ask(method, path_of(action))
        assert "It is over" in answer.text
        assert "<button" not in answer.text
    assert door.fake.done == []
    assert door.ask("POST", path_of("false_alarm")).status == 200
    assert len(door.fake.done) == 1


def test_who_has_it_already_is_shown_before_the_button_is_pressed(door: Door) -> None:
    had = door.clock.now() - timedelta(minutes=3)
    door.fake.incidents[7] = replace(OPEN, owner="anna", real=False, acknowledged_at=had)
    text = door.ask("GET", path_of()).text
    assert "anna has it. Acknowledged 3 min ago. Somebody said that it was a false alarm." in text


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example", "[::2]", "monitor.example.org.evil"])
def test_a_door_that_is_called_by_another_name_is_closed(door: Door, host: str) -> None:
    answer = door.ask("POST", path_of(), Host=host)
    assert answer.status in (400, 421)
    assert door.fake.done == []


@pytest.mark.parametrize("host", ["monitor.example.org", "MONITOR.example.org:443", "localhost:8765", "[::1]:8765"])
def test_a_door_knows_its_own_names(door: Door, host: str) -> None:
    assert door.ask("GET", path_of(), Host=host).status == 200


def test_an_address_that_asks_too_often_waits_for_a_minute(door: Door) -> None:
    answers = [door.ask("GET", "/act/guess").status for _ in range(A_MINUTE + 1)]
    assert answers == [404] * A_MINUTE + [429]
    refused = door.ask("POST", path_of())
    assert (refused.status, refused.headers["retry-after"], door.fake.done) == (429, "60", [])
    door.clock.advance(timedelta(minutes=1))
    assert door.ask("GET", path_of()).status == 200


def test_a_form_that_is_too_large_or_too_full_does_nothing(door: Door) -> None:
    assert door.ask("POST", path_of(), "name=" + "x" * LONGEST_BODY).status == 413
    assert door.ask("POST", path_of(), "&".join(f"a{n}=1" for n in range(99))).status == 400
    assert door.fake.done == []


@pytest.mark.parametrize(
    ("error", "status"), [(StoreFull("no room in /secret/place"), 503), (ZeroDivisionError("x"), 500)]
)
def test_a_fault_behind_the_door_is_one_sentence_without_its_inside(door: Door, error: Exception, status: int) -> None:
    door.fake.error = error
    answer = door.ask("POST", path_of())
    assert answer.status == status
    assert "/secret/place" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_no_other_method_is_heard(door: Door, method: str) -> None:
    assert door.ask(method, path_of()).status == 405
    assert door.fake.done == []


def test_a_server_before_it_may_leave_the_path_of_the_public_address(door: Door) -> None:
    assert door.ask("GET", "/base" + path_of()).status == 200
    assert door.ask("GET", "/other" + path_of()).status == 404
