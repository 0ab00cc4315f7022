"""Delivery is killed with SIGKILL, again and again, before a mail server and a web service that fails half the time.

Nothing is lost. Nobody who keeps our keys gets anything twice; who does not gets at most one repeat for each kill, and
each says that it is one. MONITOR_KILLS says how many kills it has to bear.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.store import Store
from tests.faults.delivering import RECEIVERS, arrivals, messages
from tests.faults.nursery import Nursery

KILLS = int(os.environ.get("MONITOR_KILLS", "40"))
INCIDENTS = 8
PLACES = ("deliver.claimed", "deliver.sent", "deliver.committed")
MOST_STARTS = 60  # of one database


@contextmanager
def receivers(folder: Path) -> Iterator[tuple[int, int]]:
    """The mail server and the web service, in their own process; their ports."""
    command = [sys.executable, "-m", "tests.faults.receiving", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        mail, web = json.loads(process.stdout.readline())
        yield mail, web
        process.stdin.close()
        process.wait(10)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery.of("tests.faults.delivering") as nursery:
        yield nursery


@dataclass
class Run:
    """One database, from its first message to its last, through however many kills."""

    nursery: Nursery
    folder: Path
    mail: int
    web: int
    commits: str = "right"
    kills: Counter[str] = field(default_factory=Counter)

    def go(self, **how: object) -> bool:
        """One start; True when it came to the end."""
        status = self.nursery.order(
            folder=str(self.folder), mail=self.mail, web=self.web, commits=self.commits, incidents=INCIDENTS, **how
        )
        assert status in (0, -signal.SIGKILL), "a run broke by itself"
        if status:
            self.kills[str(how.get("at", "a random moment"))] += 1
        return status == 0

    def problems(self) -> list[str]:
        """Every promise that was broken."""
        found = [problem for name in RECEIVERS for problem in self._told_wrongly(name)]
        with Store(self.folder / "monitor.db") as store:
            left = {state: number for state, number in store.outbox.waiting().items() if state != "sent"}
        return [*found, *([f"not delivered: {left}"] if left else [])]

    def _told_wrongly(self, name: str) -> Iterator[str]:
        lines = arrivals(self.folder / f"{name}.jsonl")
        wanted = {told[name].key for _, told in messages(INCIDENTS)}
        came = Counter(line["key"] for line in lines)
        if set(came) != wanted:
            yield f"{name}: {len(wanted - set(came))} of {len(wanted)} messages were lost, {set(came) - wanted} unknown"
        seen: set[str] = set()
        for line in lines:
            if line["key"] in seen and not line["repeat"]:
                yield f"{name}: a message came twice and did not say so"
            seen.add(line["key"])
        if name == "mail" and came.total() - len(came) > self.kills.total():
            yield f"mail: {came.total() - len(came)} repeats after {self.kills.total()} kills"
        if len({line["id"] for line in lines}) != len(came):
            yield f"{name}: what keeps our keys would have it twice"
        acted = Counter(line["key"] for line in lines if line["acted"])
        if name == "web" and (set(acted) != wanted or max(acted.values(), default=0) > 1):
            yield "web: something was acted on twice, or never"


@contextmanager
def started(nursery: Nursery, folder: Path, commits: str = "right") -> Iterator[Run]:
    folder.mkdir()
    with receivers(folder) as (mail, web):
        yield Run(nursery, folder, mail, web, commits)


def test_through_kills_everybody_is_told_everything_once(nursery: Nursery, folder: Path) -> None:
    rng, kills, episode, repeats = random.Random(7), Counter[str](), 0, 0
    while kills.total() < KILLS:
        episode += 1
        with started(nursery, folder / str(episode)) as run:
            for number in range(MOST_STARTS):
                if kills.total() + run.kills.total() >= KILLS:
                    break
                if number % 2:
                    ended = run.go(at=rng.choice(PLACES), passage=rng.randint(1, 4))
                else:
                    ended = run.go(after=rng.uniform(0.02, 0.12))
                if ended:
                    break
            assert run.go()
            assert run.problems() == [], f"after {run.kills}"
            kills += run.kills
            repeats += sum(line["repeat"] for line in arrivals(run.folder / "mail.jsonl"))
    assert repeats, "no kill came between sending and writing it down: the harness would see nothing"


@pytest.mark.parametrize(
    ("commits", "at", "found"),
    [("sent first", "deliver.committed", "were lost"), ("unmarked", "deliver.sent", "did not say so")],
)
def test_a_broken_order_of_commits_is_found_out(
    nursery: Nursery, folder: Path, commits: str, at: str, found: str
) -> None:
    with started(nursery, folder / "broken", commits) as run:
        for passage in (1, 3, 5):
            run.go(at=at, passage=passage)
        assert run.go()
        assert run.kills.total() == 3
        assert any(found in problem for problem in run.problems()), "the harness would miss a real fault"


@pytest.mark.parametrize("commits", ["right", "sent first", "unmarked"])
def test_nothing_is_wrong_while_nobody_kills_it(nursery: Nursery, folder: Path, commits: str) -> None:
    """So that what finds the broken orders out is the kill, and not the harness."""
    with started(nursery, folder / "calm", commits) as run:
        assert run.go()
        assert [each for each in run.problems() if "web" not in each or commits == "right"] == []
