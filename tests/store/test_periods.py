"""Sums over a stretch of time, what is worked on, when something was last told: what digests and heartbeats read."""

from datetime import timedelta

from monitor.domain import Author
from monitor.pipeline.program import Program
from monitor.pipeline.tick import score_pending
from monitor.store import Store
from monitor.store.beats import Beat
from monitor.store.periods import Counts
from tests.support.fakes import START, post

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def keep(program: Program, *texts: str, day: int = 0, author: str = "ana") -> None:
    posts = [
        post(f"{day}-{author}-{n}", text, at=START + day * DAY + n * HOUR, author=Author(handle=author))
        for n, text in enumerate(texts)
    ]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * len(posts), source="x", now=START + day * DAY + DAY)
    score_pending(program, now=START + day * DAY + DAY)


def test_posts_are_summed_by_platform_and_by_day_and_a_day_without_posts_is_none(program: Program) -> None:
    keep(program, "Nimbus is bad", "Nimbus is good, and more")
    keep(program, "Nimbus is just fine", day=2)
    periods = program.store.periods
    found = periods.platforms("Nimbus", START, START + 3 * DAY)["x"]
    assert (found.posts, found.negative, found.positive, found.neutral, found.judged) == (3, 1, 1, 1, 3)
    assert [each.posts for each in periods.days("Nimbus", START, START + 3 * DAY)] == [2, 0, 1]
    assert periods.days("Nimbus", START, START + 3 * DAY)[1] == Counts()
    assert periods.platforms("Cirrus", START, START + DAY) == {}


def test_a_post_counts_for_everything_that_it_is_about(program: Program) -> None:
    keep(program, "Nimbus is bad", "Nimbus is good, and more", "Nimbus again")
    for number, slices in (
        (1, "platform=x\ntouchpoint=delivery\ntouchpoint=price"),
        (2, "touchpoint=price"),
        (3, None),
    ):
        program.store._connection.execute("update targets set slices = ? where mention_id = ?", slices, number)
    found = program.store.periods.touchpoints("Nimbus", START, START + DAY)
    assert {name: (each.posts, each.negative) for name, each in found.items()} == {"delivery": (1, 1), "price": (2, 1)}


def test_whoever_is_unhappy_again_is_not_won_back(program: Program) -> None:
    keep(program, "Nimbus is bad")
    keep(program, "Nimbus so good", "Nimbus is so bad now", day=2)
    keep(program, "Nimbus is bad too", author="bob")
    keep(program, "Nimbus is good after all", day=2, author="bob")
    found = program.store.periods.returns("Nimbus", START + DAY, START + 9 * DAY, before=START - DAY, limit=9)
    assert [(each.author, each.at, each.unhappy_at) for each in found] == [("bob", START + 2 * DAY, START)]


def test_rehearsals_and_deleted_posts_win_nobody_back(program: Program) -> None:
    keep(program, "Nimbus is bad")
    keep(program, "Nimbus is good", day=2)
    program.store._connection.execute("update mentions set drill = 1")
    assert program.store.periods.returns("Nimbus", START + DAY, START + 9 * DAY, before=START, limit=9) == []


def test_a_beat_is_kept_until_it_is_forgotten(store: Store) -> None:
    store.beats.mark("trouble", "source x", at=START, since=START - DAY)
    store.beats.mark("trouble", "source x", at=START + HOUR)
    assert store.beats.of("trouble") == {"source x": Beat(START + HOUR, START - DAY)}
    assert (store.beats.last("trouble", "source x"), store.beats.last("trouble")) == (START + HOUR, None)
    store.beats.forget("trouble", "source x")
    assert store.beats.of("trouble") == {}


def test_of_several_maintenances_the_one_that_lasts_longest_counts(store: Store) -> None:
    for hours in (3, 1):
        store.maintenances.add("x", since=START, until=START + hours * HOUR, by="ana", why="new key", now=START)
    assert store.maintenances.active(START + 2 * HOUR)["x"].until == START + 3 * HOUR
    assert store.maintenances.active(START + 3 * HOUR) == {}
    assert store.maintenances.newest_end(START, START + 2 * HOUR) == {"x": START + HOUR}
    assert store.maintenances.end("x", now=START + 2 * HOUR) == 1
    assert store.maintenances.newest_end(START, START + 2 * HOUR) == {"x": START + 2 * HOUR}
    assert [each.ended_at for each in store.maintenances.all()] == [None, START + 2 * HOUR]
