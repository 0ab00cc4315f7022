"""`run`: listens until it is told to stop, stops in time, goes on where it was, and is alone on its database."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import StoreError
from monitor.store import Store

Runs = Callable[..., Any]
STOP = 5  # seconds


def put(folder: Path, name: str, ids: range) -> None:
    """A file of posts, moved in whole."""
    text = "".join(json.dumps({"id": str(n), "text": f"Acme is late, parcel {n}"}) + "\n" for n in ids)
    (folder / name).write_text(text)
    (folder / name).rename(folder / "inbox" / name)


def scored(folder: Path) -> int:
    """How many posts of the database have their score."""
    try:
        with Store(folder / "monitor.db", write=False) as store:
            return store.maintenance.info().rows["scores"]
    except StoreError:
        return 0  # not there yet, or being made at this moment


def ids(run: Runs) -> list[str]:
    return sorted(json.loads(line)["id"] for line in run("export", "mentions", "--format", "jsonl").out.splitlines())


def test_a_stopped_run_goes_on_where_it_was(run: Runs, folder: Path, child: Any) -> None:
    put(folder, "first.jsonl", range(3))
    first = child("run")
    first.until(lambda: "Listening: inbox; rules: negative-spike; database: monitor.db." in first.err)
    first.until(lambda: scored(folder) == 3)
    assert first.signalled(signal.SIGTERM, STOP) == 0
    assert "Stopping …" in first.err
    assert "Traceback" not in first.err

    put(folder, "second.jsonl", range(2, 5))
    second = child("run")
    second.until(lambda: scored(folder) == 5)
    assert second.signalled(signal.SIGINT, STOP) == 0
    assert "Traceback" not in second.err
    assert ids(run) == ["0", "1", "2", "3", "4"]

    (inbox,) = json.loads(run("sources", "--json").out)
    assert (inbox["state"], inbox["failures"], inbox["last error"]) == ("read", 0, None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_of_work_comes_in_time_and_loses_nothing(
    run: Runs, folder: Path, child: Any, number: int
) -> None:
    put(folder, "many.jsonl", range(20_000))
    busy = child("run")
    busy.until(lambda: scored(folder) > 0)
    assert busy.signalled(number, STOP) == 0
    assert "Traceback" not in busy.err
    assert json.loads(run("db", "info", "--check", "--json").out)["intact"] is True
    assert json.loads(run("collect").out)[0]["error"] is None
    assert len(ids(run)) == len(set(ids(run))) == 20_000


def test_a_second_run_on_the_same_database_is_refused(run: Runs, folder: Path, child: Any) -> None:
    first = child("run")
    first.until(lambda: "Listening" in first.err)
    for words in (["run"], ["tick"], ["db", "vacuum"]):
        run(*words).refuses(
            5, "monitor.db: another run of the program is using it. Stop that one, or name another --db"
        )
    assert run("doctor").code == 0
    assert first.signalled(signal.SIGINT, STOP) == 0
    assert run("tick").code == 0


def test_a_source_that_fails_is_told_and_stops_nothing(run: Runs, folder: Path, child: Any) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write('\n[[source]]\nname = "gone"\nkind = "jsonl"\nevery = "0.2s"\npath = "nowhere/posts.jsonl"\n')
    put(folder, "first.jsonl", range(3))
    running = child("run")
    running.until(lambda: scored(folder) == 3)
    running.until(lambda: "gone" in running.err.partition("\n")[2])
    assert running.signalled(signal.SIGTERM, STOP) == 0
    states = {row["source"]: row for row in json.loads(run("sources", "--json").out)}
    assert states["inbox"]["failures"] == 0
    assert states["gone"]["failures"] > 0
    assert "nowhere/posts.jsonl is not there" in states["gone"]["last error"]
    assert "blind since" in states["gone"]["state"]


def test_without_a_model_posts_are_kept_and_the_reason_is_told(run: Runs, folder: Path, child: Any) -> None:
    put(folder, "first.jsonl", range(3))
    running = child("run", environ={"MONITOR_MODEL__NAME": "/nonexistent/model"})
    running.until(lambda: "/nonexistent/model" in running.err)
    running.until(lambda: (folder / "monitor.db").is_file())
    assert running.signalled(signal.SIGTERM, 15) == 0
    assert "Traceback" not in running.err
    assert json.loads(run("collect").out)[0]["error"] is None
    assert json.loads(run("score-pending").out)["scored"] == 3


def test_nothing_listens_where_nothing_is_pushed(folder: Path, child: Any) -> None:
    running = child("run")
    put(folder, "first.jsonl", range(1))
    running.until(lambda: scored(folder) == 1)
    assert running.signalled(signal.SIGTERM, STOP) == 0
    assert "Taking posts" not in running.err
