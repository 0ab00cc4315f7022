"""Each kind of collector is killed with SIGKILL at random moments and at every named place. Nothing is lost or doubled.

The platform goes on meanwhile: posts appear between the kills. MONITOR_KILLS says how many kills a kind has to bear.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.pipeline import failpoints
from tests.collectors.case import Case, case_of, kinds
from tests.faults.collecting import told
from tests.faults.nursery import Nursery
from tests.support.dumps import dump
from tests.support.fakes import write_config

KILLS = int(os.environ.get("MONITOR_KILLS", "3"))
AT_A_TIME = 10  # kills of one database
PLACES = [name for name in failpoints.NAMES if name.startswith("collect.")]
BRANDS = '[[brand]]\nname = "Acme"\nhandles = ["acme"]\nhashtags = ["acme"]\n'


@dataclass
class Run:
    """One database of one source, through however many kills."""

    nursery: Nursery
    folder: Path
    kind: str
    case: Case
    commits: str = "right"
    changed: dict[str, object] = field(default_factory=dict)  # options
    kills: Counter[str] = field(default_factory=Counter)
    takes: float = 0.2  # seconds that a whole start took last

    def __post_init__(self) -> None:
        write_config(self.folder / "config")
        (self.folder / "config" / "brands.toml").write_text(BRANDS, "utf-8")

    def go(self, **how: object) -> bool:
        """One start; True when it came to the end."""
        began, order = time.monotonic(), told(self.kind, self.case, **self.changed)
        status = self.nursery.order(folder=str(self.folder), commits=self.commits, **order, **how)
        assert status in (0, -signal.SIGKILL), "a run broke by itself"
        if status:
            self.kills[str(how.get("at", "a random moment"))] += 1
        elif not how:
            self.takes = time.monotonic() - began
        return status == 0

    def go_and_be_killed(self, rng: random.Random) -> None:
        """One start that is to be killed at a random moment, or at a named place."""
        if rng.random() < 0.5:
            self.go(after=rng.uniform(0.0, self.takes))
        else:
            self.go(at=rng.choice(PLACES), passage=rng.choice((1, 1, 2, 4)))

    @property
    def mentions(self) -> list[str]:
        return dump(self.folder / "monitor.db")["mentions"]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery.of("tests.faults.collecting") as nursery:
        yield nursery


def problems(killed: Run, undisturbed: Run, wanted: set[str]) -> list[str]:
    """What the kills changed. Each row says everything about a mention, its text among it."""
    assert undisturbed.go()
    right, found = undisturbed.mentions, killed.mentions
    assert {row.split("'")[3] for row in right} == wanted, "the undisturbed run must be right"
    lost, extra = Counter(right) - Counter(found), Counter(found) - Counter(right)
    return [f"lost: {row}" for row in lost] + [f"changed or doubled: {row}" for row in extra]


@pytest.mark.parametrize("kind", kinds())
def test_kills_at_any_moment_change_no_mention(nursery: Nursery, folder: Path, kind: str) -> None:
    rng, kills, episode = random.Random(kind), 0, 0
    while kills < KILLS:
        episode += 1
        place = folder / str(episode)
        place.mkdir()
        with case_of(kind, place) as case:
            run = Run(nursery, place / "killed", kind, case)
            wanted = case.publish(35)
            for _ in range(3 * AT_A_TIME):
                run.go_and_be_killed(rng)
                wanted |= case.publish(rng.randint(1, 15)) if rng.random() < 0.4 else set()
                if run.kills.total() == min(AT_A_TIME, KILLS - kills):
                    break
            assert run.go()
            assert run.go()  # the next poll: what appeared behind an unfinished reading comes then
            undisturbed = Run(nursery, place / "undisturbed", kind, case, changed=dict(case.afresh))
            assert problems(run, undisturbed, wanted) == []
        kills += run.kills.total()
        assert run.kills, "nothing was killed"


@pytest.mark.parametrize("kind", ["jsonl", "hackernews", "discord"])
def test_a_cursor_that_is_kept_before_its_rows_would_be_found_out(nursery: Nursery, folder: Path, kind: str) -> None:
    """As above, with the order of commits broken on purpose: the harness would miss no real fault."""
    with case_of(kind, folder) as case:
        changed: dict[str, object] = {} if kind == "jsonl" else {"overlap_seconds": 0}
        wanted = case.publish(35)
        for commits, at_fault in (("right", False), ("cursor first", True)):
            run = Run(nursery, folder / commits, kind, case, commits, changed)
            assert not run.go(at="collect.rows_written", passage=2)
            assert run.go()
            undisturbed = Run(nursery, folder / f"undisturbed {commits}", kind, case, commits, changed)
            assert any(problem.startswith("lost") for problem in problems(run, undisturbed, wanted)) is at_fault
