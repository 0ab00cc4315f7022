"""The program is killed with SIGKILL, again and again, at random moments and at every named place. Nothing is lost."""

import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from monitor.pipeline import failpoints
from tests.faults.nursery import Nursery
from tests.support.dumps import Dump, differences, dump
from tests.support.fakes import deliveries, write_config

KILLS = int(os.environ.get("MONITOR_KILLS", "120"))
TICKS = 26
MOST_STARTS = 60  # of one run: a run that never ends is a failure too


@dataclass
class Run:
    """One database, from the first tick to the last, through however many kills."""

    nursery: Nursery
    folder: Path
    seed: int
    commits: str = "right"
    kills: Counter[str] = field(default_factory=Counter)

    def go(self, **how: object) -> bool:
        """One start; True when it came to the end."""
        status = self.nursery.order(folder=str(self.folder), ticks=TICKS, seed=self.seed, commits=self.commits, **how)
        assert status in (0, -signal.SIGKILL), "a run broke by itself"
        if status:
            self.kills[str(how.get("at", "a random moment"))] += 1
        return status == 0

    @property
    def result(self) -> Dump:
        return dump(self.folder / "monitor.db")


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery.of("tests.faults.worker") as nursery:
        yield nursery


@pytest.fixture(scope="module")
def quick() -> Iterator[Path]:
    """A folder in memory where there is one: a kill leaves to a file whatever was written, on a disk or not."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def folder(quick: Path) -> Iterator[Path]:
    """A test's own folder there."""
    with tempfile.TemporaryDirectory(dir=quick) as mine:
        yield Path(mine)


def started(nursery: Nursery, folder: Path, seed: int, commits: str = "right") -> Run:
    write_config(folder / "config")
    return Run(nursery, folder, seed, commits)


Undisturbed = Callable[[int], Dump]


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery, quick: Path) -> Undisturbed:
    """What a run of a seed comes to when nobody kills it; each seed is run once."""

    @cache
    def result(seed: int) -> Dump:
        run = started(nursery, quick / f"undisturbed-{seed}", seed)
        assert run.go()
        return run.result

    return result


def problems(run: Run, right: Dump) -> list[str]:
    """Everything that the kills changed, and every broken promise to the receivers."""
    return [*differences(right, run.result), *told_wrongly(run, right)]


def told_wrongly(run: Run, right: Dump) -> list[str]:
    found = []
    for receiver in ("plain", "keyed"):
        lines = deliveries(run.folder / f"{receiver}.jsonl")
        wanted = sorted(row.split("'")[3] for row in right["outbox"] if row.startswith(f"('{receiver}'"))
        told = Counter(str(line["key"]) for line in lines)
        if sorted(told) != wanted:
            found.append(f"{receiver}: {len(told)} of {len(wanted)} messages arrived")
        extra = sum(told.values()) - len(told)
        if extra > (run.kills.total() if receiver == "plain" else 0):
            found.append(f"{receiver}: {extra} messages came twice after {run.kills.total()} kills")
        seen: set[object] = set()
        for line in lines:
            if line["key"] in seen and not line["repeat"]:
                found.append(f"{receiver}: a message came twice and did not say so")
            seen.add(line["key"])
    return found


def test_the_small_world_has_everything_that_can_go_wrong(undisturbed: Undisturbed) -> None:
    right = undisturbed(1)
    phases = Counter(phase for row in right["spikes"] for phase in ("opened", "worsened", "closed") if phase in row)
    assert set(phases) == {"opened", "worsened", "closed"}
    assert len(right["outbox"]) >= 6
    assert len(right["mentions"]) > 150
    assert any(", None)" not in row for row in right["mentions"]), "a post was deleted"
    assert any(", None, None)" not in row and ", None)" in row for row in right["mentions"]), "a post was edited"
    assert sum(", 0, 'words@1'" in row for row in right["targets"]) > 150
    assert len(right["gaps"]) >= 2
    assert right["rejects"]


def test_kills_at_random_moments_change_nothing(nursery: Nursery, undisturbed: Undisturbed, folder: Path) -> None:
    rng, kills, seed = random.Random(20260302), 0, 0
    while kills < KILLS:
        seed += 1
        right = undisturbed(seed)
        run = started(nursery, folder / f"killed-{seed}", seed)
        for _ in range(MOST_STARTS):
            if kills + run.kills.total() >= KILLS:
                break
            if run.go(after=rng.uniform(0.005, 0.15)):
                break
        assert run.go()
        kills += run.kills.total()
        assert problems(run, right) == [], f"seed {seed}, after {run.kills.total()} kills"
    assert kills >= KILLS


@pytest.mark.parametrize("passage", [1, 4])
def test_kills_at_every_named_place_change_nothing(
    nursery: Nursery, undisturbed: Undisturbed, folder: Path, passage: int
) -> None:
    right = undisturbed(passage)
    run = started(nursery, folder / "killed", seed=passage)
    for name in failpoints.NAMES:
        run.go(at=name, passage=passage)
    assert run.go()
    missed = set(failpoints.NAMES) - set(run.kills)
    assert not missed or passage > 1, f"never passed: {missed}"
    assert problems(run, right) == []


def test_kills_while_people_are_told_lose_no_message(nursery: Nursery, undisturbed: Undisturbed, folder: Path) -> None:
    right = undisturbed(1)
    run = started(nursery, folder / "killed", seed=1)
    names = [name for name in failpoints.NAMES if name.startswith(("alert", "deliver"))]
    for name in 2 * names:
        run.go(at=name, passage=2)
    assert run.go()
    assert run.kills.total() >= len(names)
    assert problems(run, right) == []


@pytest.mark.parametrize(
    ("commits", "at", "found"),
    [
        ("cursor first", "collect.rows_written", "mentions"),
        ("tallies later", "score.committed", "tallies"),
        ("sent first", "deliver.committed", "messages arrived"),
    ],
)
def test_a_broken_order_of_commits_is_found_out(
    nursery: Nursery, undisturbed: Undisturbed, folder: Path, commits: str, at: str, found: str
) -> None:
    right = undisturbed(1)
    run = started(nursery, folder / "killed", seed=1, commits=commits)
    for passage in (1, 3, 5):
        run.go(at=at, passage=passage)
    assert run.go()
    assert run.kills.total() >= 1
    assert any(found in problem for problem in problems(run, right)), "the harness would miss a real fault"


def test_a_broken_order_does_no_harm_while_nobody_kills_it(
    nursery: Nursery, undisturbed: Undisturbed, folder: Path
) -> None:
    """So that what finds the broken orders out is the kill, and not the harness."""
    right = undisturbed(1)
    for commits in ("cursor first", "tallies later", "sent first"):
        run = started(nursery, folder / commits, seed=1, commits=commits)
        assert run.go()
        assert problems(run, right) == []
