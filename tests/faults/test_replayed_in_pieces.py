"""The same file fed at once, row by row, and with a kill every so often gives byte-equal alerts, slices among them."""

import json
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.clock import iso
from monitor.domain import WHOLE
from monitor.store import Store
from tests.faults.nursery import Nursery
from tests.support.fakes import START, write_config

MOST_STARTS = 60
LONG, SHORT = "long.jsonl", "short.jsonl"  # 2,000 rows of five days, 1,000 of four and a half


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery.of("tests.faults.replaying") as nursery:
        yield nursery


@pytest.fixture(scope="module")
def place(quick: Path) -> Path:
    write_config(quick / "config")
    for name, rows, days in ((LONG, 2000, 5.0), (SHORT, 1000, 4.5)):
        (quick / name).write_text("".join(json.dumps(row) + "\n" for row in _rows(rows, days)), "utf-8")
    return quick


def _rows(count: int, days: float) -> Iterator[dict[str, object]]:
    """A fire in one region on the fifth day, among ties, copies, and authors who say it again."""
    rng = random.Random(count)
    for number, minute in enumerate(sorted(rng.randint(0, int(days * 1440)) for _ in range(count))):
        fire = 4 * 1440 + 300 <= minute < 4 * 1440 + 540
        region = "de" if fire or rng.random() < 0.3 else rng.choice(["fr", "it", "Tasmania", "", "us"])
        bad = rng.random() < (0.9 if fire else 0.15)
        said = f"Nimbus is {'bad' if bad else 'fine'} in the way of number {rng.randint(0, 400)}"
        yield {
            "id": str(number), "created_at": iso(START + timedelta(minutes=minute)), "text": said, "lang": "en",
            "platform": rng.choice(["x", "x", "rss"]), "region": region, "author": f"a{rng.randint(0, 300)}",
        }  # fmt: skip


@dataclass
class Feed:
    """A file that is read into one database, and the alerts that come out."""

    nursery: Nursery
    posts: Path
    config: Path
    folder: Path

    def start(self, **how: object) -> int:
        return self.nursery.order(
            config=str(self.config), posts=str(self.posts), db=str(self.folder / "r.db"),
            out=str(self.folder / "alerts.jsonl"), **how,
        )  # fmt: skip

    def alerts(self) -> bytes:
        return (self.folder / "alerts.jsonl").read_bytes()


@pytest.fixture(scope="module")
def right(nursery: Nursery, place: Path) -> dict[str, bytes]:
    found = {}
    for name in (LONG, SHORT):
        folder = place / f"{name} at once"
        folder.mkdir()
        feed = Feed(nursery, place / name, place / "config", folder)
        assert feed.start() == 0
        with Store(folder / "r.db", write=False) as store:
            spikes = store.detection.spikes_of(["too-many"], START, START + timedelta(days=9))
        assert {WHOLE, "region=de"} <= {spike.slice for spike in spikes}, "the file tells of slices"
        found[name] = feed.alerts()
    return found


@pytest.mark.parametrize(("name", "piece"), [(SHORT, 1), (LONG, 333)])
def test_row_by_row_and_in_files_one_after_another(
    nursery: Nursery, place: Path, folder: Path, right: dict[str, bytes], name: str, piece: int
) -> None:
    feed = Feed(nursery, place / name, place / "config", folder)
    assert feed.start(piece=piece) == 0
    assert feed.alerts() == right[name]


@pytest.mark.parametrize(
    ("at", "passage", "in_order"),
    [
        ("score.committed", 2, True),
        ("score.rows_written", 3, False),
        ("detect.committed", 1, True),
        ("detect.inspected", 4, False),
        ("alert.committed", 3, False),
    ],
)
def test_killed_on_the_way_and_called_again(
    nursery: Nursery, place: Path, folder: Path, right: dict[str, bytes], at: str, passage: int, in_order: bool
) -> None:
    feed = Feed(nursery, place / LONG, place / "config", folder)
    kills = 0
    while (status := feed.start(at=at, passage=passage + kills // 2, in_order=in_order)) != 0:
        assert status == -signal.SIGKILL, "a run broke by itself"
        kills += 1
        assert kills < MOST_STARTS
    assert kills >= 1
    assert feed.alerts() == right[LONG]
