"""Replay: a file's posts go through the real stages in event time, and the same rows give the same alerts."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from benchmarks.demo_posts import demo
from monitor.clock import FakeClock, iso, parse
from monitor.detectors.counts import Counts, Options
from monitor.domain import Mention, Reject
from monitor.pipeline import detect, replay
from monitor.pipeline.program import Program, Rule
from monitor.pipeline.replay import Progress
from monitor.post_fields import Reading, to_mention
from monitor.settings import Settings, brand_cards
from monitor.store import Store
from tests.support.dumps import dump
from tests.support.fakes import START, notifier_of, post, read_config, small_program, threshold_rule, write_config

HOUR = timedelta(hours=1)
CARDS = Path(__file__).parents[2] / "config" / "demo" / "brands.toml"
Alerts = list[tuple[object, ...]]
_files = count()


def crisis() -> list[Mention]:
    """Three days of one post an hour, and half a day in which many are unhappy; authors and texts repeat."""
    rng = random.Random(5)
    found = []
    for number in range(72 * 6):
        at = START + timedelta(minutes=10 * number, seconds=rng.randint(0, 500))
        bad = 48 * 6 <= number < 52 * 6
        for each in range(3 if bad else 1):
            text = f"Nimbus is {'bad' if bad or rng.random() < 0.1 else 'fine'} in way {rng.randint(0, 99)}"
            found.append(post(f"{number}-{each}", text, at=at, author=f"a{rng.randint(0, 40)}"))
    return sorted(found, key=lambda each: each.published_at)


@pytest.fixture(scope="module")
def posts() -> list[Mention]:
    return crisis()


class Place:
    """Where replays are run, each on a new database."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder

    def program(self, store: Store) -> Program:
        program = small_program(self.settings, store, FakeClock(START + 999 * HOUR))
        program.rules = (threshold_rule(most=6.0),)
        program.settle = timedelta(0)
        return program

    def alerts(self, rows: Sequence[Mention | Reject], **how: object) -> Alerts:
        with Store(self.folder / f"{next(_files)}.db") as store:
            replay.run(self.program(store), rows, name="file", **how)  # type: ignore[arg-type]
            return alerts_of(store)


def alerts_of(store: Store) -> Alerts:
    """Every incident with what its alerts said, word for word."""
    return [
        (each.brand, iso(each.opened_at), iso(each.onset), each.severity, each.resolved_at,
         *store.incidents.explanations(each.id))
        for each in store.incidents.all()
    ]  # fmt: skip


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Place:
    return Place(settings, tmp_path)


@pytest.fixture(scope="module")
def right(posts: list[Mention], tmp_path_factory: pytest.TempPathFactory) -> Alerts:
    """What all rows at once give."""
    folder = tmp_path_factory.mktemp("right")
    found = Place(read_config(write_config(folder / "config")), folder).alerts(posts)
    assert len(found) >= 1
    return found


