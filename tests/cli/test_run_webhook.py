"""`run` with a source that is pushed to: what it takes is scored, survives a kill, and needs a place to listen at."""

import json
import re
import signal
import socket
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.pushing import LONG_SECRET, signed

Runs = Callable[..., Any]
STOP = 5  # seconds
DESK = """
[web]
bind = "{place}"

[[source]]
name = "desk"
kind = "webhook"
every = "{every}"
brand = "Acme"
complaints = true
secret = "env:DESK_SECRET"
"""


def scored(folder: Path) -> int:
    """How many posts of the database have their score."""
    with closing(sqlite3.connect(folder / "monitor.db")) as database:
        return int(database.execute("select count(*) from scores").fetchone()[0])


def ids(run: Runs) -> list[str]:
    return sorted(json.loads(line)["id"] for line in run("export", "mentions", "--format", "jsonl").out.splitlines())


def with_desk(folder: Path, *, place: str = "127.0.0.1:0", every: str = "0.2s") -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write(DESK.format(place=place, every=every))


def push(running: Any, number: int) -> int:
    """Push a post to the place that the program names; what it answers."""
    running.until(lambda: "/hooks/desk." in running.err)
    (place,) = re.findall(r"Taking posts at (http://\S+/hooks/desk)\.", running.err)
    body = json.dumps({"id": f"case-{number}", "text": f"My parcel {number} never came"}).encode()
    headers = signed(body, f"msg_{number}", datetime.now(UTC))
    with urllib.request.urlopen(urllib.request.Request(place, body, headers), timeout=10) as answer:
        return int(answer.status)


def test_what_is_pushed_is_kept_scored_and_marked_as_a_complaint(run: Runs, folder: Path, child: Any) -> None:
    with_desk(folder)
    running = child("run", environ={"DESK_SECRET": LONG_SECRET})
    assert [push(running, number) for number in (1, 2, 1)] == [202, 202, 202]
    running.until(lambda: scored(folder) == 2)
    assert running.signalled(signal.SIGINT, STOP) == 0
    assert "Traceback" not in running.err
    assert LONG_SECRET not in running.err
    assert ids(run) == ["case-1", "case-2"]
    with closing(sqlite3.connect(folder / "monitor.db")) as database:
        kept = {json.loads(extra)["complaint"] for (extra,) in database.execute("select extra from mentions")}
    assert kept == {True}


def test_what_was_confirmed_before_a_kill_is_there_after_it(
    run: Runs, folder: Path, child: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_desk(folder, every="1h")
    running = child("run", environ={"DESK_SECRET": LONG_SECRET})
    assert [push(running, number) for number in range(3)] == [202] * 3
    running.process.kill()
    running.process.wait(timeout=STOP)
    monkeypatch.setenv("DESK_SECRET", LONG_SECRET)
    assert {report["source"]: report["error"] for report in json.loads(run("collect").out)}["desk"] is None
    assert ids(run) == ["case-0", "case-1", "case-2"]


def test_a_place_that_another_program_has_is_refused_in_a_sentence(run: Runs, folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        place = f"127.0.0.1:{other.getsockname()[1]}"
        with_desk(folder, place=place)
        run("run").refuses(2, f'[web] bind = "{place}": cannot listen there (Address already in use). Name another')
