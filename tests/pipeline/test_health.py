"""Health: each state of a source opens once, with a start and a reason, and closes by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, islice

import pytest

from monitor.clock import FakeClock
from monitor.domain import Coverage, Page, Reject
from monitor.errors import AnswerUnreadable, SourceDown
from monitor.pipeline import collect, tick
from monitor.pipeline.program import Program
from monitor.store.sources import SourceHealth
from tests.support.fakes import START, ListCollector, notifier_of, post, source_of

FIVE, DAY = timedelta(minutes=5), timedelta(days=1)
Script = Page | Exception
numbers = count(10_001)


def fresh(many: int, at: datetime, text: str = "Nimbus is fine", extra: Mapping[str, object] | None = None) -> Page:
    """So many posts that nobody has seen before."""
    return Page(
        mentions=tuple(post(number, f"{text} {number}", at=at, extra=extra or {}) for number in islice(numbers, many)),
        coverage=Coverage(returned=many),
    )


class World:
    """One source that is polled every five minutes."""

    def __init__(self, program: Program, clock: FakeClock) -> None:
        self.program, self.clock, self.every = program, clock, FIVE
        self.collector = ListCollector("x")
        self.source = source_of(self.collector)
        program.sources = (self.source,)

    def poll(self, *pages: Script, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(self.every)
            self.collector.script = list(pages)
            collect.run(self.program, self.source, now=self.clock.now())

    def stream(self, many: int, polls: int, extra: Mapping[str, object] | None = None) -> None:
        for _ in range(polls):
            self.poll(fresh(many, self.clock.now() + self.every, extra=extra))

    def lasting(self) -> dict[str, tuple[datetime, str]]:
        found = self.program.store.sources.states.lasting("x").get("x", [])
        return {each.state: (each.since, each.detail) for each in found}

    def health(self) -> SourceHealth:
        return self.program.store.sources.health()["x"]


@pytest.fixture
def world(program: Program, clock: FakeClock) -> World:
    return World(program, clock)


# Quiet


def test_a_source_that_falls_silent_is_quiet_within_two_polls_since_it_was_last_heard(world: World) -> None:
    world.stream(20, 12)
    heard = world.clock.now()
    world.poll(times=2)
    since, detail = world.lasting()["quiet"]
    assert since == heard
    assert detail.endswith("are usual for the hour")
    world.poll(times=5)
    assert world.lasting()["quiet"][0] == heard, "it opens once"


def test_a_quiet_source_is_heard_again_when_posts_come_back(world: World) -> None:
    world.stream(20, 12)
    world.poll(times=4)
    world.stream(1, 1)
    assert "quiet" in world.lasting(), "one post where twenty are usual is not enough"
    world.stream(15, 1)
    assert world.lasting() == {}
    world.stream(20, 10)
    assert world.lasting() == {}


def test_a_source_that_brings_little_is_never_quiet(world: World) -> None:
    for _ in range(4):
        world.stream(1, 1)
        world.poll(times=40)
    assert world.lasting() == {}


def test_the_past_that_first_polls_bring_is_no_measure(world: World) -> None:
    past = fresh(400, START)
    half = Page(mentions=past.mentions, coverage=Coverage(returned=400, more_available=True))
    world.poll(half)
    world.poll(fresh(300, START))
    world.poll(times=20)
    assert world.lasting() == {}


def test_what_comes_after_a_pause_is_no_measure(world: World) -> None:
    world.stream(1, 8)
    world.clock.advance(timedelta(hours=5))
    world.stream(60, 1)
    world.poll(times=12)
    assert world.lasting() == {}


def test_a_source_that_always_leaves_something_behind_can_be_quiet_as_well(world: World) -> None:
    for _ in range(320):
        page = fresh(20, world.clock.now() + FIVE)
        world.poll(Page(mentions=page.mentions, coverage=Coverage(returned=20, more_available=True)))
    assert set(world.lasting()) == {"partial"}
    world.poll(times=2)
    assert set(world.lasting()) == {"quiet"}


def test_posts_that_are_read_again_are_no_new_ones(world: World) -> None:
    page = fresh(20, START)
    world.stream(20, 12)
    world.poll(page)
    world.poll(page, times=2)
    assert "quiet" in world.lasting()


def test_a_source_that_stays_at_less_is_no_longer_quiet_after_a_day(world: World) -> None:
    world.stream(40, 12)
    world.stream(2, 287)
    assert "quiet" in world.lasting()
    world.stream(2, 3)
    assert world.lasting() == {}
    world.stream(2, 12)
    assert world.lasting() == {}


def test_a_poll_from_a_day_that_never_came_hides_no_silence(world: World) -> None:
    world.stream(20, 12)
    world.clock.advance(400 * DAY)
    world.stream(20, 1)
    world.clock.advance(-400 * DAY)
    world.stream(20, 12)
    world.poll(times=2)
    assert "quiet" in world.lasting()


def test_a_night_that_falls_at_once_is_called_a_silence_once_and_not_every_day(world: World) -> None:
    world.every = timedelta(minutes=30)
    world.source = replace(world.source, every=world.every)
    nights = []
    for _ in range(4):
        world.stream(40, 32)
        world.stream(2, 3)
        nights.append("quiet" in world.lasting())
        world.stream(2, 13)
    assert nights == [True, False, False, False]


# Unreadable


def broken(many: int) -> Page:
    rejects = tuple(Reject(line=None, reason="no text", raw=f"{{{next(numbers)}") for _ in range(many))
    return Page(rejects=rejects, coverage=Coverage(returned=many))


def again(*pages: Page, at: datetime) -> list[Page]:
    """Pages of a list whose posts are read again and again."""
    return [replace(page, coverage=Coverage(asked=100, returned=len(page.mentions))) for page in pages] + [
        Page(mentions=tuple(post(number, at=at) for number in range(5)), coverage=Coverage(asked=100, returned=5))
    ]


def test_a_list_that_always_held_rows_and_holds_none_has_another_shape(world: World) -> None:
    nothing = Page(coverage=Coverage(asked=100))
    world.poll(*again(at=START), times=8)
    world.poll(Page())  # it did not change since: nothing was answered
    assert world.lasting() == {}
    heard = world.clock.now() - FIVE
    world.poll(nothing)
    assert world.lasting() == {}, "one may be a slip"
    world.poll(nothing)
    assert world.lasting() == {
        "unreadable": (heard, "the answer holds no rows, where each of the last ones held 5 or more")
    }
    world.poll(nothing, times=20)
    assert set(world.lasting()) == {"unreadable"}
    world.poll(*again(at=START))
    assert world.lasting() == {}


def test_a_list_that_stays_empty_for_a_day_is_an_empty_list(world: World) -> None:
    world.poll(*again(at=START), times=8)
    world.poll(Page(coverage=Coverage(asked=100)), times=280)
    assert set(world.lasting()) == {"unreadable"}
    world.poll(Page(coverage=Coverage(asked=100)), times=10)
    assert world.lasting() == {}


def test_a_stretch_of_time_that_holds_no_rows_any_more_has_no_other_shape(world: World) -> None:
    stretch = Coverage(asked=100, returned=5, since=START, until=START + DAY)
    world.poll(*[replace(page, coverage=stretch) for page in again(at=START)], times=8)
    world.poll(Page(coverage=replace(stretch, returned=0)), times=2)
    assert world.lasting() == {}


def test_an_answer_without_rows_is_nothing_new_where_only_new_posts_are_answered(world: World) -> None:
    for _ in range(8):
        world.poll(replace(fresh(4, world.clock.now()), coverage=Coverage(asked=100, returned=4)))
    world.poll(Page(coverage=Coverage(asked=100)), times=2)
    assert world.lasting() == {}


def test_a_poll_of_rows_that_nobody_can_read_says_that_the_shape_changed(world: World) -> None:
    world.stream(5, 3)
    good = world.clock.now()
    world.poll(broken(9))
    assert world.lasting()["unreadable"] == (good, "9 of 9 rows were set aside: no text")
    world.poll(times=3)
    assert "unreadable" in world.lasting(), "nothing came that could be read"
    world.stream(5, 1)
    assert world.lasting() == {}


def test_where_few_rows_come_the_second_poll_says_it(world: World) -> None:
    world.stream(1, 3)
    good = world.clock.now()
    world.poll(broken(1))
    assert world.lasting() == {}
    world.poll(broken(1))
    assert world.lasting()["unreadable"][0] == good


def test_good_rows_that_are_read_again_hide_no_change_of_shape(world: World) -> None:
    old = fresh(40, START)
    world.poll(Page(mentions=old.mentions, coverage=Coverage(returned=40)), times=3)
    good, bad = world.clock.now(), broken(5).rejects
    again = Page(mentions=old.mentions, rejects=bad, coverage=Coverage(returned=45))
    world.poll(again)
    assert world.lasting()["unreadable"][0] == good
    world.poll(again)
    assert "unreadable" in world.lasting()
    world.stream(1, 1)
    assert world.lasting() == {}


def test_bad_rows_that_are_read_again_and_again_are_no_change_of_shape(world: World) -> None:
    old, bad = fresh(9, START), broken(5).rejects
    first = fresh(9, START)
    world.poll(Page(mentions=(*old.mentions, *first.mentions), rejects=bad, coverage=Coverage(returned=23)))
    for line in range(3):
        moved = tuple(Reject(line=line, reason=row.reason, raw=row.raw) for row in bad)
        world.poll(Page(mentions=old.mentions, rejects=moved, coverage=Coverage(returned=14)))
    assert world.lasting() == {}


def test_a_bad_row_among_good_ones_is_only_set_aside(world: World) -> None:
    page = fresh(5, START)
    bad = tuple(Reject(line=None, reason="no text", raw=str(n)) for n in range(4))
    world.poll(Page(mentions=page.mentions, rejects=bad, coverage=Coverage(returned=9)), times=3)
    assert world.lasting() == {}


def test_an_answer_of_unknown_shape_is_unreadable_and_blind_until_it_is_known_again(world: World) -> None:
    world.stream(5, 3)
    good = world.clock.now()
    world.poll(AnswerUnreadable("x: the answer has no posts."))
    assert world.lasting()["unreadable"] == (good, "x: the answer has no posts.")
    assert world.health().blind_since == good
    world.poll()
    assert world.lasting() == {}


def test_rows_that_cannot_be_read_are_no_silence(world: World) -> None:
    world.stream(20, 12)
    world.poll(broken(20), times=3)
    assert set(world.lasting()) == {"unreadable"}


def test_an_old_file_that_could_not_be_read_is_forgotten_after_a_day_without_another(world: World) -> None:
    world.poll(broken(9))
    world.poll(times=280)
    assert "unreadable" in world.lasting()
    world.poll(times=20)
    assert world.lasting() == {}


# Partial


def left(more: bool, total: int | None = None, returned: int = 100) -> Page:
    told = Coverage(asked=100, returned=returned, more_available=more, total=total, since=START, until=START + FIVE)
    return Page(coverage=told)


def test_more_than_was_read_poll_after_poll_is_partial(world: World) -> None:
    world.poll(left(False))
    world.poll(left(True), times=2)
    assert world.lasting() == {}
    world.poll(left(True))
    since, detail = world.lasting()["partial"]
    assert since == world.clock.now() - 2 * FIVE
    assert "3 polls in a row" in detail
    world.poll(left(False))
    assert world.lasting() == {}


def test_a_platform_that_counts_far_more_than_it_gives_is_partial(world: World) -> None:
    world.poll(left(False, total=105), times=3)
    assert world.lasting() == {}
    world.poll(left(False, total=900), times=2)
    assert world.lasting()["partial"][1] == "the platform counts 900 and gave 100, 2 polls in a row"
    world.poll(left(False, total=105))
    assert world.lasting() == {}


# New fields


def test_a_field_that_was_never_seen_before_is_told_by_name_for_a_day(world: World) -> None:
    world.stream(2, 8, extra={"kind": 1})
    assert world.lasting() == {}
    told = world.clock.now() + FIVE
    world.stream(2, 1, extra={"kind": 1, "mood": "glad"})
    assert world.lasting()["new fields"] == (told, "mood")
    world.stream(2, 1, extra={"weather": 1, "mood": "glad"})
    assert world.lasting()["new fields"] == (told, "mood, weather")
    world.stream(2, 289, extra={"mood": 1})
    assert world.lasting() == {}
    assert world.program.store.mentions.search("fine", limit=1)[0].extra == {"mood": 1}


def test_fields_of_the_first_polls_are_not_new_and_many_are_told_shortly(world: World) -> None:
    world.stream(1, 3, extra={"a": 1})
    assert world.lasting() == {}
    world.stream(1, 5)
    world.stream(1, 1, extra={f"field{n:02}" * 20: n for n in range(300)})
    assert world.lasting()["new fields"][1].endswith(", …")
    assert len(world.lasting()["new fields"][1]) < 400


# The whole program


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        ([Page()], "quiet"),
        ([broken(30)], "unreadable"),
        ([SourceDown("x: no answer.")], "blind"),
        ([AnswerUnreadable("x: no posts in it.")], "unreadable"),
    ],
)
def test_dead_quiet_and_changed_sources_are_told_within_two_polls_and_no_rule_resolves_on_them(
    world: World, ending: Sequence[Script], state: str
) -> None:
    program, clock = world.program, world.clock

    def passes(times: int, *pages: Script, bad: int = 0) -> None:
        """So many ticks over these pages; without any, over what is usual, and some that are unhappy."""
        for _ in range(times):
            clock.advance(FIVE)
            shortly = clock.now() - FIVE / 2
            world.collector.script = list(pages) or [
                fresh(20, shortly, "Nimbus is good"),
                fresh(bad, shortly, "Nimbus is bad"),
            ]
            tick.run(program, now=clock.now())

    passes(14)
    passes(3, bad=4)
    assert program.store.incidents.open_for("too-many", "Nimbus") is not None
    heard = clock.now()
    passes(2, *ending)
    told = set(world.lasting()) | ({"blind"} if world.health().blind_since else set())
    assert state in told
    passes(40, *ending)
    assert program.store.incidents.open_for("too-many", "Nimbus") is not None
    assert world.lasting().get(state, (heard, ""))[0] == heard
    passes(30)
    assert world.lasting() == {}
    assert program.store.incidents.open_for("too-many", "Nimbus") is None, "once it is read again, rules resolve"
    assert len(notifier_of(program).sent) >= 2