@pytest.mark.parametrize("chunk", [1, 7, 100, 10_000])
@pytest.mark.parametrize("in_order", [True, False])
def test_the_same_rows_give_the_same_alerts_whatever_the_pieces(
    place: Place, posts: list[Mention], right: Alerts, chunk: int, in_order: bool
) -> None:
    some = posts if chunk > 1 else posts[: len(posts) * 5 // 6]
    assert place.alerts(some, chunk=chunk, in_order=in_order)[0][:4] == right[0][:4]
    if some is posts:
        assert place.alerts(posts, chunk=chunk, in_order=in_order) == right


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_does_not_matter(place: Place, posts: list[Mention], right: Alerts, seed: int) -> None:
    mixed = list(posts)
    random.Random(seed).shuffle(mixed)
    assert place.alerts(mixed) == right


def test_rows_that_come_twice_change_nothing(place: Place, posts: list[Mention], right: Alerts) -> None:
    assert place.alerts([*posts, *posts]) == right


def test_a_replay_on_a_database_that_has_seen_the_file_changes_nothing(place: Place, posts: list[Mention]) -> None:
    path = place.folder / "twice.db"
    dumps = []
    for _ in range(2):
        with Store(path) as store:
            replay.run(place.program(store), posts, name="file")
        dumps.append(dump(path))
    assert dumps[0] == dumps[1]


def test_nobody_reads_the_clock(place: Place, posts: list[Mention]) -> None:
    class Broken(FakeClock):
        def now(self) -> NoReturn:
            raise AssertionError("the clock was read")

    with Store(place.folder / "clock.db") as store:
        program = place.program(store)
        program.clock = Broken(START)
        replay.run(program, posts, name="file", in_order=True)
        assert store.incidents.all()


def test_a_live_run_sees_what_the_replay_sees(place: Place, posts: list[Mention], right: Alerts) -> None:
    """Each post is collected as it is published; the stages run every twenty minutes, or any other time."""
    with Store(place.folder / "live.db") as store:
        program, left = place.program(store), iter(posts)
        upcoming = next(left)
        for tick in range(73 * 3):
            now = START + timedelta(minutes=20) * tick
            while upcoming.published_at < now:
                with store.transaction():
                    known = replace(upcoming, known_at=upcoming.published_at)
                    store.mentions.upsert([known], [("Nimbus",)], source="live", now=now)
                upcoming = next(left, replace(upcoming, published_at=START + 999 * HOUR))
            replay._score(program, Progress(), now, lambda progress: None)
            replay._judge(program, Progress(), now)
        live = alerts_of(store)
    assert live == right


def test_rejects_are_counted_and_set_aside(place: Place) -> None:
    rows: list[Mention | Reject] = [post(1), Reject(line=2, reason="no text", raw="{}"), post(3), post(3)]
    with Store(place.folder / "rejects.db") as store:
        done = replay.run(place.program(store), rows, name="file", chunk=2)
        assert (done.rows, done.added, done.rejected, done.scored, done.at) == (4, 2, 1, 4, START)
        assert store.sources.reject_count("file") == 1


def test_an_empty_file_and_one_of_rejects_only_come_to_an_end(place: Place) -> None:
    with Store(place.folder / "empty.db") as store:
        assert replay.run(place.program(store), [], name="file") == Progress()
        only = [Reject(line=1, reason="no text", raw="{}")]
        assert replay.run(place.program(store), only, name="file") == Progress(rows=1, rejected=1)


def test_progress_is_told_on_the_way(place: Place, posts: list[Mention]) -> None:
    for in_order in (True, False):
        told: list[Progress] = []
        with Store(place.folder / f"progress-{in_order}.db") as store:
            replay.run(place.program(store), posts, name="f", shown=told.append, chunk=100, in_order=in_order)
        assert [each.rows for each in told] == sorted(each.rows for each in told)
        assert [each.scored for each in told] == sorted(each.scored for each in told)
        assert told[-1].scored == told[-1].rows == len(posts)


def test_receivers_are_told_in_event_time(place: Place, posts: list[Mention]) -> None:
    with Store(place.folder / "told.db") as store:
        program = place.program(store)
        replay.run(program, posts, name="file", chunk=50, in_order=True)
        assert len(notifier_of(program).sent) >= 2
        assert store.outbox.waiting() == {"sent": len(notifier_of(program).sent)}


# The real detector on the demo, up to the day after the outage

OUTAGE_BEGAN = parse("2026-03-11T12:00:00Z")


@pytest.fixture(scope="module")
def demo_posts() -> list[Mention]:
    reading = Reading(parse("2026-12-01"), event_time=True)
    found = (to_mention(row, reading) for row, _ in demo(7))
    return [each for each in found if each.published_at < OUTAGE_BEGAN + timedelta(days=1)]


def test_the_real_detector_says_the_same_live_in_order_at_the_end_and_shuffled(
    settings: Settings, tmp_path: Path, demo_posts: list[Mention]
) -> None:
    options = Options()
    rules = (Rule(name="counts", detector=Counts("counts", options), patterns=("*",), fingerprint=repr(options)),)
    told = [replace(each, text=f"{each.text} {'bad' if _unhappy(each) else ''}") for each in demo_posts]
    mixed = list(told)
    random.Random(1).shuffle(mixed)
    results: list[Alerts] = []
    for rows, how in ((told, True), (told, False), (mixed, False)):
        with Store(tmp_path / f"{len(results)}.db") as store:
            program = small_program(replace(settings, brands=brand_cards(CARDS)), store, FakeClock(START))
            program.rules, program.settle = rules, timedelta(0)
            replay.run(program, rows, name="demo", chunk=500, in_order=how)
            results.append(alerts_of(store))
    assert results[0] == results[1] == results[2]
    assert any(brand == "Tarnwave" for brand, *_ in results[0])


def _unhappy(mention: Mention) -> bool:
    """During the demo's outage most posts are unhappy; else few."""
    in_outage = OUTAGE_BEGAN <= mention.published_at < OUTAGE_BEGAN + 12 * HOUR
    in_outage = in_outage and "tarnwave" in mention.text.casefold()
    return in_outage or sum(mention.text.encode()) % 11 == 0


def test_detection_of_a_replay_waits_for_nothing_that_is_not_in_the_file(place: Place) -> None:
    with Store(place.folder / "last.db") as store:
        program = place.program(store)
        replay.run(program, [post(n, f"Nimbus is bad {n}", at=START) for n in range(9)], name="file")
        assert len(store.incidents.all()) == 1, "the last bucket of the file is inspected too"
        assert detect.ready_until(program, START + HOUR) == START + HOUR
