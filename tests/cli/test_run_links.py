"""`run` answers the links in messages: what a person does by one is done to the incident, in their name, once."""

import re
import signal
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import SystemClock
from monitor.domain import IncidentStatus, Link, Phase, Spike
from monitor.pipeline import alert
from monitor.pipeline.program import build
from monitor.settings import load
from monitor.store import Store

Runs = Callable[..., Any]
STOP = 5  # seconds
WEB = '\n[web]\nbind = "127.0.0.1:0"\npublic_url = "http://localhost"\n'


def with_links(folder: Path, more: str = "") -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write(WEB + more)


def alarmed(folder: Path) -> tuple[Link, ...]:
    """An open incident in the folder's database, and the links of a message that tells of it."""
    hour, clock = timedelta(hours=1), SystemClock()
    now = clock.now()
    spike = Spike(
        brand="Acme", rule="negative-spike", phase=Phase.OPENED, fired_at=now, onset=now - hour, window=hour,
        observed=41.0, expected=4.2, mentions=60.0, probability=1e-6, score=3.0, severity="high",
    )  # fmt: skip
    settings = load(folder / "config", only={"store.path": folder / "monitor.db"})
    with Store(folder / "monitor.db") as store:
        program = build(settings, store, clock)
        store.detection.add_spikes([spike])
        assert alert.run(program, now=now).opened == 1
        return program.links(store.incidents.all()[0], "team", now)


def ask(running: Any, link: Link, name: str | None = None) -> str:
    """The page at the place where `run` answers; with a name, the button is pressed."""
    running.until(lambda: "they are answered at" in running.err)
    (place,) = re.findall(r"they are answered at (\S+)\.\n", running.err)
    path = link.url.removeprefix("http://localhost")
    body = None if name is None else urllib.parse.urlencode({"name": name}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://{place}{path}", body), timeout=10) as answer:
        return str(answer.read().decode())


def test_every_link_of_a_message_does_what_it_says_in_the_name_of_who_pressed(
    run: Runs, folder: Path, child: Any
) -> None:
    with_links(folder)
    links = {link.action: link for link in alarmed(folder)}
    running = child("run")
    assert "Acme: 41 negative posts in 1 h, where 4.2 would be usual (high)." in ask(running, links["acknowledge"])
    assert "is acknowledged by Ana; Ana has it." in ask(running, links["acknowledge"], "Ana")
    assert "was already acknowledged by Ana" in ask(running, links["acknowledge"], "Bob")
    assert "is silenced until" in ask(running, links["silence"], "Ana")
    assert "is silenced already, by Ana" in ask(running, links["silence"], "Ana")
    assert "is assigned to Bob, who takes over from Ana" in ask(running, links["assign"], "Bob")
    assert "is called a false alarm" in ask(running, links["false_alarm"], "Bob")
    assert "is called real, no longer a false alarm" in ask(running, links["real"], "Ana")
    assert running.signalled(signal.SIGTERM, STOP) == 0
    assert "Traceback" not in running.err
    with Store(folder / "monitor.db", write=False) as store:
        (incident,) = store.incidents.all()
        assert (incident.status, incident.owner, incident.real) == (IncidentStatus.ACKNOWLEDGED, "Bob", True)
        done = [(each.actor, each.kind) for each in store.incidents.history(incident.id)][1:]
    assert done == [
        ("Ana", "acknowledged"),
        ("Ana", "silenced"),
        ("Bob", "assigned"),
        ("Bob", "judged"),
        ("Ana", "judged"),
    ]


def test_a_link_stays_good_when_the_program_is_started_again_and_its_key_is_ours_alone(folder: Path) -> None:
    with_links(folder)
    alarmed(folder)
    key = folder / "monitor.db.links"
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    with Store(folder / "monitor.db") as store:
        program = build(load(folder / "config", only={"store.path": folder / "monitor.db"}), store, SystemClock())
        assert program.link_key() == before


def test_over_an_incident_that_is_over_and_without_an_address_there_are_no_links(folder: Path) -> None:
    assert alarmed(folder) == ()
    with_links(folder)
    with Store(folder / "monitor.db") as store:
        program = build(load(folder / "config", only={"store.path": folder / "monitor.db"}), store, SystemClock())
        incident = store.incidents.all()[0]
        assert len(program.links(incident, "team", program.clock.now())) == 5
        store.incidents.resolve(incident.id, program.clock.now(), by="ana", why="over")
        over = store.incidents.get(incident.id)
        assert over is not None
        assert program.links(over, "team", program.clock.now()) == ()


def test_a_secret_that_is_not_there_stops_the_start_in_one_sentence(run: Runs, folder: Path) -> None:
    with_links(folder, 'link_secret = "env:NO_SUCH_SECRET"\n')
    run("run").refuses(2, "[web] link_secret: env:NO_SUCH_SECRET is not set")


@pytest.mark.parametrize(
    ("web", "mark", "words"),
    [
        ("", "ok", "messages carry none"),
        ('public_url = "https://m.example.org"', "ok", "they lead to https://m.example.org"),
        ('public_url = "http://localhost:8765"', "ok", "they lead to http://localhost:8765"),
        ('public_url = "http://m.example.org"', "note", "is not https: whoever listens on the way can use a link"),
    ],
)
def test_doctor_says_whether_links_can_be_used_by_others(
    run: Runs, folder: Path, web: str, mark: str, words: str
) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write(f"\n[web]\n{web}\n")
    (line,) = [line for line in run("doctor").err.splitlines() if " links: " in line]
    assert line.startswith(mark)
    assert words in line


def test_a_receiver_of_the_routine_that_is_not_there_is_refused(run: Runs, folder: Path) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write('\n[routine]\nreceivers = ["console", "pager"]\n')
    said = run("config", "check")
    said.refuses(2, '[routine]: receivers names "pager", but there is no such [[receiver]] in alerts.toml')
